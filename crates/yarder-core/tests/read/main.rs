//! Reading back: what was written comes back, in order, once, from wherever it is by now.

mod clearing;
mod common;
mod following;
mod formats;
mod hostile;
mod lines;
mod rendering;
mod roundtrip;
mod scanning;

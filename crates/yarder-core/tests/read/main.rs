//! Reading back: what was written comes back, in order, once, from wherever it is by now.

mod common;
mod hostile;
mod lines;
mod roundtrip;
mod scanning;

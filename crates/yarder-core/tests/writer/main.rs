//! The writer end to end, over real rings, yards and files.

mod common;
mod faults;
mod pass;
mod recovery;

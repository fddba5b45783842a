//! The writer: from the rings of a yard to its files.
//!
//! Every process with shared destinations has a [`Service`]; the one that holds the yard's lock is the
//! writer. A pass (`engine`) reads all tails, copies (`tracked`), puts in order and formats (`form`),
//! says in the intent what it will write, writes (`output`), and moves the heads. A successor, or this
//! writer after a panic, finishes what was begun (`recover`). About once a second the yard is looked over
//! (`yardwork`).

mod book;
mod books;
mod engine;
mod form;
mod last;
mod locate;
mod output;
mod recover;
mod rotate;
mod service;
mod stats;
mod tally;
mod tracked;
mod yardwork;

pub use service::{Service, ServiceOptions};
pub use stats::{counter, BackendStats, WriterStats};

//! What a record is and where it goes.
//!
//! The walk of a record through this crate: a log call encodes it ([`record`]) straight into the ring of
//! its process. The [`writer`] takes it out again, in whichever process holds the yard's lock: it looks
//! up the ring's [`plan`], puts the records of all rings in order, makes lines of them ([`format`](mod@format)) and
//! appends these to live files ([`segment`]) under an intent, so that a successor can finish what it
//! began. A live file that is due becomes an [`archive`], and a [`ledger`] beside it says what each block of it
//! holds. Destinations that belong to one process (its console, its handlers) are served by [`local`]
//! from the same ring, by its second head. What yarder says about itself goes through [`trace`].
#![forbid(unsafe_code)]

pub mod archive;
mod fault;
pub mod format;
pub mod ledger;
pub mod local;
pub mod plan;
pub mod read;
pub mod record;
mod report;
pub mod segment;
pub mod trace;
pub mod writer;

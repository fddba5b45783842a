//! The archive: rotation, compression, retention, and what of it a death leaves.

mod audit;
#[path = "../writer/common.rs"]
mod common;
mod compression;
mod deaths;
mod full;
mod ledger;
mod reading;
mod retention;
mod rotation;
mod shelf;

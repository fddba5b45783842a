//! The archive: rotation, compression, retention, and what of it a death leaves.

mod audit;
// The writer's vocabulary, of which these tests need a part.
#[allow(dead_code)]
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

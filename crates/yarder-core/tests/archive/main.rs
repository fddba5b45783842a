//! The archive: rotation, compression, retention, and what of it a death leaves.

#[path = "../writer/common.rs"]
mod common;
mod compression;
mod deaths;
mod retention;
mod rotation;
mod shelf;

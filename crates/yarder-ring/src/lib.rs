//! Rings in shared memory: one producer, two readers, no lock, and nothing that a killed process could leave broken.
//!
//! The walk of a record: a [`Producer`] reserves slots in its [`RingFile`], puts bytes and publishes them with one
//! release store; a [`Consumer`] takes a snapshot, copies what was published before it, and stores its head. Ring
//! files stand in a [`Yard`], beside the [`Control`] page by which the processes of one app agree on levels, on who
//! writes ([`WriterLock`]) and on what is being written ([`Intent`]).
//!
//! This crate is the home of `unsafe`: mappings, atomics over them, locks on file descriptors. The rules it keeps are
//! in `docs/specs/ring.md` and `docs/specs/yard.md`. The lane algorithm ([`lane`]) is generic over its cells; loom
//! runs the same code over its own (`tests/loom.rs`).

mod account;
pub mod clock;
mod consumer;
mod control;
mod error;
pub mod futex;
pub mod lane;
pub mod layout;
pub mod lock;
mod map;
mod producer;
mod ring;
pub mod sys;
mod yard;

pub use account::Account;
pub use clock::{counter, Clock, ClockPair};
pub use consumer::{Batch, Consumer, RawRecord};
pub use control::{
    ArchiveIntent, ArchiveWork, Control, FileKey, Intent, IntentFile, IntentState, LevelRule, CONTROL_BYTES, COUNTERS,
    INTENT_FILES, OPEN_BLOCKS, OPEN_WORDS,
};
pub use error::RingError;
pub use layout::{Policy, Reason, State, SLOT};
pub use producer::{padded, Cursor, Position, Pressure, Producer, Reservation};
pub use ring::{Head, LaneKind, RingFile, RingInfo, RingSpec, Snapshot, WaitOutcome};
pub use yard::{WriterLock, Yard};

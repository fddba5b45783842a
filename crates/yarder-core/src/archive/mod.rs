//! What becomes of a live file. The prose is `docs/specs/archive.md`.
//!
//! When it is due ([`due_at`]), what it is called then ([`Family`]), how it is compressed ([`pack_all`]) and how long
//! it is kept ([`surplus`]). The writer rotates between two batches; all the rest is done by the [`Keeper`]'s thread.

mod codec;
pub mod disk;
mod due;
mod keep;
mod keeper;
mod name;
mod tend;

pub use codec::{pack, pack_all, unpack, Frame, Packed, FRAME};
pub use due::due_at;
pub use keep::{surplus, Stock, Why};
pub use keeper::{Keeper, KeeperMeters};
pub use name::{Archive, Family, Stamp};
pub use tend::{Tended, Ward};

//! Reading log files back: finding them, searching them, following them, clearing them.
//!
//! The rules are in `docs/specs/read.md`. A source ([`find()`]) is one or more streams of files; a [`Query`] over them is
//! a [`Scan`], an iterator over the bytes of each record that is asked for, or a [`count()`]. A [`Parser`] makes an
//! [`Entry`] of such bytes. What is not asked for is skipped unread wherever that is certain: whole blocks by an
//! index ([`BlockIndex`]), bytes without the text that is looked for, lines whose time and level stand at fixed places.

mod blocks;
mod clear;
mod count;
mod crew;
mod entry;
mod filter;
mod find;
mod follow;
mod frames;
mod index;
mod input;
mod job;
mod ledger;
mod look;
mod parse;
mod problem;
mod render;
mod scan;

pub use clear::{clear, clear_file, Cleared};
pub use count::{count, count_source, Tally};
pub use entry::{id_text, level_name, level_number, parse_id, Entry, FieldValue, Text};
pub use filter::{Filter, ALL_LEVELS};
pub use find::{find, find_all, Part, Stream};
pub use follow::{Follow, History};
pub use frames::{zstd_frames, Frame};
pub use index::{Block, BlockIndex};
pub use input::{packing, unpack, Packing};
pub use ledger::Ledgers;
pub use parse::{rfc3339, Damage, Parser, Zone};
pub use problem::{Problem, Problems};
pub use render::Render;
pub use scan::{scan, Found, Progress, Query, Scan};

//! Destinations that belong to one process: its console and its handlers.
//!
//! They read the process's own ring by its second head, so a terminal that is stopped costs console
//! lines and nothing else: what waits longer than `block_ms` is passed over and counted.

mod console;
mod drain;
mod handler;

pub use console::Console;
pub use drain::{LocalDrain, LocalFilter, OutletId};
pub use handler::{Handed, HandlerQueue};

//! The ledger as an index: which blocks of a file a question may be about.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::find::classify;
use super::index::{Block, BlockIndex};
use crate::ledger::Ledger;

/// The ledgers of all logs that are read, each opened once.
#[derive(Debug, Default)]
pub struct Ledgers {
    opened: Mutex<HashMap<PathBuf, Option<Arc<Ledger>>>>,
}

impl Ledgers {
    /// The ledger of a live file; `None` where there is none that can be read.
    fn of(&self, live: PathBuf) -> Option<Arc<Ledger>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.entry(live).or_insert_with_key(|live| Ledger::open(live).ok().map(Arc::new)).clone()
    }
}

impl BlockIndex for Ledgers {
    fn blocks(&self, path: &Path) -> Option<Vec<Block>> {
        let (live, _, _) = classify(path.file_name()?.to_str()?)?;
        let ledger = self.of(path.with_file_name(live))?;
        let real = std::fs::canonicalize(path).ok()?;
        let file = ledger.files().iter().position(|file| {
            file.readable(ledger.live()).is_some_and(|(path, _)| path == real || path.file_name() == real.file_name())
        })?;
        let mut blocks = Vec::new();
        for block in ledger.blocks_of(file) {
            // Somebody took bytes out of the file: places are not what they were.
            if block.cut || block.cleared {
                return None;
            }
            let line = &block.line;
            // Between the bytes of a parted block stand others; they are read like bytes of no block.
            if !line.parted {
                let (min_ns, max_ns) = (line.from, line.to);
                blocks.push(Block { offset: line.at, bytes: line.bytes, min_ns, max_ns, levels: line.levels });
            }
        }
        blocks.sort_by_key(|block| block.offset);
        (!blocks.is_empty()).then_some(blocks)
    }
}

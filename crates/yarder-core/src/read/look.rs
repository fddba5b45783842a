//! Looking through a piece of a file for the records that are asked for.

use std::path::Path;
use std::sync::Arc;

use memchr::memmem::Finder;

use super::blocks::{record_end, record_start};
use super::entry::Entry;
use super::filter::{Filter, Quick};
use super::parse::{Damage, Parser, Zone};
use super::problem::Problems;

/// The question, ready to be asked; one for each thread.
#[derive(Clone, Debug)]
pub(super) struct Look {
    filter: Arc<Filter>,
    needle: Option<Finder<'static>>,
    quick: Option<Quick>,
    parser: Parser,
}

/// Where a piece comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct From<'a> {
    pub(super) path: &'a Path,
    pub(super) offset: u64,
    /// The end of a live file may be in it.
    pub(super) tail: bool,
}

impl Look {
    pub(super) fn new(filter: Arc<Filter>, zone: Zone) -> Look {
        let needle = filter.needle().map(|needle| Finder::new(needle).into_owned());
        let quick = Quick::new(&filter);
        Look { filter, needle, quick, parser: Parser::new(zone) }
    }

    /// Hands each record of `piece` that is asked for to `take`, with its bytes and its place in the piece.
    pub(super) fn piece(
        &mut self,
        piece: &[u8],
        from: From<'_>,
        problems: &mut Problems,
        take: &mut dyn FnMut(&[u8], usize, &Entry<'_>),
    ) {
        let mut at = 0;
        while at < piece.len() {
            let start = match &self.needle {
                None => at,
                Some(needle) => match needle.find(&piece[at..]) {
                    None => return,
                    Some(hit) => record_start(piece, at, at + hit),
                },
            };
            let end = record_end(piece, start);
            let record = &piece[start..end];
            at = end;
            if self.quick.as_ref().is_some_and(|quick| quick.refuses(record)) {
                continue;
            }
            match self.record(record, from.tail) {
                Ok(entry) if self.filter.takes(&entry) => take(record, start, &entry),
                Ok(_) => {}
                Err(None) => {}
                Err(Some(damage)) => problems.add(from.path, from.offset + start as u64, damage),
            }
        }
    }

    /// Reads one record. `Err(None)`: an empty line.
    fn record<'a>(&mut self, record: &'a [u8], tail: bool) -> Result<Entry<'a>, Option<Damage>> {
        if record.iter().all(u8::is_ascii_whitespace) {
            return Err(None);
        }
        let unfinished = tail && !record.ends_with(b"\n");
        // A part of a text line may look like a whole one; of an object in braces it never does.
        if unfinished && !record.starts_with(b"{") {
            return Err(Some(Damage::Unfinished));
        }
        self.parser.parse(record).map_err(|damage| Some(if unfinished { Damage::Unfinished } else { damage }))
    }
}

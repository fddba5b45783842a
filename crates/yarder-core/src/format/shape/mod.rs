//! JSON lines in the shapes that platforms read: a table of keys, walked for each record.
//!
//! The preset `logstream` as it comes has a faster way of its own (`json.rs`); with other options it is made here.

mod keys;
mod otel;
mod parts;
mod shrink;

pub use keys::{JsonOptions, LevelStyle, OptionsError, Preset};

use super::moment::Utc;
use super::text::{Cursor, Page};
use super::Source;
use crate::record::RecordView;
use keys::{Key, Part};

/// JSON lines in the shape of a preset.
#[derive(Debug)]
pub struct Shaped {
    keys: Vec<Key>,
    rename: Vec<(Vec<u8>, Vec<u8>)>,
    max_line: Option<usize>,
    utc: Utc,
}

impl Shaped {
    /// Lines as `options` say.
    ///
    /// # Errors
    /// [`OptionsError`] when two keys would have one name, or the preset knows no such key or style.
    pub fn new(options: &JsonOptions) -> Result<Shaped, OptionsError> {
        let keys = options.keys()?;
        let rename = options.rename.iter().map(|(from, to)| (from.clone().into_bytes(), to.clone().into_bytes()));
        Ok(Shaped { keys, rename: rename.collect(), max_line: options.max_line, utc: Utc::new() })
    }

    pub(super) fn put(&mut self, view: &RecordView<'_>, source: &Source, ns: u64, page: &mut Page) {
        let before = page.len();
        self.write(view, source, ns, page);
        let Some(most) = self.max_line else { return };
        // Less and less of each text, until the line fits; the last try has neither message nor fields.
        let mut texts = most;
        while page.len() - before > most && texts > 0 {
            texts = if texts > 16 { texts / 2 } else { 0 };
            page.cut(before);
            let smaller = shrink::shrink(view, texts, 2 * texts);
            if let Ok(view) = RecordView::parse(&smaller) {
                self.write(&view, source, ns, page);
            }
        }
    }

    fn write(&mut self, view: &RecordView<'_>, source: &Source, ns: u64, page: &mut Page) {
        let time = self.utc.text(ns);
        page.line(2 * view.bytes().len() + 1024, |room| {
            let mut line = Cursor::new(room);
            if let [Key { part: Part::Otel, .. }] = &self.keys[..] {
                otel::write(view, source, ns, &mut line);
            } else {
                parts::write(&parts::Record { view, source, ns, time: &time }, &self.keys, &self.rename, &mut line);
            }
            line.byte(b'\n');
            line.mark()
        });
    }
}

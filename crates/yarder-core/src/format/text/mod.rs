//! Text on its way into a line: decoding that survives anything, escaping, scratch room.

mod clean;
mod escape;
mod json_text;
mod line;
mod number;
mod page;
pub(crate) mod utf8;

pub(crate) use escape::{control, not_finite, Escaped, Plain, Readable};
pub use escape::{json_float, json_string};
pub(crate) use json_text::put_json;
pub(crate) use line::{Cursor, Padded};
pub use page::{Page, Room};

use crate::record::Span;

/// Whatever takes a rendered message piece by piece.
///
/// Pieces are escaped one by one, so a sink may not rely on a character being in one piece.
pub(crate) trait Text {
    /// Appends text of unknown content.
    fn text(&mut self, text: Span<'_>);

    /// Appends printable ASCII without `"` and `\`, at most a number's length of it.
    fn ascii(&mut self, text: &[u8]);

    /// Appends a whole number.
    fn int(&mut self, value: i64);

    /// Appends `repr` of a float.
    fn float(&mut self, value: f64);

    /// Where the next piece will stand.
    fn mark(&self) -> usize;

    /// Takes back everything since `mark`.
    fn back(&mut self, mark: usize);
}

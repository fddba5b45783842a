//! Lines by a template of the user's: `{timestamp} [{level:<8}] [{facility}] {message} {fields}`.
//!
//! Every value is escaped as in human lines, so that one record stays one line.

mod parse;

pub use parse::{TemplateError, NAMES};

use super::human;
use super::level::{self, UPPER};
use super::parts::{facility, id_text, tid, Shown};
use super::text::{control, utf8, Cursor, Page, Readable};
use super::time::{split, three_digits, Second, Tz, SECOND_BYTES};
use super::words::pairs;
use super::Source;
use crate::record::{RecordView, Value};
use parse::{Align, Fill, Name, Piece};

/// A template, ready to be filled in.
#[derive(Clone, Debug)]
pub struct Template {
    pieces: Vec<Piece>,
    second: Second,
}

impl Template {
    /// Reads a template; times in it are of zone `tz`.
    ///
    /// # Errors
    /// [`TemplateError`] says what is wrong, and for an unknown name which one is meant.
    pub fn parse(text: &str, tz: Tz) -> Result<Template, TemplateError> {
        Ok(Template { pieces: parse::pieces(text)?, second: Second::new(tz, b' ') })
    }

    pub(super) fn put(&mut self, view: &RecordView<'_>, source: &Source, ns: u64, page: &mut Page) {
        let (second, nanos) = split(ns);
        let record = Record { view, source, second: self.second.text(second), nanos, ns };
        page.line(2 * view.bytes().len() + 512, |room| {
            let mut line = Cursor::new(room);
            for piece in &self.pieces {
                match piece {
                    Piece::Text(text) => line.piece(text),
                    Piece::Value(name, fill) => {
                        let start = line.mark();
                        record.value(name, &mut line);
                        if let Some(fill) = fill {
                            widen(fill, start, &mut line);
                        }
                    }
                }
            }
            line.byte(b'\n');
            line.mark()
        });
    }
}

/// What a template is filled in with.
struct Record<'a> {
    view: &'a RecordView<'a>,
    source: &'a Source,
    second: &'a [u8; SECOND_BYTES],
    nanos: u32,
    ns: u64,
}

impl Record<'_> {
    fn value(&self, name: &Name, line: &mut Cursor<'_>) {
        let Record { view, source, .. } = self;
        match name {
            Name::Timestamp => {
                line.fixed(self.second);
                line.byte(b'.');
                line.fixed(&three_digits(self.nanos / 1_000_000));
            }
            Name::Date => line.piece(&self.second[..10]),
            Name::Level => line.piece(level::name(&UPPER, view.level()).as_bytes()),
            Name::App => line.readable(source.app().as_bytes()),
            Name::Facility => line.readable(facility(view, source)),
            Name::Message => _ = super::message_to(view, &mut Readable(line)),
            Name::Fields => self.fields(line),
            Name::Field(key) => self.field(key, line),
            Name::Pid => number(source.pid(), line),
            Name::Tid => number(tid(view, source), line),
            Name::Thread => line.readable(view.thread()),
            Name::Process => line.readable(source.process().as_bytes()),
            Name::Hostname => line.readable(source.hostname().as_bytes()),
            Name::Caller => line.readable(view.caller()),
            Name::Id => line.fixed(&id_text(self.ns, source, view.sequence())),
        }
    }

    /// All fields. Where there are none, the blank that the template has before them is left out too.
    fn fields(&self, line: &mut Cursor<'_>) {
        let fits = super::fits(self.view);
        let all = Page::make(|line| pairs(Shown::new(self.view, fits), line));
        let before = line.mark().saturating_sub(1);
        if all.is_empty() && line.since(before) == b" " {
            line.back(before);
        }
        line.piece(all.strip_prefix(b" ").unwrap_or(&all));
    }

    /// One field, without quotes: it stands where the template wants it. Nothing when the record has none.
    fn field(&self, key: &[u8], line: &mut Cursor<'_>) {
        let Some(field) = Shown::new(self.view, super::fits(self.view)).find(|field| field.key.text() == key) else {
            return;
        };
        match field.value {
            Value::Str(text) | Value::Text(text) => line.readable(text),
            Value::Bytes(bytes) => line.readable(&utf8::decoded(bytes)),
            _ => human::value(&field, line),
        }
    }
}

/// A number, or nothing when it is unknown.
fn number(value: u32, line: &mut Cursor<'_>) {
    if value != 0 {
        line.int(i64::from(value));
    }
}

/// Fills up what was written since `start`; characters are counted, as Python counts them.
fn widen(fill: &Fill, start: usize, line: &mut Cursor<'_>) {
    let text = line.since(start).to_vec();
    let missing = fill.width.saturating_sub(utf8::count(&text));
    let before = match fill.align {
        Align::Left => 0,
        Align::Right => missing,
        Align::Middle => missing / 2,
    };
    line.back(start);
    let mut buffer = [0; 4];
    let with = fill.with.encode_utf8(&mut buffer).as_bytes();
    (0..before).for_each(|_| line.piece(with));
    line.piece(&text);
    (before..missing).for_each(|_| line.piece(with));
}

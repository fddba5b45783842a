//! `logfmt`, `mcr` and `raw`: one record, one line, nothing under it.

use super::human;
use super::level::{self, LOWER, TITLE};
use super::moment::Utc;
use super::parts::{facility, Shown};
use super::text::{utf8, Cursor, Escaped, Page, Readable};
use super::Source;
use crate::record::RecordView;

/// `ts=… level=info app=web facility=db msg="text" key=value caller="app.py:12 in f"`.
#[derive(Debug)]
pub struct Logfmt(Utc);

/// Keys of `logfmt` that a field cannot have.
const KEYS: [&[u8]; 6] = [b"ts", b"level", b"app", b"facility", b"msg", b"caller"];

impl Default for Logfmt {
    fn default() -> Self {
        Logfmt(Utc::new())
    }
}

impl Logfmt {
    pub(super) fn put(&mut self, view: &RecordView<'_>, source: &Source, ns: u64, page: &mut Page) {
        let time = self.0.text(ns);
        page.line(2 * view.bytes().len() + 256, |room| {
            let mut line = Cursor::new(room);
            line.fixed(b"ts=");
            line.fixed(&time);
            line.fixed(b" level=");
            line.piece(level::name(&LOWER, view.level()).as_bytes());
            line.fixed(b" app=");
            human::word(source.app().as_bytes().into(), &mut line);
            line.fixed(b" facility=");
            human::word(facility(view, source).into(), &mut line);
            line.fixed(b" msg=\"");
            let fits = super::message_to(view, &mut Escaped(&mut line));
            line.byte(b'"');
            for field in Shown::new(view, fits) {
                line.byte(b' ');
                key(field.key.text(), &mut line);
                line.byte(b'=');
                human::value(&field, &mut line);
            }
            if !view.caller().is_empty() {
                line.fixed(b" caller=");
                human::word(view.caller().into(), &mut line);
            }
            line.byte(b'\n');
            line.mark()
        });
    }
}

/// A key without blanks, quotes and equals signs: `_` stands for them, and behind a key that the line has already.
fn key(key: &[u8], line: &mut Cursor<'_>) {
    for (unit, raw) in utf8::units(key) {
        match unit {
            utf8::Unit::Scalar(code) if is_key(code) => line.readable(raw),
            _ => line.byte(b'_'),
        }
    }
    if key.is_empty() || KEYS.contains(&key) {
        line.byte(b'_');
    }
}

fn is_key(code: u32) -> bool {
    !matches!(code, 0..=0x20 | 0x22 | 0x3D | 0x5C) && !super::text::control(code) && !is_space(code)
}

fn is_space(code: u32) -> bool {
    char::from_u32(code).is_some_and(char::is_whitespace)
}

/// `[Info] [DataPlane] text key=value`.
#[derive(Debug, Default)]
pub struct Mcr(());

impl Mcr {
    pub(super) fn put(&mut self, view: &RecordView<'_>, source: &Source, page: &mut Page) {
        page.line(2 * view.bytes().len() + 128, |room| {
            let mut line = Cursor::new(room);
            line.byte(b'[');
            line.piece(level::name(&TITLE, view.level()).as_bytes());
            line.fixed(b"] [");
            line.readable(facility(view, source));
            line.fixed(b"] ");
            let fits = super::message_to(view, &mut Readable(&mut line));
            pairs(Shown::new(view, fits), &mut line);
            line.byte(b'\n');
            line.mark()
        });
    }
}

/// Fields as ` key=value`, each.
pub(super) fn pairs(fields: Shown<'_>, line: &mut Cursor<'_>) {
    for field in fields {
        line.byte(b' ');
        human::word(field.key, line);
        line.byte(b'=');
        human::value(&field, line);
    }
}

/// The message alone.
#[derive(Debug, Default)]
pub struct Raw(());

impl Raw {
    pub(super) fn put(&mut self, view: &RecordView<'_>, page: &mut Page) {
        page.line(2 * view.bytes().len(), |room| {
            let mut line = Cursor::new(room);
            super::message_to(view, &mut Readable(&mut line));
            line.byte(b'\n');
            line.mark()
        });
    }
}

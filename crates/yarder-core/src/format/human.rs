//! Lines for people: one line per record, the traceback under it.

use super::text::{control, put_json, utf8, Cursor, Page, Readable, Room};
use super::time::{split, three_digits, Second, Tz, SECOND_BYTES};
use super::Source;
use crate::record::{RecordView, Value};

/// Names of the levels, most to least severe.
const LEVELS: [&str; 9] = ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG", "TRACE"];
/// Terminal colours of the levels.
const COLORS: [&[u8]; 9] = [
    b"\x1b[1;37;41m",
    b"\x1b[1;31m",
    b"\x1b[1;31m",
    b"\x1b[31m",
    b"\x1b[33m",
    b"\x1b[36m",
    b"\x1b[32m",
    b"\x1b[34m",
    b"\x1b[2m",
];
const DIM: &[u8] = b"\x1b[2m";
const BOLD: &[u8] = b"\x1b[1m";
const CYAN: &[u8] = b"\x1b[36m";
const PLAIN: &[u8] = b"\x1b[0m";

/// The field whose text follows the line as a traceback.
const EXCEPTION: &[u8] = b"exception.stacktrace";
/// The same for `stack_info=True`.
const STACK: &[u8] = b"code.stacktrace";

/// Human lines.
#[derive(Debug)]
pub struct Human {
    second: Second,
    color: bool,
    local: bool,
}

impl Human {
    /// Lines in zone `tz`, with terminal colours when `color`.
    #[must_use]
    pub fn new(tz: Tz, color: bool) -> Self {
        Human { second: Second::new(tz, b' '), color, local: false }
    }

    /// Whether text that is meant for consoles only is shown, under the traceback.
    #[must_use]
    pub fn with_local(mut self, local: bool) -> Self {
        self.local = local;
        self
    }

    /// Appends one record.
    pub fn line(&mut self, view: &RecordView<'_>, source: &Source, ns: u64, out: &mut impl Room) {
        out.on_page(|page| self.put(view, source, ns, page));
    }

    pub(super) fn put(&mut self, view: &RecordView<'_>, source: &Source, ns: u64, page: &mut Page) {
        let (second, nanos) = split(ns);
        let second = self.second.text(second);
        let wanted = view.bytes().len() + source.human_app.len();
        page.line(wanted, |room| {
            let mut line = Cursor::new(room);
            write(view, source, (second, nanos), (self.color, self.local), &mut line);
            line.mark()
        });
    }
}

/// The whole line and what follows it.
#[inline(always)]
fn write(
    view: &RecordView<'_>,
    source: &Source,
    (second, nanos): (&[u8; SECOND_BYTES], u32),
    (color, local): (bool, bool),
    line: &mut Cursor<'_>,
) {
    let level = usize::from(view.level()).min(LEVELS.len() - 1);
    let facility = view.facility();
    paint(color, DIM, line);
    line.fixed(second);
    line.byte(b'.');
    line.fixed(&three_digits(nanos / 1_000_000));
    paint(color, PLAIN, line);
    line.byte(b' ');
    paint(color, COLORS[level], line);
    line.piece(LEVELS[level].as_bytes());
    paint(color, PLAIN, line);
    line.byte(b' ');
    paint(color, BOLD, line);
    line.piece(&source.human_app);
    if !facility.is_empty() && facility != source.app().as_bytes() {
        line.byte(b'/');
        line.readable(facility);
    }
    paint(color, PLAIN, line);
    line.fixed(b": ");
    let start = line.mark();
    let fits = super::message_to(view, &mut Readable(line));
    if line.mark() == start {
        // The blank before the first field stands already.
        line.back(start - 1);
    }
    let marks = super::marks(view.flags(), fits);
    let below = if view.has_fields() { fields(view, (color, local), &marks, line) } else { [None; 3] };
    for (name, set) in marks {
        if set {
            line.apart(|line| mark(name, color, line));
        }
    }
    line.byte(b'\n');
    for text in below.into_iter().flatten() {
        line.apart(|line| indented(text, line));
    }
}

#[cold]
#[inline(never)]
fn mark(name: &str, color: bool, mut line: Cursor<'_>) -> usize {
    field(name.as_bytes(), Value::Bool(true), color, &mut line);
    line.mark()
}

/// Appends the fields that belong into the line and returns the texts that follow it: traceback, stack, and what
/// only consoles show.
#[inline(always)]
fn fields<'a>(
    view: &RecordView<'a>,
    (color, local): (bool, bool),
    marks: &[(&str, bool); 3],
    line: &mut Cursor<'_>,
) -> [Option<&'a [u8]>; 3] {
    let mut below = [None; 3];
    let mut traceback = None;
    for (key, value) in view.fields() {
        match value {
            Value::Local(text) => below[2] = local.then_some(text),
            Value::Str(text) | Value::Text(text) if key == STACK => below[1] = Some(text),
            // With a traceback, type and message stand in its last line.
            _ if key.starts_with(b"exception.") && *traceback.get_or_insert_with(|| has_traceback(view)) => {
                if let (EXCEPTION, Value::Str(text) | Value::Text(text)) = (key, value) {
                    below[0] = Some(text);
                }
            }
            _ if marks.iter().any(|(name, set)| *set && name.as_bytes() == key) => {}
            _ => field(key, value, color, line),
        }
    }
    below
}

#[inline(never)]
fn has_traceback(view: &RecordView<'_>) -> bool {
    view.fields().any(|(key, value)| key == EXCEPTION && matches!(value, Value::Str(_) | Value::Text(_)))
}

/// ` key=value`
#[inline(always)]
fn field(key: &[u8], value: Value<'_>, color: bool, line: &mut Cursor<'_>) {
    line.byte(b' ');
    paint(color, CYAN, line);
    word(key, line);
    paint(color, PLAIN, line);
    line.byte(b'=');
    match value {
        Value::None => line.fixed(b"null"),
        Value::Bool(true) => line.fixed(b"true"),
        Value::Bool(false) => line.fixed(b"false"),
        Value::Int(v) => line.int(v),
        Value::Float(v) => line.float(v),
        Value::Str(text) | Value::Text(text) => word(text, line),
        Value::Json(text) => line.apart(|line| put_json(text, line)),
        Value::BigInt(text) | Value::Local(text) => line.apart(|line| quoted(text, line)),
        Value::Bytes(bytes) => line.apart(|line| bytes_value(bytes, line)),
    }
}

/// Text as it is when nothing in it could be taken for something else, else as a JSON string.
#[inline(always)]
fn word(text: &[u8], line: &mut Cursor<'_>) {
    let mark = line.mark();
    if !(line.clean(text) && is_word(text)) {
        line.back(mark);
        line.apart(|line| quoted(text, line));
    }
}

/// Whether clean text has neither blanks nor equals signs and is not empty.
#[inline(always)]
fn is_word(text: &[u8]) -> bool {
    !text.is_empty() && !text.iter().fold(false, |any, byte| any | (*byte == b' ') | (*byte == b'='))
}

#[inline(never)]
fn quoted(text: &[u8], mut line: Cursor<'_>) -> usize {
    if is_bare(text) {
        line.piece(text);
    } else {
        line.byte(b'"');
        line.escaped(text);
        line.byte(b'"');
    }
    line.mark()
}

#[inline(never)]
fn bytes_value(bytes: &[u8], mut line: Cursor<'_>) -> usize {
    if is_bare(bytes) {
        line.piece(bytes);
    } else {
        line.byte(b'"');
        line.escaped_bytes(bytes);
        line.byte(b'"');
    }
    line.mark()
}

#[inline(always)]
fn paint(color: bool, code: &[u8], line: &mut Cursor<'_>) {
    if color {
        line.piece(code);
    }
}

/// Whether a key or value needs no quotes: not empty, no blanks, controls, quotes or equals signs, all UTF-8.
fn is_bare(text: &[u8]) -> bool {
    !text.is_empty()
        && utf8::units(text).all(|(unit, _)| match unit {
            utf8::Unit::Scalar(0x22 | 0x3D) => false,
            utf8::Unit::Scalar(code) => !control(code) && !char::from_u32(code).is_some_and(char::is_whitespace),
            _ => false,
        })
}

/// Appends each line of `text` behind two spaces.
#[inline(never)]
fn indented(text: &[u8], mut line: Cursor<'_>) -> usize {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    for part in text.split(|byte| *byte == b'\n') {
        line.fixed(b"  ");
        line.readable(part);
        line.byte(b'\n');
    }
    line.mark()
}

//! Lines for people: one line per record, the traceback under it.

use super::level::UPPER;
use super::text::{control, put_json, utf8, Cursor, Page, Readable, Room};
use super::time::{split, three_digits, Second, Tz, SECOND_BYTES};
use super::traceback::{self, Trace};
use super::Source;
use crate::record::{RecordView, Span, Spanned, Value};

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
    look: Look,
}

/// What of a record is shown, and how.
#[derive(Clone, Copy, Debug)]
struct Look {
    color: bool,
    local: bool,
    trace: Trace,
}

impl Human {
    /// Lines in zone `tz`, with terminal colours when `color`.
    #[must_use]
    pub fn new(tz: Tz, color: bool) -> Self {
        let look = Look { color, local: false, trace: Trace::Full };
        Human { second: Second::new(tz, b' '), look }
    }

    /// Whether text that is meant for consoles only is shown, under the traceback.
    #[must_use]
    pub fn with_local(mut self, local: bool) -> Self {
        self.look.local = local;
        self
    }

    /// How much of a traceback is shown.
    #[must_use]
    pub fn with_traceback(mut self, trace: Trace) -> Self {
        self.look.trace = trace;
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
            write(view, source, (second, nanos), self.look, &mut line);
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
    look: Look,
    line: &mut Cursor<'_>,
) {
    let color = look.color;
    let level = usize::from(view.level()).min(COLORS.len() - 1);
    let facility = view.facility();
    paint(color, DIM, line);
    line.fixed(second);
    line.byte(b'.');
    line.fixed(&three_digits(nanos / 1_000_000));
    paint(color, PLAIN, line);
    line.byte(b' ');
    paint(color, COLORS[level], line);
    line.piece(UPPER[level].as_bytes());
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
    let below = if view.has_fields() { fields(view, look, &marks, line) } else { Below::default() };
    for (name, set) in marks {
        if set {
            line.apart(|line| mark(name, color, line));
        }
    }
    line.byte(b'\n');
    if below.any {
        line.apart(|line| follow(view, look.trace, &below, line));
    }
}

/// The texts that follow a line.
#[derive(Default)]
struct Below<'a> {
    any: bool,
    traceback: Option<&'a [u8]>,
    stack: Option<&'a [u8]>,
    local: Option<&'a [u8]>,
}

/// Appends what stands under the line.
#[inline(never)]
fn follow(view: &RecordView<'_>, trace: Trace, below: &Below<'_>, mut line: Cursor<'_>) -> usize {
    for text in [below.traceback, below.stack].into_iter().flatten() {
        match trace {
            Trace::Full => indented(text, &mut line),
            Trace::Short => {
                let short = traceback::short(text);
                traceback::lines(short.frame).chain(traceback::lines(short.exception)).for_each(|text| {
                    under(text, &mut line);
                });
                // The text was cut before its end: the fields know what it was.
                if short.exception.is_empty() && below.traceback == Some(text) {
                    named(view, &mut line);
                }
            }
            Trace::Line => {}
        }
    }
    if let (Some(text), Trace::Full | Trace::Short) = (below.local, trace) {
        indented(text, &mut line);
    }
    line.mark()
}

/// The exception's line out of its fields.
fn named(view: &RecordView<'_>, line: &mut Cursor<'_>) {
    let text = |wanted: &[u8]| {
        view.fields().find_map(|(key, value)| match value {
            Value::Str(text) | Value::Text(text) if key == wanted => Some(text),
            _ => None,
        })
    };
    if let Some(kind) = text(b"exception.type") {
        let message = text(b"exception.message").unwrap_or_default();
        under(&[kind, if message.is_empty() { b"" } else { b": " }, message].concat(), line);
    }
}

#[cold]
#[inline(never)]
fn mark(name: &str, color: bool, mut line: Cursor<'_>) -> usize {
    field(&Spanned::of(name.as_bytes(), Value::Bool(true)), color, &mut line);
    line.mark()
}

/// Appends the fields that belong into the line and returns the texts that follow it.
#[inline(always)]
fn fields<'a>(view: &RecordView<'a>, look: Look, marks: &[(&str, bool); 3], line: &mut Cursor<'_>) -> Below<'a> {
    let mut below = Below::default();
    let mut traceback = None;
    let mut fields = view.fields();
    while let Some(one) = fields.next_spanned() {
        let key = one.key.text();
        match one.value {
            Value::Local(text) => {
                below.local = look.local.then_some(text);
                below.any |= look.local;
            }
            Value::Str(text) | Value::Text(text) if key == STACK => {
                below.stack = Some(text);
                below.any = true;
            }
            // With a traceback, type and message stand in its last line.
            value if key.starts_with(b"exception.") && *traceback.get_or_insert_with(|| has_traceback(view)) => {
                match (key, value) {
                    (EXCEPTION, Value::Str(text) | Value::Text(text)) => {
                        below.traceback = Some(text);
                        below.any = true;
                    }
                    _ if look.trace == Trace::Line => field(&one, look.color, line),
                    _ => {}
                }
            }
            _ if marks.iter().any(|(name, set)| *set && name.as_bytes() == key) => {}
            _ => field(&one, look.color, line),
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
fn field(field: &Spanned<'_>, color: bool, line: &mut Cursor<'_>) {
    line.byte(b' ');
    paint(color, CYAN, line);
    word(field.key, line);
    paint(color, PLAIN, line);
    line.byte(b'=');
    value(field, line);
}

/// A value as it stands behind its key.
#[inline(always)]
pub(super) fn value(field: &Spanned<'_>, line: &mut Cursor<'_>) {
    match field.value {
        Value::None => line.fixed(b"null"),
        Value::Bool(true) => line.fixed(b"true"),
        Value::Bool(false) => line.fixed(b"false"),
        Value::Int(v) => line.int(v),
        Value::Float(v) => line.float(v),
        Value::Str(text) | Value::Text(text) => word(field.span(text), line),
        Value::Json(text) => line.apart(|line| put_json(text, line)),
        Value::BigInt(text) | Value::Local(text) => line.apart(|line| quoted(text, line)),
        Value::Bytes(bytes) => line.apart(|line| bytes_value(bytes, line)),
    }
}

/// Text as it is when nothing in it could be taken for something else, else as a JSON string.
#[inline(always)]
pub(super) fn word(text: Span<'_>, line: &mut Cursor<'_>) {
    let mark = line.mark();
    if !(line.clean_span(text) && is_word(text.text())) {
        line.back(mark);
        line.apart(|line| quoted(text.text(), line));
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
fn indented(text: &[u8], line: &mut Cursor<'_>) {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.split(|byte| *byte == b'\n').for_each(|part| under(part, line));
}

/// Appends one line behind two spaces.
fn under(text: &[u8], line: &mut Cursor<'_>) {
    line.fixed(b"  ");
    line.readable(text);
    line.byte(b'\n');
}

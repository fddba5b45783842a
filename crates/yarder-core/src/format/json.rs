//! JSON lines, preset `logstream`: LogStream's keys in LogStream's order.

use super::id::{fraction_digits, ms_digits, sequence_digits, ID_BYTES};
use super::percent::integer;
use super::text::{not_finite, put_json, Cursor, Escaped, Padded, Page, Room};
use super::time::{three_digits, Second, Tz, SECOND_BYTES};
use super::Source;
use crate::record::{flag, RecordView, Spanned, Value};

/// Everything up to the level's digit; patched in place for each record.
const START: &[u8; 96] =
    b"{\"id\":\"00000000-0000-8000-8000-000000000000\",\"timestamp\":\"0000-00-00T00:00:00.000000Z\",\"level\":0";
const ID_AT: usize = 7;
const SECOND_AT: usize = ID_AT + ID_BYTES + 15;
const MS_AT: usize = SECOND_AT + SECOND_BYTES + 1;
const LEVEL_AT: usize = START.len() - 1;

/// JSON lines with LogStream's keys.
#[derive(Debug)]
pub struct Json {
    second: Second,
    /// The millisecond that `start` tells.
    ms: u64,
    start: [u8; START.len()],
    end: End,
}

/// The end of the last line from the fields to the thread, kept because the next one often has the same.
#[derive(Debug, Default)]
struct End {
    source: u64,
    main: bool,
    facility: Vec<u8>,
    text: Padded,
}

impl Default for Json {
    fn default() -> Self {
        Json::new()
    }
}

impl Json {
    /// A formatter with LogStream's keys.
    #[must_use]
    pub fn new() -> Self {
        let second = Second::new(Tz::utc(), b'T');
        Json { second, ms: u64::MAX, start: *START, end: End::default() }
    }

    /// Appends one line.
    pub fn line(&mut self, view: &RecordView<'_>, source: &Source, ns: u64, out: &mut impl Room) {
        out.on_page(|page| self.put(view, source, ns, page));
    }

    pub(super) fn put(&mut self, view: &RecordView<'_>, source: &Source, ns: u64, page: &mut Page) {
        let (ms, rest) = (ns / 1_000_000, ns % 1_000_000);
        if ms != self.ms {
            self.millisecond(ms);
        }
        let main = view.flags() & flag::MAIN_THREAD != 0;
        let facility = view.facility();
        if source.serial != self.end.source || main != self.end.main || facility != self.end.facility {
            self.end.set(source, main, facility);
        }
        let wanted = START.len() + source.json_start.len() + self.end.text.len() + view.bytes().len();
        page.line(wanted, |room| {
            let mut line = Cursor::new(room);
            write(view, source, (&self.start, &self.end), rest, &mut line);
            line.mark()
        });
    }

    #[cold]
    #[inline(never)]
    fn millisecond(&mut self, ms: u64) {
        self.ms = ms;
        self.start[ID_AT..ID_AT + 13].copy_from_slice(&ms_digits(ms));
        self.start[SECOND_AT..SECOND_AT + SECOND_BYTES].copy_from_slice(self.second.text(ms / 1000));
        self.start[MS_AT..MS_AT + 3].copy_from_slice(&three_digits((ms % 1000) as u32));
    }
}

/// The whole line; `rest` is what its time is beyond the millisecond.
#[inline(always)]
fn write(
    view: &RecordView<'_>,
    source: &Source,
    (start, end): (&[u8; START.len()], &End),
    rest: u64,
    line: &mut Cursor<'_>,
) {
    if let Some(to) = line.open(start) {
        to[ID_AT + 14..ID_AT + 18].copy_from_slice(&fraction_digits(rest));
        to[ID_AT + 28..ID_AT + 36].copy_from_slice(&sequence_digits(view.sequence()));
        to[ID_AT + 19..ID_AT + 29].copy_from_slice(&source.id_start);
        to[MS_AT + 3..MS_AT + 6].copy_from_slice(&three_digits((rest / 1000) as u32));
        to[LEVEL_AT] = b'0' + view.level();
    }
    line.padded(&source.json_start);
    let fits = super::message_to(view, &mut Escaped(line));
    line.fixed(b"\",\"fields\":{");
    fields(view, fits, line);
    line.padded(&end.text);
    if !end.main {
        thread(view, line);
    }
    if !view.caller().is_empty() {
        line.fixed(b",\"caller\":\"");
        line.escaped_span(view.caller_span());
        line.byte(b'"');
    }
    line.fixed(b"}\n");
}

impl End {
    #[inline(never)]
    fn set(&mut self, source: &Source, main: bool, facility: &[u8]) {
        self.source = source.serial;
        self.main = main;
        self.facility.clear();
        self.facility.extend_from_slice(facility);
        let shown = if facility.is_empty() { source.app().as_bytes() } else { facility };
        let after = if main { &source.json_main[..] } else { b"\"" };
        let shown = Page::make(|line| line.escaped(shown));
        self.text.set(&[&source.json_end[..], &shown, after].concat());
    }
}

/// Thread id and name, as far as they are known.
#[inline(always)]
fn thread(view: &RecordView<'_>, line: &mut Cursor<'_>) {
    if view.tid() != 0 {
        line.fixed(b",\"tid\":");
        line.int(i64::from(view.tid()));
    }
    if !view.thread().is_empty() {
        line.fixed(b",\"thread\":\"");
        line.escaped(view.thread());
        line.byte(b'"');
    }
}

/// The members of `fields`, without braces.
#[inline(always)]
fn fields(view: &RecordView<'_>, fits: bool, line: &mut Cursor<'_>) {
    let flags = view.flags();
    let special = !fits || flags & (flag::TRUNCATED | flag::FORMAT_ERROR | flag::CYCLE_CUT) != 0;
    if special {
        line.apart(|line| flagged_fields(view, fits, line));
    } else if view.has_fields() {
        let start = line.mark();
        let mut fields = view.fields();
        while let Some(field) = fields.next_spanned() {
            if !matches!(field.value, Value::Local(_)) {
                member(&field, line);
            }
        }
        drop_comma(start, line);
    }
}

/// The same with what yarder itself says about the record; its words win over fields of the same names.
#[cold]
#[inline(never)]
fn flagged_fields(view: &RecordView<'_>, fits: bool, mut cursor: Cursor<'_>) -> usize {
    let line = &mut cursor;
    let flags = view.flags();
    let marks = super::marks(flags, fits);
    let start = line.mark();
    let mut fields = view.fields();
    while let Some(field) = fields.next_spanned() {
        let taken = marks.iter().any(|(name, set)| *set && name.as_bytes() == field.key.text());
        if !taken && !matches!(field.value, Value::Local(_)) {
            member(&field, line);
        }
    }
    for (name, set) in marks {
        if set {
            member(&Spanned::of(name.as_bytes(), Value::Bool(true)), line);
        }
    }
    drop_comma(start, line);
    cursor.mark()
}

#[inline(always)]
fn drop_comma(start: usize, line: &mut Cursor<'_>) {
    if line.mark() > start {
        line.back(line.mark() - 1);
    }
}

/// `"key":value,`
#[inline(always)]
fn member(field: &Spanned<'_>, line: &mut Cursor<'_>) {
    line.byte(b'"');
    line.escaped_span(field.key);
    line.fixed(b"\":");
    value(field, line);
    line.byte(b',');
}

/// One value.
#[inline(always)]
pub(super) fn value(field: &Spanned<'_>, line: &mut Cursor<'_>) {
    match field.value {
        Value::Str(text) | Value::Text(text) => {
            line.byte(b'"');
            line.escaped_span(field.span(text));
            line.byte(b'"');
        }
        Value::Int(v) => line.int(v),
        Value::Float(v) if v.is_finite() => line.float(v),
        Value::Float(v) => line.piece(not_finite(v)),
        Value::None => line.fixed(b"null"),
        Value::Bool(true) => line.fixed(b"true"),
        Value::Bool(false) => line.fixed(b"false"),
        value => line.apart(|line| rare_value(value, line)),
    }
}

#[inline(never)]
fn rare_value(value: Value<'_>, mut cursor: Cursor<'_>) -> usize {
    let line = &mut cursor;
    match value {
        Value::Json(text) => return put_json(text, cursor),
        Value::BigInt(digits) if integer::is_decimal(digits) => {
            line.piece(digits);
        }
        Value::Bytes(bytes) => {
            line.byte(b'"');
            line.escaped_bytes(bytes);
            line.byte(b'"');
        }
        // An integer that is none comes only from a broken ring.
        Value::BigInt(text) => {
            line.byte(b'"');
            line.escaped(text);
            line.byte(b'"');
        }
        _ => {}
    }
    cursor.mark()
}

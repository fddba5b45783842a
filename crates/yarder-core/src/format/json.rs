//! JSON lines, preset `logstream`: LogStream's keys in LogStream's order.

use super::id::{fraction_digits, ms_digits, sequence_digits, ID_BYTES};
use super::percent::{float, integer};
use super::text::{not_finite, put_json, Cursor, Escaped, Line};
use super::time::{three_digits, Second, Tz, SECOND_BYTES};
use super::Source;
use crate::record::{flag, RecordView, Value};

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
    line: Line,
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
    text: Vec<u8>,
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
        Json { line: Line::default(), second, ms: u64::MAX, start: *START, end: End::default() }
    }

    /// Appends one line.
    pub fn line(&mut self, view: &RecordView<'_>, source: &Source, ns: u64, out: &mut Vec<u8>) {
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
        loop {
            let mut cursor = self.line.start(wanted);
            write(view, source, (&self.start, &self.end), rest, &mut cursor);
            let mark = cursor.mark();
            if let Some(text) = self.line.end(mark) {
                out.extend_from_slice(text);
                break;
            }
        }
        self.line.shrink();
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
    line.fixed(start);
    line.patch(ID_AT + 14, &fraction_digits(rest));
    line.patch(ID_AT + 28, &sequence_digits(view.sequence()));
    line.patch(ID_AT + 19, &source.id_start);
    line.patch(MS_AT + 3, &three_digits((rest / 1000) as u32));
    line.patch(LEVEL_AT, &[b'0' + view.level()]);
    line.piece(&source.json_start);
    let fits = super::message_to(view, &mut Escaped(line));
    line.fixed(b"\",\"fields\":{");
    fields(view, fits, line);
    line.piece(&end.text);
    if !end.main {
        thread(view, line);
    }
    if !view.caller().is_empty() {
        line.fixed(b",\"caller\":\"");
        line.escaped(view.caller());
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
        self.text.clear();
        self.text.extend_from_slice(&source.json_end);
        self.text.extend_from_slice(&Line::default().make(|line| line.escaped(shown)));
        self.text.extend_from_slice(if main { &source.json_main } else { b"\"" });
    }
}

/// Thread id and name, as far as they are known.
#[inline(always)]
fn thread(view: &RecordView<'_>, line: &mut Cursor<'_>) {
    if view.tid() != 0 {
        line.fixed(b",\"tid\":");
        line.piece(itoa::Buffer::new().format(view.tid()).as_bytes());
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
        for (key, value) in view.fields() {
            if !matches!(value, Value::Local(_)) {
                member(key, value, line);
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
    for (key, value) in view.fields() {
        let taken = marks.iter().any(|(name, set)| *set && name.as_bytes() == key);
        if !taken && !matches!(value, Value::Local(_)) {
            member(key, value, line);
        }
    }
    for (name, set) in marks {
        if set {
            member(name.as_bytes(), Value::Bool(true), line);
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
fn member(key: &[u8], value: Value<'_>, line: &mut Cursor<'_>) {
    line.byte(b'"');
    line.escaped(key);
    line.fixed(b"\":");
    self::value(value, line);
    line.byte(b',');
}

/// One value.
#[inline(always)]
fn value(value: Value<'_>, line: &mut Cursor<'_>) {
    match value {
        Value::Str(text) | Value::Text(text) => {
            line.byte(b'"');
            line.escaped(text);
            line.byte(b'"');
        }
        Value::Int(v) => line.piece(itoa::Buffer::new().format(v).as_bytes()),
        Value::Float(v) if v.is_finite() => float::with_repr(v, |text| line.piece(text)),
        Value::Float(v) => line.piece(not_finite(v)),
        Value::None => line.fixed(b"null"),
        Value::Bool(true) => line.fixed(b"true"),
        Value::Bool(false) => line.fixed(b"false"),
        _ => line.apart(|line| rare_value(value, line)),
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

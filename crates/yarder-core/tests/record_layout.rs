//! The record's bytes: the layout of `docs/specs/record.md`, round trips, and what a reader refuses.

use proptest::prelude::*;
use yarder_core::record::{cut, flag, kind, RecordBuilder, RecordError, RecordView, Value, HEAD_BYTES};

/// Owned form of a value, for generated records.
#[derive(Clone, Debug)]
enum Owned {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Counted(u8, Vec<u8>),
}

impl Owned {
    fn value(&self) -> Value<'_> {
        match self {
            Owned::None => Value::None,
            Owned::Bool(v) => Value::Bool(*v),
            Owned::Int(v) => Value::Int(*v),
            Owned::Float(v) => Value::Float(*v),
            Owned::Counted(0, b) => Value::Str(b),
            Owned::Counted(1, b) => Value::Bytes(b),
            Owned::Counted(2, b) => Value::BigInt(b),
            Owned::Counted(3, b) => Value::Json(b),
            Owned::Counted(4, b) => Value::Text(b),
            Owned::Counted(_, b) => Value::Local(b),
        }
    }
}

fn value() -> impl Strategy<Value = Owned> {
    prop_oneof![
        Just(Owned::None),
        any::<bool>().prop_map(Owned::Bool),
        any::<i64>().prop_map(Owned::Int),
        // NaN is not equal to itself; the golden lines have it.
        any::<f64>().prop_filter("not NaN", |v| !v.is_nan()).prop_map(Owned::Float),
        (0u8..6, prop::collection::vec(any::<u8>(), 0..80)).prop_map(|(tag, bytes)| Owned::Counted(tag, bytes)),
    ]
}

/// Few different keys, so that sections share some.
fn fields() -> impl Strategy<Value = Vec<(String, Owned)>> {
    prop::collection::vec(("[a-e]{0,2}", value()), 0..12)
}

proptest! {
    /// What was encoded is what a view shows; of equal keys the last one counts, in the order of the sections.
    #[test]
    fn round_trip(
        level in 0u8..=8,
        sequence: u64,
        stamp: u64,
        texts in ("[a-z.]{0,40}", "\\PC{0,20}", "\\PC{0,40}", "\\PC{0,300}"),
        args in prop::collection::vec(value(), 0..8),
        sections in (fields(), fields(), fields()),
        losses in prop::collection::vec(any::<(u8, u64)>(), 0..4),
        exclude: u16,
    ) {
        let (facility, thread, caller, message) = &texts;
        let (context, bound, call) = &sections;
        let mut record = RecordBuilder::new(level, facility, message).at(sequence, stamp).thread(77, thread);
        record = record.caller(caller).exclude(exclude);
        for arg in &args {
            record = record.arg(arg.value());
        }
        for (key, value) in context {
            record = record.context(key, value.value());
        }
        for (key, value) in bound {
            record = record.bound(key, value.value());
        }
        for (key, value) in call {
            record = record.field(key, value.value());
        }
        for (reason, count) in &losses {
            record = record.loss(*reason, *count);
        }
        let bytes = record.build();
        let view = RecordView::parse(&bytes).expect("what was encoded parses");
        prop_assert_eq!((level, sequence, stamp, 77), (view.level(), view.sequence(), view.stamp(), view.tid()));
        prop_assert_eq!(exclude, view.exclude());
        prop_assert_eq!(facility.as_bytes(), view.facility());
        prop_assert_eq!(thread.as_bytes(), view.thread());
        prop_assert_eq!(caller.as_bytes(), view.caller());
        prop_assert_eq!(message.as_bytes(), view.message());
        prop_assert_eq!(losses, view.loss().collect::<Vec<_>>());
        prop_assert_eq!(args.iter().map(Owned::value).collect::<Vec<_>>(), view.args().collect::<Vec<_>>());
        let all: Vec<(&[u8], Value<'_>)> =
            [context, bound, call].into_iter().flatten().map(|(k, v)| (k.as_bytes(), v.value())).collect();
        let expected: Vec<_> = all
            .iter()
            .enumerate()
            .filter(|(at, (key, _))| all[at + 1..].iter().all(|(later, _)| later != key))
            .map(|(_, field)| *field)
            .collect();
        prop_assert_eq!(expected, view.fields().collect::<Vec<_>>());
    }

    /// Cutting never splits a character and never drops more than the one that does not fit.
    #[test]
    fn cuts_stand_between_characters(text in "\\PC{0,40}", max in 0usize..60) {
        let kept = cut(text.as_bytes(), max);
        prop_assert!(kept <= max && text.is_char_boundary(kept));
        prop_assert!(kept == text.len() || kept + text[kept..].chars().next().map_or(0, char::len_utf8) > max);
    }
}

/// A record of every part, byte by byte as the specification lays it out.
#[test]
fn golden_bytes() {
    let bytes = RecordBuilder::new(3, "db", "q %s")
        .at(0x0102_0304_0506_0708, 0x1112_1314_1516_1718)
        .flags(flag::TRUNCATED)
        .thread(0x2122_2324, "T1")
        .caller("a.py:1 in f")
        .exclude(0x8001)
        .loss(11, 3)
        .bound("b", Value::Bool(true))
        .context("c", Value::None)
        .arg(Value::Str("é".as_bytes()))
        .field("n", Value::Int(-2))
        .field("x", Value::Float(1.5))
        .build();
    let expected: Vec<u8> = [
        &[119, 0, 0, 0, 1, 3, 3, 0][..],
        &[8, 7, 6, 5, 4, 3, 2, 1, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11],
        &[0x24, 0x23, 0x22, 0x21, 1, 0, 2, 0],
        &[4, 0, 0, 0, 8, 0, 6, 0, 11, 0, 2, 2, 1, 0, 0x01, 0x80],
        &[11, 3, 0, 0, 0, 0, 0, 0, 0],
        b"db\x01\0\x01\0b\x02",
        b"T1",
        b"a.py:1 in f",
        b"\x01\0\x01\0c\0",
        b"q %s",
        b"\x05\x02\0\0\0\xC3\xA9",
        b"\x01\0n\x03\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
        b"\x01\0x\x04\0\0\0\0\0\0\xF8\x3F",
    ]
    .concat();
    assert_eq!(expected, bytes);
    let padded = [&bytes[..], b"next record"].concat();
    assert_eq!(bytes, RecordView::parse(&padded).expect("what follows is ignored").bytes());
}

/// A lone surrogate keeps its three bytes or goes; bytes that are no UTF-8 are cut where they are.
#[test]
fn cuts_know_generalised_utf8() {
    assert_eq!(1, cut(b"a\xED\xA0\x80", 3));
    assert_eq!(4, cut(b"a\xED\xA0\x80", 4));
    assert_eq!(5, cut(&[0x80; 9], 5));
    assert_eq!(0, cut("😀".as_bytes(), 3));
}

/// The main thread has its name without storing it.
#[test]
fn main_thread_is_a_flag() {
    let bytes = RecordBuilder::new(6, "a", "").flags(flag::MAIN_THREAD).build();
    assert_eq!(b"MainThread", RecordView::parse(&bytes).expect("a record").thread());
}

/// Each way of being no record is told apart.
#[test]
fn refusals_name_their_reason() {
    let good = RecordBuilder::new(6, "a", "m").arg(Value::Int(1)).field("k", Value::Int(1)).build();
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        RecordView::parse(&bytes).map(|_| ())
    };
    assert_eq!(Err(RecordError::Short { need: HEAD_BYTES, have: 10 }), RecordView::parse(&good[..10]).map(|_| ()));
    assert_eq!(
        Err(RecordError::Short { need: good.len(), have: good.len() - 1 }),
        RecordView::parse(&good[..good.len() - 1]).map(|_| ())
    );
    assert_eq!(Err(RecordError::Short { need: HEAD_BYTES, have: good.len() }), with(0, 3));
    assert_eq!(Err(RecordError::Kind(kind::FILLER)), with(4, kind::FILLER));
    assert_eq!(Err(RecordError::Level(9)), with(5, 9));
    assert_eq!(Err(RecordError::Section("text")), with(32, 200));
    assert_eq!(Err(RecordError::Section("text")), with(43, 9));
    assert_eq!(Err(RecordError::Section("args")), with(28, 4));
    assert_eq!(Err(RecordError::Section("fields")), with(30, 2));
    assert_eq!(Err(RecordError::Section("args")), with(HEAD_BYTES + 2, 99));
}

/// Tens of thousands of fields with one key are merged without comparing each with each.
#[test]
fn equal_keys_without_end_are_merged() {
    let mut record = RecordBuilder::new(6, "a", "m");
    for n in 0..60_000 {
        record = record.field("k", Value::Int(n));
    }
    let bytes = record.build();
    let view = RecordView::parse(&bytes).expect("a record");
    assert_eq!(vec![(&b"k"[..], Value::Int(59_999))], view.fields().collect::<Vec<_>>());
}

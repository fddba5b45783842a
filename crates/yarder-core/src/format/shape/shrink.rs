//! A record made smaller, for lines that must not be longer than their reader takes.

use crate::record::{cut, flag, RecordBuilder, RecordView, Value};

/// The record with texts of at most `texts` bytes and fields of at most `most` bytes together, flagged as cut.
/// With `texts` 0 only what yarder knows itself is left.
pub(super) fn shrink(view: &RecordView<'_>, texts: usize, most: usize) -> Vec<u8> {
    let mut message = Vec::new();
    let fits = crate::format::message(view, &mut message);
    message.truncate(cut(&message, texts));
    let keep = view.flags() & !flag::LOST | flag::RENDERED | flag::TRUNCATED;
    let facility = String::from_utf8_lossy(view.facility());
    let mut made = RecordBuilder::new(view.level(), &facility, message)
        .at(view.sequence(), view.stamp())
        .flags(if fits { keep } else { keep | flag::FORMAT_ERROR });
    if view.flags() & flag::MAIN_THREAD == 0 {
        let thread = view.thread();
        made = made.thread(view.tid(), &String::from_utf8_lossy(&thread[..cut(thread, texts)]));
    }
    let caller = view.caller();
    if caller.len() <= texts {
        made = made.caller(&String::from_utf8_lossy(caller));
    }
    let mut room = most;
    for (key, value) in view.fields() {
        let small = |text: &'_ [u8]| cut(text, texts);
        let value = match value {
            Value::Str(text) => Value::Str(&text[..small(text)]),
            Value::Text(text) => Value::Text(&text[..small(text)]),
            Value::Bytes(bytes) => Value::Bytes(&bytes[..bytes.len().min(texts)]),
            // A container or a number that was cut is neither any more.
            Value::Json(text) | Value::BigInt(text) if text.len() > texts => Value::Str(&text[..small(text)]),
            other => other,
        };
        let size = key.len() + value.encoded_len();
        if size > room || key.len() > texts {
            continue;
        }
        room -= size;
        made = made.field(key, value);
    }
    made.build()
}

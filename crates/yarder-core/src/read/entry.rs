//! One record as a reader sees it: borrowed from its line where the line has it as it is.

use std::borrow::Cow;

/// Text in generalised UTF-8: lone surrogates stand in their three-byte form, bytes of foreign files may be no UTF-8.
pub type Text<'a> = Cow<'a, [u8]>;

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it is written in the file.
    Number(Text<'a>),
    /// A string, without its quotes and escapes.
    Text(Text<'a>),
    /// A container, its JSON text as it is written in the file.
    Json(Text<'a>),
}

impl FieldValue<'_> {
    /// What a person sees: strings as they are, everything else as JSON.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        match self {
            FieldValue::Null => b"null",
            FieldValue::Bool(true) => b"true",
            FieldValue::Bool(false) => b"false",
            FieldValue::Number(text) | FieldValue::Json(text) | FieldValue::Text(text) => text,
        }
    }
}

/// One record of a file. What the file does not say is empty or `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry<'a> {
    /// UUID.
    pub id: Option<[u8; 16]>,
    /// Nanoseconds since 1970 UTC.
    pub ns: u64,
    /// Severity, 0 to 8.
    pub level: u8,
    /// The app, `daemon` in JSON.
    pub app: Text<'a>,
    /// Dotted facility.
    pub facility: Text<'a>,
    /// The message.
    pub message: Text<'a>,
    /// Fields in the order of the file, each key once.
    pub fields: Vec<(Text<'a>, FieldValue<'a>)>,
    /// Process id.
    pub pid: Option<u32>,
    /// Thread id.
    pub tid: Option<u32>,
    /// Process name.
    pub process: Text<'a>,
    /// Thread name.
    pub thread: Text<'a>,
    /// Host name.
    pub hostname: Text<'a>,
    /// Where the call stands.
    pub caller: Text<'a>,
}

/// Severity of a record that names none: info.
pub(super) const DEFAULT_LEVEL: u8 = 6;

impl<'a> Entry<'a> {
    /// An empty record of level info.
    #[must_use]
    pub fn new() -> Self {
        Entry { level: DEFAULT_LEVEL, ..Entry::default() }
    }

    /// Producer and the low 28 bits of the sequence, out of an id that yarder made.
    #[must_use]
    pub fn origin(&self) -> Option<(u64, u64)> {
        let id = u128::from_be_bytes(self.id?);
        let (version, variant) = (id >> 76 & 0xF, id >> 62 & 3);
        (version == 8 && variant == 2).then_some(((id >> 28 & 0x3_FFFF_FFFF) as u64, (id & 0x0FFF_FFFF) as u64))
    }

    /// Sets a field; of equal keys the last one counts, at its own place.
    pub fn set(&mut self, key: Text<'a>, value: FieldValue<'a>) {
        // Few records have more fields than fit a short walk; the many of a hostile line are bounded by its length.
        if self.fields.len() < 64 {
            self.fields.retain(|(have, _)| *have != key);
        }
        self.fields.push((key, value));
    }

    /// Drops what [`Entry::set`] let through in a line with very many fields.
    pub fn settle(&mut self) {
        if self.fields.len() < 64 {
            return;
        }
        let mut seen = std::collections::HashSet::new();
        let mut keep: Vec<bool> = self.fields.iter().rev().map(|(key, _)| seen.insert(key.clone())).collect();
        keep.reverse();
        let mut keep = keep.into_iter();
        self.fields.retain(|_| keep.next().unwrap_or(true));
    }

    /// The value of a field.
    #[must_use]
    pub fn field(&self, key: &[u8]) -> Option<&FieldValue<'a>> {
        self.fields.iter().find(|(have, _)| have.as_ref() == key).map(|(_, value)| value)
    }

    /// The text of a field or, where there is no such field, of a part of the record with this name.
    #[must_use]
    pub fn text_of(&self, key: &[u8]) -> Option<Text<'_>> {
        if let Some(value) = self.field(key) {
            return Some(Cow::Borrowed(value.text()));
        }
        let known = |text: &'a [u8]| (!text.is_empty()).then_some(Cow::Borrowed(text));
        let shown = |text: &'_ Text<'a>| (!text.is_empty()).then(|| text.clone());
        match key {
            b"level" => known(level_name(self.level).as_bytes()),
            b"app" | b"daemon" => shown(&self.app),
            b"facility" | b"logger" => shown(&self.facility),
            b"message" => Some(self.message.clone()),
            b"hostname" | b"host" => shown(&self.hostname),
            b"thread" => shown(&self.thread),
            b"process" => shown(&self.process),
            b"caller" => shown(&self.caller),
            b"pid" => self.pid.map(|pid| Cow::Owned(pid.to_string().into_bytes())),
            b"tid" => self.tid.map(|tid| Cow::Owned(tid.to_string().into_bytes())),
            b"id" => self.id.map(|id| Cow::Owned(id_text(&id).into_bytes())),
            b"producer" => self.origin().map(|(producer, _)| Cow::Owned(producer.to_string().into_bytes())),
            _ => None,
        }
    }
}

/// The name of a level in lower case.
#[must_use]
pub fn level_name(level: u8) -> &'static str {
    const NAMES: [&str; 9] = ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug", "trace"];
    NAMES[usize::from(level).min(8)]
}

/// The number of a level that is a name in any case, a severity, or one of stdlib's numbers.
#[must_use]
pub fn level_number(text: &[u8]) -> Option<u8> {
    if let [digit @ b'0'..=b'8'] = text {
        return Some(digit - b'0');
    }
    let mut lower = [0; 16];
    let lower = lower.get_mut(..text.len())?;
    lower.copy_from_slice(text);
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"emergency" | b"emerg" | b"panic" => 0,
        b"alert" => 1,
        b"critical" | b"crit" | b"fatal" => 2,
        b"error" | b"err" | b"severe" => 3,
        b"warning" | b"warn" => 4,
        b"notice" => 5,
        b"info" | b"information" | b"informational" | b"default" => 6,
        b"debug" => 7,
        b"trace" | b"verbose" => 8,
        _ => {
            // Between two of stdlib's numbers the more severe counts.
            let number: u16 = std::str::from_utf8(lower).ok()?.parse().ok()?;
            const STDLIB: [u16; 9] = [70, 60, 50, 40, 30, 25, 20, 10, 5];
            (9..=70).contains(&number).then_some(())?;
            STDLIB.iter().rposition(|row| *row >= number)? as u8
        }
    })
}

/// An id in its usual form.
#[must_use]
pub fn id_text(id: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in id.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    text
}

/// Reads an id; dashes may be missing.
#[must_use]
pub fn parse_id(text: &[u8]) -> Option<[u8; 16]> {
    let mut id = [0; 16];
    let mut nibbles = 0;
    for byte in text {
        let digit = match byte {
            b'-' => continue,
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            _ => return None,
        };
        *id.get_mut(nibbles / 2)? |= digit << (4 - 4 * (nibbles % 2));
        nibbles += 1;
    }
    (nibbles == 32).then_some(id)
}

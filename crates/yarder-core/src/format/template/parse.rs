//! Reading a template: text, and names in braces with a way to fill them up.
//!
//! `python/yarder/config/format.py` reads the same templates at `configure`, to refuse a wrong one where it was
//! written; a test keeps the names of both equal.

use crate::format::nearest::nearest;

/// Every name a template may use, in the order of the docs; `fields.KEY` besides.
pub const NAMES: [&str; 14] = [
    "timestamp",
    "date",
    "level",
    "app",
    "facility",
    "message",
    "fields",
    "pid",
    "tid",
    "thread",
    "process",
    "hostname",
    "caller",
    "id",
];

/// Wider than any line is read, and narrow enough that no template asks for memory without end.
pub(super) const WIDTH_MAX: usize = 1000;

/// Why text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A name that does not exist.
    #[error("{{{name}}} is not known; {hint}")]
    Name {
        /// What stands in the braces.
        name: String,
        /// The nearest right one, or all.
        hint: String,
    },
    /// Something after the colon that is no way to fill up.
    #[error(
        "{{{name}:{spec}}} cannot be used; write an alignment (<, > or ^) and a width up to 1000, as in {{{name}:<8}}"
    )]
    Spec {
        /// The name before the colon.
        name: String,
        /// What stands behind it.
        spec: String,
    },
    /// A brace without its other half.
    #[error("a brace at byte {0} has no other half; write {{{{ or }}}} for a brace itself")]
    Brace(usize),
    /// Nothing to fill in, or characters that would end a line.
    #[error("{0}")]
    Text(&'static str),
}

/// One piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text as it stands.
    Text(Vec<u8>),
    /// What is known under a name.
    Value(Name, Option<Fill>),
}

/// What is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Timestamp,
    Date,
    Level,
    App,
    Facility,
    Message,
    Fields,
    Field(Vec<u8>),
    Pid,
    Tid,
    Thread,
    Process,
    Hostname,
    Caller,
    Id,
}

/// How a value is made wide enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fill {
    pub(super) with: char,
    pub(super) align: Align,
    pub(super) width: usize,
}

/// Where a value stands in its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
    Middle,
}

/// The pieces of `text`.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, TemplateError> {
    if text.chars().any(|c| super::control(c as u32)) {
        return Err(TemplateError::Text("control characters would end or hide the line; leave them out"));
    }
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let doubled = rest.peek().is_some_and(|(_, next)| *next == c);
        match c {
            '{' | '}' if doubled => {
                literal.push(c);
                rest.next();
            }
            '{' => {
                let inside = &text[at + 1..];
                let end = inside.find(['{', '}']).filter(|end| inside[*end..].starts_with('}'));
                let end = end.ok_or(TemplateError::Brace(at))?;
                if !literal.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut literal).into_bytes()));
                }
                pieces.push(value(&inside[..end])?);
                while rest.next_if(|(next, _)| *next <= at + 1 + end).is_some() {}
            }
            '}' => return Err(TemplateError::Brace(at)),
            _ => literal.push(c),
        }
    }
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal.into_bytes()));
    }
    if !pieces.iter().any(|piece| matches!(piece, Piece::Value(..))) {
        return Err(TemplateError::Text("nothing is filled in; write at least {message}"));
    }
    Ok(pieces)
}

fn value(inside: &str) -> Result<Piece, TemplateError> {
    let (name, spec) = match inside.split_once(':') {
        Some((name, spec)) => (name, Some(spec)),
        None => (inside, None),
    };
    let fill = match spec.filter(|spec| !spec.is_empty()) {
        Some(spec) => {
            Some(fill(spec).ok_or_else(|| TemplateError::Spec { name: name.to_owned(), spec: spec.to_owned() })?)
        }
        None => None,
    };
    let known = match name {
        "timestamp" => Name::Timestamp,
        "date" => Name::Date,
        "level" => Name::Level,
        "app" => Name::App,
        "facility" => Name::Facility,
        "message" => Name::Message,
        "fields" => Name::Fields,
        "pid" => Name::Pid,
        "tid" => Name::Tid,
        "thread" => Name::Thread,
        "process" => Name::Process,
        "hostname" => Name::Hostname,
        "caller" => Name::Caller,
        "id" => Name::Id,
        _ => match name.strip_prefix("fields.").filter(|key| !key.is_empty()) {
            Some(key) => Name::Field(key.as_bytes().to_vec()),
            None => return Err(TemplateError::Name { name: name.to_owned(), hint: nearest(name, &NAMES) }),
        },
    };
    Ok(Piece::Value(known, fill))
}

/// `[[fill]align]width`, as in Python's format strings; without an alignment text stands left.
fn fill(spec: &str) -> Option<Fill> {
    let align = |c: char| match c {
        '<' => Some(Align::Left),
        '>' => Some(Align::Right),
        '^' => Some(Align::Middle),
        _ => None,
    };
    let mut chars = spec.chars();
    let first = chars.next()?;
    let second = chars.next().and_then(align);
    let (with, align, digits) = match (second, align(first)) {
        (Some(second), _) => (first, second, &spec[first.len_utf8() + 1..]),
        (None, Some(only)) => (' ', only, &spec[1..]),
        (None, None) => (' ', Align::Left, spec),
    };
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let width = digits.parse().ok().filter(|width| plain && *width <= WIDTH_MAX)?;
    Some(Fill { with, align, width })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        pieces(text).expect_err("refused").to_string()
    }

    /// Names, fields and fillings are read; doubled braces are braces.
    #[test]
    fn templates_are_read() {
        let read = pieces("{{{level:<8}}} {fields.user_id:*^12}{message}").expect("a template");
        let fill = |with, align, width| Some(Fill { with, align, width });
        assert_eq!(
            vec![
                Piece::Text(b"{".to_vec()),
                Piece::Value(Name::Level, fill(' ', Align::Left, 8)),
                Piece::Text(b"} ".to_vec()),
                Piece::Value(Name::Field(b"user_id".to_vec()), fill('*', Align::Middle, 12)),
                Piece::Value(Name::Message, None),
            ],
            read
        );
        for name in NAMES {
            assert!(pieces(&format!("{{{name}}}")).is_ok());
        }
    }

    /// What is wrong is said, with the nearest right name.
    #[test]
    fn mistakes_are_named() {
        assert_eq!("{mesage} is not known; did you mean {message}?", refused("{mesage}"));
        assert!(refused("{x}").ends_with(
            "one of timestamp, date, level, app, facility, message, fields, pid, tid, \
                                          thread, process, hostname, caller, id, fields.KEY"
        ));
        assert!(refused("{fields.}").contains("did you mean {fields}?"));
        assert!(refused("{level:8d}").starts_with("{level:8d} cannot be used"));
        assert!(refused("{level:<9999}").contains("up to 1000"));
        assert!(refused("a } b").contains("byte 2"));
        assert!(refused("{message").contains("byte 0"));
        assert!(refused("{a{b}}").contains("byte 0"));
        assert!(refused("{message}\n").contains("control"));
        assert!(refused("hello").contains("{message}"));
    }
}

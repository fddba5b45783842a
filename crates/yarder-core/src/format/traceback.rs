//! How much of a traceback a person wants to see, and finding it in the text.
//!
//! The text was made by CPython at the call, and may have been cut in its middle; out of a damaged ring it may be
//! anything. So nothing here relies on its form: what is not found is left out.

/// How much of a traceback stands under its line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trace {
    /// All of it, as CPython prints it.
    #[default]
    Full,
    /// The last frame and the line of the exception.
    Short,
    /// Nothing; type and message stand on the line itself.
    Line,
}

impl Trace {
    /// The names that [`Trace::parse`] knows.
    pub const NAMES: [&'static str; 3] = ["full", "short", "line"];

    /// The one with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Trace> {
        match name {
            "full" => Some(Trace::Full),
            "short" => Some(Trace::Short),
            "line" => Some(Trace::Line),
            _ => None,
        }
    }
}

/// What CPython writes before the lines of an exception group's own frames.
const GROUP: &[u8] = b"  | ";

/// The parts of a traceback that a short one shows, each some whole lines; a group's margin is still in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Short<'a> {
    /// The last frame of the exception that was raised: its file line, its source, its markers.
    pub(crate) frame: &'a [u8],
    /// The exception's own line, or lines; empty when the text was cut there.
    pub(crate) exception: &'a [u8],
}

/// Finds the last frame in a traceback and what stands behind it.
pub(crate) fn short(text: &[u8]) -> Short<'_> {
    // Causes stand first, so the exception that was raised has the last heading. The parts of a group have margins
    // of their own, and their headings are not taken for one.
    let (mut start, mut first) = (0, 0);
    let mut frame = None;
    let mut end = None;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let (bare, next) = (line.strip_suffix(b"\n").unwrap_or(line), start + line.len());
        if is_heading(bare) {
            (frame, end) = (None, None);
            first = next;
        } else if end.is_none() {
            let inner = bare.strip_prefix(GROUP).unwrap_or(bare);
            if inner.starts_with(b"  File \"") {
                frame = Some(start);
            } else if frame.is_some() && !inner.starts_with(b"    ") && !is_repeated(inner) {
                end = Some(start);
            }
        }
        start = next;
    }
    // Without a frame the exception is all there is.
    let end = if frame.is_some() { end.unwrap_or(text.len()) } else { first };
    Short { frame: &text[frame.unwrap_or(end)..end], exception: exception(&text[end..]) }
}

/// `Traceback (most recent call last):` and its kin at the margin of the exception that was raised; also the place
/// where a text was cut, behind which the last frames go on.
fn is_heading(line: &[u8]) -> bool {
    if line.starts_with(b"  [") && line.ends_with(b" characters left out]") {
        return true;
    }
    let line = line.strip_prefix(b"  + Exception Group ").unwrap_or(line);
    matches!(line, b"Traceback (most recent call last):" | b"Stack (most recent call last):")
}

/// The line that stands for frames that repeat.
fn is_repeated(line: &[u8]) -> bool {
    line.starts_with(b"  [Previous line repeated ")
}

/// The exception's lines at the start of `text`: up to an empty line, the first part of a group, or another heading.
fn exception(text: &[u8]) -> &[u8] {
    let mut end = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        if bare.is_empty() || bare.starts_with(b"  +-") || bare.starts_with(b"  [") {
            break;
        }
        end += line.len();
    }
    &text[..end]
}

/// The lines of a part, without the margin of a group.
pub(crate) fn lines(part: &[u8]) -> impl Iterator<Item = &[u8]> {
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    let count = if part.is_empty() { 0 } else { usize::MAX };
    part.split(|byte| *byte == b'\n').take(count).map(|line| line.strip_prefix(GROUP).unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> (String, String) {
        let short = short(text.as_bytes());
        let show = |part: &[u8]| lines(part).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
        (show(short.frame), show(short.exception))
    }

    /// The last frame of the exception that was raised, whatever caused it.
    #[test]
    fn causes_are_passed_over() {
        let text =
            "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    x()\nKeyError: 'k'\n\nDuring \
                    handling of the above exception, another exception occurred:\n\nTraceback (most recent call \
                    last):\n  File \"a.py\", line 2, in g\n    y()\n  File \"a.py\", line 3, in h\n    z(1,\n    \
                    ^^^^\nValueError: two\nlines";
        let frame = "  File \"a.py\", line 3, in h\n    z(1,\n    ^^^^";
        assert_eq!((frame.to_owned(), "ValueError: two\nlines".to_owned()), found(text));
    }

    /// A group is its own exception, not one of its parts.
    #[test]
    fn groups_are_their_own_exception() {
        let text = "  + Exception Group Traceback (most recent call last):\n  |   File \"g.py\", line 9, in <module>\n  \
                    |     raise group\n  | ExceptionGroup: both (2 sub-exceptions)\n  +-+---------------- 1 \
                    ----------------\n    | Traceback (most recent call last):\n    |   File \"g.py\", line 2, in f\n    \
                    | ValueError: one\n    +------------------------------------";
        let frame = "  File \"g.py\", line 9, in <module>\n    raise group";
        assert_eq!((frame.to_owned(), "ExceptionGroup: both (2 sub-exceptions)".to_owned()), found(text));
    }

    /// Text without frames, cut text and noise give what there is, and nothing else.
    #[test]
    fn whatever_is_missing_is_left_out() {
        let empty = (String::new(), String::new());
        assert_eq!(empty, found(""));
        assert_eq!(empty, found("\n\n\n"));
        assert_eq!((String::new(), "ValueError: x".to_owned()), found("ValueError: x"));
        let cut = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    x(";
        assert_eq!(("  File \"a.py\", line 1, in f\n    x(".to_owned(), String::new()), found(cut));
        let left_out = "Traceback (most recent call last):\n  File \"a\", line 1\n  [99 characters left out]\n    \
                        y()\n  File \"b\", line 2\nKeyError: 1";
        assert_eq!(("  File \"b\", line 2".to_owned(), "KeyError: 1".to_owned()), found(left_out));
        let deep =
            "Traceback (most recent call last):\n  File \"a\", line 1, in f\n    f()\n  [Previous line repeated \
                    990 more times]\nRecursionError: deep";
        assert_eq!("RecursionError: deep", found(deep).1);
    }
}

//! JSON text out of a record, checked before it becomes part of a line.

use super::Cursor;

/// Deeper nesting than yarder itself ever writes.
const DEPTH_MAX: usize = 32;

/// Appends `text` if it is one JSON value, with its strings escaped anew and the space between tokens left out.
/// Anything else becomes a JSON string.
#[inline(never)]
pub(crate) fn put_json(text: &[u8], mut cursor: Cursor<'_>) -> usize {
    let line = &mut cursor;
    let mark = line.mark();
    let mut reader = Reader { text, at: 0 };
    if reader.value(line, 0).is_none() || !reader.at_end() {
        line.back(mark);
        line.byte(b'"');
        line.escaped(text);
        line.byte(b'"');
    }
    cursor.mark()
}

/// `None` from any of these means: this is no JSON.
struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Takes `byte` and copies it, if it is next.
    fn take(&mut self, byte: u8, line: &mut Cursor<'_>) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
            line.byte(byte);
        }
        found
    }

    fn value(&mut self, line: &mut Cursor<'_>, depth: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.string(line),
            b'{' if depth < DEPTH_MAX => self.object(line, depth),
            b'[' if depth < DEPTH_MAX => self.array(line, depth),
            b'-' | b'0'..=b'9' => self.number(line),
            b't' => self.word(b"true", line),
            b'f' => self.word(b"false", line),
            b'n' => self.word(b"null", line),
            _ => None,
        }
    }

    fn object(&mut self, line: &mut Cursor<'_>, depth: usize) -> Option<()> {
        self.take(b'{', line);
        if self.take(b'}', line) {
            return Some(());
        }
        loop {
            if self.peek()? != b'"' {
                return None;
            }
            self.string(line)?;
            if !self.take(b':', line) {
                return None;
            }
            self.value(line, depth + 1)?;
            if self.take(b'}', line) {
                return Some(());
            }
            if !self.take(b',', line) {
                return None;
            }
        }
    }

    fn array(&mut self, line: &mut Cursor<'_>, depth: usize) -> Option<()> {
        self.take(b'[', line);
        if self.take(b']', line) {
            return Some(());
        }
        loop {
            self.value(line, depth + 1)?;
            if self.take(b']', line) {
                return Some(());
            }
            if !self.take(b',', line) {
                return None;
            }
        }
    }

    /// A string: its escapes are kept, what stands between them is escaped as everywhere.
    fn string(&mut self, line: &mut Cursor<'_>) -> Option<()> {
        self.take(b'"', line);
        loop {
            let rest = &self.text[self.at..];
            let run = memchr::memchr2(b'"', b'\\', rest)?;
            line.escaped(&rest[..run]);
            self.at += run + 1;
            if rest[run] == b'"' {
                line.byte(b'"');
                return Some(());
            }
            let escape = *self.text.get(self.at)?;
            self.at += 1;
            match escape {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => line.fixed(&[b'\\', escape]),
                b'u' => {
                    let digits = self.text.get(self.at..)?.first_chunk::<4>()?;
                    if !digits.iter().all(u8::is_ascii_hexdigit) {
                        return None;
                    }
                    line.fixed(b"\\u");
                    line.fixed(digits);
                    self.at += 4;
                }
                _ => return None,
            }
        }
    }

    fn number(&mut self, line: &mut Cursor<'_>) -> Option<()> {
        let start = self.at;
        if self.text[self.at] == b'-' {
            self.at += 1;
        }
        let whole = self.digits();
        if whole == 0 || whole > 1 && self.text[self.at - whole] == b'0' {
            return None;
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return None;
            }
        }
        if let Some(b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.text.get(self.at) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return None;
            }
        }
        let number = &self.text[start..self.at];
        line.piece(number);
        Some(())
    }

    fn digits(&mut self) -> usize {
        let count = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn word(&mut self, word: &[u8], line: &mut Cursor<'_>) -> Option<()> {
        if !self.text[self.at..].starts_with(word) {
            return None;
        }
        self.at += word.len();
        line.piece(word);
        Some(())
    }
}

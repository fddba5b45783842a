//! A file in pieces of whole records, from the front or from the back.
//!
//! Files are read in big blocks, not mapped: a mapping dies of SIGBUS when somebody truncates the file, and with the
//! blocks in the processor's cache two threads reach the speed of memory anyway.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr, memrchr};

use super::frames::Frames;
use super::input::read_at;

/// Bytes read at once; half a second-level cache.
pub(super) const BLOCK: usize = 256 << 10;

/// A longer line is foreign.
pub(super) const LINE_MAX: usize = 16 << 20;

/// Where bytes come from.
pub(super) enum Input {
    /// A range of a plain file.
    Plain { file: Arc<File>, at: u64, end: u64 },
    /// A plain file, backwards: `at` moves towards `start`.
    Back { file: Arc<File>, start: u64, at: u64 },
    /// zstd frames of known size.
    Frames(Box<Frames>),
    /// A decompressor, and how many of its bytes are wanted.
    Packed { input: Box<dyn Read + Send>, left: u64 },
}

/// The pieces of one input.
pub(super) struct Blocks {
    input: Input,
    buf: Vec<u8>,
    /// Bytes of `buf` that were read.
    filled: usize,
    /// The piece handed out last; what is outside of it is kept for the next.
    given: Range<usize>,
    /// Offset in the file of the first byte of `buf`.
    base: u64,
    /// The part begins in a record that belongs to the part before it.
    join: bool,
    /// The part ends with the record that begins last at or before this place.
    until: Option<u64>,
    /// In the middle of a line that is too long.
    skipping: bool,
    /// Too long lines since they were asked for.
    pub(super) long: Option<u64>,
}

impl Blocks {
    /// `base`: the offset of the first byte that `input` gives.
    pub(super) fn new(input: Input, base: u64) -> Blocks {
        Blocks {
            input,
            buf: Vec::new(),
            filled: 0,
            given: 0..0,
            base,
            join: false,
            until: None,
            skipping: false,
            long: None,
        }
    }

    /// Makes it a part of a text that others read the rest of: the records that begin behind its first byte (`join`;
    /// else also at it) and at or before `until`. The input has to go on behind `until`.
    pub(super) fn part(mut self, join: bool, until: Option<u64>) -> Blocks {
        self.join = join;
        self.until = until;
        self
    }

    /// The bytes of the piece that [`Blocks::advance`] found.
    pub(super) fn piece(&self) -> &[u8] {
        &self.buf[self.given.clone()]
    }

    /// The offset of the piece's first byte.
    pub(super) fn offset(&self) -> u64 {
        self.base + self.given.start as u64
    }

    /// Goes to the next piece; `false` at the end. After an error there is one more piece: what was read before it.
    pub(super) fn advance(&mut self) -> io::Result<bool> {
        if matches!(self.input, Input::Back { .. }) {
            self.back()
        } else {
            self.forward()
        }
    }

    /// Ends the input: the next piece is what is left.
    pub(super) fn stop(&mut self) {
        self.input = Input::Packed { input: Box::new(io::empty()), left: 0 };
    }

    fn forward(&mut self) -> io::Result<bool> {
        self.buf.copy_within(self.given.end..self.filled, 0);
        self.base += self.given.end as u64;
        self.filled -= self.given.end;
        self.given = 0..0;
        loop {
            let got = self.read()?;
            if got == 0 {
                self.given = 0..self.filled;
                return Ok(self.filled > 0);
            }
            if self.skipping && !self.skip() || self.join && !self.joined() {
                continue;
            }
            if let Some(end) = self.last() {
                self.given = 0..end;
                self.filled = end;
                self.stop();
                return Ok(end > 0);
            }
            let cut = last_start(&self.buf[..self.filled]);
            if cut > 0 {
                self.given = 0..cut;
                return Ok(true);
            }
            if self.filled > LINE_MAX {
                self.long = Some(self.base);
                self.skipping = true;
                self.skip();
            }
        }
    }

    /// Drops what belongs to the part before; `false` while the first record of this one is not there.
    fn joined(&mut self) -> bool {
        let text = &self.buf[..self.filled];
        let first = first_start(text);
        // Of the rest only a newline at the end matters: a record may begin behind it.
        let drop = first.unwrap_or(text.len() - usize::from(text.ends_with(b"\n")));
        self.buf.copy_within(drop..self.filled, 0);
        self.base += drop as u64;
        self.filled -= drop;
        self.join = first.is_none();
        !self.join
    }

    /// Where the last record of this part ends, when that is there.
    fn last(&self) -> Option<usize> {
        let Some(until) = self.until?.checked_sub(self.base) else { return Some(0) };
        let until = usize::try_from(until).ok()?;
        first_start(self.buf[..self.filled].get(until..)?).map(|end| until + end)
    }

    /// Drops the rest of a too long line; `false` while its end is not there.
    fn skip(&mut self) -> bool {
        let end = memchr(b'\n', &self.buf[..self.filled]);
        let drop = end.map_or(self.filled, |at| at + 1);
        self.buf.copy_within(drop..self.filled, 0);
        self.base += drop as u64;
        self.filled -= drop;
        self.skipping = end.is_none();
        !self.skipping
    }

    fn read(&mut self) -> io::Result<usize> {
        if let Input::Frames(frames) = &mut self.input {
            let got = frames.read(&mut self.buf, self.filled)?;
            self.filled += got;
            return Ok(got);
        }
        if self.buf.len() < self.filled + BLOCK {
            self.buf.resize(self.filled + BLOCK, 0);
        }
        let room = &mut self.buf[self.filled..self.filled + BLOCK];
        let got = match &mut self.input {
            Input::Plain { file, at, end } => {
                let most = (*end - *at).min(BLOCK as u64) as usize;
                let got = read_at(file, &mut room[..most], *at)?;
                *at += got as u64;
                got
            }
            Input::Packed { input, left } => {
                let most = (*left).min(BLOCK as u64) as usize;
                let got = read_some(input, &mut room[..most])?;
                *left -= got as u64;
                got
            }
            Input::Back { .. } | Input::Frames(_) => 0,
        };
        self.filled += got;
        Ok(got)
    }

    fn back(&mut self) -> io::Result<bool> {
        self.filled = self.given.start;
        self.given = 0..0;
        loop {
            let Input::Back { file, start, at } = &mut self.input else { return Ok(false) };
            let count = (*at - *start).min(BLOCK as u64) as usize;
            if count == 0 {
                self.given = 0..self.filled;
                return Ok(self.filled > 0);
            }
            self.buf.truncate(self.filled);
            self.buf.splice(0..0, std::iter::repeat_n(0, count));
            *at -= count as u64;
            read_at(file, &mut self.buf[..count], *at)?;
            self.base = *at;
            self.filled += count;
            let whole = *at == *start;
            let first = if whole { Some(0) } else { first_start(&self.buf[..self.filled]) };
            if let Some(first) = first {
                self.given = first..self.filled;
                if first < self.filled {
                    return Ok(true);
                }
            }
            if self.filled > LINE_MAX {
                // What stands here is given as it is: no format takes it for a record.
                self.long = Some(self.base);
                self.filled = 0;
            }
        }
    }
}

fn read_some(input: &mut dyn Read, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// The last place in `text` where certainly a record begins, 0 when there is none behind the first.
pub(super) fn last_start(text: &[u8]) -> usize {
    let mut end = text.len();
    while let Some(at) = memrchr(b'\n', &text[..end]) {
        // Of a line without bytes nobody knows yet whether it will be indented.
        if text.get(at + 1).is_some_and(|byte| *byte != b' ') {
            return at + 1;
        }
        end = at;
    }
    0
}

/// The first place behind the first line of `text` where certainly a record begins.
pub(super) fn first_start(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr(b'\n', &text[at..])? + 1;
        if *text.get(at)? != b' ' {
            return Some(at);
        }
    }
}

/// The record that begins at `start`: a line, and the indented lines under a human one.
#[inline]
pub(super) fn record_end(text: &[u8], start: usize) -> usize {
    let line_end = |from: usize| memchr(b'\n', &text[from..]).map_or(text.len(), |at| from + at + 1);
    let mut end = line_end(start);
    if text[start].is_ascii_digit() {
        while text[end..].starts_with(b"  ") {
            end = line_end(end);
        }
    }
    end
}

/// The record that byte `at` is in begins here, not before `from`.
#[inline]
pub(super) fn record_start(text: &[u8], from: usize, at: usize) -> usize {
    let mut start = memrchr(b'\n', &text[from..at]).map_or(from, |newline| from + newline + 1);
    let first = start;
    while start > from && text[start..].starts_with(b"  ") {
        start = memrchr(b'\n', &text[from..start - 1]).map_or(from, |newline| from + newline + 1);
    }
    // Indented lines under anything but a human line stand for themselves.
    if text[start].is_ascii_digit() {
        start
    } else {
        first
    }
}

/// The first place at or after `at` where a record of a plain file begins, `end` when none does.
pub(super) fn align(file: &File, at: u64, end: u64) -> io::Result<u64> {
    if at == 0 {
        return Ok(0);
    }
    let mut bytes = vec![0; 64 << 10];
    // From one byte before: a newline there makes `at` itself a beginning.
    let mut from = at - 1;
    loop {
        let got = read_at(file, &mut bytes, from)?;
        if let Some(start) = first_start(&bytes[..got]) {
            return Ok((from + start as u64).min(end));
        }
        if got < bytes.len() || from + got as u64 >= end {
            return Ok(end);
        }
        // The last byte again: it may be the newline.
        from += got as u64 - 1;
    }
}

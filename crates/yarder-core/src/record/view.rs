//! Reading a record from memory that nobody trusts.
//!
//! [`RecordView::parse`] walks the whole record once and checks every length; what it returns can be read without
//! a further check that could fail. Text is not required to be UTF-8: the formats escape what is not.

use super::encode::{COUNTED_BYTES, LOSS_ENTRY_BYTES, NUMBER_BYTES};
use super::span::Span;
use super::value::tag;
use super::walk::{Args, Fields, Section};
use super::{flag, kind, HEAD_BYTES, LEVEL_MAX};

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Fewer bytes than a head, or than the head says.
    #[error("a record of {have} bytes needs {need}")]
    Short {
        /// Bytes it must have.
        need: usize,
        /// Bytes there are.
        have: usize,
    },
    /// A filler, raw bytes of `yarder.Ring`, or an unknown kind.
    #[error("kind {0} is not a log record")]
    Kind(u8),
    /// A level above 8.
    #[error("level {0} does not exist")]
    Level(u8),
    /// A section runs past the record, or a value has an unknown tag.
    #[error("the {0} section does not fit its record")]
    Section(&'static str),
}

/// One record, checked, borrowed.
///
/// It holds positions instead of slices: a small value that stays in registers while a line is made.
#[derive(Clone, Copy)]
pub struct RecordView<'a> {
    /// The record and what stands behind it in the same buffer.
    reach: &'a [u8],
    /// Bytes of the record itself.
    len: u32,
    logger: u32,
    thread: u32,
    caller: u32,
    context: u32,
    message: u32,
    args: u32,
    fields: u32,
    bound_fields: u16,
    context_fields: u16,
    /// Two fields may have the same key, so that the merge must look.
    collisions: bool,
}

/// Where the value at `at` ends, `None` when there is none before `end`. `reach` may go on behind `end`.
///
/// Branches instead of a table of sizes: they are guessed ahead, and the next value need not wait for this one.
#[inline(always)]
fn skip_value(reach: &[u8], at: usize, end: usize) -> Option<usize> {
    let next = match *reach.get(at)? {
        tag::NONE | tag::FALSE | tag::TRUE => at + 1,
        tag::INT | tag::FLOAT => at + NUMBER_BYTES,
        tag::STR..=tag::LOCAL => {
            let len = reach.get(at + 1..)?.first_chunk::<4>()?;
            at + COUNTED_BYTES + u32::from_le_bytes(*len) as usize
        }
        _ => return None,
    };
    (next <= end).then_some(next)
}

/// Where the field at `at` ends; its key is noted in `seen`.
#[inline(always)]
fn skip_field(reach: &[u8], at: usize, end: usize, seen: &mut Seen) -> Option<usize> {
    let rest = reach.get(at..)?;
    let [low, high, first] = *rest.first_chunk::<3>()?;
    let len = usize::from(u16::from_le_bytes([low, high]));
    // For an empty key this is the upper half of its length.
    let last = *rest.get(len + 1)?;
    seen.add(len, if len == 0 { 0 } else { first }, last);
    skip_value(reach, at + 2 + len, end)
}

#[derive(Clone, Copy, Default)]
struct Seen {
    bits: u64,
    collisions: bool,
}

impl Seen {
    /// One bit for each key, out of its length and its first and last byte; equal keys share it, so a second field on
    /// a bit is a possible double.
    #[inline(always)]
    fn add(&mut self, len: usize, first: u8, last: u8) {
        let mix = u32::from(first) | u32::from(last) << 8 | (len as u32) << 16;
        let bit = 1 << (mix.wrapping_mul(0x9E37_79B1) >> 26);
        self.collisions |= self.bits & bit != 0;
        self.bits |= bit;
    }
}

/// Checks a bound or context section (its own count, fields, nothing after them) and returns the count.
fn check_section(bytes: &[u8], mut seen: Seen) -> Option<(u16, Seen)> {
    let count = u16::from_le_bytes(*bytes.first_chunk::<2>()?);
    let mut at = 2;
    for _ in 0..count {
        at = skip_field(bytes, at, bytes.len(), &mut seen)?;
    }
    (at == bytes.len()).then_some((count, seen))
}

impl std::fmt::Debug for RecordView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordView").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

impl<'a> RecordView<'a> {
    /// Checks `bytes`, one record from its head on; bytes after the record's own length mean nothing, but
    /// where there are some (16 are enough), lines are made faster.
    ///
    /// # Errors
    /// [`RecordError`] when it is no log record or any length does not fit.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<RecordView<'a>, RecordError> {
        let reach = bytes;
        let have = reach.len();
        let Some(head) = reach.first_chunk::<HEAD_BYTES>() else {
            return Err(RecordError::Short { need: HEAD_BYTES, have });
        };
        let need = u32_at(head, 0) as usize;
        if need < HEAD_BYTES || need > have {
            return Err(RecordError::Short { need: need.max(HEAD_BYTES), have });
        }
        if head[4] != kind::RECORD {
            return Err(RecordError::Kind(head[4]));
        }
        if head[5] > LEVEL_MAX {
            return Err(RecordError::Level(head[5]));
        }
        // Positions only grow, so that one comparison at the end checks them all.
        let logger = HEAD_BYTES + usize::from(u16_at(head, 44)) * LOSS_ENTRY_BYTES;
        let thread = logger + usize::from(u16_at(head, 36));
        let caller = thread + usize::from(head[42]);
        let context = caller + usize::from(u16_at(head, 40));
        let message = context + usize::from(u16_at(head, 38));
        let args = message + u32_at(head, 32) as usize;
        let bound = logger + usize::from(head[43]);
        if args > need || bound > thread {
            return Err(RecordError::Section("text"));
        }
        let mut at = args;
        for _ in 0..u16_at(head, 28) {
            at = skip_value(reach, at, need).ok_or(RecordError::Section("args"))?;
        }
        let fields = at;
        let mut seen = Seen::default();
        let (mut context_fields, mut bound_fields) = (0, 0);
        if context < message {
            (context_fields, seen) =
                check_section(&reach[context..message], seen).ok_or(RecordError::Section("context"))?;
        }
        if bound < thread {
            (bound_fields, seen) = check_section(&reach[bound..thread], seen).ok_or(RecordError::Section("logger"))?;
        }
        for _ in 0..u16_at(head, 30) {
            at = skip_field(reach, at, need, &mut seen).ok_or(RecordError::Section("fields"))?;
        }
        Ok(RecordView {
            reach,
            len: need as u32,
            // All at most `need`, which came out of 32 bits.
            logger: logger as u32,
            thread: thread as u32,
            caller: caller as u32,
            context: context as u32,
            message: message as u32,
            args: args as u32,
            fields: fields as u32,
            bound_fields,
            context_fields,
            collisions: seen.collisions,
        })
    }

    /// The bytes from one position to another; they were checked, so that the empty answer never comes.
    #[inline(always)]
    fn part(&self, from: u32, to: u32) -> &'a [u8] {
        self.reach.get(from as usize..to as usize).unwrap_or_default()
    }

    /// The same with what stands behind it.
    #[inline(always)]
    fn span(&self, from: u32, to: u32) -> Span<'a> {
        Span::new(self.reach.get(from as usize..).unwrap_or_default(), to.saturating_sub(from) as usize)
    }

    #[inline(always)]
    fn head(&self) -> &'a [u8; HEAD_BYTES] {
        self.reach.first_chunk::<HEAD_BYTES>().unwrap_or(&[0; HEAD_BYTES])
    }

    /// Bytes of the whole record.
    #[inline]
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.part(0, self.len)
    }

    /// Severity, 0 to 8.
    #[inline]
    #[must_use]
    pub fn level(&self) -> u8 {
        self.head()[5]
    }

    /// Bits of [`flag`].
    #[inline]
    #[must_use]
    pub fn flags(&self) -> u16 {
        u16_at(self.head(), 6)
    }

    /// The producer's running number.
    #[inline]
    #[must_use]
    pub fn sequence(&self) -> u64 {
        u64_at(self.head(), 8)
    }

    /// Counter value of the call.
    #[inline]
    #[must_use]
    pub fn stamp(&self) -> u64 {
        u64_at(self.head(), 16)
    }

    /// Native thread id, 0 when unknown.
    #[inline]
    #[must_use]
    pub fn tid(&self) -> u32 {
        u32_at(self.head(), 24)
    }

    /// Destinations, one bit each by their place in the plan, that do not take this record.
    #[inline]
    #[must_use]
    pub fn exclude(&self) -> u16 {
        u16_at(self.head(), 46)
    }

    /// Facility name; empty stands for the app's own.
    #[inline]
    #[must_use]
    pub fn facility(&self) -> &'a [u8] {
        self.part(self.logger, self.logger + u32::from(self.head()[43]))
    }

    /// Thread name, empty when unknown.
    #[inline]
    #[must_use]
    pub fn thread(&self) -> &'a [u8] {
        if self.flags() & flag::MAIN_THREAD != 0 {
            b"MainThread"
        } else {
            self.part(self.thread, self.caller)
        }
    }

    /// Where the call stands (`app.py:12 in f`), empty when unknown.
    #[inline]
    #[must_use]
    pub fn caller(&self) -> &'a [u8] {
        self.part(self.caller, self.context)
    }

    /// The message, still a template when there are arguments.
    #[inline]
    #[must_use]
    pub fn message(&self) -> &'a [u8] {
        self.part(self.message, self.args)
    }

    /// The message with what stands behind it.
    #[inline(always)]
    pub(crate) fn message_span(&self) -> Span<'a> {
        self.span(self.message, self.args)
    }

    /// The place of the call with what stands behind it.
    #[inline(always)]
    pub(crate) fn caller_span(&self) -> Span<'a> {
        self.span(self.caller, self.context)
    }

    /// Positional arguments in order.
    #[inline]
    #[must_use]
    pub fn args(&self) -> Args<'a> {
        Args::new(self.span(self.args, self.fields).reach(), u16_at(self.head(), 28))
    }

    /// Losses since the producer's last stored record: index of the reason and count.
    #[inline]
    pub fn loss(&self) -> impl ExactSizeIterator<Item = (u8, u64)> + use<'a> {
        self.part(HEAD_BYTES as u32, self.logger).chunks_exact(LOSS_ENTRY_BYTES).map(|entry| {
            let mut count = [0; 8];
            count.copy_from_slice(&entry[1..]);
            (entry[0], u64::from_le_bytes(count))
        })
    }

    /// Whether any section has fields.
    #[inline]
    #[must_use]
    pub fn has_fields(&self) -> bool {
        (self.context_fields | self.bound_fields | u16_at(self.head(), 30)) != 0
    }

    /// Fields of context, bound logger and call, in this order. Of several with one key only the last is there.
    #[inline]
    #[must_use]
    pub fn fields(&self) -> Fields<'a> {
        let call = Section { fields: self.span(self.fields, self.len).reach(), count: u16_at(self.head(), 30) };
        // Most records have no other fields than the call's own.
        let (mut context, mut bound) = (Section::default(), Section::default());
        if self.bound_fields | self.context_fields != 0 {
            let from = self.logger + u32::from(self.head()[43]) + 2;
            bound = Section { fields: self.span(from, self.thread).reach(), count: self.bound_fields };
            context = Section { fields: self.span(self.context + 2, self.message).reach(), count: self.context_fields };
        }
        Fields::new([context, bound, call], self.collisions)
    }
}

#[inline]
fn u16_at(head: &[u8; HEAD_BYTES], at: usize) -> u16 {
    u16::from_le_bytes([head[at], head[at + 1]])
}

#[inline]
fn u32_at(head: &[u8; HEAD_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
}

#[inline]
fn u64_at(head: &[u8; HEAD_BYTES], at: usize) -> u64 {
    u64::from(u32_at(head, at)) | u64::from(u32_at(head, at + 4)) << 32
}

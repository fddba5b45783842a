//! Whole records made in memory: yarder's own ("N records lost"), and those of tests.

use super::encode::{self, Head};
use super::{flag, Value, HEAD_BYTES};

/// Collects the parts of one record and encodes them.
///
/// The log call never comes here; it writes the same bytes straight into its ring.
#[derive(Clone, Debug, Default)]
pub struct RecordBuilder {
    head: Head,
    facility: Vec<u8>,
    bound: Vec<u8>,
    bound_count: u16,
    thread: Vec<u8>,
    caller: Vec<u8>,
    context: Vec<u8>,
    context_count: u16,
    message: Vec<u8>,
    args: Vec<u8>,
    fields: Vec<u8>,
    loss: Vec<u8>,
}

impl RecordBuilder {
    /// A record of `facility` with this level and message.
    #[must_use]
    pub fn new(level: u8, facility: &str, message: impl AsRef<[u8]>) -> Self {
        let facility = facility.as_bytes();
        let message = message.as_ref();
        let head = Head { level, ..Head::default() };
        RecordBuilder {
            head,
            facility: facility[..super::cut(facility, usize::from(u8::MAX))].to_vec(),
            message: message.to_vec(),
            ..Self::default()
        }
    }

    /// Sequence number and counter stamp.
    #[must_use]
    pub fn at(mut self, sequence: u64, stamp: u64) -> Self {
        self.head.sequence = sequence;
        self.head.stamp = stamp;
        self
    }

    /// Adds bits of [`flag`](super::flag).
    #[must_use]
    pub fn flags(mut self, bits: u16) -> Self {
        self.head.flags |= bits;
        self
    }

    /// Thread id and, unless it is the main thread, its name.
    #[must_use]
    pub fn thread(mut self, tid: u32, name: &str) -> Self {
        self.head.tid = tid;
        let name = name.as_bytes();
        self.thread = name[..super::cut(name, usize::from(u8::MAX))].to_vec();
        self
    }

    /// Where the call stands, `app.py:12 in f`.
    #[must_use]
    pub fn caller(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        self.caller = text[..super::cut(text, usize::from(u16::MAX))].to_vec();
        self
    }

    /// Destinations that do not take it, one bit each.
    #[must_use]
    pub fn exclude(mut self, bits: u16) -> Self {
        self.head.exclude = bits;
        self
    }

    /// One more positional argument.
    #[must_use]
    pub fn arg(mut self, value: Value<'_>) -> Self {
        value.encode(&mut self.args);
        self.head.args += 1;
        self
    }

    /// One more field of the call.
    #[must_use]
    pub fn field(mut self, key: impl AsRef<[u8]>, value: Value<'_>) -> Self {
        put_field(&mut self.fields, key.as_ref(), value);
        self.head.fields += 1;
        self
    }

    /// One more field of the bound logger.
    #[must_use]
    pub fn bound(mut self, key: impl AsRef<[u8]>, value: Value<'_>) -> Self {
        put_field(&mut self.bound, key.as_ref(), value);
        self.bound_count += 1;
        self
    }

    /// One more field of the context.
    #[must_use]
    pub fn context(mut self, key: impl AsRef<[u8]>, value: Value<'_>) -> Self {
        put_field(&mut self.context, key.as_ref(), value);
        self.context_count += 1;
        self
    }

    /// One more loss entry; sets the flag.
    #[must_use]
    pub fn loss(mut self, reason: u8, count: u64) -> Self {
        encode::encode_loss(&mut self.loss, reason, count);
        self.head.loss_entries += 1;
        self.head.flags |= flag::LOST;
        self
    }

    /// The record's bytes.
    ///
    /// # Panics
    /// When bound or context fields take more than 65,535 bytes: they are counted in 16 bits.
    #[must_use]
    pub fn build(self) -> Vec<u8> {
        let bound = section(self.bound_count, &self.bound);
        let context = section(self.context_count, &self.context);
        let mut head = self.head;
        head.facility_len = self.facility.len() as u8;
        head.logger_len = u16::try_from(self.facility.len() + bound.len()).expect("bound fields fit 16 bits");
        head.context_len = u16::try_from(context.len()).expect("context fields fit 16 bits");
        head.thread_len = self.thread.len() as u8;
        head.caller_len = self.caller.len() as u16;
        head.message_len = self.message.len() as u32;
        let parts: [&[u8]; 9] = [
            &self.loss,
            &self.facility,
            &bound,
            &self.thread,
            &self.caller,
            &context,
            &self.message,
            &self.args,
            &self.fields,
        ];
        let bytes = HEAD_BYTES + parts.iter().map(|part| part.len()).sum::<usize>();
        head.bytes = bytes as u32;
        let mut out = Vec::with_capacity(bytes);
        encode::write_head(&mut out, &head);
        for part in parts {
            out.extend_from_slice(part);
        }
        out
    }
}

fn put_field(to: &mut Vec<u8>, key: &[u8], value: Value<'_>) {
    encode::put_field_key(to, key);
    value.encode(to);
}

fn section(count: u16, fields: &[u8]) -> Vec<u8> {
    if count == 0 {
        return Vec::new();
    }
    [&count.to_le_bytes()[..], fields].concat()
}

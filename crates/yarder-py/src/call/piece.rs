//! What gather leaves for commit: where the bytes of each value are, and how many.

use std::mem::MaybeUninit;

use yarder_core::record::value::tag;

/// Tag of a piece that is the key of a field.
pub(crate) const KEY: u32 = 32;
/// Tag of a piece that is encoded already.
pub(crate) const RAW: u32 = 33;
/// Pieces of one call that are gathered on the stack; a call with more goes the slow way.
const MOST: usize = 40;

/// One value or key: for texts an address that is valid until the call returns, else the bits of the number.
#[derive(Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) data: u64,
    pub(crate) len: u32,
    pub(crate) tag: u32,
}

impl Piece {
    /// A piece of bytes that somebody else keeps.
    pub(crate) fn of(tag: u32, bytes: &[u8]) -> Piece {
        Piece { data: bytes.as_ptr() as u64, len: bytes.len() as u32, tag }
    }

    /// Its bytes, for a piece that has any.
    ///
    /// # Safety
    /// What was gathered is still there.
    #[inline(always)]
    pub(crate) unsafe fn bytes<'a>(self) -> &'a [u8] {
        // SAFETY: gather took address and length from one object, which the caller of the log method keeps.
        unsafe { std::slice::from_raw_parts(self.data as *const u8, self.len as usize) }
    }

    /// Bytes of its encoded form.
    #[inline(always)]
    pub(crate) fn encoded(self) -> usize {
        match self.tag {
            KEY => 2 + self.len as usize,
            RAW => self.len as usize,
            tag if tag == u32::from(tag::INT) || tag == u32::from(tag::FLOAT) => 9,
            tag if tag <= u32::from(tag::TRUE) => 1,
            _ => 5 + self.len as usize,
        }
    }
}

/// The pieces of one call, on its stack.
pub(crate) struct Pieces {
    items: [MaybeUninit<Piece>; MOST],
    count: usize,
    /// Bytes of all encoded forms.
    pub(crate) bytes: usize,
}

impl Pieces {
    #[inline(always)]
    pub(crate) fn new() -> Pieces {
        Pieces { items: [const { MaybeUninit::uninit() }; MOST], count: 0, bytes: 0 }
    }

    /// Room for `count` pieces?
    #[inline(always)]
    pub(crate) const fn holds(count: usize) -> bool {
        count <= MOST
    }

    /// Adds a piece whose encoded form takes `bytes`. Beyond the room it is not kept, and the call goes the slow way:
    /// ask `holds` before.
    #[inline(always)]
    pub(crate) fn push(&mut self, tag: u32, data: u64, len: u32, bytes: usize) {
        if let Some(item) = self.items.get_mut(self.count) {
            item.write(Piece { data, len, tag });
            self.count += 1;
            self.bytes += bytes;
        }
    }

    #[inline(always)]
    pub(crate) fn as_slice(&self) -> &[Piece] {
        // SAFETY: `push` wrote the first `count` items.
        unsafe { std::slice::from_raw_parts(self.items.as_ptr().cast(), self.count) }
    }
}

//! Text with what happens to stand behind it.

/// Some bytes of a record and all that follow them in the same buffer.
///
/// Short text is copied in one block of 16, whatever its length: the bytes behind it are read too and written over
/// by what comes next. That needs to know that there are bytes to read, which a slice of the text alone cannot say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span<'a> {
    reach: &'a [u8],
    len: usize,
}

impl<'a> Span<'a> {
    /// The first `len` bytes of `reach`; all of it when it is shorter.
    #[inline(always)]
    pub(crate) fn new(reach: &'a [u8], len: usize) -> Span<'a> {
        Span { reach, len }
    }

    /// Bytes of the text itself.
    #[inline(always)]
    pub(crate) fn len(self) -> usize {
        self.len
    }

    /// The text.
    #[inline(always)]
    pub(crate) fn text(self) -> &'a [u8] {
        self.reach.get(..self.len).unwrap_or(self.reach)
    }

    /// Everything from the text's first byte on.
    #[inline(always)]
    pub(crate) fn reach(self) -> &'a [u8] {
        self.reach
    }

    /// The text as far as 16 bytes of it go, and what follows it; `None` at the end of the buffer.
    #[inline(always)]
    pub(crate) fn block(self) -> Option<&'a [u8; 16]> {
        self.reach.first_chunk()
    }
}

impl<'a> From<&'a [u8]> for Span<'a> {
    #[inline(always)]
    fn from(text: &'a [u8]) -> Span<'a> {
        Span { reach: text, len: text.len() }
    }
}

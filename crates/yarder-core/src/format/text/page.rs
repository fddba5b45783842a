//! A buffer for many lines, written without growing piece by piece.

use super::Cursor;

/// Behind the last byte of a line there is room for this many, so that short pieces can be stored as whole blocks.
const SLACK: usize = 64;

/// Room that one monstrous batch may not keep for ever.
const KEEP: usize = 8 << 20;

/// Lines, one behind the other, in a buffer whose bytes stay initialised when it is emptied.
///
/// A line is made in the buffer itself, through a cursor: pieces of fixed size are then plain stores at a position.
/// A cursor that comes to the end of the room remembers it and ignores the rest; the line is then made once more in
/// more room. So each piece is checked once, by the slice itself.
#[derive(Debug, Default)]
pub struct Page {
    room: Vec<u8>,
    len: usize,
}

impl Page {
    /// An empty page.
    #[must_use]
    pub fn new() -> Page {
        Page::default()
    }

    /// Forgets the lines and keeps the room.
    pub fn clear(&mut self) {
        self.len = 0;
        if self.room.len() > KEEP {
            self.room = Vec::new();
        }
    }

    /// Appends what `write` writes; it runs again when the room for about `wanted` bytes was too small.
    ///
    /// It gets the room and gives back where a cursor in it came to: a cursor that is handed over lives in memory.
    #[inline(always)]
    pub(crate) fn line(&mut self, wanted: usize, mut write: impl FnMut(&mut [u8]) -> usize) {
        let mut wanted = wanted + SLACK;
        loop {
            if self.room.len() - self.len < wanted {
                self.grow(wanted);
            }
            let room = self.room.get_mut(self.len..).unwrap_or_default();
            let most = room.len();
            let mark = write(room);
            if mark <= most {
                self.len += mark;
                return;
            }
            wanted = 2 * most.max(SLACK);
        }
    }

    /// Forgets what stands behind the first `len` bytes.
    pub(crate) fn cut(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, wanted: usize) {
        self.room.resize(self.len + wanted, 0);
    }

    /// The bytes that `write` writes.
    pub(crate) fn make(mut write: impl FnMut(&mut Cursor<'_>)) -> Vec<u8> {
        let mut page = Page::default();
        page.line(SLACK, |room| {
            let mut line = Cursor::new(room);
            write(&mut line);
            line.mark()
        });
        page.into()
    }
}

impl std::ops::Deref for Page {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.room.get(..self.len).unwrap_or_default()
    }
}

/// The lines of `bytes` are kept, and further ones follow them.
impl From<Vec<u8>> for Page {
    fn from(bytes: Vec<u8>) -> Page {
        Page { len: bytes.len(), room: bytes }
    }
}

impl From<Page> for Vec<u8> {
    fn from(page: Page) -> Vec<u8> {
        let mut bytes = page.room;
        bytes.truncate(page.len);
        bytes
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Page {}
    impl Sealed for Vec<u8> {}
}

/// What lines are appended to: a [`Page`], or a vector where a few more nanoseconds do not matter.
pub trait Room: sealed::Sealed {
    /// Lets `write` append to the lines as a page.
    fn on_page<R>(&mut self, write: impl FnOnce(&mut Page) -> R) -> R;
}

impl Room for Page {
    #[inline(always)]
    fn on_page<R>(&mut self, write: impl FnOnce(&mut Page) -> R) -> R {
        write(self)
    }
}

impl Room for Vec<u8> {
    #[inline]
    fn on_page<R>(&mut self, write: impl FnOnce(&mut Page) -> R) -> R {
        let mut page = Page::from(std::mem::take(self));
        let result = write(&mut page);
        *self = page.into();
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line that does not fit is made again, whole; the room of a monstrous one is given back.
    #[test]
    fn room_grows_and_is_given_back() {
        let long = vec![b'y'; KEEP];
        let mut page = Page::from(b"before\n".to_vec());
        page.line(1, |room| {
            let mut line = Cursor::new(room);
            line.fixed(b"start");
            line.piece(&long);
            line.byte(b'.');
            line.mark()
        });
        assert_eq!([b"before\nstart", &long[..], b"."].concat(), &page[..]);
        page.clear();
        assert_eq!((0, 0), (page.len(), page.room.len()));
        assert_eq!(b"".to_vec(), Page::make(|_| ()));
        assert_eq!(b"xy".to_vec(), Page::make(|line| line.fixed(b"xy")));
    }
}

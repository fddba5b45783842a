//! zstd files frame by frame: each is decompressed at once, straight to where it is searched, and those that are not
//! asked for are stepped over.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::input::read_at;

/// The largest piece of a frame: more than this in one block header is no zstd.
const ZSTD_BLOCK_MAX: u64 = 128 << 10;

/// A larger frame is decompressed as a stream: it would take too much memory at once.
const FRAME_MAX: u64 = 32 << 20;

/// One zstd frame: where it is stored, and which bytes it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// First stored byte.
    pub stored: u64,
    /// Stored bytes.
    pub packed: u64,
    /// First byte before compression.
    pub plain: u64,
    /// Bytes before compression.
    pub bytes: u64,
}

/// The frames of a zstd file, found by walking over block headers without decompressing anything. `None` when a frame
/// does not say how many bytes it holds, or something else is there.
///
/// # Errors
/// What the system answered.
pub fn zstd_frames(file: &File) -> io::Result<Option<Vec<Frame>>> {
    let end = file.metadata()?.len();
    let (mut at, mut plain) = (0, 0);
    let mut frames = Vec::new();
    while at < end {
        let mut head = [0; 18];
        let got = read_at(file, &mut head, at)?;
        if let [0x50..=0x5F, 0x2A, 0x4D, 0x18, a, b, c, d, ..] = head[..got] {
            at += 8 + u64::from(u32::from_le_bytes([a, b, c, d]));
            continue;
        }
        let Some((header, bytes, checksum)) = frame_header(&head[..got]) else { return Ok(None) };
        let stored = at;
        at += header;
        loop {
            let mut block = [0; 4];
            if read_at(file, &mut block[..3], at)? < 3 {
                return Ok(None);
            }
            let word = u32::from_le_bytes(block);
            let (last, kind, size) = (word & 1 == 1, word >> 1 & 3, u64::from(word >> 3));
            if kind == 3 || size > ZSTD_BLOCK_MAX {
                return Ok(None);
            }
            at += 3 + if kind == 1 { 1 } else { size };
            if last {
                break;
            }
        }
        at += if checksum { 4 } else { 0 };
        if at > end {
            return Ok(None);
        }
        frames.push(Frame { stored, packed: at - stored, plain, bytes });
        plain += bytes;
    }
    Ok(Some(frames))
}

/// Length of a frame's header, bytes of its content, whether a checksum follows the blocks (RFC 8878, 3.1.1.1).
fn frame_header(head: &[u8]) -> Option<(u64, u64, bool)> {
    let rest = head.strip_prefix(&[0x28, 0xB5, 0x2F, 0xFD])?;
    let descriptor = *rest.first()?;
    let single = descriptor & 0x20 != 0;
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let at = 1 + usize::from(!single) + dictionary;
    let width = match descriptor >> 6 {
        0 if single => 1,
        0 => return None,
        1 => 2,
        2 => 4,
        _ => 8,
    };
    let mut size = [0; 8];
    size[..width].copy_from_slice(rest.get(at..at + width)?);
    let size = u64::from_le_bytes(size) + if width == 2 { 256 } else { 0 };
    Some((4 + (at + width) as u64, size, descriptor & 4 != 0))
}

/// Frames on their way.
pub(super) struct Frames {
    file: Arc<File>,
    frames: std::vec::IntoIter<Frame>,
    /// Text to leave out at the front.
    skip: u64,
    /// Text that is wanted after it.
    left: u64,
    packed: Vec<u8>,
    decoder: zstd::bulk::Decompressor<'static>,
}

impl Frames {
    /// The text from `start` to `end`; `None` when the file has to be decompressed as a stream.
    pub(super) fn open(file: &Arc<File>, start: u64, end: u64) -> io::Result<Option<Frames>> {
        let Some(mut frames) = zstd_frames(file)? else { return Ok(None) };
        if frames.iter().any(|frame| frame.bytes > FRAME_MAX || frame.packed > 2 * FRAME_MAX) {
            return Ok(None);
        }
        frames.retain(|frame| frame.plain + frame.bytes > start && frame.plain < end);
        let skip = frames.first().map_or(0, |first| start.saturating_sub(first.plain));
        let decoder = zstd::bulk::Decompressor::new()?;
        let frames = frames.into_iter();
        Ok(Some(Frames { file: file.clone(), frames, skip, left: end - start, packed: Vec::new(), decoder }))
    }

    /// Appends the next frame's text to the first `filled` bytes of `buf`; how many bytes came, 0 at the end.
    pub(super) fn read(&mut self, buf: &mut Vec<u8>, filled: usize) -> io::Result<usize> {
        loop {
            let Some(frame) = self.frames.next() else { return Ok(0) };
            self.packed.resize(frame.packed as usize, 0);
            if read_at(&self.file, &mut self.packed, frame.stored)? < self.packed.len() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let bytes = frame.bytes as usize;
            if buf.len() < filled + bytes {
                buf.resize(filled + bytes, 0);
            }
            let got = self.decoder.decompress_to_buffer(&self.packed, &mut buf[filled..filled + bytes])?;
            let skip = std::mem::take(&mut self.skip).min(got as u64) as usize;
            buf.copy_within(filled + skip..filled + got, filled);
            let wanted = ((got - skip) as u64).min(self.left);
            self.left -= wanted;
            if wanted > 0 {
                return Ok(wanted as usize);
            }
        }
    }
}

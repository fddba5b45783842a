//! Bytes of a file before compression, whatever it was compressed with.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// How a file is stored. Decided by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// gzip members.
    Gzip,
    /// lz4 frames.
    Lz4,
    /// zstd frames.
    Zstd,
}

/// Read-ahead of compressed files.
const STORED: usize = 256 << 10;

/// Looks at the first bytes of a file.
///
/// # Errors
/// What the system answered.
pub fn packing(file: &File) -> io::Result<Packing> {
    let mut magic = [0; 4];
    let got = read_at(file, &mut magic, 0)?;
    Ok(match &magic[..got] {
        [0x1F, 0x8B, ..] => Packing::Gzip,
        [0x28, 0xB5, 0x2F, 0xFD] | [0x50..=0x5F, 0x2A, 0x4D, 0x18] => Packing::Zstd,
        [0x04, 0x22, 0x4D, 0x18] => Packing::Lz4,
        _ => Packing::Plain,
    })
}

/// Fills as much of `bytes` as there is from `at` on.
pub(super) fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A file from a place on; several may read one file, each at its own place.
struct From {
    file: Arc<File>,
    at: u64,
}

impl Read for From {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let got = self.file.read_at(buf, self.at)?;
        self.at += got as u64;
        Ok(got)
    }
}

/// The bytes of a file from the stored position `at` on, decompressed.
///
/// # Errors
/// What the system or the decoder answered.
pub fn unpack(file: Arc<File>, packing: Packing, at: u64) -> io::Result<Box<dyn Read + Send>> {
    let from = From { file, at };
    if packing == Packing::Plain {
        return Ok(Box::new(from));
    }
    let input = BufReader::with_capacity(STORED, from);
    Ok(match packing {
        Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
        Packing::Lz4 => Box::new(Lz4 { frames: Some(Lz4Frames::new(input)) }),
        _ => Box::new(zstd::stream::read::Decoder::with_buffer(input)?),
    })
}

type Lz4Frames = lz4_flex::frame::FrameDecoder<BufReader<From>>;

/// lz4 frames one behind the other: the decoder ends with each.
struct Lz4 {
    frames: Option<Lz4Frames>,
}

impl Read for Lz4 {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(frames) = &mut self.frames else { return Ok(0) };
            match frames.read(buf)? {
                0 if buf.is_empty() => return Ok(0),
                0 => {}
                count => return Ok(count),
            }
            let Some(frames) = self.frames.take() else { return Ok(0) };
            let mut input = frames.into_inner();
            if !input.fill_buf()?.is_empty() {
                self.frames = Some(Lz4Frames::new(input));
            }
        }
    }
}

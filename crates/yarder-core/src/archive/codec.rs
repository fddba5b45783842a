//! Compression and decompression of whole archives, in frames that can each be read alone.
//!
//! gzip members, lz4 frames and zstd frames may follow each other in one file, and `zcat`, `lz4cat` and
//! `zstdcat` read them as one. A reader that knows where they begin (the ledger does) skips to the one it needs.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};

use crate::plan::Codec;

/// Plain bytes of one frame.
pub const FRAME: usize = 4 << 20;

/// Where a frame begins: in the plain text, and in the compressed file.
pub type Frame = (u64, u64);

/// What a compression came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// Plain bytes read.
    pub plain: u64,
    /// Compressed bytes written.
    pub packed: u64,
    /// Where the frames begin.
    pub frames: Vec<Frame>,
}

/// Appends `plain` as one frame.
///
/// # Errors
/// The library refused, for example for lack of memory.
pub fn pack(codec: Codec, plain: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    match codec {
        Codec::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::default());
            encoder.write_all(plain)?;
            encoder.finish()?;
        }
        Codec::Lz4 => {
            let info = lz4_flex::frame::FrameInfo::new().content_checksum(true);
            let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, out);
            encoder.write_all(plain)?;
            encoder.finish().map_err(io::Error::other)?;
        }
        Codec::Zstd => {
            let mut encoder = zstd::stream::write::Encoder::new(out, 1)?;
            encoder.include_checksum(true)?;
            encoder.set_pledged_src_size(Some(plain.len() as u64))?;
            encoder.write_all(plain)?;
            encoder.finish()?;
        }
    }
    Ok(())
}

/// Compresses all of `from`. `go_on` is asked before each frame and told how many there were; `false` ends the work
/// with an error of kind `Interrupted`.
///
/// # Errors
/// What reading or writing answered.
pub fn pack_all(
    codec: Codec,
    mut from: impl Read,
    mut to: impl Write,
    mut go_on: impl FnMut(usize) -> bool,
) -> io::Result<Packed> {
    let mut packed = Packed::default();
    let mut plain = Vec::new();
    let mut out = Vec::new();
    loop {
        if !go_on(packed.frames.len()) {
            return Err(io::Error::from(io::ErrorKind::Interrupted));
        }
        plain.clear();
        from.by_ref().take(FRAME as u64).read_to_end(&mut plain)?;
        // An empty archive is still a file of its kind.
        if plain.is_empty() && packed.packed > 0 {
            return Ok(packed);
        }
        out.clear();
        pack(codec, &plain, &mut out)?;
        to.write_all(&out)?;
        packed.frames.push((packed.plain, packed.packed));
        packed.plain += plain.len() as u64;
        packed.packed += out.len() as u64;
        if plain.len() < FRAME {
            return Ok(packed);
        }
    }
}

/// A reader of the plain text of an archive, from its first or from any later frame on.
///
/// # Errors
/// The library refused.
pub fn unpack(codec: Option<Codec>, file: File) -> io::Result<Box<dyn Read + Send>> {
    let file = BufReader::with_capacity(1 << 18, file);
    Ok(match codec {
        None => Box::new(file),
        Some(Codec::Gzip) => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        Some(Codec::Lz4) => Box::new(lz4::Frames::new(file)),
        Some(Codec::Zstd) => Box::new(zstd::stream::read::Decoder::with_buffer(file)?),
    })
}

/// lz4_flex's decoder ends with the first frame; an archive has many.
mod lz4 {
    use std::io::{self, BufRead, Read};

    use lz4_flex::frame::FrameDecoder;

    pub(super) struct Frames<R: BufRead>(Option<FrameDecoder<R>>);

    impl<R: BufRead> Frames<R> {
        pub(super) fn new(from: R) -> Frames<R> {
            Frames(Some(FrameDecoder::new(from)))
        }
    }

    impl<R: BufRead> Read for Frames<R> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            loop {
                let Some(decoder) = &mut self.0 else { return Ok(0) };
                let count = decoder.read(out)?;
                if count > 0 || out.is_empty() {
                    return Ok(count);
                }
                let Some(mut rest) = self.0.take().map(FrameDecoder::into_inner) else { return Ok(0) };
                if rest.fill_buf()?.is_empty() {
                    return Ok(0);
                }
                self.0 = Some(FrameDecoder::new(rest));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Any length comes back, also none and exactly one frame, and each frame can be read alone.
    #[test]
    fn what_is_packed_is_unpacked() {
        let path = std::env::temp_dir().join(format!("yarder-codec-{}", std::process::id()));
        for length in [0, 1, 1000, FRAME, FRAME * 2 + 5] {
            let plain: Vec<u8> = (0..length).map(|at| (at * 7 % 251) as u8).collect();
            for codec in Codec::ALL {
                let mut file = Vec::new();
                let packed = pack_all(codec, plain.as_slice(), &mut file, |_| true).expect("packed");
                assert_eq!((packed.plain, packed.packed), (length as u64, file.len() as u64));
                std::fs::write(&path, &file).expect("a file");
                let mut back = Vec::new();
                let mut reader = unpack(Some(codec), File::open(&path).expect("the file")).expect("a reader");
                reader.read_to_end(&mut back).expect("unpacked");
                assert!(back == plain, "{codec:?} {length}");
                let (from, at) = *packed.frames.last().expect("a frame");
                std::fs::write(&path, &file[at as usize..]).expect("a file");
                back.clear();
                let mut reader = unpack(Some(codec), File::open(&path).expect("the file")).expect("a reader");
                reader.read_to_end(&mut back).expect("unpacked");
                assert!(back == plain[from as usize..], "{codec:?} {length} from {from}");
            }
        }
        let _ = std::fs::remove_file(path);
    }
}

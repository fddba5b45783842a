//! Taking old records out of files, each file replaced at once or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use yarder_ring::lock::{self, OfdLock};

use super::blocks::{record_end, Blocks, Input};
use super::find::{find, Part};
use super::input::{packing, unpack, Packing};
use super::parse::{Parser, Zone};

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Records taken out.
    pub removed: u64,
    /// Records left.
    pub kept: u64,
    /// Lines left because nobody could read them.
    pub unread: u64,
}

impl Cleared {
    fn add(&mut self, other: Cleared) {
        self.removed += other.removed;
        self.kept += other.kept;
        self.unread += other.unread;
    }
}

/// Takes every record before `before` (nanoseconds since 1970) out of the files of `source`.
///
/// # Errors
/// `ResourceBusy` when somebody writes to a live file: only the writer itself may clear that one ([`clear_file`]).
/// Files before the one that failed are done.
pub fn clear(source: &Path, before: u64, zone: &Zone) -> io::Result<Cleared> {
    let mut cleared = Cleared::default();
    for stream in find(source)? {
        for part in stream.parts {
            cleared.add(clear_part(&part, before, zone)?);
        }
    }
    Ok(cleared)
}

fn clear_part(part: &Part, before: u64, zone: &Zone) -> io::Result<Cleared> {
    if !part.live {
        return clear_file(&part.path, before, zone);
    }
    // Held until the new file is in place. A writer that comes then finds the new one.
    let file = lock::open(&part.path, libc::O_WRONLY | libc::O_NONBLOCK, 0).map_err(io::Error::other)?;
    match OfdLock::try_exclusive(file)? {
        Some(_lock) => clear_file(&part.path, before, zone),
        None => Err(io::Error::new(io::ErrorKind::ResourceBusy, "a writer holds this file")),
    }
}

/// Takes every record before `before` out of one file, which nobody else may write to meanwhile. An archive that has
/// nothing left is removed.
///
/// # Errors
/// What the system answered; the file is as it was.
pub fn clear_file(path: &Path, before: u64, zone: &Zone) -> io::Result<Cleared> {
    let file = File::open(path)?;
    let meta = file.metadata()?;
    let packing = packing(&file)?;
    let mut new = New::make(path, meta.mode() & 0o7777)?;
    let mut out = Sink::new(&new.file, packing)?;
    let cleared = copy_rest(Arc::new(file), packing, before, zone, &mut out)?;
    let empty = cleared.kept + cleared.unread == 0;
    let file = out.finish()?;
    if cleared.removed == 0 {
        return Ok(cleared);
    }
    if empty && packing != Packing::Plain {
        fs::remove_file(path)?;
        return Ok(cleared);
    }
    // Root clears for the app: the file stays the app's.
    let _ = std::os::unix::fs::chown(&new.path, Some(meta.uid()), Some(meta.gid()));
    file.sync_all()?;
    fs::rename(&new.path, path)?;
    new.kept = true;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(cleared)
}

/// Copies what is not older than `before`, byte by byte.
fn copy_rest(file: Arc<File>, packing: Packing, before: u64, zone: &Zone, out: &mut Sink) -> io::Result<Cleared> {
    let mut parser = Parser::new(zone.clone());
    let end = file.metadata()?.len();
    let mut blocks = match packing {
        Packing::Plain => Blocks::new(Input::Plain { file, at: 0, end }, 0),
        _ => Blocks::new(Input::Packed { input: unpack(file, packing, 0)?, left: u64::MAX }, 0),
    };
    let mut cleared = Cleared::default();
    while blocks.advance()? {
        if blocks.long.is_some() {
            // It would be lost: such a file stays as it is.
            return Err(io::Error::other("a line is too long to be moved"));
        }
        let piece = blocks.piece();
        let mut at = 0;
        while at < piece.len() {
            let end = record_end(piece, at);
            let record = &piece[at..end];
            at = end;
            match parser.parse(record) {
                Ok(entry) if entry.ns < before => {
                    cleared.removed += 1;
                    continue;
                }
                Ok(_) => cleared.kept += 1,
                Err(_) => cleared.unread += 1,
            }
            out.write_all(record)?;
        }
    }
    Ok(cleared)
}

/// The new file beside the old one, gone unless it was kept.
struct New {
    path: PathBuf,
    file: File,
    kept: bool,
}

impl New {
    fn make(path: &Path, mode: u32) -> io::Result<New> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let path = path.with_file_name(format!(".{name}.{}.clear.tmp", std::process::id()));
        let _ = fs::remove_file(&path);
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path)?;
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
        Ok(New { path, file, kept: false })
    }
}

impl Drop for New {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Compresses as the old file was.
enum Sink {
    Plain(BufWriter<File>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Lz4(Box<lz4_flex::frame::FrameEncoder<BufWriter<File>>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<File>>),
}

impl Sink {
    fn new(file: &File, packing: Packing) -> io::Result<Sink> {
        let file = BufWriter::with_capacity(1 << 20, file.try_clone()?);
        Ok(match packing {
            Packing::Plain => Sink::Plain(file),
            Packing::Gzip => Sink::Gzip(flate2::write::GzEncoder::new(file, flate2::Compression::default())),
            Packing::Lz4 => Sink::Lz4(Box::new(lz4_flex::frame::FrameEncoder::new(file))),
            Packing::Zstd => Sink::Zstd(zstd::stream::write::Encoder::new(file, 3)?),
        })
    }

    fn finish(self) -> io::Result<File> {
        let file = match self {
            Sink::Plain(file) => file,
            Sink::Gzip(encoder) => encoder.finish()?,
            Sink::Lz4(encoder) => encoder.finish().map_err(io::Error::other)?,
            Sink::Zstd(encoder) => encoder.finish()?,
        };
        file.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Plain(to) => to.write(bytes),
            Sink::Gzip(to) => to.write(bytes),
            Sink::Lz4(to) => to.write(bytes),
            Sink::Zstd(to) => to.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! A scan in jobs: a whole file, a range of one, some frames of one.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::blocks::{align, Blocks, Input, BLOCK};
use super::filter::Filter;
use super::find::{open_archive, Part};
use super::frames::{zstd_frames, Frames};
use super::index::{ranges, BlockIndex};
use super::input::{packing, read_at, unpack, Packing};
use super::parse::Damage;
use super::problem::Problems;

/// Plain files are cut into ranges of about this many bytes, so that two threads have something to share.
const RANGE: u64 = 32 << 20;

/// One piece of work. Jobs in the order of a stream give its records in order.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) path: Arc<Path>,
    /// Open already: a live file, and files that several jobs share.
    file: Option<Arc<File>>,
    what: What,
    /// It ends where a live file ends: the last line may be unfinished.
    pub(super) tail: bool,
    /// Bytes of the disk that are done with it, for a progress bar.
    pub(super) stored: u64,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Whole,
    Range(u64, u64),
    /// The text of a compressed file from one place to another.
    Text(u64, u64),
    /// A part of the text of a compressed file whose frames can be entered: its own records, see [`Blocks::part`].
    Part(u64, Option<u64>),
}

/// The jobs of one stream; a file that cannot be opened is a problem, not an end.
pub(super) fn jobs(
    parts: Vec<Part>,
    (filter, reverse): (&Filter, bool),
    index: Option<&dyn BlockIndex>,
    problems: &mut Problems,
) -> Vec<Job> {
    let mut jobs = Vec::new();
    for part in parts {
        let path = part.path.clone();
        if let Err(damage) = part_jobs(part, (filter, reverse), index, &mut jobs) {
            problems.add(&path, 0, damage);
        }
    }
    jobs
}

fn part_jobs(
    part: Part,
    (filter, reverse): (&Filter, bool),
    index: Option<&dyn BlockIndex>,
    jobs: &mut Vec<Job>,
) -> Result<(), Damage> {
    let unreadable = |_| Damage::Unreadable;
    let Part { path, live, file, upto } = part;
    let file = match file {
        Some(file) => file,
        None => open_archive(&path).map_err(unreadable)?,
    };
    let packing = packing(&file).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let size = upto.map_or(size, |upto| upto.min(size));
    let path: Arc<Path> = path.into();
    let blocks = index.and_then(|index| index.blocks(&path));
    let ends = if packing == Packing::Plain { size } else { u64::MAX };
    let wanted = blocks.map(|blocks| ranges(&blocks, filter, ends));
    // An index of a file that was edited since is worse than none.
    let wanted = wanted.filter(|wanted| packing != Packing::Plain || are_starts(&file, wanted));
    let job = |file: &Arc<File>, what, stored| Job {
        path: path.clone(),
        file: Some(file.clone()),
        what,
        tail: false,
        stored,
    };
    let file = Arc::new(file);
    match (packing, wanted) {
        (Packing::Plain, None) if !live && size <= 2 * RANGE => {
            // Opened again when its turn comes: a folder may have more files than a process may open.
            jobs.push(Job { path, file: None, what: What::Whole, tail: false, stored: size });
        }
        (Packing::Plain, wanted) => {
            for (start, end) in wanted.unwrap_or_else(|| vec![(0, size)]) {
                let cuts = cuts(&file, start, end).map_err(unreadable)?;
                jobs.extend(cuts.windows(2).map(|cut| Job {
                    tail: live && cut[1] == size,
                    ..job(&file, What::Range(cut[0], cut[1]), cut[1] - cut[0])
                }));
            }
        }
        (_, None) => {
            let parts =
                if packing == Packing::Zstd && !reverse { parts(&file).map_err(unreadable)? } else { Vec::new() };
            if parts.len() < 2 {
                jobs.push(Job { path: path.clone(), file: None, what: What::Whole, tail: false, stored: size });
            }
            for (at, (start, stored)) in parts.iter().enumerate().filter(|_| parts.len() > 1) {
                let until = parts.get(at + 1).map(|(next, _)| *next);
                jobs.push(job(&file, What::Part(*start, until), *stored));
            }
        }
        (_, Some(wanted)) => {
            jobs.extend(wanted.into_iter().map(|(start, end)| job(&file, What::Text(start, end), 0)));
        }
    }
    Ok(())
}

/// Where the parts of a zstd file begin in its text, and how many stored bytes each has.
fn parts(file: &File) -> io::Result<Vec<(u64, u64)>> {
    let mut parts: Vec<(u64, u64)> = Vec::new();
    for frame in zstd_frames(file)?.unwrap_or_default() {
        match parts.last_mut() {
            Some((start, stored)) if frame.plain + frame.bytes <= *start + RANGE => *stored += frame.packed,
            _ => parts.push((frame.plain, frame.packed)),
        }
    }
    Ok(parts)
}

/// Whether each range begins behind a newline.
fn are_starts(file: &File, ranges: &[(u64, u64)]) -> bool {
    ranges.iter().all(|(start, _)| {
        let mut before = [0];
        *start == 0 || read_at(file, &mut before, start - 1).is_ok_and(|got| got == 1 && before[0] == b'\n')
    })
}

/// Places between records that cut a range of a plain file into jobs.
fn cuts(file: &File, start: u64, end: u64) -> io::Result<Vec<u64>> {
    let mut cuts = vec![align(file, start, end)?];
    let mut at = start + RANGE;
    while at + RANGE / 2 < end {
        let cut = align(file, at, end)?;
        if cut > cuts[cuts.len() - 1] {
            cuts.push(cut);
        }
        at = cut.max(at) + RANGE;
    }
    if cuts[cuts.len() - 1] < end {
        cuts.push(end);
    }
    Ok(cuts)
}

impl Job {
    /// Opens what the job reads, from the front or from the back.
    pub(super) fn open(&self, reverse: bool) -> io::Result<Blocks> {
        let file = match &self.file {
            Some(file) => file.clone(),
            None => Arc::new(open_archive(&self.path)?),
        };
        let plain = |start: u64, end: u64, file: Arc<File>| {
            let back = Input::Back { file: file.clone(), start, at: end };
            Blocks::new(if reverse { back } else { Input::Plain { file, at: start, end } }, start)
        };
        let packing = packing(&file)?;
        let (start, end) = match self.what {
            What::Range(start, end) => return Ok(plain(start, end, file)),
            What::Whole if packing == Packing::Plain => return Ok(plain(0, file.metadata()?.len(), file)),
            What::Whole => (0, u64::MAX),
            What::Text(start, end) => (start, end),
            What::Part(start, until) => {
                // Backwards a file is one job: see `jobs`.
                let frames = Frames::open(&file, start, u64::MAX)?.ok_or(io::ErrorKind::InvalidData)?;
                return Ok(Blocks::new(Input::Frames(Box::new(frames)), start).part(start > 0, until));
            }
        };
        if packing == Packing::Zstd {
            if let Some(mut frames) = Frames::open(&file, start, end)? {
                if !reverse {
                    return Ok(Blocks::new(Input::Frames(Box::new(frames)), start));
                }
                let (file, bytes) = spool(&mut |block| frames.read(block, 0))?;
                return Ok(plain(0, bytes, Arc::new(file)));
            }
        }
        let mut input = unpack(file, packing, 0)?;
        io::copy(&mut io::Read::take(&mut input, start), &mut io::sink())?;
        if reverse {
            let mut input = io::Read::take(input, end - start);
            let (file, bytes) = spool(&mut |block| {
                block.resize(BLOCK, 0);
                io::Read::read(&mut input, block)
            })?;
            return Ok(plain(0, bytes, Arc::new(file)));
        }
        Ok(Blocks::new(Input::Packed { input, left: end - start }, start))
    }
}

/// The whole text in a file without a name: a compressed file cannot be read backwards, and memory is not ours to fill.
/// What cannot be decompressed any more is left out.
fn spool(read: &mut dyn FnMut(&mut Vec<u8>) -> io::Result<usize>) -> io::Result<(File, u64)> {
    let folder: PathBuf = std::env::temp_dir();
    let mut file = OpenOptions::new().read(true).write(true).custom_flags(libc::O_TMPFILE).mode(0o600).open(folder)?;
    let mut block = Vec::new();
    while let Ok(count @ 1..) = read(&mut block) {
        file.write_all(&block[..count])?;
    }
    let bytes = file.stream_position()?;
    Ok((file, bytes))
}

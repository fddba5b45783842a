//! Which files a source has, in the order they were written.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Endings of compressed files, the one that yarder prefers first.
pub(super) const PACKED: [&str; 3] = ["zst", "lz4", "gz"];

/// Endings that make a file in a folder a live log.
const LIVE: [&str; 6] = ["log", "json", "jsonl", "ndjson", "logfmt", "txt"];

/// How often a listing starts again because the live file was rotated meanwhile.
const RACES: u32 = 8;

/// One file of a stream.
#[derive(Debug)]
pub struct Part {
    /// Where it was found.
    pub path: PathBuf,
    /// Still appended to: its last line may be unfinished.
    pub live: bool,
    /// Kept open from the listing on, so that a rotation does not take it away.
    pub(super) file: Option<File>,
    /// What stands behind this place is not asked for.
    pub(super) upto: Option<u64>,
}

/// A live file and its archives, oldest first; the live one is the last part.
#[derive(Debug)]
pub struct Stream {
    /// The path of the live file, whether or not it is there.
    pub live: PathBuf,
    /// The files.
    pub parts: Vec<Part>,
}

/// What a file's name says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    /// Another tool's archive: the higher the number the older.
    Numbered(std::cmp::Reverse<u64>),
    /// An archive of yarder, or of a tool that puts a date behind the name: digits of its time, counter.
    Stamped(String, u64),
    /// Appended to.
    Live,
}

/// The live file's name and the place of the file `name`; `None` for names that are no log's.
pub(super) fn classify(name: &str) -> Option<(String, Place, Option<&'static str>)> {
    if name.starts_with('.') {
        return None;
    }
    let packed = PACKED.into_iter().find(|ending| name.strip_suffix(ending).is_some_and(|rest| rest.ends_with('.')));
    let base = packed.map_or(name, |ending| &name[..name.len() - ending.len() - 1]);
    if let Some((stem, place)) = stamped(base).or_else(|| numbered(base)).or_else(|| dated(base)) {
        return Some((stem, place, packed));
    }
    packed.is_none().then(|| (name.to_string(), Place::Live, None))
}

/// `<stem>.<stamp>.<counter>.<ext>`
fn stamped(base: &str) -> Option<(String, Place)> {
    let mut parts = base.rsplitn(4, '.');
    let (ext, counter, stamp, stem) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let digits: String = stamp.chars().filter(char::is_ascii_digit).collect();
    let right = stamp.ends_with('Z')
        && stamp.contains('T')
        && digits.len() >= 14
        && stamp.chars().all(|c| c.is_ascii_digit() || matches!(c, 'T' | 'Z' | '-' | '_'));
    (right && !stem.is_empty()).then_some(())?;
    Some((format!("{stem}.{ext}"), Place::Stamped(digits, counter.parse().ok()?)))
}

/// `<stem>.<ext>.<n>`
fn numbered(base: &str) -> Option<(String, Place)> {
    let (live, number) = base.rsplit_once('.')?;
    (live.contains('.') && number.len() <= 6).then_some(())?;
    Some((live.to_string(), Place::Numbered(std::cmp::Reverse(number.parse().ok()?))))
}

/// `<stem>.<ext>-20260115`
fn dated(base: &str) -> Option<(String, Place)> {
    let (live, date) = base.rsplit_once('-')?;
    let right = date.len() >= 8 && date.len() <= 14 && date.bytes().all(|byte| byte.is_ascii_digit());
    (right && live.contains('.')).then(|| (live.to_string(), Place::Stamped(date.to_string(), 0)))
}

/// The streams of a file, a folder or a stem.
///
/// # Errors
/// When there is no such file or it may not be looked at.
pub fn find(source: &Path) -> io::Result<Vec<Stream>> {
    let meta = match fs::metadata(source) {
        Ok(meta) => Some(meta),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if meta.as_ref().is_some_and(fs::Metadata::is_dir) {
        return folder(source);
    }
    // A link such as `current.log` stands for the file behind it, whose archives bear that name.
    let is_link = fs::symlink_metadata(source).is_ok_and(|meta| meta.is_symlink());
    let real = if meta.is_some() && is_link { fs::canonicalize(source)? } else { source.to_path_buf() };
    let name = real.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if meta.is_some() && !matches!(classify(&name), Some((_, Place::Live, _))) {
        let part = Part { path: real.clone(), live: false, file: None, upto: None };
        return Ok(vec![Stream { live: real, parts: vec![part] }]);
    }
    let stream = stream(&real, &name)?;
    if !stream.parts.is_empty() {
        return Ok(vec![stream]);
    }
    // A stem: every stream that is called so, whatever its ending.
    let parent = parent(source);
    let mut found = if parent.is_dir() { folder(parent)? } else { Vec::new() };
    found.retain(|stream| stream.live.file_stem() == Some(OsStr::new(&name)));
    if found.is_empty() {
        return Err(io::Error::from(io::ErrorKind::NotFound));
    }
    Ok(found)
}

/// The streams of several sources, each once. A source that is not there is missed only when it is the only one.
///
/// # Errors
/// As [`find()`].
pub fn find_all(sources: &[PathBuf]) -> io::Result<Vec<Stream>> {
    let mut all: Vec<Stream> = Vec::new();
    for source in sources {
        let streams = match find(source) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && sources.len() != 1 => continue,
            streams => streams?,
        };
        for stream in streams {
            if !all.iter().any(|have| have.live == stream.live) {
                all.push(stream);
            }
        }
    }
    Ok(all)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn folder(path: &Path) -> io::Result<Vec<Stream>> {
    let mut names: BTreeMap<String, bool> = BTreeMap::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let Some((live, place, _)) = classify(&name) else { continue };
        // A link in the folder (`current.log`) names a file that is there under its own name.
        if !entry.file_type()?.is_file() {
            continue;
        }
        let archive = place != Place::Live;
        *names.entry(live).or_default() |= archive;
    }
    let logs = names.into_iter().filter(|(name, archived)| {
        *archived || Path::new(name).extension().is_some_and(|ending| LIVE.iter().any(|live| ending == *live))
    });
    let streams: io::Result<Vec<Stream>> = logs.map(|(name, _)| stream(&path.join(&name), &name)).collect();
    Ok(streams?.into_iter().filter(|stream| !stream.parts.is_empty()).collect())
}

/// Live file and archives of one name, seen at one moment.
fn stream(live: &Path, name: &str) -> io::Result<Stream> {
    // Archives of a live file without an ending are called `.log`.
    let bare = Path::new(name).extension().is_none() && live.is_file();
    let plain = bare.then(|| format!("{name}.log"));
    let name = plain.as_deref().unwrap_or(name);
    let mut parts = Vec::new();
    for _ in 0..RACES {
        let file = open_live(live)?;
        let identity = file.as_ref().map(identity).transpose()?;
        let (archives, rotated) = archives(parent(live), name, identity)?;
        parts = archives.into_iter().map(|path| Part { path, live: false, file: None, upto: None }).collect();
        if !rotated {
            parts.extend(file.map(|file| Part { path: live.to_path_buf(), live: true, file: Some(file), upto: None }));
            break;
        }
    }
    Ok(Stream { live: live.to_path_buf(), parts })
}

fn open_live(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file).filter(|file| file.metadata().is_ok_and(|meta| meta.is_file()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Device and inode.
pub(super) fn identity(file: &File) -> io::Result<(u64, u64)> {
    let meta = file.metadata()?;
    Ok((meta.dev(), meta.ino()))
}

/// Archives of `name` in order, and whether one of them is the file `live`: it was rotated just now.
pub(super) fn archives(folder: &Path, name: &str, live: Option<(u64, u64)>) -> io::Result<(Vec<PathBuf>, bool)> {
    let mut found: BTreeMap<Place, (usize, PathBuf)> = BTreeMap::new();
    let mut rotated = false;
    let listing = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), false)),
        listing => listing?,
    };
    for entry in listing {
        let entry = entry?;
        let Ok(file) = entry.file_name().into_string() else { continue };
        let Some((stem, place, packed)) = classify(&file) else { continue };
        if stem != name || place == Place::Live {
            continue;
        }
        if live.is_some() && entry.metadata().is_ok_and(|meta| Some((meta.dev(), meta.ino())) == live) {
            rotated = true;
        }
        // The compressed one of two counts: it was renamed into place when it was whole.
        let rank = packed.map_or(PACKED.len(), |ending| PACKED.iter().position(|p| *p == ending).unwrap_or(0));
        let better = found.get(&place).is_none_or(|(have, _)| rank < *have);
        if better {
            found.insert(place, (rank, entry.path()));
        }
    }
    Ok((found.into_values().map(|(_, path)| path).collect(), rotated))
}

/// Opens an archive, under its compressed names if it was compressed since it was listed.
pub(super) fn open_archive(path: &Path) -> io::Result<File> {
    let error = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => error,
        result => return result,
    };
    for ending in PACKED {
        let mut name = path.as_os_str().to_os_string();
        name.push(format!(".{ending}"));
        if let Ok(file) = File::open(PathBuf::from(name)) {
            return Ok(file);
        }
    }
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names say which live file they belong to and when they were rotated; every other name is nobody's.
    #[test]
    fn names_are_read() {
        let stamp = |digits: &str, n| Place::Stamped(digits.into(), n);
        for (name, live, place, packed) in [
            ("web.log", "web.log", Place::Live, None),
            ("web.20260115T103045123Z.1.log", "web.log", stamp("20260115103045123", 1), None),
            ("web.20260115T103045Z.12.log.zst", "web.log", stamp("20260115103045", 12), Some("zst")),
            ("a.b.20260115T103045Z.0.json.gz", "a.b.json", stamp("20260115103045", 0), Some("gz")),
            ("web.log.3.gz", "web.log", Place::Numbered(std::cmp::Reverse(3)), Some("gz")),
            ("web.log-20260115", "web.log", stamp("20260115", 0), None),
        ] {
            assert_eq!(Some((live.to_string(), place, packed)), classify(name), "{name}");
        }
        assert_eq!(None, classify(".web.log.tmp"));
        assert_eq!(None, classify("web.log.gz"));
        // An app whose name begins like another's is another app.
        assert_eq!("api-gateway.log", classify("api-gateway.20260115T103045Z.1.log").map(|c| c.0).unwrap_or_default());
    }
}

//! `copytruncate`: what stood behind the place reached is looked for in a copy beside the file.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use super::super::input::{packing, unpack};
use super::file::Tracked;

/// A copy that is larger than this behind the place is not ours to hold in memory.
const REST_MAX: u64 = 64 << 20;

/// The bytes behind the place reached in a file that was copied and then emptied; `None` when no copy is found.
/// With nothing before the place there is nothing to know a copy by.
pub(super) fn rest(tracked: &Tracked, path: &Path) -> Option<Vec<u8>> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let stem = path.file_stem()?.to_str()?;
    let mut copies: Vec<_> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(stem)))
        .filter(|entry| entry.path() != path)
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    // The copy was made last.
    copies.sort();
    copies.iter().rev().find_map(|(_, copy)| behind(tracked, copy).ok().flatten())
}

/// What stands in `copy` behind the place reached, if the bytes before the place are the same.
fn behind(tracked: &Tracked, copy: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = fs::File::open(copy)?;
    let meta = file.metadata()?;
    let packing = packing(&file)?;
    let known = tracked.proof.len() as u64;
    let mut input = unpack(Arc::new(file), packing, 0)?;
    if !meta.is_file() || known == 0 {
        return Ok(None);
    }
    let before = tracked.at - known;
    if io::copy(&mut input.by_ref().take(before), &mut io::sink())? < before {
        return Ok(None);
    }
    let mut proof = vec![0; known as usize];
    if input.read_exact(&mut proof).is_err() || proof != tracked.proof {
        return Ok(None);
    }
    let mut rest = Vec::new();
    input.take(REST_MAX).read_to_end(&mut rest)?;
    Ok(Some(rest))
}

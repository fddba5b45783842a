//! What stands in a folder: the archives of one live file, read with the real tools.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use yarder_core::archive::{Archive, Family};
use yarder_core::plan::Codec;
use yarder_core::writer::{Service, ServiceOptions};
use yarder_ring::Yard;

use crate::common::{wait_until, Folder, LONG};

pub(crate) fn archives(live: &Path) -> Vec<Archive> {
    Family::of(live).list().expect("a folder")
}

/// The path that counts: the compressed one where both are there.
pub(crate) fn path_of(live: &Path, archive: &Archive) -> PathBuf {
    Family::of(live).path(archive.stamp, archive.packed.map(|(codec, _)| codec))
}

/// The text of an archive, by the tool that people use.
pub(crate) fn text(path: &Path) -> String {
    let tool = match path.extension().and_then(|ending| ending.to_str()) {
        Some("gz") => "zcat",
        Some("lz4") => "lz4cat",
        Some("zst") => "zstdcat",
        _ => "cat",
    };
    let output =
        Command::new(tool).arg(path).output().unwrap_or_else(|_| panic!("{tool} is needed: apt install gzip lz4 zstd"));
    assert!(output.status.success(), "{tool} {}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// How often each number stands in archives and live file together, and the foreign lines. No line may be torn.
pub(crate) fn everything(live: &Path) -> (BTreeMap<u64, u32>, Vec<String>) {
    let mut texts: Vec<String> = archives(live).iter().map(|archive| text(&path_of(live, archive))).collect();
    texts.push(fs::read_to_string(live).unwrap_or_default());
    let (mut found, mut foreign) = (BTreeMap::new(), Vec::new());
    for text in texts {
        assert!(text.is_empty() || text.ends_with('\n'), "the last line is torn: {:?}", text.lines().last());
        for line in text.lines() {
            let number = serde_json::from_str::<serde_json::Value>(line).ok();
            match number.and_then(|value| value["fields"]["n"].as_u64()) {
                Some(number) => *found.entry(number).or_insert(0) += 1,
                None => foreign.push(line.to_owned()),
            }
        }
    }
    (found, foreign)
}

/// Each of `0..count` exactly once over live file and archives, and nothing foreign.
pub(crate) fn assert_all_once(live: &Path, count: u64) {
    let (found, foreign) = everything(live);
    assert_once_of(&found, count);
    assert_eq!(foreign, Vec::<String>::new());
}

pub(crate) fn assert_once_of(found: &BTreeMap<u64, u32>, count: u64) {
    let doubled: Vec<_> = found.iter().filter(|(_, times)| **times > 1).take(5).collect();
    assert!(doubled.is_empty(), "doubled: {doubled:?} of {}", found.len());
    let missing: Vec<_> = (0..count).filter(|number| !found.contains_key(number)).take(5).collect();
    assert!(missing.is_empty(), "missing: {missing:?}, found {} of {count}", found.len());
    assert_eq!(found.len() as u64, count);
}

/// Every file name in a folder, hidden ones too.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

pub(crate) fn codec_name(codec: Codec) -> String {
    format!("{codec:?}").to_lowercase()
}

/// What the next start of the program does: its service takes over what the dead left. Waits until the rings are
/// drained and nothing of the archives is left to do.
pub(crate) fn recover(folder: &Folder) {
    let yard = Arc::new(Yard::open_or_create(Some(&folder.join("yard")), "web").expect("the yard"));
    let service = Service::start(Arc::clone(&yard), ServiceOptions { serve: true, ..ServiceOptions::default() });
    wait_until("the rings are drained and gone", || {
        service.wake();
        yard.rings().expect("a list").is_empty()
    });
    service.settle_archives(LONG);
    assert!(service.stop(LONG));
}

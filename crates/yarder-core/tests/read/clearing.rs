//! Taking old records out of files.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use yarder_core::read::{clear, Filter};
use yarder_ring::lock::OfdLock;

use crate::common::{at, gzip, json, lines, lz4, messages, numbered, query, scan, utc, zstd, Folder};

/// Old records go from live file and archives of every compression; what nobody can read stays, byte by byte.
#[test]
fn old_records_go_and_unreadable_lines_stay() {
    let folder = Folder::new("clear");
    let part = |numbers| lines(&mut json(), numbers);
    folder.write("web.20260115T103045123Z.0001.log.gz", &gzip(&part(0..10)));
    folder.write("web.20260115T103046123Z.0001.log.lz4", &lz4(&part(10..20)));
    folder.write("web.20260115T103047123Z.0001.log.zst", &zstd(&[&part(20..30)[..], b"what?\n"].concat()));
    let live = folder.write("web.log", &[b"\xFFforeign\n", &part(28..40)[..], b"torn"].concat());
    fs::set_permissions(&live, fs::Permissions::from_mode(0o604)).expect("a mode");
    let cleared = clear(&live, at(25), &utc()).expect("cleared");
    assert_eq!((25, 5 + 12, 3), (cleared.removed, cleared.kept, cleared.unread));
    assert!(!folder.0.join("web.20260115T103045123Z.0001.log.gz").exists());
    let left = messages(scan(&live, &query(Filter::default())));
    assert_eq!(numbered((25..30).chain(28..40)), left);
    assert_eq!([b"\xFFforeign\n", &part(28..40)[..], b"torn"].concat(), fs::read(&live).expect("the live file"));
    assert_eq!(0o604, fs::metadata(&live).expect("the live file").permissions().mode() & 0o777);
    // A file in which nothing is old is not touched; nothing temporary is left.
    assert_eq!(0, clear(&live, at(25), &utc()).expect("cleared").removed);
    assert_eq!(2, fs::read_dir(&folder.0).expect("the folder").count());
    assert_eq!(12, clear(&live, at(1000), &utc()).expect("cleared").removed - 5);
    assert_eq!(b"\xFFforeign\ntorn".to_vec(), fs::read(&live).expect("the live file"));
}

/// A file that a writer holds is refused and stays as it is.
#[test]
fn a_held_file_is_refused() {
    let folder = Folder::new("clear-held");
    let live = folder.write("web.log", &lines(&mut json(), 0..10));
    let _lock = OfdLock::try_path(&live).expect("a lock").expect("free");
    let error = clear(&live, at(5), &utc()).expect_err("held");
    assert_eq!(std::io::ErrorKind::ResourceBusy, error.kind());
    assert_eq!(10, scan(&live, &query(Filter::default())).count());
}

//! A segment while its writer lives.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{symlink, PermissionsExt};
use std::time::{Duration, Instant};

use yarder_core::plan::{Fsync, OnConflict};
use yarder_core::segment::{advice, Segment, SegmentError};

use crate::Folder;

/// Folders are made, the mode is the option's whatever the umask, and bytes are appended.
#[test]
fn a_new_file_is_made_with_its_folders_and_mode() {
    let folder = Folder::new();
    let mut options = folder.options("a/b/c.log");
    options.mode = 0o666;
    let mut segment = Segment::open(&options, "host").expect("a segment");
    segment.append(b"one\n").expect("room");
    segment.append(b"two\n").expect("room");
    assert_eq!(segment.end(), 8);
    assert_eq!(fs::read(&options.path).expect("the file"), b"one\ntwo\n");
    let mode = fs::metadata(&options.path).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o666);
}

/// After a foreign append or a truncation the segment knows where its own bytes ended.
#[test]
fn the_kernels_position_is_believed_not_our_own() {
    let folder = Folder::new();
    let mut segment = folder.open("x.log");
    segment.append(b"ours\n").expect("room");
    let mut foreign = OpenOptions::new().append(true).open(segment.path()).expect("the file");
    foreign.write_all(b"foreign\n").expect("room");
    segment.append(b"ours\n").expect("room");
    assert_eq!(segment.end(), 18);
    fs::write(segment.path(), "").expect("a truncation");
    segment.append(b"ours\n").expect("room");
    assert_eq!(segment.end(), 5);
}

/// A line that somebody left open is ended before ours.
#[test]
fn a_torn_last_line_is_ended_first() {
    let folder = Folder::new();
    fs::write(folder.0.join("x.log"), "torn").expect("a file");
    let mut segment = folder.open("x.log");
    segment.mend().expect("room");
    segment.append(b"ours\n").expect("room");
    segment.mend().expect("room");
    assert_eq!(fs::read(segment.path()).expect("the file"), b"torn\nours\n");
}

/// A second yard that wants the same file writes beside it, or is told who has it.
#[test]
fn a_held_file_is_left_alone() {
    let folder = Folder::new();
    let first = folder.open("x.log");
    assert!(first.is_locked() && !first.stepped_aside());
    let second = folder.open("x.log");
    assert!(second.stepped_aside());
    assert_eq!(second.path(), folder.0.join("x.host-1.log"));
    let mut options = folder.options("x.log");
    options.on_conflict = OnConflict::Error;
    let error = Segment::open(&options, "host").expect_err("held");
    assert!(matches!(error, SegmentError::Held { .. }), "{error}");
    drop(first);
    assert!(!folder.open("x.log").stepped_aside());
}

/// A link is followed, and the lock is on the file behind it.
#[test]
fn a_link_and_its_target_are_one_file() {
    let folder = Folder::new();
    fs::write(folder.0.join("real.log"), "").expect("a file");
    symlink(folder.0.join("real.log"), folder.0.join("link.log")).expect("a link");
    let first = folder.open("link.log");
    assert!(first.is_locked());
    assert!(folder.open("real.log").stepped_aside());
}

/// A file that was removed or replaced is noticed; the check costs a system call at most once a second.
#[test]
fn a_replaced_file_is_noticed() {
    let folder = Folder::new();
    let mut segment = folder.open("x.log");
    let later = Instant::now() + Duration::from_secs(2);
    assert!(segment.is_current(later));
    fs::remove_file(segment.path()).expect("removed");
    assert!(segment.is_current(later), "looked at just before");
    assert!(!segment.is_current(later + Duration::from_secs(1)));
    fs::write(segment.path(), "another").expect("another file");
    assert!(!segment.is_linked());
}

/// A full device takes nothing, says why, and the bytes can be offered again.
#[test]
fn a_full_device_is_an_error_with_advice() {
    let folder = Folder::new();
    let mut options = folder.options("x.log");
    options.path = "/dev/full".into();
    let mut segment = Segment::open(&options, "host").expect("a device");
    assert!(!segment.is_locked());
    let failed = segment.append(b"line\n").expect_err("no room");
    assert_eq!(failed.done, 0);
    assert_eq!(advice(&failed.error), "free space on that file system");
}

/// A folder, or a path below a file, is an error that names the path.
#[test]
fn a_path_that_cannot_be_a_file_is_named() {
    let folder = Folder::new();
    fs::write(folder.0.join("file"), "").expect("a file");
    for name in ["", "file/x.log"] {
        let error = Segment::open(&folder.options(name), "host").expect_err("no file");
        assert!(error.to_string().contains(&folder.0.display().to_string()), "{error}");
    }
}

/// A pipe without a reader fails at once instead of holding the writer up.
#[test]
fn a_fifo_does_not_hang_the_writer() {
    let folder = Folder::new();
    let path = folder.0.join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.is_ok_and(|status| status.success()));
    let mut segment = folder.open("fifo");
    assert!(!segment.is_locked());
    let _ = segment.append(&vec![b'x'; 1 << 20]);
}

/// `interval` syncs at most once a second, `batch` each time, `never` never.
#[test]
fn sync_is_done_when_it_is_due() {
    let folder = Folder::new();
    let now = Instant::now();
    for (fsync, due) in [(Fsync::Never, false), (Fsync::Interval, true), (Fsync::Batch, false)] {
        let mut options = folder.options(&format!("{fsync:?}.log"));
        options.fsync = fsync;
        let mut segment = Segment::open(&options, "host").expect("a segment");
        segment.append(b"line\n").expect("room");
        segment.sync(now).expect("a device that works");
        assert_eq!(segment.wants_sync(), due);
        segment.sync(now + Duration::from_secs(5)).expect("a device that works");
        assert!(!segment.wants_sync());
    }
}

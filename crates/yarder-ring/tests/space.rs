//! Rings where there is little room: halved, then put elsewhere, and never a file with a hole in it. Each test mounts
//! a tmpfs of its own in a private namespace, which takes root; otherwise it says so and does nothing.

mod common;

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use common::{spec, Folder};
use yarder_ring::layout::file_bytes;
use yarder_ring::{Policy, RingError, RingFile, RingSpec, Yard};

/// Runs `in_a_small_tmpfs` of this binary over a tmpfs of `kib` KiB.
fn on_tmpfs(role: &str, kib: u32) {
    // SAFETY: a call without arguments.
    if unsafe { libc::geteuid() } != 0 {
        return skip("not root");
    }
    let folder = Folder::new(role);
    let second = Folder::new(&format!("{role}-second"));
    let script = format!("mount -t tmpfs -o size={kib}k,mode=0700 tmpfs \"$1\" || exit 77; exec \"$2\" --exact in_a_small_tmpfs --nocapture");
    let status = Command::new("unshare")
        .args(["-m", "sh", "-c", &script, "sh"])
        .arg(folder.path())
        .arg(std::env::current_exe().expect("this binary"))
        .env("YARDER_TEST_ROLE", role)
        .env("YARDER_TEST_FOLDER", folder.path())
        .env("TMPDIR", second.path())
        .env_remove("XDG_RUNTIME_DIR")
        .status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) if status.code() == Some(77) => skip("no mount in a namespace here"),
        Ok(status) => panic!("{role}: {status}"),
        Err(_) => skip("no unshare here"),
    }
}

fn skip(why: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

fn big() -> RingSpec {
    RingSpec { main_slots: 8192, ..spec(Policy::Block) }
}

/// What runs inside; nothing when the tests run.
#[test]
fn in_a_small_tmpfs() {
    let Ok(role) = std::env::var("YARDER_TEST_ROLE") else { return };
    let folder = std::env::var_os("YARDER_TEST_FOLDER").expect("a folder");
    let folder = Path::new(&folder);
    match role.as_str() {
        "halved" => halved(folder),
        "second" => second(folder),
        _ => nowhere(folder),
    }
}

fn halved(folder: &Path) {
    let yard = Yard::open_or_create(Some(folder), "web").expect("a yard");
    let ring = RingFile::create(&yard, &big()).expect("a smaller ring");
    assert_eq!(ring.main_slots(), 2048);
    let path = ring.path().expect("a file");
    assert!(path.starts_with(folder));
    let meta = std::fs::metadata(path).expect("there");
    assert_eq!(meta.len(), file_bytes(2048));
    assert!(meta.blocks() * 512 >= meta.len(), "every block is reserved");
    assert_eq!(std::fs::read_dir(yard.path()).expect("a list").filter(temporary).count(), 0);
}

fn temporary(entry: &std::io::Result<std::fs::DirEntry>) -> bool {
    entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().ends_with(".tmp"))
}

fn second(folder: &Path) {
    let yard = Yard::open_or_create(Some(folder), "web").expect("a yard");
    let ring = RingFile::create(&yard, &big()).expect("a ring elsewhere");
    assert_eq!(ring.main_slots(), 8192);
    let path = ring.path().expect("a file");
    assert!(path.starts_with(std::env::temp_dir()), "{}", path.display());
    let same = Yard::open_or_create(Some(folder), "web").expect("the same yard");
    assert_eq!(same.rings().expect("a list"), [path], "whoever opens the yard finds it");
    let other = RingFile::create(&same, &big()).expect("a ring elsewhere");
    assert_eq!(other.path().and_then(Path::parent), path.parent());
}

fn nowhere(folder: &Path) {
    let path = folder.join("one.ring");
    let error = RingFile::create_at(&path, &big()).expect_err("no room");
    assert!(matches!(error, RingError::NoSpace { .. }) && error.is_no_space(), "{error}");
    assert_eq!(std::fs::read_dir(folder).expect("a list").count(), 0);
    let ring = RingFile::anonymous(&big()).expect("memory without a file");
    assert!(ring.path().is_none() && ring.is_linked() && ring.is_owner_alive());
}

/// A ring that does not fit is halved until it does.
#[test]
fn a_small_tmpfs_gets_a_smaller_ring() {
    on_tmpfs("halved", 1024);
}

/// Where not even the smallest fits, the ring file alone goes to the second folder, which everybody finds.
#[test]
fn a_full_tmpfs_sends_the_ring_to_the_second_folder() {
    on_tmpfs("second", 128);
}

/// Where there is no room at all the error says so, nothing is left behind, and memory without a file remains.
#[test]
fn no_room_is_an_error_not_a_signal() {
    on_tmpfs("nowhere", 64);
}

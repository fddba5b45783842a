//! What can go wrong while the writer lives: panics, full disks, files that cannot be written.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use yarder_ring::Policy;

use crate::common::{
    assert_once, child, child_under, file, is_child, numbers, plan, variable, wait_until, App, Folder,
};

/// Not a test by itself: logs through a writer that panics on the way.
#[test]
fn child_survives_a_panic() {
    if !is_child() {
        return;
    }
    let base = variable("FOLDER");
    let base = Path::new(&base);
    let path = base.join("web.log");
    let mut app = App::start(base, &plan(&[file(&path, "")]));
    for number in 0..3000 {
        app.log(number);
    }
    assert!(app.flush());
    assert_eq!(app.service.stats().panics, 1);
    assert!(app.end());
}

/// A panic in any stage loses nothing and doubles nothing, and is said once.
#[test]
fn a_panic_in_each_stage_is_survived() {
    for stage in ["scan", "snapshot", "merge", "format", "prepare", "write", "written", "heads"] {
        let folder = Folder::new("panic");
        let base = folder.path().to_string_lossy().into_owned();
        let fault = format!("{stage}:panic:1");
        let mut process = child("faults::child_survives_a_panic", &[("FOLDER", &base), ("YARDER_FAULT", &fault)]);
        let mut said = String::new();
        process.stderr.take().expect("stderr").read_to_string(&mut said).expect("text");
        assert!(process.wait().expect("its end").success(), "{stage}: {said}");
        assert_eq!(said.matches("panicked").count(), 1 + said.matches("(panicked").count(), "{stage}: {said}");
        assert_once(&folder.join("web.log"), 3000);
    }
}

/// Not a test by itself: logs through a writer that panics whenever it formats.
#[test]
fn child_panics_for_ever() {
    if !is_child() {
        return;
    }
    let base = variable("FOLDER");
    let base = Path::new(&base);
    let mut app = App::start(base, &plan(&[file(&base.join("web.log"), "")]));
    for number in 0..3000 {
        app.log(number);
    }
    assert!(app.flush());
    assert!(app.service.stats().degraded);
    assert_eq!(app.service.stats().panics, 3);
    app.end();
}

/// A writer that panics three times in a minute gives up on files; the records go to stderr.
#[test]
fn after_three_panics_records_go_to_stderr() {
    let folder = Folder::new("degraded");
    let base = folder.path().to_string_lossy().into_owned();
    let mut process = child("faults::child_panics_for_ever", &[("FOLDER", &base), ("YARDER_FAULT", "format:panic:1+")]);
    let mut said = String::new();
    process.stderr.take().expect("stderr").read_to_string(&mut said).expect("text");
    assert!(process.wait().expect("its end").success(), "{said}");
    assert_eq!(said.matches("INFO web: number ").count(), 3000);
    assert!(said.contains("records go to stderr now"));
}

/// A file that cannot be opened keeps its records waiting, and gets them all once it can be.
#[test]
fn a_file_that_cannot_be_opened_heals() {
    let folder = Folder::new("heals");
    let blocked = folder.join("blocked");
    // A file where a folder should be: nobody, not even root, can open a path below it.
    fs::write(&blocked, "").expect("a file");
    let path = blocked.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, "")]));
    for number in 0..100 {
        app.log(number);
    }
    wait_until("it failed", || app.service.stats().backends.iter().any(|backend| backend.failed > 0));
    assert_eq!(app.service.stats().written, 0);
    fs::remove_file(&blocked).expect("the cause gone");
    assert!(app.flush());
    assert_once(&path, 100);
    assert!(!app.service.stats().backends[0].failing);
    assert!(app.end());
}

/// When one file fails and the ring runs full, the others go on, and the loss is counted and told.
#[test]
fn a_dead_file_does_not_stop_the_others() {
    let folder = Folder::new("dead");
    let blocked = folder.join("blocked");
    fs::write(&blocked, "").expect("a file");
    let (good, bad) = (folder.join("good.log"), blocked.join("bad.log"));
    let mut app = App::with(folder.path(), &plan(&[file(&good, ""), file(&bad, "")]), 256, Policy::Block);
    for number in 0..2000 {
        app.log(number);
    }
    assert!(app.flush());
    assert_once(&good, 2000);
    let lost = app.service.stats().backends[1].lost;
    assert_eq!(lost, 2000);
    fs::remove_file(&blocked).expect("the cause gone");
    let mut number = 2000;
    wait_until("it is healed", || {
        app.log(number);
        number += 1;
        app.flush() && bad.exists() && !numbers(&bad).is_empty()
    });
    let text = fs::read_to_string(&bad).expect("the file");
    assert!(
        text.lines().next().is_some_and(|line| line.contains("records lost") && line.contains("write_error")),
        "{text}"
    );
    let lost = app.service.stats().backends[1].lost;
    assert_eq!(numbers(&bad).len() as u64 + lost, number);
    assert!(app.end());
}

/// Not a test by itself: fills a small file system, frees it, and counts. Runs in a mount namespace.
#[test]
fn child_fills_the_disk() {
    if !is_child() {
        return;
    }
    let base = variable("FOLDER");
    let base = Path::new(&base);
    let small = base.join("small");
    let mount = |options: &str, more: &[&str]| {
        let status = Command::new("mount").args(["-o", options]).args(more).arg(&small).status();
        status.is_ok_and(|status| status.success())
    };
    if !mount("ro,size=64k", &["-t", "tmpfs", "none"]) {
        return;
    }
    let path = small.join("web.log");
    let mut app = App::with(base, &plan(&[file(&path, "")]), 256, Policy::Block);
    let failed = |app: &App| app.service.stats().backends.first().map_or(0, |backend| backend.failed);
    // More than fits the disk, less than disk and ring together.
    let count = 340;
    app.log(0);
    wait_until("read-only is noticed", || failed(&app) > 0);
    assert!(mount("remount,rw,size=64k", &[]));
    assert!(app.flush());
    let before = failed(&app);
    for number in 1..count {
        app.log(number);
    }
    wait_until("the disk is full", || failed(&app) > before);
    assert!(!app.service.flush(&[(Arc::clone(&app.ring), app.position())], Duration::from_millis(300)));
    assert!(mount("remount,rw,size=1m", &[]));
    assert!(app.flush());
    assert_once(&path, count);
    assert!(app.end());
    fs::copy(&path, base.join("proof.log")).expect("a copy for the parent");
}

/// A read-only and then a full disk cost nobody a line; both heal without a restart.
#[test]
fn a_full_disk_heals_without_a_loss() {
    let folder = Folder::new("full");
    fs::create_dir(folder.join("small")).expect("a mount point");
    let base = folder.path().to_string_lossy().into_owned();
    let wrapper = ["unshare", "--mount", "--map-root-user", "--user"];
    let possible = Command::new(wrapper[0]).args(&wrapper[1..]).arg("true").status();
    if !possible.is_ok_and(|status| status.success()) {
        // No mount namespaces here; the same path is covered by the segment's tests with a limited file.
        return;
    }
    let mut process = child_under(&wrapper, "faults::child_fills_the_disk", &[("FOLDER", &base)]);
    let mut said = String::new();
    process.stderr.take().expect("stderr").read_to_string(&mut said).expect("text");
    assert!(process.wait().expect("its end").success(), "{said}");
    if folder.join("proof.log").exists() {
        assert_once(&folder.join("proof.log"), 340);
        // The second cause came within ten seconds of the first, so it has no line of its own.
        assert_eq!(said.matches("Read-only file system").count(), 1, "one line, not one a try: {said}");
    }
}

/// The mode of a new file is the plan's, whatever the umask; a file that was there keeps its own.
#[test]
fn a_new_file_gets_the_mode_of_the_plan() {
    let folder = Folder::new("mode");
    let (new, old) = (folder.join("new.log"), folder.join("old.log"));
    fs::write(&old, "").expect("a file");
    fs::set_permissions(&old, fs::Permissions::from_mode(0o604)).expect("a mode");
    let mut app = App::start(folder.path(), &plan(&[file(&new, r#","mode":438"#), file(&old, r#","mode":438"#)]));
    app.log(0);
    assert!(app.flush());
    let mode = |path: &Path| fs::metadata(path).expect("the file").permissions().mode() & 0o777;
    assert_eq!((mode(&new), mode(&old)), (0o666, 0o604));
    assert!(app.end());
}

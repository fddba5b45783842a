//! A small disk that runs full among rotations: the app goes on, and all heals when there is room.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use yarder_core::ledger::audit;
use yarder_ring::Policy;

use crate::common::{child_under, file, is_child, plan, variable, wait_until, App, Folder};
use crate::shelf::{archives, assert_all_once};

/// Not a test by itself: fills a small file system and frees it. Runs in a mount namespace.
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
    if !mount("size=512k", &["-t", "tmpfs", "none"]) {
        return;
    }
    let path = small.join("web.log");
    let options = r#","rotate":150000,"compress":"zstd""#;
    let mut app = App::with(base, &plan(&[file(&path, options)]), 1024, Policy::Block);
    // A stranger takes the room that archives would be compressed in.
    fs::write(small.join("ballast"), vec![0; 300_000]).expect("room");
    let mut next = 0;
    wait_until("the disk is full", || {
        (0..100).for_each(|_| {
            if app.try_log(next, Duration::from_millis(1)) {
                next += 1;
            }
        });
        app.service.stats().backends.first().is_some_and(|backend| backend.failing)
    });
    assert!(!app.service.flush(&[(Arc::clone(&app.ring), app.position())], Duration::from_millis(100)));
    // The app goes on: its records wait in the ring while there is room, and are refused at once when there is none.
    next += u64::from(app.try_log(next, Duration::from_millis(1)));
    fs::remove_file(small.join("ballast")).expect("the cause gone");
    assert!(mount("remount,size=4m", &[]));
    assert!(app.flush());
    for _ in 0..2000 {
        app.log(next);
        next += 1;
    }
    assert!(app.flush());
    wait_until("every archive is compressed", || {
        app.service.wake();
        archives(&path).iter().all(|archive| archive.plain.is_none())
    });
    assert!(app.end());
    assert_all_once(&path, next);
    let found = audit(&path).expect("a ledger");
    assert!(found.is_clean() && found.records == next, "{:?} {:?}", found.findings, found.gaps);
    fs::write(base.join("proof"), next.to_string()).expect("a note for the parent");
}

/// A full disk among rotations and compressions costs no record, and the books are right when it is over.
#[test]
fn a_full_disk_among_rotations_heals() {
    let folder = Folder::new("full");
    fs::create_dir(folder.join("small")).expect("a mount point");
    let base = folder.path().to_string_lossy().into_owned();
    let wrapper = ["unshare", "--mount", "--map-root-user", "--user"];
    let possible = Command::new(wrapper[0]).args(&wrapper[1..]).arg("true").status();
    if !possible.is_ok_and(|status| status.success()) {
        // No mount namespaces here.
        return;
    }
    let mut process = child_under(&wrapper, "full::child_fills_the_disk", &[("FOLDER", &base)]);
    let mut said = String::new();
    std::io::Read::read_to_string(&mut process.stderr.take().expect("stderr"), &mut said).expect("text");
    assert!(process.wait().expect("its end").success(), "{said}");
}

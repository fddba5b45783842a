//! What is kept, and whose.

use std::fs;

use yarder_core::archive::{Family, Stamp};

use crate::common::{file, numbers, plan, wait_until, App, Folder, LONG};
use crate::shelf::archives;

/// `n` archives of one line each, and then the rule.
fn kept(options: &str) -> (Folder, usize) {
    let folder = Folder::new("keep");
    let path = folder.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, options)]));
    for number in 0..10 {
        app.log(number);
        assert!(app.flush());
        assert!(app.service.rotate(LONG));
    }
    assert!(app.service.settle_archives(LONG));
    assert!(app.end());
    let count = archives(&path).len();
    (folder, count)
}

/// Count, bytes, and the newest are the ones that stay.
#[test]
fn the_newest_archives_stay() {
    let (folder, count) = kept(r#","keep":3"#);
    assert_eq!(count, 3);
    let path = folder.join("web.log");
    let stays: Vec<u64> = archives(&path)
        .iter()
        .flat_map(|archive| numbers(&Family::of(&path).path(archive.stamp, None)).into_keys())
        .collect();
    assert_eq!(stays, [7, 8, 9]);
    let line = archives(&path)[0].bytes();
    let (_, count) = kept(&format!(r#","keep_bytes":{}"#, line * 4 + line / 2));
    assert_eq!(count, 4);
}

/// More free space than any disk has: every archive goes, the live file never.
#[test]
fn free_space_takes_all_archives_but_not_the_live_file() {
    let folder = Folder::new("free");
    let path = folder.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, r#","min_free":9000000000000000"#)]));
    app.log(0);
    assert!(app.flush());
    assert!(app.service.rotate(LONG));
    app.log(1);
    assert!(app.flush());
    wait_until("the archive is gone", || archives(&path).is_empty());
    assert!(app.end());
    assert_eq!(numbers(&path).into_keys().collect::<Vec<_>>(), [1]);
}

/// Age is counted from the name, over restarts; what is not exactly ours stays, links too.
#[test]
fn only_our_own_old_archives_go() {
    let folder = Folder::new("old");
    let path = folder.join("api.log");
    let (old, young) = (Stamp { ms: 1_000_000, counter: 0 }, Stamp { ms: 4_000_000_000_000, counter: 0 });
    let family = Family::of(&path);
    fs::write(family.path(old, None), "old\n").expect("a file");
    fs::write(family.path(young, None), "young\n").expect("a file");
    let others = Family::of(&folder.join("api-gateway.log")).path(old, None);
    fs::write(&others, "theirs\n").expect("a file");
    let linked = family.path(Stamp { ms: 2_000_000, counter: 0 }, None);
    std::os::unix::fs::symlink(&others, &linked).expect("a link");
    let mut app = App::start(folder.path(), &plan(&[file(&path, r#","keep_age":3600"#)]));
    app.log(0);
    assert!(app.flush());
    wait_until("the old one is gone", || !family.path(old, None).exists());
    assert!(app.service.settle_archives(LONG));
    assert!(app.end());
    assert!(family.path(young, None).exists() && others.exists());
    assert!(linked.symlink_metadata().is_ok());
}

//! The yard: found again, kept from others, and the control page in it.

mod common;

use std::fs;
use std::os::unix::fs::{symlink, FileExt, PermissionsExt};
use std::sync::atomic::Ordering;

use common::Folder;
use yarder_ring::{
    ArchiveIntent, ArchiveWork, ClockPair, FileKey, Intent, IntentFile, IntentState, RingError, Yard, INTENT_FILES,
    OPEN_BLOCKS, OPEN_WORDS,
};

fn yard(folder: &Folder) -> Yard {
    Yard::open_or_create(Some(folder.path()), "web").expect("a yard")
}

/// The same app meets in one yard, another app has another, and no name leaves the folder.
#[test]
fn apps_are_kept_apart() {
    let folder = Folder::new("apps");
    let paths: Vec<_> = ["web", "web", "api", "../web", "a/b", "a_b", ".", "", "ä", &"x".repeat(300)]
        .map(|app| Yard::open_or_create(Some(folder.path()), app).expect("a yard").path().to_path_buf())
        .into();
    assert_eq!(paths[0], paths[1]);
    assert_eq!(paths.iter().collect::<std::collections::HashSet<_>>().len(), 9);
    assert!(paths.iter().all(|path| path.parent() == Some(folder.path())));
    assert!(paths.iter().all(|path| path.file_name().is_some_and(|name| name.len() <= 64)));
}

/// Folders that others could reach into, links and strange control pages are refused, never used.
#[test]
fn unsafe_folders_are_refused() {
    let folder = Folder::new("unsafe");
    let target = folder.path().join("target");
    fs::create_dir(&target).expect("a folder");
    symlink(&target, folder.path().join("web")).expect("a link");
    assert!(matches!(Yard::open_or_create(Some(folder.path()), "web"), Err(RingError::Unsafe { .. })));
    let open = folder.path().join("open");
    fs::create_dir(&open).expect("a folder");
    fs::set_permissions(&open, PermissionsExt::from_mode(0o777)).expect("a mode");
    assert!(matches!(Yard::open_or_create(Some(folder.path()), "open"), Err(RingError::Unsafe { .. })));
    assert!(matches!(Yard::open_or_create(Some(&open), "app"), Err(RingError::Unsafe { .. })));
    let good = Yard::open_or_create(Some(folder.path()), "good").expect("a yard");
    let page = good.path().join("control");
    let file = fs::OpenOptions::new().write(true).open(&page).expect("the page");
    file.write_all_at(&[9], 8).expect("write");
    assert!(matches!(Yard::open_or_create(Some(folder.path()), "good"), Err(RingError::Version { found: 9 })));
    file.write_all_at(b"X", 0).expect("write");
    assert!(matches!(Yard::open_or_create(Some(folder.path()), "good"), Err(RingError::Corrupt { .. })));
    fs::write(&page, b"short").expect("write");
    assert!(matches!(Yard::open_or_create(Some(folder.path()), "good"), Err(RingError::Corrupt { .. })));
}

/// A yard whose folder or page was removed knows it; one without a folder serves alone.
#[test]
fn a_removed_yard_is_noticed() {
    let folder = Folder::new("removed");
    let first = yard(&folder);
    assert!(first.is_linked());
    fs::remove_dir_all(first.path()).expect("removed");
    assert!(!first.is_linked());
    let next = yard(&folder);
    assert!(next.is_linked() && !first.is_linked());
    let seen = first.control().generation_cell().load(Ordering::Relaxed);
    assert_ne!(seen, next.control().generation_cell().load(Ordering::Relaxed));
    let alone = Yard::anonymous().expect("memory");
    assert!(alone.is_anonymous() && alone.is_linked() && alone.rings().expect("none").is_empty());
    let lock = alone.try_lock_writer().expect("an answer");
    assert!(lock.is_some() && alone.try_lock_writer().expect("an answer").is_none());
    drop(lock);
    assert!(alone.try_lock_writer().expect("an answer").is_some());
}

/// What a killed maker left goes after a minute, and nothing else does.
#[test]
fn left_overs_are_swept() {
    let folder = Folder::new("sweep");
    let yard = yard(&folder);
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    let names = [".000000001.ring.1.tmp", ".000000002.ring.1.tmp", "kept.tmp", ".kept"];
    for name in names {
        let file = fs::File::create(yard.path().join(name)).expect("a file");
        if name != names[1] {
            file.set_modified(old).expect("a time");
        }
    }
    assert_eq!((yard.sweep(), yard.sweep()), (1, 0));
    let left = |name: &str| yard.path().join(name).exists();
    assert_eq!(names.map(left), [false, true, true, true]);
}

/// Plans are named by their text; a name that is none, or a text that was changed, is refused.
#[test]
fn plans_are_what_their_name_says() {
    let folder = Folder::new("plans");
    for yard in [yard(&folder), Yard::anonymous().expect("memory")] {
        let name = yard.store_plan("{\"version\":1}").expect("stored");
        assert_eq!((name.len(), yard.store_plan("{\"version\":1}").expect("again")), (32, name.clone()));
        assert_eq!(yard.load_plan(&name).expect("there"), "{\"version\":1}");
        for other in ["", "../control", &"0".repeat(32), &"G".repeat(32)] {
            assert!(yard.load_plan(other).is_err());
        }
        if !yard.is_anonymous() {
            let path = yard.path().join("plans").join(format!("{name}.json"));
            fs::write(&path, "{\"version\":2}").expect("write");
            assert!(matches!(yard.load_plan(&name), Err(RingError::Corrupt { .. })));
            yard.store_plan("{\"version\":1}").expect("mended");
            assert_eq!(yard.load_plan(&name).expect("there"), "{\"version\":1}");
        }
    }
}

/// Rules set by one process are seen by another, with a new generation each time.
#[test]
fn level_rules_are_shared() {
    let folder = Folder::new("rules");
    let (one, other) = (yard(&folder), yard(&folder));
    let generation = || other.control().generation_cell().load(Ordering::Acquire);
    let before = generation();
    one.control().set_rule("db.pool", 0, 7).expect("set");
    one.control().set_rule("", 42, 3).expect("set");
    assert_eq!(generation(), before + 2);
    one.control().set_rule("", 42, 3).expect("the same");
    assert_eq!(generation(), before + 2, "no change, no new generation");
    one.control().set_rule("db.pool", 0, 5).expect("set");
    let rules: Vec<_> = other.control().rules().into_iter().map(|rule| (rule.facility, rule.pid, rule.level)).collect();
    assert_eq!(rules, [("db.pool".into(), 0, 5), (String::new(), 42, 3)]);
    assert!(other.control().clear_rule("db.pool", 0).expect("cleared"));
    assert!(!other.control().clear_rule("db.pool", 0).expect("gone"));
    assert_eq!(one.control().rules().len(), 1);
    assert!(one.control().set_rule(&"f".repeat(65), 0, 1).is_err());
    assert!(one.control().set_rule("f", 0, 9).is_err());
    for index in 1..256 {
        one.control().set_rule(&format!("f{index}"), 0, 1).expect("room");
    }
    assert!(one.control().set_rule("one too many", 0, 1).is_err());
    assert_eq!(other.control().rules().len(), 256);
}

/// Threads of several holders change rules at once: each change is kept, no reader sees half of one.
#[test]
fn rules_survive_a_crowd() {
    let folder = Folder::new("crowd");
    let first = yard(&folder);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let own = yard(&folder);
            scope.spawn(move || {
                for index in 0..20 {
                    own.control().set_rule(&format!("t{thread}.{index}"), thread, 6).expect("set");
                }
            });
        }
        for _ in 0..200 {
            for rule in first.control().rules() {
                assert!(rule.facility.starts_with(&format!("t{}.", rule.pid)) && rule.level == 6, "{rule:?}");
            }
        }
    });
    assert_eq!(first.control().rules().len(), 80);
}

/// An intent comes back as it was stored, in each state, and a changed byte of it is found.
#[test]
fn an_intent_is_kept_and_checked() {
    let folder = Folder::new("intent");
    let (writer, successor) = (yard(&folder), yard(&folder));
    let control = writer.control();
    assert_eq!(successor.control().intent().expect("clear").state, IntentState::Clear);
    let key = FileKey { dev: 1, ino: 2, head_hash: 3 };
    let file = |offset| IntentFile { key, offset, length: 5, hash: 6, ledger_hash: 9, ..IntentFile::default() };
    let sequence = control.begin_intent();
    let files = (0..INTENT_FILES as u64).map(file).collect();
    let mut intent = Intent { state: IntentState::Prepared, sequence, pairs: 7, files };
    control.prepare(&intent).expect("stored");
    assert_eq!(successor.control().intent().expect("sound"), intent);
    control.written();
    intent.state = IntentState::Written;
    assert_eq!(successor.control().intent().expect("sound"), intent);
    let page = fs::OpenOptions::new().read(true).write(true).open(writer.path().join("control")).expect("the page");
    for at in [4, 8, 16, 24, 64, 64 + 63 * 128 + 72] {
        let mut byte = [0];
        page.read_exact_at(&mut byte, 32_768 + at).expect("read");
        page.write_all_at(&[byte[0] ^ 1], 32_768 + at).expect("write");
        assert!(matches!(successor.control().intent(), Err(RingError::Corrupt { .. })), "byte {at}");
        page.write_all_at(&byte, 32_768 + at).expect("write");
    }
    control.clear();
    assert_eq!(successor.control().intent().expect("clear"), Intent { sequence, ..Intent::default() });
    assert!(successor.control().begin_intent() > sequence, "numbers are used once");
    intent.files.push(IntentFile::default());
    assert!(control.prepare(&intent).is_err());
}

/// The pairs before a count stay the same for who asks for them, and the last 256 are kept.
#[test]
fn clock_pairs_are_appended() {
    let yard = Yard::anonymous().expect("memory");
    let control = yard.control();
    let pair = |index: u64| ClockPair { counter: index, realtime_ns: 10 * index, boot: 1 };
    for index in 0..300 {
        control.append_pair(pair(index));
    }
    assert_eq!(control.pair_count(), 300);
    assert_eq!(control.pairs(300), (44..300).map(pair).collect::<Vec<_>>());
    assert_eq!(control.pairs(100), (44..100).map(pair).collect::<Vec<_>>());
    assert_eq!(control.pairs(10), []);
    assert_eq!(control.pairs(u32::MAX).len(), 256);
}

/// A sleeping writer is woken by whoever wakes it after it looked.
#[test]
fn a_sleeping_writer_is_woken() {
    let yard = std::sync::Arc::new(Yard::anonymous().expect("memory"));
    let seen = yard.control().wake_value();
    yard.control().wake();
    assert_eq!(yard.control().wake_value(), seen, "nobody sleeps, so nothing is written");
    let sleeper = {
        let yard = std::sync::Arc::clone(&yard);
        std::thread::spawn(move || yard.control().wait_from(seen, std::time::Duration::from_secs(60)))
    };
    while !yard.control().is_sleeping() {
        std::thread::yield_now();
    }
    yard.control().wake();
    sleeper.join().expect("woken long before its time");
    assert_ne!(yard.control().wake_value(), seen);
}

/// A step of archive work comes back as it was said, each kind on its own, and one that is not whole is none.
#[test]
fn an_archive_step_is_kept_and_checked() {
    let folder = Folder::new("step");
    let yard = Yard::open_or_create(Some(folder.path()), "web").expect("a yard");
    let successor = Yard::open_or_create(Some(folder.path()), "web").expect("the same yard");
    let control = yard.control();
    let kinds = [ArchiveWork::Rotation, ArchiveWork::Compression, ArchiveWork::Retention];
    assert!(kinds.iter().all(|kind| successor.control().archive_intent(*kind).is_none()));
    let intent = ArchiveIntent { step: 1, codec: 2, path_hash: 3, dev: 4, ino: 5, stamp_ms: 6, counter: 7, bytes: 8 };
    for kind in kinds {
        control.set_archive_intent(kind, &ArchiveIntent { ino: kind as u64, ..intent });
    }
    control.set_archive_step(ArchiveWork::Compression, 2);
    for (kind, step) in kinds.into_iter().zip([1, 2, 1]) {
        let said = successor.control().archive_intent(kind);
        assert_eq!(said, Some(ArchiveIntent { step, ino: kind as u64, ..intent }));
    }
    control.clear_archive_intent(ArchiveWork::Rotation);
    assert_eq!(successor.control().archive_intent(ArchiveWork::Rotation), None);
    let page = yard.path().join("control");
    let mut bytes = std::fs::read(&page).expect("the page");
    let places: Vec<usize> = (43_072 + 128 + 4..43_072 + 128 + 64).filter(|at| bytes[*at] != 0).collect();
    for at in places {
        let whole = bytes[at];
        bytes[at] ^= 1;
        std::fs::write(&page, &bytes).expect("a changed page");
        assert_eq!(successor.control().archive_intent(ArchiveWork::Compression), None, "byte {at}");
        bytes[at] = whole;
        std::fs::write(&page, &bytes).expect("the page as it was");
    }
}

/// Requests are numbered, and served by their number; open blocks have two sides each.
#[test]
fn requests_and_open_blocks_are_kept() {
    let folder = Folder::new("asked");
    let yard = Yard::open_or_create(Some(folder.path()), "web").expect("a yard");
    let other = Yard::open_or_create(Some(folder.path()), "web").expect("the same yard");
    let (here, there) = (yard.control(), other.control());
    assert_eq!((here.rotations_asked(), here.rotations_served()), (0, 0));
    assert_eq!((there.ask_rotation(), there.ask_rotation(), there.ask_reopening()), (1, 2, 1));
    assert_eq!((here.rotations_asked(), here.reopenings_asked()), (2, 1));
    here.set_rotations_served(2);
    here.set_reopenings_served(1);
    assert_eq!((there.rotations_served(), there.reopenings_served()), (2, 1));
    for index in 0..OPEN_BLOCKS {
        for side in 0..2 {
            here.set_open_block(index, side, &[(index * 2 + side) as u64 + 1; OPEN_WORDS]);
        }
    }
    for index in 0..OPEN_BLOCKS {
        for side in 0..2 {
            assert_eq!(there.open_block(index, side), [(index * 2 + side) as u64 + 1; OPEN_WORDS]);
        }
    }
    assert_eq!(there.intent().expect("untouched").files.len(), 0);
}

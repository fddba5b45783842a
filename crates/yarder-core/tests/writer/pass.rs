//! A pass: everything once, in order, where it belongs.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use yarder_core::record::{RecordBuilder, Value};
use yarder_ring::{Policy, Reason, State};

use crate::common::{assert_once, file, numbers, overwrite, plan, told, wait_until, App, Folder, LONG};

/// Every record of a ring reaches the file once, in order, and the ring file is gone after an orderly end.
#[test]
fn a_ring_reaches_its_file() {
    let folder = Folder::new("pass");
    let path = folder.join("logs/deep/web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, "")]));
    for number in 0..5000 {
        app.log(number);
    }
    assert!(app.flush());
    assert_once(&path, 5000);
    let order: Vec<u64> = fs::read_to_string(&path)
        .expect("the file")
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()?["fields"]["n"].as_u64())
        .collect();
    assert!(order.is_sorted());
    assert_eq!(app.service.stats().written, 5000);
    let yard = Arc::clone(app.service.yard());
    assert!(app.end());
    assert!(yard.rings().expect("a list").is_empty());
}

/// Two rings that log into one file are put in the order of time within a pass.
#[test]
fn rings_are_merged_by_time() {
    let folder = Folder::new("merge");
    let path = folder.join("web.log");
    let plan = plan(&[file(&path, "")]);
    let mut first = App::start(folder.path(), &plan);
    let mut second = App::join(Arc::clone(&first.service), &plan, 1024, Policy::Block);
    for number in 0..2000 {
        if number % 3 == 0 { &mut first } else { &mut second }.log(number);
    }
    assert!(first.flush() && second.flush());
    assert_once(&path, 2000);
    second.ring.set_state(State::Closed);
    assert!(first.end());
}

/// Several destinations each take what their level and facilities say, and `exclude` takes one out.
#[test]
fn each_destination_takes_its_records() {
    let folder = Folder::new("route");
    let (all, errors, db) = (folder.join("all.log"), folder.join("errors.log"), folder.join("db.log"));
    let plan = plan(&[
        file(&all, ""),
        file(&errors, r#","level":3"#),
        file(&db, r#","facilities":{"db":6}"#).replace("json", "human"),
    ]);
    let mut app = App::start(folder.path(), &plan);
    for (level, facility, number) in [(6, "web", 0), (3, "web", 1), (6, "db.pool", 2), (7, "db", 3)] {
        let record = RecordBuilder::new(level, facility, "text").field("n", Value::Int(number)).build();
        assert!(app.put(record, LONG));
    }
    assert!(app.flush());
    assert_once(&all, 4);
    assert_eq!(numbers(&errors).into_keys().collect::<Vec<_>>(), [1]);
    let human = fs::read_to_string(&db).expect("a human file");
    assert_eq!(human.lines().count(), 1, "{human}");
    assert!(human.contains("n=2"), "{human}");
    assert!(app.end());
}

/// Two plans that name the same file share it, and nothing is doubled or torn.
#[test]
fn two_plans_share_a_file() {
    let folder = Folder::new("share");
    let path = folder.join("web.log");
    let mut first = App::start(folder.path(), &plan(&[file(&path, "")]));
    let other = plan(&[file(&path, r#","fsync":"batch""#)]);
    let mut second = App::join(Arc::clone(&first.service), &other, 1024, Policy::Block);
    for number in 0..1000 {
        if number % 2 == 0 { &mut first } else { &mut second }.log(number);
    }
    assert!(first.flush() && second.flush());
    assert_once(&path, 1000);
    assert!(!folder.join("web.host-1.log").exists());
    second.ring.set_state(State::Closed);
    assert!(first.end());
}

/// Losses that a record carries stand before it; those no record carries come at the end of the ring.
#[test]
fn losses_are_shown_in_the_stream() {
    let folder = Folder::new("losses");
    let path = folder.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, "")]));
    app.log(0);
    let carrier = RecordBuilder::new(6, "web", "text").field("n", Value::Int(1)).loss(Reason::RingFull as u8, 7);
    assert!(app.put(carrier.build(), LONG));
    for _ in 0..3 {
        app.producer.lose(Reason::BlockTimeout);
    }
    assert!(app.flush());
    assert!(app.end());
    assert_once(&path, 2);
    let text = fs::read_to_string(&path).expect("the file");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[1].contains("7 records lost") && lines[1].contains("ring_full"), "{text}");
    assert!(lines[3].contains("3 records lost") && lines[3].contains("block_timeout"), "{text}");
    assert_eq!(lines.len(), 4);
}

/// A foreign program that appends to the same file loses nothing and costs nothing.
#[test]
fn a_foreign_appender_is_left_in_peace() {
    let folder = Folder::new("foreign");
    let path = folder.join("web.log");
    fs::write(&path, "a torn line").expect("a file that was there before");
    let mut app = App::start(folder.path(), &plan(&[file(&path, "")]));
    let mut foreign = OpenOptions::new().append(true).open(&path).expect("the same file");
    for number in 0..500 {
        app.log(number);
        if number % 10 == 0 {
            assert!(app.flush());
            foreign.write_all(b"foreign\n").expect("a foreign line");
        }
    }
    assert!(app.flush());
    assert_once(&path, 500);
    let text = fs::read_to_string(&path).expect("the file");
    assert!(text.starts_with("a torn line\n"));
    assert_eq!(text.lines().filter(|line| *line == "foreign").count(), 50);
    assert!(app.end());
}

/// A file that is renamed, removed or lost with its folder is made again within a second, nothing is lost after.
#[test]
fn a_replaced_file_is_followed() {
    let folder = Folder::new("replaced");
    let path = folder.join("logs/web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, "")]));
    app.log(0);
    assert!(app.flush());
    fs::rename(&path, folder.join("web.log.1")).expect("a rename");
    fs::remove_dir_all(folder.join("logs")).expect("the folder removed");
    let mut number = 1;
    wait_until("the file is there again", || {
        app.log(number);
        number += 1;
        app.flush() && path.exists()
    });
    app.log(number);
    assert!(app.flush());
    let (old, new) = (numbers(&folder.join("web.log.1")), numbers(&path));
    assert_eq!(old.len() + new.len(), number as usize + 1);
    assert!(app.end());
}

/// Where another yard holds the file, the lines go beside it and not into it.
#[test]
fn a_held_file_is_not_shared_between_yards() {
    let folder = Folder::new("held");
    let path = folder.join("web.log");
    let plan = plan(&[file(&path, "")]);
    let mut first = App::start(folder.path(), &plan);
    first.log(0);
    assert!(first.flush());
    let mut second = App::start(&folder.join("other"), &plan);
    second.log(1);
    assert!(second.flush());
    assert_once(&path, 1);
    let beside: Vec<_> = fs::read_dir(folder.path())
        .expect("a list")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("web.") && name.ends_with("-1.log"))
        .collect();
    assert_eq!(beside.len(), 1);
    assert!(first.end() && second.end());
}

/// The call of `mode="sync"` returns when its line is in the file.
#[test]
fn a_sync_pass_returns_when_the_line_is_written() {
    let folder = Folder::new("sync");
    let path = folder.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, r#","fsync":"batch""#)]));
    for number in 0..50 {
        app.log(number);
        assert!(app.service.sync_pass(&app.ring, app.position(), LONG));
        assert_eq!(numbers(&path).len() as u64, number + 1);
    }
    assert!(app.end());
}

/// A ring under `overwrite_oldest` loses old records, says how many, and never shows a torn one.
#[test]
fn an_overwritten_ring_tells_its_losses() {
    let folder = Folder::new("overwrite");
    let path = folder.join("web.log");
    let mut app = App::with(folder.path(), &plan(&[file(&path, "")]), 256, Policy::OverwriteOldest);
    for number in 0..20_000 {
        if number % 1000 == 7 {
            app.producer.lose(Reason::TooLarge);
        } else {
            overwrite(&mut app.producer, number);
        }
    }
    assert!(app.flush());
    let found = numbers(&path);
    assert!(found.values().all(|times| *times == 1));
    assert!(found.contains_key(&19_999), "the newest stay");
    let lost = app.ring.lost();
    let (overwritten, too_large) = (lost[Reason::Overwritten as usize], lost[Reason::TooLarge as usize]);
    assert!(overwritten > 0 && too_large == 20);
    assert_eq!(found.len() as u64 + overwritten + too_large, 20_000);
    // Once more, with nothing behind it: told at the end of the ring.
    app.producer.lose(Reason::NoMemory);
    assert!(app.end());
    let expected = [("no_memory", 1), ("overwritten", overwritten), ("too_large", too_large)];
    assert_eq!(told(&path), expected.into_iter().map(|(reason, count)| (reason.to_owned(), count)).collect());
}

/// What a corrupt ring held is not followed: the ring is set aside, the others go on.
#[test]
fn a_corrupt_ring_is_set_aside() {
    let folder = Folder::new("corrupt");
    let path = folder.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, "")]));
    app.log(0);
    assert!(app.flush());
    let bad = app.service.yard().path().join("123456789.ring");
    fs::write(&bad, vec![0xff; 8192 + (256 + 16) * 256]).expect("a file of noise");
    app.service.yard().control().bump_rings();
    wait_until("the ring is set aside", || {
        app.service.wake();
        bad.with_extension("corrupt").exists()
    });
    assert!(!bad.exists());
    app.log(1);
    assert!(app.flush());
    assert_once(&path, 2);
    assert_eq!(app.service.stats().quarantined, 1);
    assert!(app.end());
}

/// A service without rings of its own neither elects itself nor holds up its end.
#[test]
fn a_service_without_rings_is_never_the_writer() {
    let folder = Folder::new("idle");
    let yard = yarder_ring::Yard::open_or_create(Some(folder.path()), "web").expect("a yard");
    let service = yarder_core::writer::Service::start(Arc::new(yard), Default::default());
    assert!(service.flush(&[], Duration::ZERO));
    assert!(!service.is_writer());
    assert!(service.stop(LONG));
}

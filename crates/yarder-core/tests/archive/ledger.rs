//! The ledger while its writer lives: every byte in a block, small batches together, tolerant of what happens to it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::sync::Arc;

use yarder_core::ledger::{audit, path_of, FileState, Ledger};
use yarder_core::record::{RecordBuilder, Value};
use yarder_ring::{Policy, Reason, State};

use crate::common::{file, plan, App, Folder, LONG};

/// The blocks of every file follow each other without a gap, and name time, levels, facilities and producers.
#[test]
fn every_byte_is_in_a_block() {
    let folder = Folder::new("blocks");
    let path = folder.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, r#","rotate":100000,"compress":"zstd""#)]));
    for number in 0..3000 {
        app.log(number);
    }
    for (level, facility) in [(3, "db"), (7, "db.pool")] {
        assert!(app.put(RecordBuilder::new(level, facility, "text").build(), LONG));
    }
    let producer = app.ring.producer();
    assert!(app.end());
    let ledger = Ledger::open(&path).expect("a ledger");
    assert_eq!(ledger.broken(), 0);
    assert!(ledger.files().len() >= 5);
    for (index, file) in ledger.files().iter().enumerate() {
        let mut end = 0;
        for block in ledger.blocks_of(index) {
            assert_eq!(block.line.at, end);
            end += block.line.bytes;
        }
        let (readable, codec) = file.readable(&path).expect("it is there");
        assert!(codec.is_none() || !file.frames.is_empty());
        let mut text = Vec::new();
        let mut reader =
            yarder_core::archive::unpack(codec, fs::File::open(readable).expect("a file")).expect("a reader");
        std::io::Read::read_to_end(&mut reader, &mut text).expect("text");
        assert_eq!(end, text.len() as u64);
    }
    assert_eq!(ledger.files().iter().filter(|file| file.state == FileState::Live).count(), 1);
    let blocks = ledger.blocks();
    assert_eq!(blocks.iter().map(|block| block.line.records).sum::<u64>(), 3002);
    assert_eq!(blocks.iter().map(|block| block.line.lines).sum::<u64>(), 3002);
    assert!(blocks.iter().all(|block| block.line.producers.iter().all(|span| span.producer == producer)));
    assert!(blocks[0].has_level(6) && !blocks[0].has_level(5));
    let last = blocks.last().expect("a block");
    assert!(last.has_level(3) && last.overlaps(last.line.to, u64::MAX) && !last.overlaps(0, last.line.from - 1));
    let names: Vec<&str> = last.facilities.iter().flatten().map(|name| &**name).collect();
    assert!(names.contains(&"db") && names.contains(&"db.pool"), "{names:?}");
}

/// A thousand batches of one record are one block, not a thousand.
#[test]
fn small_batches_share_a_block() {
    let folder = Folder::new("small");
    let path = folder.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, "")]));
    for number in 0..200 {
        app.log(number);
        assert!(app.flush());
    }
    assert!(app.end());
    let ledger = Ledger::open(&path).expect("a ledger");
    assert_eq!(ledger.blocks().len(), 1);
    assert!(audit(&path).expect("an audit").is_clean());
}

/// What a destination did not want is accounted for in its ledger: no gap, however few records it has.
#[test]
fn records_for_others_are_no_gap() {
    let folder = Folder::new("elsewhere");
    let (all, errors) = (folder.join("all.log"), folder.join("errors.log"));
    let mut app = App::start(folder.path(), &plan(&[file(&all, ""), file(&errors, r#","level":3"#)]));
    for number in 0..5000 {
        let record = RecordBuilder::new(if number % 1000 == 0 { 3 } else { 6 }, "web", "text");
        assert!(app.put(record.field("n", Value::Int(number)).build(), LONG));
    }
    assert!(app.end());
    for (path, written) in [(&all, 5000), (&errors, 5)] {
        let audit = audit(path).expect("an audit");
        assert!(audit.is_clean() && audit.gaps.is_empty(), "{audit:?}");
        assert_eq!(audit.records, written);
        assert_eq!(audit.accounts[0].written + audit.accounts[0].elsewhere, 5000);
    }
}

/// A loss is a gap with its reason, whether a record carried it or the end of the ring told it.
#[test]
fn a_loss_is_a_gap_with_its_reason() {
    let folder = Folder::new("reasons");
    let path = folder.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, "")]));
    app.log(0);
    for _ in 0..4 {
        app.producer.lose(Reason::RingFull);
    }
    app.log(1);
    assert!(app.flush());
    for _ in 0..3 {
        app.producer.lose(Reason::BlockTimeout);
    }
    assert!(app.end());
    let audit = audit(&path).expect("an audit");
    assert!(audit.is_clean(), "{audit:?}");
    assert_eq!(audit.gaps.iter().map(|gap| gap.missing).sum::<u64>(), 7, "{audit:?}");
    assert_eq!(audit.accounts[0].lost["block_timeout"], 3);
}

/// Human lines with tracebacks, many producers, two plans for one file: all of it adds up.
#[test]
fn every_kind_of_record_adds_up() {
    let folder = Folder::new("kinds");
    let path = folder.join("web.log");
    let human = file(&path, r#","rotate":50000"#).replace("json", "human");
    let first = App::start(folder.path(), &plan(std::slice::from_ref(&human)));
    let service = Arc::clone(&first.service);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            let (service, human) = (Arc::clone(&service), human.clone());
            scope.spawn(move || {
                let mut app = App::join(service, &plan(&[human]), 256, Policy::Block);
                for number in 0..200 {
                    let record = RecordBuilder::new(6, "web", "text").field("n", Value::Int(number));
                    let stack = Value::Str(b"Traceback\n  File\nValueError: x\n");
                    assert!(app.put(record.field("exception.stacktrace", stack).build(), LONG));
                    if number % 40 == 0 {
                        assert!(app.flush());
                    }
                }
                assert!(app.flush());
                app.ring.set_state(State::Closed);
            });
        }
    });
    drop(service);
    assert!(first.end());
    let audit = audit(&path).expect("an audit");
    assert!(audit.is_clean() && audit.gaps.is_empty(), "{:?} {:?}", audit.findings, audit.gaps);
    assert_eq!((audit.records, audit.accounts.len()), (3200, 16));
    assert!(audit.lines >= 9600);
    assert_eq!(audit.other_lines, 0);
}

/// Other programs' lines are counted and are no finding; `> web.log` is said and is none either.
#[test]
fn foreign_bytes_and_truncations_are_no_findings() {
    let folder = Folder::new("foreign");
    let path = folder.join("web.log");
    fs::write(&path, "older\n").expect("a file that was there before");
    let mut app = App::start(folder.path(), &plan(&[file(&path, "")]));
    let mut foreign = OpenOptions::new().append(true).open(&path).expect("the same file");
    for number in 0..100 {
        app.log(number);
        if number % 10 == 0 {
            assert!(app.flush());
            foreign.write_all(b"foreign\n").expect("room");
        }
    }
    assert!(app.end());
    let found = audit(&path).expect("an audit");
    assert!(found.is_clean(), "{found:?}");
    assert_eq!((found.records, found.other_lines), (100, 10));
    let mut app = App::start(folder.path(), &plan(&[file(&path, "")]));
    app.log(100);
    assert!(app.flush());
    fs::write(&path, "").expect("a truncation");
    app.log(101);
    assert!(app.end());
    let found = audit(&path).expect("an audit");
    assert!(found.is_clean(), "{found:?}");
    assert_eq!((found.records, found.taken), (1, 101));
}

/// A ledger that is lost, torn or full of noise stops nobody; what comes after is booked again.
#[test]
fn a_broken_ledger_is_survived() {
    let folder = Folder::new("broken");
    let path = folder.join("web.log");
    let ledger = path_of(&path);
    for (round, damage) in ["", "torn", "noise", "gone", "line"].into_iter().enumerate() {
        let text = fs::read(&ledger).unwrap_or_default();
        match damage {
            "torn" => fs::write(&ledger, &text[..text.len() - 9]).expect("torn"),
            "noise" => fs::write(&ledger, "noise\nnoise\n").expect("noise"),
            "gone" => fs::remove_file(&ledger).expect("gone"),
            "line" => fs::write(&ledger, [b"noise\n", text.as_slice()].concat()).expect("a broken line"),
            _ => {}
        }
        let mut app = App::start(folder.path(), &plan(&[file(&path, "")]));
        for number in 0..100 {
            app.log(round as u64 * 100 + number);
        }
        assert!(app.flush());
        assert!(app.service.rotate(LONG));
        app.log(9999);
        assert!(app.end());
        let read = Ledger::open(&path).expect("a ledger");
        assert!(!read.blocks().is_empty(), "{damage}");
        assert_eq!(read.broken(), u64::from(damage == "line"), "{damage}");
    }
}

/// A plan that wants no ledger has none.
#[test]
fn no_ledger_where_none_is_wanted() {
    let folder = Folder::new("without");
    let path = folder.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, r#","ledger":false"#)]));
    app.log(0);
    assert!(app.end());
    assert!(!path_of(&path).exists() && Ledger::open(&path).is_err());
}

/// A ledger with impossible numbers and names that lead elsewhere is read to its end, and nothing outside is touched.
#[test]
fn a_hostile_ledger_is_only_broken() {
    use yarder_core::ledger::{BlockLine, Line, Span};
    let folder = Folder::new("hostile");
    let path = folder.join("web.log");
    fs::write(&path, "a line\n".repeat(100)).expect("a file");
    let huge = |bytes, last| {
        let span = Span { producer: 1, first: 0, last, count: u64::MAX, elsewhere: u64::MAX, ..Span::default() };
        Line::Block(BlockLine { file: 1, at: u64::MAX, bytes, producers: vec![span], ..BlockLine::default() })
    };
    let mut text = Vec::new();
    for name in ["../../etc/passwd", "/etc/passwd", "..", ".ssh"] {
        Line::Rotated { file: 1, name: name.into(), bytes: 1 }.seal(&mut text);
    }
    for line in [huge(u64::MAX, u64::MAX), huge(1, 5), huge(u64::MAX, 0)] {
        line.seal(&mut text);
    }
    fs::write(path_of(&path), text).expect("a ledger");
    let ledger = Ledger::open(&path).expect("a ledger");
    assert_eq!((ledger.broken(), ledger.blocks().len()), (7, 0));
    assert!(!audit(&path).expect("an audit").is_clean());
}

//! Death in each step of rotation, compression and retention: the next start finishes it, every record once.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use yarder_core::ledger::audit;
use yarder_ring::Policy;

use crate::common::{child, file, is_child, plan, variable, wait_until, App, Folder, LONG};
use crate::shelf::{archives, assert_all_once, assert_once_of, everything, names, recover};

/// Not a test by itself: logs, rotates and compresses until a fault ends it.
#[test]
fn child_rotates() {
    if !is_child() {
        return;
    }
    let base = variable("FOLDER");
    let base = Path::new(&base);
    let mut app = App::with(base, &fs::read_to_string(base.join("plan.json")).expect("a plan"), 1024, Policy::Block);
    let first: u64 = variable("FIRST").parse().unwrap_or(0);
    let count: u64 = variable("COUNT").parse().unwrap_or(20_000);
    for number in first..first + count {
        app.log(number);
        if number % 50 == 0 {
            let noted = base.join(format!("noted.{}", std::process::id()));
            fs::write(&noted, (number + 1).to_string()).expect("a note");
            fs::rename(&noted, base.join("noted")).expect("a note");
        }
        if number % 1000 == 999 {
            // So that the background comes to its stages while records are on their way.
            app.flush();
            app.service.settle_archives(LONG);
        }
    }
    assert!(app.end());
}

/// Files and ledger agree, every record is accounted for, and none is outside of a block.
fn assert_audit(path: &Path, records: u64, what: &str) {
    let found = audit(path).expect("a ledger");
    assert!(found.is_clean(), "{what}: {:?} {:?} {:?}", found.findings, found.gaps, found.accounts);
    assert_eq!((found.records + found.taken, found.other_lines), (records, 0), "{what}");
}

fn noted(folder: &Folder) -> u64 {
    fs::read_to_string(folder.join("noted")).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Runs the child until it dies at `fault`; gives the folder with what it left.
fn dies(fault: &str, options: &str) -> Folder {
    let folder = Folder::new("dies");
    let path = folder.join("web.log");
    fs::write(folder.join("plan.json"), plan(&[file(&path, options)])).expect("a plan");
    let base = folder.path().to_string_lossy().into_owned();
    let mut victim = child("deaths::child_rotates", &[("FOLDER", &base), ("YARDER_FAULT", fault)]);
    assert!(!victim.wait().expect("its end").success(), "{fault}: it was to die");
    folder
}

const ROTATION: [&str; 3] = ["rotate", "renamed", "opened"];
const COMPRESSION: [&str; 4] = ["compress", "synced", "published", "unlinked"];

/// Every stage of rotation and compression, the first and a later time, by kill and by abort.
#[test]
fn a_death_in_any_step_loses_and_doubles_nothing() {
    for stage in ROTATION.into_iter().chain(COMPRESSION) {
        for action in ["exit:1", "abort:3"] {
            let fault = format!("{stage}:{action}");
            let folder = dies(&fault, r#","rotate":100000,"compress":"zstd""#);
            recover(&folder);
            let path = folder.join("web.log");
            let count = everything(&path).0.len() as u64;
            assert!(count >= noted(&folder), "{fault}: {count} found, {} were accepted", noted(&folder));
            assert_all_once(&path, count);
            assert_audit(&path, count, &fault);
            let left = archives(&path);
            assert!(left.iter().all(|archive| archive.plain.is_none()), "{fault}: {left:?}");
            assert!(
                names(folder.path()).iter().all(|name| !name.ends_with(".tmp")),
                "{fault}: a temporary file is left"
            );
        }
    }
}

/// A death while a batch is written, with rotations all around it.
#[test]
fn a_death_in_a_batch_between_rotations() {
    for stage in ["prepare:exit:30", "write:exit:29", "book:exit:1", "book:exit:31", "written:exit:30", "heads:exit:30"]
    {
        let fault = stage;
        let folder = dies(fault, r#","rotate":50000,"compress":"lz4""#);
        recover(&folder);
        let path = folder.join("web.log");
        let count = everything(&path).0.len() as u64;
        assert!(count >= noted(&folder), "{fault}");
        assert_all_once(&path, count);
        assert_audit(&path, count, fault);
    }
}

/// A death in retention: what was to go goes, nothing else does.
#[test]
fn a_death_in_retention_removes_what_was_to_go() {
    for stage in ["expire", "expired"] {
        let folder = dies(&format!("{stage}:exit:2"), r#","rotate":100000,"compress":"gzip","keep":2"#);
        recover(&folder);
        let path = folder.join("web.log");
        assert!(archives(&path).len() <= 2, "{stage}");
        let (found, foreign) = everything(&path);
        assert!(found.values().all(|times| *times == 1) && foreign.is_empty());
        let (first, last) = (found.keys().next().copied(), found.keys().next_back().copied());
        assert_eq!(last.unwrap_or(0) - first.unwrap_or(0) + 1, found.len() as u64, "{stage}: a gap");
        assert_audit(&path, last.unwrap_or(0) + 1, stage);
    }
}

/// What other programs do to the file between the death and the next start: an append, `> app.log`, a copy and a
/// truncation. Every record once, over live file, archives and copy; what was cut by hand is gone, nothing else.
#[test]
fn others_touch_the_file_between_death_and_start() {
    for stage in ["rotate", "renamed", "opened", "prepare", "write", "book", "written"] {
        for touch in ["append", "truncate", "copytruncate"] {
            let fault = format!("{stage}:exit:3");
            let folder = dies(&fault, r#","rotate":100000,"compress":"zstd""#);
            let path = folder.join("web.log");
            let mut cut = String::new();
            match touch {
                "append" => {
                    let mut live = OpenOptions::new().append(true).create(true).open(&path).expect("the file");
                    live.write_all(b"\nforeign\n").expect("room");
                }
                "truncate" if path.exists() => {
                    cut = fs::read_to_string(&path).expect("the file");
                    fs::write(&path, "").expect("a truncation");
                }
                "copytruncate" if path.exists() => {
                    fs::copy(&path, folder.join("web.log.1")).expect("a copy");
                    fs::write(&path, "").expect("a truncation");
                    cut = fs::read_to_string(folder.join("web.log.1")).expect("the copy");
                }
                _ => {}
            }
            recover(&folder);
            let what = format!("{fault} {touch}");
            let (mut found, foreign) = everything(&path);
            let numbers = cut.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
            for number in numbers.filter_map(|value| value["fields"]["n"].as_u64()) {
                let times = found.entry(number).or_insert(0);
                // `> app.log` took a batch that was being written: it may stand in the file again, whole.
                *times = if touch == "truncate" { 1 } else { *times + 1 };
            }
            let count = found.len() as u64;
            assert!(count >= noted(&folder), "{what}: {count} found, {} were accepted", noted(&folder));
            assert_once_of(&found, count);
            let expected = usize::from(touch == "append");
            assert_eq!(foreign.iter().filter(|line| *line == "foreign").count(), expected, "{what}");
        }
    }
}

/// Killed at random moments again and again, the same files going on: every record once, and the books are right.
#[test]
fn random_kills_among_rotations() {
    let folder = Folder::new("random");
    let path = folder.join("web.log");
    let (live, errors) = (file(&path, r#","rotate":60000,"compress":"zstd""#), folder.join("errors.log"));
    let plans = [live, file(&errors, r#","level":3"#)];
    fs::write(folder.join("plan.json"), plan(&plans)).expect("a plan");
    let base = folder.path().to_string_lossy().into_owned();
    let mut before = 0;
    for round in 0..25_u64 {
        let _ = fs::remove_file(folder.join("noted"));
        let mut victim = child("deaths::child_rotates", &[("FOLDER", &base)]);
        wait_until("it logs", || noted(&folder) > 0);
        // Not a wait for something: the moment of the kill is the input of this test.
        std::thread::park_timeout(std::time::Duration::from_micros(round * 7919 % 30_000));
        victim.kill().expect("a kill");
        let _ = victim.wait();
        recover(&folder);
        // Every round logs the same numbers again.
        let count: u64 = everything(&path).0.values().map(|times| u64::from(*times)).sum();
        assert!(count >= before + noted(&folder), "round {round}: {count}, {before} before, {} noted", noted(&folder));
        before = count;
        assert_audit(&path, count, &format!("round {round}"));
        let quiet = audit(&errors).expect("a ledger");
        assert!(quiet.is_clean() && quiet.records == 0, "{quiet:?}");
    }
}

/// A writer that is killed in the middle of a rotation or a compression is succeeded by a living process of the yard,
/// which finishes what was begun while everybody logs on.
#[test]
fn a_living_process_finishes_for_a_dead_one() {
    for stage in ["rotate:exit:3", "renamed:exit:3", "synced:exit:2", "published:exit:2", "book:exit:40"] {
        let folder = Folder::new("heir");
        let path = folder.join("web.log");
        fs::write(folder.join("plan.json"), plan(&[file(&path, r#","rotate":100000,"compress":"zstd""#)]))
            .expect("a plan");
        let base = folder.path().to_string_lossy().into_owned();
        let start = |first: &str, fault: &str| {
            let count = if fault.is_empty() { "5000" } else { "100000" };
            child(
                "deaths::child_rotates",
                &[("FOLDER", &base), ("FIRST", first), ("COUNT", count), ("YARDER_FAULT", fault)],
            )
        };
        let mut victim = start("1000000", stage);
        wait_until("it logs", || noted(&folder) > 0);
        let mut others = [start("0", ""), start("5000", "")];
        assert!(!victim.wait().expect("its end").success(), "{stage}");
        for other in &mut others {
            assert!(other.wait().expect("its end").success(), "{stage}");
        }
        recover(&folder);
        let (found, foreign) = everything(&path);
        assert!(found.values().all(|times| *times == 1) && foreign.is_empty(), "{stage}: doubled or torn");
        let (living, dead): (Vec<u64>, Vec<u64>) = found.keys().partition(|number| **number < 1_000_000);
        assert_eq!(living.len(), 10_000, "{stage}");
        assert_eq!(dead.last().copied(), Some(1_000_000 + dead.len() as u64 - 1), "{stage}: a gap");
        assert!(archives(&path).iter().all(|archive| archive.plain.is_none()), "{stage}");
        assert_audit(&path, found.len() as u64, stage);
    }
}

/// A panic in any step, on the writer's thread or in the background, is no death: the same process goes on, and all is
/// written, compressed and booked once.
#[test]
fn a_panic_in_any_step_is_survived() {
    let booked = ["book"];
    for stage in ROTATION.into_iter().chain(COMPRESSION).chain(booked) {
        let folder = Folder::new("panics");
        let path = folder.join("web.log");
        fs::write(folder.join("plan.json"), plan(&[file(&path, r#","rotate":100000,"compress":"zstd""#)]))
            .expect("a plan");
        let base = folder.path().to_string_lossy().into_owned();
        let fault = format!("{stage}:panic:2");
        let survivor = child("deaths::child_rotates", &[("FOLDER", &base), ("YARDER_FAULT", &fault)]);
        let output = survivor.wait_with_output().expect("its end");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("YARDER_FAULT"), "{fault}: {said}");
        recover(&folder);
        assert_all_once(&path, 20_000);
        assert_audit(&path, 20_000, &fault);
    }
}

/// Human lines have no ids: a death among them is found out by content as well, and the books are right.
#[test]
fn a_death_among_human_lines() {
    for fault in ["write:exit:20", "book:exit:20", "written:exit:20", "renamed:exit:2", "published:exit:2"] {
        let folder = Folder::new("human");
        let path = folder.join("web.log");
        let human = file(&path, r#","rotate":60000,"compress":"gzip""#).replace("json", "human");
        fs::write(folder.join("plan.json"), plan(&[human])).expect("a plan");
        let base = folder.path().to_string_lossy().into_owned();
        let mut victim = child("deaths::child_rotates", &[("FOLDER", &base), ("YARDER_FAULT", fault)]);
        assert!(!victim.wait().expect("its end").success(), "{fault}: it was to die");
        recover(&folder);
        let found = audit(&path).expect("a ledger");
        assert!(found.is_clean() && found.other_lines == 0, "{fault}: {:?} {:?}", found.findings, found.gaps);
        assert!(found.records >= noted(&folder), "{fault}");
        let written: u64 = found.accounts.iter().map(|account| account.written).sum();
        assert_eq!((written, found.lines), (found.records, found.records), "{fault}");
    }
}

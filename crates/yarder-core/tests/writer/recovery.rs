//! Death at any instruction: the next start finishes what was begun, every record exactly once.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use yarder_core::writer::{Service, ServiceOptions};
use yarder_ring::{Policy, Producer, Reason, RingFile, RingSpec, State, Yard};

use crate::common::{
    assert_once, child, file, is_child, numbers, overwrite, plan, told, variable, wait_until, App, Folder, LONG,
};

/// How many records a child logs before it ends by itself.
const COUNT: u64 = 20_000;

/// Not a test by itself: the process that others kill. Logs numbers and notes how far it came.
#[test]
fn child_logs_numbers() {
    if !is_child() {
        return;
    }
    let base = variable("FOLDER");
    let base = Path::new(&base);
    let mut app = App::with(base, &fs::read_to_string(base.join("plan.json")).expect("a plan"), 1024, Policy::Block);
    let count = variable("COUNT").parse().unwrap_or(COUNT);
    let first = variable("FIRST").parse().unwrap_or(0);
    for number in first..first + count {
        app.log(number);
        if number % 50 == 0 {
            let noted = base.join(format!("noted.{}", std::process::id()));
            fs::write(&noted, (number + 1).to_string()).expect("a note");
            fs::rename(&noted, base.join("noted")).expect("a note");
        }
    }
    assert!(app.end());
}

fn noted(folder: &Folder) -> u64 {
    fs::read_to_string(folder.join("noted")).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// What the next start of the program does: its service takes over what the dead left.
fn recover(folder: &Folder) {
    let yard = Arc::new(Yard::open_or_create(Some(&folder.join("yard")), "web").expect("the yard"));
    let service = Service::start(Arc::clone(&yard), ServiceOptions { serve: true, ..ServiceOptions::default() });
    wait_until("the rings are drained and gone", || {
        service.wake();
        yard.rings().expect("a list").is_empty()
    });
    assert!(service.stop(LONG));
}

fn dies_at(fault: &str, destinations: &[&str]) {
    let folder = Folder::new("dies");
    let paths: Vec<_> = destinations.iter().map(|name| folder.join(name)).collect();
    let plans: Vec<String> = paths.iter().map(|path| file(path, "")).collect();
    fs::write(folder.join("plan.json"), plan(&plans)).expect("a plan");
    let base = folder.path().to_string_lossy().into_owned();
    let mut victim = child("recovery::child_logs_numbers", &[("FOLDER", &base), ("YARDER_FAULT", fault)]);
    let status = victim.wait().expect("its end");
    assert!(!status.success(), "{fault}: it was to die");
    recover(&folder);
    for path in &paths {
        let count = numbers(path).len() as u64;
        assert!(count >= noted(&folder), "{fault}: {count} found, {} were accepted", noted(&folder));
        assert_once(path, count);
    }
}

/// A writer that dies at any stage leaves nothing doubled, torn or lost.
#[test]
fn death_at_every_stage_is_finished_by_the_next() {
    for stage in ["scan", "snapshot", "merge", "format", "prepare", "write", "written", "heads"] {
        let times: &[u32] = if stage == "scan" { &[1] } else { &[1, 3] };
        for n in times {
            dies_at(&format!("{stage}:exit:{n}"), &["web.log"]);
        }
    }
}

/// The same with two files in one batch, of which the death may have left one written.
#[test]
fn death_between_two_files_is_finished_by_the_next() {
    for n in 1..=4 {
        dies_at(&format!("write:exit:{n}"), &["web.log", "copy.log"]);
    }
    dies_at("prepare:abort:2", &["web.log", "copy.log"]);
}

/// Killed at random moments fifty times, started again each time: every accepted record exactly once.
#[test]
fn fifty_random_kills_lose_and_double_nothing() {
    for round in 0..50_u64 {
        let folder = Folder::new("random");
        let path = folder.join("web.log");
        fs::write(folder.join("plan.json"), plan(&[file(&path, "")])).expect("a plan");
        let base = folder.path().to_string_lossy().into_owned();
        let mut victim = child("recovery::child_logs_numbers", &[("FOLDER", &base), ("COUNT", "100000000")]);
        // Not a wait for something: the moment of the kill is the input of this test.
        wait_until("it logs", || noted(&folder) > 0);
        std::thread::park_timeout(Duration::from_micros(round * 977 % 7000));
        victim.kill().expect("a kill");
        let _ = victim.wait();
        recover(&folder);
        let count = numbers(&path).len() as u64;
        assert!(count >= noted(&folder), "round {round}");
        assert_once(&path, count);
    }
}

/// A writer that is killed among living processes is succeeded by one of them, and nobody's records suffer.
#[test]
fn a_killed_writer_is_succeeded_by_a_living_process() {
    let folder = Folder::new("succession");
    let path = folder.join("web.log");
    fs::write(folder.join("plan.json"), plan(&[file(&path, "")])).expect("a plan");
    let base = folder.path().to_string_lossy().into_owned();
    let start = |first: &str, fault: &str| {
        let count = if fault.is_empty() { "30000" } else { "100000000" };
        let more = [("FOLDER", base.as_str()), ("FIRST", first), ("COUNT", count), ("YARDER_FAULT", fault)];
        child("recovery::child_logs_numbers", &more)
    };
    // The first one there writes for all, and dies in its hundredth batch.
    let mut victim = start("1000000", "write:exit:100");
    wait_until("it logs", || noted(&folder) > 0);
    let mut others = [start("0", ""), start("30000", "")];
    assert!(!victim.wait().expect("its end").success());
    for other in &mut others {
        assert!(other.wait().expect("its end").success());
    }
    recover(&folder);
    let found = numbers(&path);
    assert!(found.values().all(|times| *times == 1), "doubled");
    let (living, dead): (Vec<u64>, Vec<u64>) = found.into_keys().partition(|number| *number < 1_000_000);
    assert_eq!(living.len(), 60_000);
    assert_eq!(dead.last().copied(), Some(1_000_000 + dead.len() as u64 - 1), "a gap");
}

/// A foreign append between the death and the next start does not mislead the next start.
#[test]
fn foreign_lines_after_a_death_are_stepped_over() {
    for stage in ["prepare", "write", "written"] {
        let folder = Folder::new("after");
        let path = folder.join("web.log");
        fs::write(folder.join("plan.json"), plan(&[file(&path, "")])).expect("a plan");
        let base = folder.path().to_string_lossy().into_owned();
        let fault = format!("{stage}:exit:2");
        let mut victim = child("recovery::child_logs_numbers", &[("FOLDER", &base), ("YARDER_FAULT", &fault)]);
        let _ = victim.wait();
        let mut text = fs::read(&path).expect("the file");
        text.extend_from_slice(b"\nforeign\n");
        fs::write(&path, text).expect("a foreign line");
        recover(&folder);
        // A line that the death tore stays, ended by the foreign newline; it was written again whole.
        let whole: Vec<String> = fs::read_to_string(&path)
            .expect("the file")
            .lines()
            .filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
            .map(str::to_owned)
            .collect();
        fs::write(&path, whole.join("\n") + "\n").expect("only whole lines");
        let count = numbers(&path).len() as u64;
        assert!(count >= noted(&folder), "{stage}");
        assert_once(&path, count);
    }
}

/// A file that was rotated away between the death and the next start is finished where it is now.
#[test]
fn a_renamed_file_is_finished_under_its_new_name() {
    let folder = Folder::new("renamed");
    let path = folder.join("web.log");
    fs::write(folder.join("plan.json"), plan(&[file(&path, "")])).expect("a plan");
    let base = folder.path().to_string_lossy().into_owned();
    let mut victim = child("recovery::child_logs_numbers", &[("FOLDER", &base), ("YARDER_FAULT", "write:exit:2")]);
    let _ = victim.wait();
    let old = folder.join("web.log.1");
    fs::rename(&path, &old).expect("a rename");
    recover(&folder);
    let (mut all, new) = (numbers(&old), numbers(&path));
    for (number, times) in new {
        *all.entry(number).or_insert(0) += times;
    }
    assert!(all.values().all(|times| *times == 1));
    assert!(all.len() as u64 >= noted(&folder));
    assert_eq!(all.keys().next_back().copied().unwrap_or(0) + 1, all.len() as u64);
}

/// A truncation between the death and the next start (`> web.log`) loses nothing that was not in the file.
#[test]
fn a_truncated_file_gets_the_batch() {
    let folder = Folder::new("truncated");
    let path = folder.join("web.log");
    fs::write(folder.join("plan.json"), plan(&[file(&path, "")])).expect("a plan");
    let base = folder.path().to_string_lossy().into_owned();
    let mut victim = child("recovery::child_logs_numbers", &[("FOLDER", &base), ("YARDER_FAULT", "prepare:exit:3")]);
    let _ = victim.wait();
    let before = numbers(&path).len() as u64;
    fs::write(&path, "").expect("a truncation");
    recover(&folder);
    let after = numbers(&path);
    assert!(after.values().all(|times| *times == 1));
    assert!(before + after.len() as u64 >= noted(&folder));
    assert_eq!(after.keys().next().copied(), Some(before));
}

/// Not a test by itself: a writer for others, killed by its fault.
#[test]
fn child_serves() {
    if !is_child() {
        return;
    }
    let yard = Yard::open_or_create(Some(&Path::new(&variable("FOLDER")).join("yard")), "web").expect("the yard");
    let service = Service::start(Arc::new(yard), ServiceOptions { serve: true, ..ServiceOptions::default() });
    wait_until("it is killed", || {
        service.wake();
        false
    });
}

/// Logs into a ring under `overwrite_oldest`, whose writer is killed by `fault`; `after` more records come after that.
/// Gives what each file holds and is told of, what the ring says, and how many were logged.
fn overwrites_over_a_death(fault: &str, files: &[&str], after: u64) -> (Vec<(u64, u64)>, u64, u64) {
    let folder = Folder::new("overdeath");
    let paths: Vec<_> = files.iter().map(|name| folder.join(name)).collect();
    let plans: Vec<String> = paths.iter().map(|path| file(path, "")).collect();
    let yard = Yard::open_or_create(Some(&folder.join("yard")), "web").expect("a yard");
    let spec = RingSpec {
        main_slots: 256,
        policy: Policy::OverwriteOldest,
        plan: yard.store_plan(&plan(&plans)).expect("a plan"),
        app: "web".into(),
        shared: true,
        ..RingSpec::default()
    };
    let ring = Arc::new(RingFile::create(&yard, &spec).expect("a ring"));
    let mut producer = Producer::new(Arc::clone(&ring)).expect("a producer");
    let mut number = 0;
    let mut log = |count: u64| {
        for _ in 0..count {
            match number % 97 {
                0 => producer.lose(Reason::TooLarge),
                _ => overwrite(&mut producer, number),
            }
            number += 1;
        }
        number
    };
    log(100);
    let base = folder.path().to_string_lossy().into_owned();
    let mut victim = child("recovery::child_serves", &[("FOLDER", &base), ("YARDER_FAULT", fault)]);
    wait_until("the writer is killed", || {
        log(10);
        victim.try_wait().expect("its state").is_some()
    });
    let logged = log(after);
    ring.set_state(State::Closed);
    recover(&folder);
    let sums = paths.iter().map(|path| {
        if fault.starts_with("write") {
            // The line that the death tore stays, ended, where the rest of it was overwritten.
            let text = fs::read_to_string(path).expect("the file");
            let whole = |line: &&str| serde_json::from_str::<serde_json::Value>(line).is_ok();
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines.iter().filter(|line| !whole(line)).count() <= 1);
            let kept: Vec<&str> = lines.into_iter().filter(whole).collect();
            fs::write(path, kept.join("\n") + "\n").expect("only whole lines");
        }
        let found = numbers(path);
        assert!(found.values().all(|times| *times == 1), "{fault}: doubled");
        (found.len() as u64, told(path).values().sum())
    });
    (sums.collect(), ring.lost().iter().sum(), logged)
}

/// Each record is in the file or told, once, whatever stage the writer died at and however much was overwritten until
/// the next one came.
#[test]
fn overwriting_over_a_death_is_exact() {
    for stage in ["snapshot", "merge", "format", "prepare", "file", "written", "heads"] {
        for (times, after) in [(1, 0), (3, 20), (3, 150), (2, 1000)] {
            let fault = format!("{stage}:exit:{times}");
            let (files, lost, logged) = overwrites_over_a_death(&fault, &["web.log"], after);
            let (found, told) = files[0];
            assert_eq!((found + told, found + lost), (logged, logged), "{fault}, {after} after: {found} and {told}");
        }
    }
}

/// Killed inside a write: exact while the batch is still there; else what the torn write left may be told as well.
#[test]
fn overwriting_over_a_torn_write_loses_nothing_silently() {
    for after in [0, 1000] {
        let (files, _, logged) = overwrites_over_a_death("write:exit:2", &["web.log"], after);
        let (found, told) = files[0];
        assert!(
            found + told >= logged && found + told <= logged + 256,
            "{after} after: {found} and {told} of {logged}"
        );
    }
}

/// Killed between two files of a batch: one file has it, the other is told of what is gone. Each is exact.
#[test]
fn overwriting_over_a_death_between_two_files_is_exact_in_each() {
    for after in [0, 150, 1000] {
        // After the first of the two files of the second batch.
        let (files, _, logged) = overwrites_over_a_death("file:exit:3", &["web.log", "copy.log"], after);
        for (found, told) in files {
            assert_eq!(found + told, logged, "{after} after: {found} and {told}");
        }
    }
}

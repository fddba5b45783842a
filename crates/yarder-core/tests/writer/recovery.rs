//! Death at any instruction: the next start finishes what was begun, every record exactly once.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use yarder_core::writer::{Service, ServiceOptions};
use yarder_ring::{Policy, Yard};

use crate::common::{assert_once, child, file, is_child, numbers, plan, variable, wait_until, App, Folder, LONG};

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

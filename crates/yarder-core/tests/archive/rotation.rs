//! Rotation while the writer lives: by size, by time, by hand, by other programs.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use yarder_core::archive::Family;
use yarder_core::writer::{Service, ServiceOptions};
use yarder_ring::{Policy, State, Yard};

use crate::common::{file, numbers, plan, wait_until, App, Folder, LONG};
use crate::shelf::{archives, assert_all_once, assert_once_of, everything, names, text};

/// A file never grows beyond its size, nothing is lost or doubled, and names sort in the order of writing.
#[test]
fn a_file_stays_below_its_size() {
    let folder = Folder::new("size");
    let path = folder.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, r#","rotate":100000"#)]));
    for number in 0..5000 {
        app.log(number);
    }
    assert!(app.flush());
    let list = archives(&path);
    assert!(list.len() >= 8, "{}", list.len());
    assert!(list.iter().all(|archive| archive.plain.is_some_and(|bytes| bytes <= 100_000)), "{list:?}");
    assert_eq!(app.service.stats().rotated, list.len() as u64);
    assert!(app.end());
    assert_all_once(&path, 5000);
    let mut last = None;
    for archive in &list {
        let found = numbers(&Family::of(&path).path(archive.stamp, None));
        assert!(found.keys().next() > last.as_ref(), "in order");
        last = found.into_keys().next_back();
    }
}

/// Rotations in the same millisecond have names of their own.
#[test]
fn rotations_in_one_millisecond_do_not_meet() {
    let folder = Folder::new("fast");
    let path = folder.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, "")]));
    for number in 0..40 {
        app.log(number);
        assert!(app.flush());
        assert!(app.service.rotate(LONG));
    }
    assert_eq!(archives(&path).len(), 40);
    assert!(app.end());
    assert_all_once(&path, 40);
}

/// Eight producers log while a ninth thread rotates again and again.
#[test]
fn eight_threads_log_while_files_rotate() {
    let folder = Folder::new("threads");
    let path = folder.join("web.log");
    let plan = plan(&[file(&path, r#","rotate":[60000,"daily"]"#)]);
    let first = App::start(folder.path(), &plan);
    let service = Arc::clone(&first.service);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (service, plan) = (Arc::clone(&service), plan.clone());
            scope.spawn(move || {
                let mut app = App::join(service, &plan, 1024, Policy::Block);
                (0..1000).for_each(|number| app.log(thread * 1000 + number));
                assert!(app.flush());
                app.ring.set_state(State::Closed);
            });
        }
        scope.spawn(|| (0..20).for_each(|_| assert!(service.rotate(LONG))));
    });
    drop(service);
    assert!(first.end());
    assert_all_once(&path, 8000);
    assert!(archives(&path).len() >= 20);
}

/// Any process of the yard may ask; an empty file is not rotated.
#[test]
fn another_process_may_ask_for_a_rotation() {
    let folder = Folder::new("asked");
    let path = folder.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, "")]));
    app.log(0);
    assert!(app.flush());
    let yard = Yard::open_or_create(Some(&folder.join("yard")), "web").expect("the yard");
    let other = Service::start(Arc::new(yard), ServiceOptions::default());
    assert!(other.rotate(LONG));
    assert!(other.rotate(LONG), "nothing to rotate is served as well");
    assert_eq!(archives(&path).len(), 1);
    assert!(other.reopen(LONG));
    assert!(other.stop(LONG));
    app.log(1);
    assert!(app.end());
    assert_all_once(&path, 2);
}

/// A file that was made before this process started is due by its own age, not by ours.
#[test]
fn age_counts_from_the_first_line() {
    let folder = Folder::new("age");
    let path = folder.join("web.log");
    let plan = plan(&[file(&path, r#","rotate":{"age":1}"#)]);
    let mut app = App::start(folder.path(), &plan);
    app.log(0);
    assert!(app.flush());
    wait_until("it is rotated without a new line", || {
        app.service.wake();
        archives(&path).len() == 1
    });
    assert!(app.end());
    // An empty file has no age.
    let mut app = App::start(folder.path(), &plan);
    app.log(1);
    assert!(app.flush());
    assert_eq!(numbers(&path).len(), 1);
    assert!(app.end());
    // Started again, the file is older than a second: its next line goes into a new one.
    wait_until("it is old", || {
        fs::metadata(&path).is_ok_and(|meta| {
            meta.modified().is_ok_and(|born| born.elapsed().is_ok_and(|age| age > Duration::from_millis(1010)))
        })
    });
    let mut app = App::start(folder.path(), &plan);
    app.log(2);
    assert!(app.flush());
    assert_eq!(numbers(&path).into_keys().collect::<Vec<_>>(), [2]);
    assert!(app.end());
    assert_all_once(&path, 3);
}

/// The real `logrotate`, with `create` and a reopen: nothing is lost, nothing doubled.
#[test]
fn logrotate_may_rotate_instead() {
    let folder = Folder::new("logrotate");
    let path = folder.join("logs/web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, "")]));
    let mut next = 0;
    let (state, config) = (folder.join("state"), folder.join("config"));
    for options in ["create 0640", "copytruncate"] {
        let user =
            Command::new("id").arg("-un").output().map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned());
        let user = user.unwrap_or_default();
        let text = format!("{} {{\n su {user} {user}\n rotate 9\n {options}\n}}\n", path.display());
        fs::write(&config, text).expect("a config");
        for _ in 0..3 {
            for _ in 0..100 {
                app.log(next);
                next += 1;
            }
            assert!(app.flush());
            let tool = Command::new("logrotate").args(["-f", "-s"]).arg(&state).arg(&config).status();
            let Ok(status) = tool else { return };
            assert!(status.success(), "logrotate {options}");
            assert!(app.service.reopen(LONG));
        }
    }
    app.log(next);
    assert!(app.end());
    let mut found = numbers(&path);
    assert_eq!(found.len(), 1, "the last one alone");
    for number in 1..=6 {
        for (number, times) in numbers(&folder.join(&format!("logs/web.log.{number}"))) {
            *found.entry(number).or_insert(0) += times;
        }
    }
    assert_once_of(&found, next + 1);
}

/// A foreign program appends all the time, across rotations: none of its lines suffers, nor any of ours.
#[test]
fn a_foreign_appender_survives_rotations() {
    let folder = Folder::new("foreign");
    let path = folder.join("web.log");
    let options = r#","rotate":20000,"compress":"zstd""#;
    let mut app = App::start(folder.path(), &plan(&[file(&path, options)]));
    app.log(0);
    assert!(app.flush());
    let mut foreign = OpenOptions::new().append(true).open(&path).expect("the same file");
    for number in 1..1000 {
        app.log(number);
        if number % 10 == 0 {
            assert!(app.flush());
            // It never looks whether its file was rotated: its lines go into the archive.
            foreign.write_all(b"foreign\n").expect("a foreign line");
        }
    }
    assert!(app.flush());
    app.service.settle_archives(LONG);
    let first = archives(&path).remove(0);
    assert!(first.packed.is_none() && first.plain.is_some(), "somebody writes to it: it is not compressed");
    drop(foreign);
    assert!(app.end());
    let mut app = App::start(folder.path(), &plan(&[file(&path, options)]));
    app.log(1000);
    assert!(app.flush());
    wait_until("all are compressed", || {
        app.service.wake();
        archives(&path).iter().all(|archive| archive.packed.is_some() && archive.plain.is_none())
    });
    assert!(app.end());
    let (found, lines) = everything(&path);
    assert_once_of(&found, 1001);
    assert_eq!(lines, vec!["foreign"; 99]);
}

/// `> app.log` between two lines: what comes after it is all there, once.
#[test]
fn a_truncation_by_hand_is_no_harm() {
    let folder = Folder::new("truncated");
    let path = folder.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, r#","rotate":20000"#)]));
    for number in 0..10 {
        app.log(number);
    }
    assert!(app.flush());
    fs::write(&path, "").expect("a truncation");
    for number in 10..500 {
        app.log(number);
    }
    assert!(app.end());
    let (found, _) = everything(&path);
    assert_eq!(found.len(), 490);
    assert!(found.values().all(|times| *times == 1));
}

/// A link is rotated where its file stands, and leads to the new file.
#[test]
fn a_link_is_rotated_behind_it() {
    let folder = Folder::new("link");
    let real = folder.join("disk/real.log");
    fs::create_dir(folder.join("disk")).expect("a folder");
    symlink(&real, folder.join("web.log")).expect("a link");
    let mut app = App::start(folder.path(), &plan(&[file(&folder.join("web.log"), "")]));
    app.log(0);
    assert!(app.flush());
    assert!(app.service.rotate(LONG));
    app.log(1);
    assert!(app.end());
    assert_eq!(archives(&real).len(), 1);
    assert_all_once(&real, 2);
    assert!(folder.join("web.log").symlink_metadata().is_ok_and(|meta| meta.is_symlink()));
}

/// A rotation that cannot be done is said once; the file goes on growing and is rotated when it can be.
#[test]
fn a_rotation_that_fails_loses_nothing() {
    let folder = Folder::new("stuck");
    let path = folder.join("logs/web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, r#","rotate":20000"#)]));
    app.log(0);
    assert!(app.flush());
    // Nobody, not even root, can rename in a folder with this attribute; where it cannot be set there is no test.
    let set =
        |flag: &str| Command::new("chattr").arg(flag).arg(folder.join("logs")).status().is_ok_and(|s| s.success());
    if !set("+a") {
        return;
    }
    for number in 1..500 {
        app.log(number);
    }
    let flushed = app.flush();
    let listed = archives(&path).len();
    assert!(set("-a"));
    assert!(flushed);
    assert_eq!(listed, 0);
    assert!(app.service.rotate(LONG));
    assert!(app.end());
    assert_all_once(&path, 500);
}

/// The folder is removed, or something else stands where the file should: the app goes on, and it heals.
#[test]
fn a_removed_folder_is_made_again() {
    let folder = Folder::new("gone");
    let path = folder.join("logs/web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, r#","rotate":20000,"compress":"zstd","keep":3"#)]));
    for number in 0..200 {
        app.log(number);
    }
    assert!(app.flush());
    fs::remove_dir_all(folder.join("logs")).expect("removed");
    let mut next = 200;
    wait_until("the file is there again", || {
        app.log(next);
        next += 1;
        app.flush() && path.exists()
    });
    // The file is replaced by a folder.
    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("a folder in its place");
    wait_until("that is noticed", || {
        app.log(next);
        next += 1;
        !app.service.flush(&[(Arc::clone(&app.ring), app.position())], Duration::from_millis(20))
    });
    fs::remove_dir(&path).expect("the cause gone");
    assert!(app.flush());
    assert!(app.service.rotate(LONG));
    assert!(app.end());
    let (found, _) = everything(&path);
    assert_eq!(found.keys().next_back().copied(), Some(next - 1));
    assert!(found.values().all(|times| *times == 1));
}

/// Room that was reserved is no content.
#[test]
fn reserved_room_is_not_content() {
    let folder = Folder::new("reserve");
    let path = folder.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, r#","preallocate":1000000"#)]));
    app.log(0);
    assert!(app.flush());
    assert!(fs::metadata(&path).expect("the file").len() < 1000);
    assert!(app.service.rotate(LONG));
    assert!(app.end());
    assert_all_once(&path, 1);
}

/// What is rotated keeps its mode; names that only look alike are left alone.
#[test]
fn other_files_are_left_alone() {
    let folder = Folder::new("others");
    let path = folder.join("api.log");
    let strangers = ["api-gateway.20260115T103045123Z.0000.log", "api.log.1", "api.20260115T103045123Z.0000.log.bak"];
    for name in strangers {
        fs::write(folder.join(name), "theirs\n").expect("a file");
    }
    let options = r#","rotate":20000,"compress":"gzip","keep":1,"ledger":false"#;
    let mut app = App::start(folder.path(), &plan(&[file(&path, options)]));
    for number in 0..500 {
        app.log(number);
    }
    assert!(app.flush());
    assert!(app.end());
    for name in strangers {
        assert_eq!(text(Path::new(&folder.join(name))), "theirs\n");
    }
    assert_eq!(archives(&path).len(), 1);
    assert_eq!(names(folder.path()).iter().filter(|name| name.ends_with(".tmp")).count(), 0);
}

/// The ledger says when a file's first line was written, so a day that began before a restart ends in time, and so
/// does one whose file was copied to another disk meanwhile.
#[test]
fn a_day_is_counted_over_restarts() {
    use yarder_core::ledger::{path_of, Line};
    let folder = Folder::new("day");
    let path = folder.join("web.log");
    let plan = plan(&[file(&path, r#","rotate":["daily",{"age":360000}]"#)]);
    let mut app = App::start(folder.path(), &plan);
    app.log(0);
    assert!(app.end());
    let mut app = App::start(folder.path(), &plan);
    app.log(1);
    assert!(app.end());
    assert!(archives(&path).is_empty(), "no day is over yet");
    // As if it had been written two days ago.
    let ledger = path_of(&path);
    let mut text = Vec::new();
    for line in fs::read(&ledger).expect("a ledger").split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let mut line = Line::unseal(line).expect("a line");
        if let Line::File { birth, .. } = &mut line {
            *birth -= 2 * 86_400 * 1_000_000_000;
        }
        line.seal(&mut text);
    }
    fs::write(&ledger, text).expect("an older birth");
    let mut app = App::start(folder.path(), &plan);
    app.log(2);
    assert!(app.end());
    assert_eq!(archives(&path).len(), 1);
    assert_eq!(numbers(&path).into_keys().collect::<Vec<_>>(), [2]);
    assert_all_once(&path, 3);
}

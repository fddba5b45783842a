//! Following through everything that happens to a file: each line once, in order.

use std::fs;
use std::path::Path;
use std::time::Duration;

use yarder_core::format::Formatter;
use yarder_core::read::{Damage, Filter, Follow, Found, History};

use crate::common::{gzip, human, json, lines, messages, numbered, query, zstd, Folder};

/// Long enough that only a fault reaches it.
const PATIENCE: Duration = Duration::from_secs(20);

fn follow(path: &Path, history: History) -> Follow {
    Follow::new(&[path.to_path_buf()], &query(Filter::default()), history).expect("a follower")
}

/// Waits until `count` records came.
fn wait(follow: &mut Follow, count: usize) -> Vec<String> {
    let mut found: Vec<Found> = Vec::new();
    while found.len() < count {
        let more = follow.next_batch(PATIENCE).expect("a look");
        assert!(!more.is_empty(), "only {} of {count} came", found.len());
        found.extend(more);
    }
    messages(found)
}

fn part(formatter: &mut Formatter, numbers: std::ops::Range<u64>) -> Vec<u8> {
    lines(formatter, numbers)
}

/// What is appended comes, what was there before does not; a line in parts comes when it is whole.
#[test]
fn appended_lines_come_once() {
    let folder = Folder::new("follow-append");
    let text = part(&mut json(), 0..20);
    let cut = text.len() - 30;
    let live = folder.write("web.log", &text[..cut]);
    let mut follow = follow(&live, History::None);
    assert!(follow.look().expect("a look").is_empty());
    folder.append("web.log", &text[cut..text.len() - 1]);
    assert!(follow.look().expect("a look").is_empty());
    folder.append("web.log", b"\n");
    assert_eq!(numbered([19]), wait(&mut follow, 1));
    folder.append("web.log", &part(&mut json(), 20..5000));
    assert_eq!(numbered(20..5000), wait(&mut follow, 4980));
    assert!(follow.look().expect("a look").is_empty());
}

/// The past comes first, then the present, without a seam.
#[test]
fn history_comes_first() {
    let folder = Folder::new("follow-history");
    folder.write("web.20260115T103045123Z.0001.log.gz", &gzip(&part(&mut json(), 0..30)));
    let live = folder.write("web.log", &part(&mut json(), 30..40));
    let mut all = follow(&live, History::All);
    let mut last = follow(&live, History::Last(15));
    folder.append("web.log", &part(&mut json(), 40..45));
    assert_eq!(numbered(0..45), wait(&mut all, 45));
    assert_eq!(numbered(25..45), wait(&mut last, 20));
}

/// Rename and a new file: the old one is read to its end, also what comes into it late.
#[test]
fn renamed_files_are_read_to_their_end() {
    for mut formatter in [json(), human()] {
        let folder = Folder::new("follow-rename");
        let live = folder.write("web.log", b"");
        let mut follow = follow(&live, History::None);
        folder.append("web.log", &part(&mut formatter, 0..10));
        let archive = "web.20260115T103045123Z.0001.log";
        fs::rename(&live, folder.0.join(archive)).expect("rotated");
        folder.append(archive, &part(&mut formatter, 10..20));
        assert_eq!(numbered(0..20), wait(&mut follow, 20));
        folder.append("web.log", b"");
        assert!(follow.look().expect("a look").is_empty());
        folder.append(archive, &part(&mut formatter, 20..22));
        assert_eq!(numbered(20..22), wait(&mut follow, 2));
        folder.append("web.log", &part(&mut formatter, 22..30));
        assert_eq!(numbered(22..30), wait(&mut follow, 8));
    }
}

/// Several rotations between two looks, compressed at once: nothing is missed or given twice.
#[test]
fn unseen_rotations_are_read_whole() {
    let folder = Folder::new("follow-unseen");
    folder.write("web.20260115T103045123Z.0001.log.zst", &zstd(&part(&mut json(), 900..910)));
    let live = folder.write("web.log", &part(&mut json(), 0..5));
    let mut follow = follow(&live, History::None);
    folder.append("web.log", &part(&mut json(), 5..10));
    let text = fs::read(&live).expect("the file");
    folder.write("web.20260115T103046123Z.0001.log.zst", &zstd(&text));
    fs::remove_file(&live).expect("rotated");
    folder.write("web.20260115T103047123Z.0001.log.gz", &gzip(&part(&mut json(), 10..20)));
    folder.write("web.20260115T103048123Z.0001.log", &part(&mut json(), 20..30));
    folder.write("web.log", &part(&mut json(), 30..40));
    assert_eq!(numbered(5..40), wait(&mut follow, 35));
    // And once more: what was unseen then is known now.
    fs::rename(&live, folder.0.join("web.20260115T103049123Z.0001.log")).expect("rotated");
    folder.write("web.log", &part(&mut json(), 40..50));
    assert_eq!(numbered(40..50), wait(&mut follow, 10));
    assert_eq!(0, follow.problems().count);
}

/// `copytruncate`: what was written between the last look and the copy is found in the copy, also when the file grew
/// beyond the old place before anybody looked, and when the copy was compressed.
#[test]
fn copies_of_truncated_files_are_found() {
    for (name, packed, grown) in [("web.log.1", false, 2), ("web.log.1", false, 500), ("web.log.1.gz", true, 500)] {
        let folder = Folder::new("follow-copy");
        let live = folder.write("web.log", b"");
        let mut follow = follow(&live, History::None);
        folder.append("web.log", &part(&mut json(), 0..100));
        assert_eq!(numbered(0..100), wait(&mut follow, 100));
        folder.append("web.log", &part(&mut json(), 100..150));
        let text = fs::read(&live).expect("the file");
        folder.write(name, &if packed { gzip(&text) } else { text });
        fs::File::options().write(true).open(&live).expect("the file").set_len(0).expect("truncated");
        folder.append("web.log", &part(&mut json(), 150..150 + grown));
        assert_eq!(numbered(100..150 + grown), wait(&mut follow, 50 + grown as usize));
        assert_eq!(0, follow.problems().count, "{:?}", follow.problems());
    }
}

/// `> web.log`: without a copy the gap is reported, and following goes on.
#[test]
fn an_emptied_file_is_a_gap() {
    let folder = Folder::new("follow-empty");
    let live = folder.write("web.log", &part(&mut json(), 0..10));
    let mut follow = follow(&live, History::None);
    assert!(follow.look().expect("a look").is_empty());
    fs::write(&live, part(&mut json(), 10..12)).expect("emptied");
    assert_eq!(numbered(10..12), wait(&mut follow, 2));
    assert_eq!(vec![Damage::Gap], follow.problems().first.iter().map(|problem| problem.damage).collect::<Vec<_>>());
}

/// A file that is not there yet, is deleted, and is made again.
#[test]
fn files_come_and_go() {
    let folder = Folder::new("follow-come");
    let live = folder.0.join("web.log");
    let mut follow = follow(&live, History::None);
    assert!(follow.look().expect("a look").is_empty());
    folder.write("web.log", &part(&mut json(), 0..3));
    assert_eq!(numbered(0..3), wait(&mut follow, 3));
    fs::remove_file(&live).expect("deleted");
    assert!(follow.look().expect("a look").is_empty());
    folder.write("web.log", &part(&mut json(), 3..6));
    assert_eq!(numbered(3..6), wait(&mut follow, 3));
}

/// A folder: all its logs, and those that come later.
#[test]
fn folders_are_followed() {
    let folder = Folder::new("follow-folder");
    folder.write("a.log", b"");
    let mut follow = follow(&folder.0, History::None);
    folder.append("a.log", &part(&mut json(), 0..2));
    assert_eq!(numbered(0..2), wait(&mut follow, 2));
    folder.append("b.log", &part(&mut json(), 2..4));
    assert_eq!(numbered(2..4), wait(&mut follow, 2));
}

/// A traceback that is written behind its line belongs to it; the last record of a human file comes all the same.
#[test]
fn tracebacks_stay_with_their_line() {
    let folder = Folder::new("follow-trace");
    let live = folder.write("web.log", b"");
    let mut follow = follow(&live, History::None);
    folder.append("web.log", &part(&mut human(), 0..1));
    assert!(follow.look().expect("a look").is_empty());
    folder.append("web.log", b"  Traceback (most recent call last):\n  ValueError: x\n");
    let found = follow.next_batch(PATIENCE).expect("a look");
    assert_eq!(1, found.len());
    assert!(found[0].raw.ends_with(b"  ValueError: x\n"));
}

/// A writer that rotates as fast as it can while somebody follows: every line once.
#[test]
fn a_busy_rotation_is_followed() {
    let folder = Folder::new("follow-busy");
    let live = folder.write("web.log", b"");
    let mut follow = follow(&live, History::None);
    let path = folder.0.clone();
    let writer = std::thread::spawn(move || {
        let live = path.join("web.log");
        for round in 0..200u64 {
            let folder = std::mem::ManuallyDrop::new(Folder(path.clone()));
            for n in 0..20 {
                folder.append("web.log", &lines(&mut json(), round * 20 + n..round * 20 + n + 1));
            }
            fs::rename(&live, path.join(format!("web.20260115T103045{round:03}Z.0000.log"))).expect("rotated");
        }
        fs::File::create(&live).expect("a new file");
    });
    assert_eq!(numbered(0..4000), wait(&mut follow, 4000));
    writer.join().expect("the writer ends");
    assert_eq!(0, follow.problems().count);
}

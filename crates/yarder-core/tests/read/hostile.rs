//! Files that somebody broke, is still writing, or never was ours.

use yarder_core::read::{Damage, Filter, Query};

use crate::common::{gzip, human, json, lines, messages, numbered, query, scan, zstd, Folder};

/// Foreign and broken lines are reported with their place and skipped; everything else is read, in both directions.
#[test]
fn broken_lines_are_reported_and_skipped() {
    let folder = Folder::new("broken");
    let mut text = lines(&mut json(), 0..3);
    let first = text.len() as u64;
    text.extend_from_slice(b"hello from another program\n{\"id\":\"torn\n\n  stray\n");
    text.extend(lines(&mut human(), 3..5));
    text.extend_from_slice(b"\xFF\xFE\x00\n");
    text.extend(lines(&mut json(), 5..8));
    let live = folder.write("web.log", &text);
    for reverse in [false, true] {
        let mut scan = scan(&live, &Query { reverse, ..query(Filter::default()) });
        let mut found = messages(scan.by_ref());
        if reverse {
            found.reverse();
        }
        assert_eq!(numbered(0..8), found);
        let problems = scan.problems();
        assert_eq!(4, problems.count);
        let damage: Vec<Damage> = problems.first.iter().map(|problem| problem.damage).collect();
        assert_eq!(vec![Damage::Foreign, Damage::Json, Damage::Stray, Damage::Foreign], damage);
        assert_eq!(first, problems.first[0].offset);
    }
}

/// The last line of a live file is left out while it is being written; a whole JSON object is taken.
#[test]
fn an_unfinished_last_line_waits() {
    for (name, mut formatter, whole) in [("json", json(), true), ("human", human(), false)] {
        let folder = Folder::new(&format!("unfinished-{name}"));
        let text = lines(&mut formatter, 0..3);
        for (cut, expected) in [(20, 2), (1, if whole { 3 } else { 2 })] {
            let live = folder.write("web.log", &text[..text.len() - cut]);
            let mut scan = scan(&live, &query(Filter::default()));
            assert_eq!(expected, scan.by_ref().count(), "{name} without its last {cut} bytes");
            assert_eq!(3 - expected as u64, scan.problems().count);
            assert!(scan.problems().first.iter().all(|problem| problem.damage == Damage::Unfinished));
        }
    }
}

/// An archive that ends early is read as far as it goes.
#[test]
fn torn_archives_are_read_as_far_as_they_go() {
    let text = lines(&mut json(), 0..20_000);
    for (ending, bytes) in [("gz", gzip(&text)), ("zst", zstd(&text))] {
        let folder = Folder::new(&format!("torn-{ending}"));
        let path = folder.write(&format!("web.20260115T103045Z.1.log.{ending}"), &bytes[..bytes.len() / 2]);
        let mut scan = scan(&path, &query(Filter::default()));
        let found = messages(scan.by_ref());
        assert!(found.len() > 1000, "{ending}: {}", found.len());
        assert_eq!(numbered(0..found.len() as u64), found);
        let problems = scan.problems();
        assert!(problems.first.iter().any(|problem| problem.damage == Damage::Archive), "{problems:?}");
    }
}

/// A line without end is foreign and does not fill the memory; what follows it is read.
#[test]
fn endless_lines_are_skipped() {
    let folder = Folder::new("endless");
    let mut text = lines(&mut json(), 0..2);
    text.extend(std::iter::repeat_n(b'x', 40 << 20));
    text.push(b'\n');
    text.extend(lines(&mut json(), 2..4));
    let live = folder.write("web.log", &text);
    let mut scan = scan(&live, &query(Filter::default()));
    assert_eq!(numbered(0..4), messages(scan.by_ref()));
    assert_eq!(vec![Damage::Long], scan.problems().first.iter().map(|p| p.damage).collect::<Vec<_>>());
}

/// An empty file, an empty folder, a folder in place of a file.
#[test]
fn nothing_is_found_in_nothing() {
    let folder = Folder::new("empty");
    assert_eq!(0, scan(&folder.0, &query(Filter::default())).count());
    let live = folder.write("web.log", b"");
    assert_eq!(0, scan(&live, &query(Filter::default())).count());
    assert_eq!(0, scan(&live, &Query { reverse: true, ..query(Filter::default()) }).count());
}

//! What a successor makes of a file, by content.

use std::fs::{self, OpenOptions};
use std::io::Write;

use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_64;
use yarder_core::segment::resume::{find, is_whole, line_start, missing, Found};
use yarder_core::segment::Segment;
use yarder_ring::IntentFile;

use crate::Folder;

const BEFORE: &[u8] = b"{\"id\":\"before\"}\n";

fn batch(lines: usize) -> Vec<u8> {
    (0..lines)
        .flat_map(|n| format!("{{\"id\":\"0190-{n:08}\",\"message\":\"a line of a batch\"}}\n").into_bytes())
        .collect()
}

/// A segment with some content, and the intent to append `bytes` to it.
fn prepared(folder: &Folder, bytes: &[u8]) -> (Segment, IntentFile) {
    fs::write(folder.0.join("x.log"), BEFORE).expect("a file");
    let segment = folder.open("x.log");
    let intent = IntentFile {
        key: segment.key(),
        offset: segment.end(),
        length: bytes.len() as u64,
        hash: xxh3_64(bytes),
        ..IntentFile::default()
    };
    (segment, intent)
}

fn append(segment: &Segment, bytes: &[u8]) {
    let mut file = OpenOptions::new().append(true).open(segment.path()).expect("the file");
    file.write_all(bytes).expect("room");
}

/// Nothing was written: all is to be written.
#[test]
fn nothing_written() {
    let folder = Folder::new();
    let bytes = batch(3);
    let (segment, intent) = prepared(&folder, &bytes);
    assert!(!is_whole(segment.file(), &intent).expect("a look"));
    assert_eq!(find(segment.file(), &intent, &bytes).expect("a look"), Found { done: 0, torn: false });
}

/// Everything was written: nothing is to be written, also with foreign lines behind it.
#[test]
fn everything_written() {
    let folder = Folder::new();
    let bytes = batch(3);
    let (segment, intent) = prepared(&folder, &bytes);
    append(&segment, &bytes);
    assert!(is_whole(segment.file(), &intent).expect("a look"));
    append(&segment, b"foreign\n");
    assert!(is_whole(segment.file(), &intent).expect("a look"));
    assert_eq!(find(segment.file(), &intent, &bytes).expect("a look").done, bytes.len());
}

/// A part was written, at any byte: it is gone on with exactly there.
#[test]
fn a_part_written() {
    for written in 1..batch(2).len() {
        let folder = Folder::new();
        let bytes = batch(2);
        let (segment, intent) = prepared(&folder, &bytes);
        append(&segment, &bytes[..written]);
        assert!(!is_whole(segment.file(), &intent).expect("a look"));
        let found = find(segment.file(), &intent, &bytes).expect("a look");
        assert_eq!(found, Found { done: written, torn: false });
    }
}

/// A part was written and a foreign line came behind it: the torn line is written again, whole.
#[test]
fn a_part_with_foreign_bytes_behind() {
    let folder = Folder::new();
    let bytes = batch(3);
    let (segment, intent) = prepared(&folder, &bytes);
    let second = line_start(&bytes, bytes.len() / 2);
    append(&segment, &bytes[..bytes.len() / 2]);
    append(&segment, b" foreign\n");
    let found = find(segment.file(), &intent, &bytes).expect("a look");
    assert_eq!(found, Found { done: second, torn: false });
}

/// Foreign lines came before ours: ours are found further on, whole or in part.
#[test]
fn foreign_bytes_before_ours() {
    let bytes = batch(3);
    for written in [bytes.len(), bytes.len() / 2, 30] {
        let folder = Folder::new();
        let (segment, intent) = prepared(&folder, &bytes);
        append(&segment, b"foreign\nforeign\n");
        append(&segment, &bytes[..written]);
        assert_eq!(find(segment.file(), &intent, &bytes).expect("a look").done, written);
    }
}

/// Only foreign lines came: all of ours is to be written, behind a newline if they left one out.
#[test]
fn foreign_bytes_only() {
    let folder = Folder::new();
    let bytes = batch(3);
    let (segment, intent) = prepared(&folder, &bytes);
    append(&segment, b"foreign\nforeign without an end");
    assert_eq!(find(segment.file(), &intent, &bytes).expect("a look"), Found { done: 0, torn: true });
}

/// Lines that look alike but stand before the offset are earlier ones, not this batch's.
#[test]
fn equal_lines_of_an_earlier_batch_do_not_count() {
    let folder = Folder::new();
    let bytes = b"2026-01-15 INFO web: tick\n".to_vec();
    let (segment, _) = prepared(&folder, &bytes);
    append(&segment, &bytes);
    let segment = {
        drop(segment);
        folder.open("x.log")
    };
    let intent = IntentFile {
        key: segment.key(),
        offset: segment.end(),
        length: bytes.len() as u64,
        hash: xxh3_64(&bytes),
        ..IntentFile::default()
    };
    assert_eq!(find(segment.file(), &intent, &bytes).expect("a look").done, 0);
    append(&segment, b"foreign\n");
    assert_eq!(find(segment.file(), &intent, &bytes).expect("a look").done, 0);
}

/// The file was truncated after the intent: ours are looked for from its start.
#[test]
fn a_truncated_file() {
    let bytes = batch(3);
    for (content, done) in [(0..0, 0), (0..bytes.len(), bytes.len()), (0..60, 60)] {
        let folder = Folder::new();
        let (segment, intent) = prepared(&folder, &bytes);
        fs::write(segment.path(), "").expect("a truncation");
        append(&segment, &bytes[content]);
        assert_eq!(find(segment.file(), &intent, &bytes).expect("a look").done, done);
    }
}

/// Another file stands at the path, longer than the offset: its content decides, not its size.
#[test]
fn a_replaced_file() {
    let folder = Folder::new();
    let bytes = batch(3);
    let (segment, intent) = prepared(&folder, &bytes);
    fs::write(segment.path(), [b"other\n".repeat(20), bytes.clone()].concat()).expect("another content");
    assert!(!is_whole(segment.file(), &intent).expect("a look"));
    assert_eq!(find(segment.file(), &intent, &bytes).expect("a look").done, bytes.len());
    fs::write(segment.path(), b"other\n".repeat(20)).expect("another content");
    assert_eq!(find(segment.file(), &intent, &bytes).expect("a look").done, 0);
}

/// Where the same bytes cannot be formed again, single lines decide.
#[test]
fn missing_lines_are_found_one_by_one() {
    let folder = Folder::new();
    let bytes = batch(4);
    let (segment, intent) = prepared(&folder, &bytes);
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    append(&segment, &[lines[0], b"foreign\n", lines[2]].concat());
    assert_eq!(missing(segment.file(), &intent, &bytes).expect("a look"), [lines[1], lines[3]].concat());
}

proptest! {
    /// Whatever was written and whoever wrote in between: after going on, each line stands there as a whole
    /// line at least once, and none that was whole before is doubled.
    #[test]
    fn going_on_completes_every_line(
        lines in 1_usize..8,
        cut in 0.0_f64..=1.0,
        before in 0_usize..3,
        behind in 0_usize..3,
    ) {
        let folder = Folder::new();
        let bytes = batch(lines);
        let (segment, intent) = prepared(&folder, &bytes);
        append(&segment, &b"foreign\n".repeat(before));
        let written = (bytes.len() as f64 * cut) as usize;
        append(&segment, &bytes[..written]);
        append(&segment, &b"foreign\n".repeat(behind));
        let found = find(segment.file(), &intent, &bytes).expect("a look");
        if found.torn {
            append(&segment, b"\n");
        }
        append(&segment, &bytes[found.done..]);
        let text = fs::read(segment.path()).expect("the file");
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let times = text.split_inclusive(|byte| *byte == b'\n').filter(|there| *there == line).count();
            // A torn line that foreign bytes or a short beginning follow is joined to what stands before it.
            prop_assert!(times <= 1, "doubled");
            prop_assert!(text.windows(line.len()).any(|part| part == line), "lost");
        }
    }
}

//! Ring files that somebody scribbled over: refused or read within bounds; never a panic, a hang, a read outside.

mod common;

use std::fs;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use common::{fill, spec, Folder};
use proptest::prelude::*;
use yarder_ring::layout::{file_bytes, offset, HEADER_BYTES};
use yarder_ring::{Batch, Consumer, Head, Policy, Producer, RingError, RingFile};

const BYTES: u64 = file_bytes(256);

/// A ring file with records in both lanes; the image of it and a file to change.
fn prepared(policy: Policy) -> (Folder, std::path::PathBuf, Vec<u8>) {
    let folder = Folder::new("hostile");
    let path = folder.path().join("one.ring");
    let ring = Arc::new(RingFile::create_at(&path, &spec(policy)).expect("a ring"));
    let mut producer = Producer::new(Arc::clone(&ring)).expect("a producer");
    for extra in [0, 100, 700, 208, 209, 3000] {
        let _ = producer.pressure(48 + extra);
        let record = producer.reserve(48 + extra).expect("room");
        fill(record, extra);
        let record = producer.reserve_spare(48 + extra / 4).expect("room");
        fill(record, extra / 4);
    }
    let image = fs::read(&path).expect("the file");
    assert_eq!(image.len() as u64, BYTES);
    (folder, path, image)
}

/// Reads all that can be read, as the writer does, with every bound that it has.
fn read(path: &std::path::Path) -> Result<usize, RingError> {
    let ring = Arc::new(RingFile::open(path)?);
    let _ = (ring.info(), ring.state(), ring.lost_pending(), ring.used_slots(), ring.is_drained());
    let mut records = 0;
    for head in [Head::Shared, Head::Local] {
        let mut consumer = Consumer::new(Arc::clone(&ring), head);
        let upto = consumer.snapshot();
        let mut out = Vec::new();
        // No more rounds than slots: a cursor that stands still would be a hang.
        for _ in 0..400 {
            let before = consumer.cursor();
            let cursor = consumer.copy_batch(&upto, 32, &mut out)?;
            if cursor == before {
                break;
            }
        }
        assert!(out.len() as u64 <= 2 * BYTES, "more read than the ring holds");
        records += Batch::new(&out).count();
        consumer.rewind();
        let mut buffer = Vec::new();
        while consumer.next(&upto, &mut buffer)?.is_some() {}
    }
    Ok(records)
}

/// Every byte of the header, with bits flipped and at both ends of its range.
#[test]
fn every_header_byte_may_lie() {
    for policy in [Policy::Block, Policy::OverwriteOldest] {
        let (_folder, path, image) = prepared(policy);
        let file = fs::OpenOptions::new().write(true).open(&path).expect("the file");
        let mut refused = 0;
        for at in (0..HEADER_BYTES as u64).filter(|at| *at < 1400 || at % 64 == 0) {
            let right = image[at as usize];
            for wrong in [right ^ 1, right ^ 0x80, 0, 0xff] {
                file.write_all_at(&[wrong], at).expect("write");
                match read(&path) {
                    Ok(records) => assert!(records <= 400),
                    Err(_) => refused += 1,
                }
            }
            file.write_all_at(&[right], at).expect("write");
        }
        assert!(refused > 100, "{refused} refused");
        assert_eq!(read(&path).expect("as it was"), 12);
    }
}

/// A producer that finds nonsense in its own header loses records; it does not write elsewhere, hang or panic.
#[test]
fn a_producer_survives_a_hostile_header() {
    for policy in [Policy::Block, Policy::OverwriteOldest] {
        let folder = Folder::new("hostile-producer");
        let path = folder.path().join("one.ring");
        let ring = Arc::new(RingFile::create_at(&path, &spec(policy)).expect("a ring"));
        let mut producer = Producer::new(Arc::clone(&ring)).expect("a producer");
        let file = fs::OpenOptions::new().write(true).open(&path).expect("the file");
        for at in (512..1300).step_by(8) {
            for word in [0, 1, u64::MAX, u64::MAX - 1, 1 << 63, 1 << 32] {
                file.write_all_at(&u64::to_le_bytes(word), at as u64).expect("write");
                for _ in 0..20 {
                    let _ = producer.pressure(3000);
                    if let Some(record) = producer.reserve(3000) {
                        fill(record, 2000);
                    } else if let Some(record) = producer.overwrite(3000) {
                        fill(record, 2000);
                    }
                    if let Some(record) = producer.reserve_spare(1000) {
                        fill(record, 900);
                    }
                }
            }
        }
        assert_eq!(fs::read(&path).expect("the file")[..8], *b"YARDRNG1");
    }
}

/// Files that are no rings at all.
#[test]
fn other_files_are_refused() {
    let (folder, path, image) = prepared(Policy::Block);
    for cut in [0, 1, 8, 4096, HEADER_BYTES, image.len() - 1] {
        fs::write(&path, &image[..cut]).expect("write");
        assert!(matches!(read(&path), Err(RingError::Corrupt { .. })), "cut to {cut}");
    }
    fs::write(&path, [&image[..], &[0]].concat()).expect("write");
    assert!(matches!(read(&path), Err(RingError::Corrupt { .. })));
    let mut newer = image.clone();
    newer[offset::VERSION] = 2;
    fs::write(&path, &newer).expect("write");
    assert!(matches!(read(&path), Err(RingError::Version { found: 2 })));
    fs::write(&path, &image).expect("write");
    let link = folder.path().join("link.ring");
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    assert!(read(&link).is_err(), "a symbolic link is not followed");
    assert!(read(folder.path()).is_err(), "a folder is no ring");
    assert_eq!(read(&path).expect("sound"), 12);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Slots and positions filled with anything.
    #[test]
    fn random_contents_are_bounded(
        overwrite in any::<bool>(),
        patches in prop::collection::vec((0_u64..BYTES - 8, any::<u64>(), 0_u8..4), 1..60),
        tails in (0_u64..600, 0_u64..40),
        far in prop_oneof![3 => Just(0), 1 => any::<u64>()],
        oldest in prop_oneof![0_u64..300, any::<u64>()],
    ) {
        let policy = if overwrite { Policy::OverwriteOldest } else { Policy::Block };
        let (_folder, path, _image) = prepared(policy);
        let file = fs::OpenOptions::new().write(true).open(&path).expect("the file");
        let main = tails.0.wrapping_add(far);
        file.write_all_at(&main.to_le_bytes(), offset::MAIN_TAIL as u64).expect("write");
        file.write_all_at(&oldest.to_le_bytes(), offset::OLDEST_MAIN as u64).expect("write");
        file.write_all_at(&tails.1.to_le_bytes(), offset::RESERVE_TAIL as u64).expect("write");
        for (at, word, shape) in patches {
            // Half of them where they hurt: the first words of slots, with small numbers.
            let at = if shape < 2 { HEADER_BYTES as u64 + at / 256 * 256 % (BYTES - HEADER_BYTES as u64) } else { at };
            let word = if shape == 0 { (word % 100_000) | ((word & 3) << 32) } else { word };
            file.write_all_at(&word.to_le_bytes(), at.min(BYTES - 8)).expect("write");
        }
        let _ = read(&path);
    }
}

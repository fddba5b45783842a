//! The bytes of a ring file, pinned: a change here is a change of the layout, and needs a new version.

mod common;

use std::fs;
use std::sync::Arc;

use common::{spec, Folder};
use yarder_ring::layout::{self, offset, HEADER_BYTES};
use yarder_ring::{sys, Policy, Producer, Reason, RingFile};

fn u32_at(image: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(image[at..at + 4].try_into().expect("4 bytes"))
}

fn u64_at(image: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(image[at..at + 8].try_into().expect("8 bytes"))
}

/// The header of a ring with one record, one loss and one spare record.
#[test]
fn the_header_is_where_the_spec_says() {
    let folder = Folder::new("golden");
    let path = folder.path().join("one.ring");
    let ring = Arc::new(RingFile::create_at(&path, &spec(Policy::DropNewest)).expect("a ring"));
    let mut producer = Producer::new(Arc::clone(&ring)).expect("a producer");
    let _ = producer.pressure(48);
    let mut record = producer.reserve(400).expect("room");
    let stamp = record.stamp();
    for byte in 0..100 {
        record.put_u8(byte);
    }
    record.publish();
    producer.lose(Reason::NoMemory);
    let mut spare = producer.reserve_spare(48).expect("room");
    spare.put(&[0xee; 48]);
    spare.publish();

    let image = fs::read(&path).expect("the file");
    assert_eq!(image.len(), 8192 + 256 * 256 + 16 * 256);
    let fixed = [1, 8192, 256, 256, 16, 1];
    assert_eq!(image[..8], *b"YARDRNG1");
    assert_eq!([8, 12, 16, 20, 24, 28].map(|at| u32_at(&image, at)), fixed);
    assert_eq!(image[32..48], sys::boot_id());
    let producer_number = u64_at(&image, 48);
    assert!(producer_number != 0 && producer_number >> 34 == 0);
    assert_eq!((u32_at(&image, 56), u32_at(&image, 60)), (sys::pid(), 1));
    assert_eq!((u64_at(&image, 64), u64_at(&image, 72)), (sys::start_time(), sys::pid_namespace()));
    assert_eq!(image[80..112], *b"0123456789abcdef0123456789abcdef");
    assert!(u64_at(&image, 112) <= stamp);
    assert!(u64_at(&image, 120) > 1_600_000_000_000_000_000);
    assert_eq!(f64::from_bits(u64_at(&image, 128)), yarder_ring::clock::counter_hz());
    assert_eq!(image[152..156], *b"web\0");
    assert_eq!(image[216..221], *b"test\0");
    assert_eq!(image[280..285], *b"host\0");
    // Tails, sequence, stored, high water, blocked, carrier.
    assert_eq!([512, 520, 528, 536, 544, 552, 560].map(|at| u64_at(&image, at)), [1, 1, 3, 2, 0, 0, 0]);
    assert_eq!((u64_at(&image, 576 + 5 * 8), u64_at(&image, 704 + 5 * 8)), (1, 1));
    assert_eq!([1024, 1032, 1088, 1096].map(|at| u64_at(&image, at)), [0, 0, u64::MAX, u64::MAX]);
    // Everything that has no meaning yet is zero.
    for range in [137..144, 344..512, 568..576, 844..1024, 1044..1088, 1104..1216, 1248..HEADER_BYTES] {
        assert!(image[range.clone()].iter().all(|byte| *byte == 0), "{range:?}");
    }
    // The record: its length, then what was put. One slot, though 400 bytes were reserved.
    let mut expected: Vec<u8> = (0..100).collect();
    expected[..4].copy_from_slice(&100_u32.to_le_bytes());
    assert_eq!(image[HEADER_BYTES..HEADER_BYTES + 100], expected);
    assert_eq!(image[HEADER_BYTES + 256 * 256 + 4..HEADER_BYTES + 256 * 256 + 48], [0xee; 44]);
}

/// A record that would wrap goes to the first slot, behind a filler that names the bytes it takes.
#[test]
fn a_filler_takes_the_rest_of_the_lane() {
    let folder = Folder::new("golden-filler");
    let path = folder.path().join("one.ring");
    let mut wanted = spec(Policy::DropNewest);
    wanted.shared = false;
    let ring = Arc::new(RingFile::create_at(&path, &wanted).expect("a ring"));
    let mut producer = Producer::new(Arc::clone(&ring)).expect("a producer");
    for bytes in [60 * 256, 60 * 256, 60 * 256, 60 * 256, 15 * 256, 700] {
        let _ = producer.pressure(bytes);
        let mut record = producer.reserve(bytes).expect("nobody reads, so all is free");
        record.put(&vec![1; bytes]);
        record.publish();
    }
    assert_eq!(producer.position().main, 256 + 3);
    let image = fs::read(&path).expect("the file");
    let filler = HEADER_BYTES + 255 * 256;
    assert_eq!(image[filler..filler + 48], [[0, 1, 0, 0, 2, 0, 0, 0].as_slice(), &[0; 40]].concat());
    assert_eq!(u32_at(&image, HEADER_BYTES), 700);
}

/// Numbers and names of reasons and states are part of the layout.
#[test]
fn numbers_are_fixed() {
    let names: Vec<&str> = Reason::ALL.iter().map(|reason| reason.name()).collect();
    let expected = "ring_full block_timeout stalled overwritten too_large no_memory closed write_error corrupt \
                    local_slow handler_slow reentrant shutdown";
    assert_eq!(names.join(" "), expected);
    for (index, reason) in Reason::ALL.iter().enumerate() {
        assert_eq!((*reason as usize, Reason::from_index(index)), (index, Some(*reason)));
    }
    assert_eq!(Reason::from_index(13), None);
    assert_eq!((0..6).filter_map(layout::State::from_u32).count(), 5);
    assert_eq!((0..6).filter_map(layout::Policy::from_u32).count(), 3);
    assert_eq!([256, 512, 1024, 8192, 4_194_304].map(layout::reserve_slots), [16, 16, 32, 256, 131_072]);
    assert_eq!([offset::CRASH, offset::CRASH_LEN], [4096, 4096]);
}

//! What goes in comes out: once, whole, in order, or counted.

mod common;

use common::{check, ends, fill, length};
use proptest::prelude::*;
use yarder_ring::{Batch, Policy, Pressure, Reason};

#[derive(Clone, Debug)]
enum Step {
    Write(usize),
    Spare(usize),
    Lose,
    Forget(usize),
    Next(usize),
    Batch(usize),
    Rewind,
}

fn step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![0_usize..300, 0_usize..3000, Just(208), Just(209), 12_000_usize..16_337];
    prop_oneof![
        6 => size.prop_map(Step::Write),
        2 => (0_usize..2000).prop_map(Step::Spare),
        1 => Just(Step::Lose),
        1 => (0_usize..600).prop_map(Step::Forget),
        2 => (1_usize..20).prop_map(Step::Next),
        2 => (0_usize..200).prop_map(Step::Batch),
        1 => Just(Step::Rewind),
    ]
}

/// Runs the steps; gives (numbers that were stored, numbers that were read, losses by reason, last number).
fn run(policy: Policy, steps: &[Step]) -> (Vec<u64>, Vec<u64>, [u64; 16], u64) {
    let (mut producer, mut consumer) = ends(policy);
    let (mut stored, mut read) = (Vec::new(), Vec::new());
    let mut buffer = Vec::new();
    for step in steps.iter().chain(&[Step::Batch(100_000)]) {
        match step {
            Step::Write(extra) => loop {
                if let Some(record) = producer.reserve(length(*extra)) {
                    stored.push(fill(record, *extra));
                    break;
                }
                match producer.pressure(length(*extra)) {
                    Pressure::Room | Pressure::HalfFull => {}
                    Pressure::Full if policy == Policy::OverwriteOldest => {
                        let record = producer.overwrite(length(*extra)).expect("always room");
                        stored.push(fill(record, *extra));
                        break;
                    }
                    Pressure::Full => {
                        producer.lose(Reason::RingFull);
                        break;
                    }
                    other => panic!("{other:?}"),
                }
            },
            Step::Spare(extra) => match producer.reserve_spare(length(*extra)) {
                Some(record) => stored.push(fill(record, *extra)),
                None => producer.lose(Reason::TooLarge),
            },
            Step::Lose => producer.lose(Reason::NoMemory),
            Step::Forget(extra) => {
                if let Some(mut record) = producer.reserve(length(*extra)) {
                    record.put(&[0xff; 100]);
                }
            }
            Step::Next(count) => {
                let upto = consumer.snapshot();
                for _ in 0..*count {
                    match consumer.next(&upto, &mut buffer).expect("sound") {
                        Some(record) => read.push(check(&record)),
                        None => break,
                    }
                }
                let cursor = consumer.cursor();
                consumer.advance(cursor);
            }
            Step::Batch(slots) => {
                let upto = consumer.snapshot();
                let mut out = Vec::new();
                let cursor = consumer.copy_batch(&upto, *slots, &mut out).expect("sound");
                read.extend(Batch::new(&out).map(|record| check(&record)));
                consumer.advance(cursor);
            }
            Step::Rewind => {
                let upto = consumer.snapshot();
                let mut out = Vec::new();
                consumer.copy_batch(&upto, 50, &mut out).expect("sound");
                consumer.rewind();
            }
        }
    }
    assert!(producer.ring().is_drained());
    assert_eq!(producer.ring().used_slots(), 0);
    assert_eq!(producer.ring().accepted(), stored.len() as u64);
    (stored, read, producer.ring().lost(), producer.position().sequence)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Every stored record is read once, whole, in the order of its number, over both lanes; the rest is counted.
    #[test]
    fn every_record_is_read_once_or_counted(steps in prop::collection::vec(step(), 0..200)) {
        let (stored, read, lost, sequence) = run(Policy::DropNewest, &steps);
        prop_assert_eq!(&stored, &read);
        prop_assert_eq!(stored.len() as u64 + lost.iter().sum::<u64>(), sequence);
    }

    /// Under `overwrite_oldest` what is read is in order, and the producer counts nothing (`tests/account.rs`).
    #[test]
    fn overwritten_records_leave_gaps(steps in prop::collection::vec(step(), 0..200)) {
        let (stored, read, lost, _) = run(Policy::OverwriteOldest, &steps);
        prop_assert!(read.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(read.iter().all(|number| stored.binary_search(number).is_ok()));
        prop_assert_eq!(lost[Reason::Overwritten as usize], 0);
    }
}

/// The writer is called for when half of the ring is in use, and not before.
#[test]
fn half_full_is_told_once_per_half() {
    let (mut producer, mut consumer) = ends(Policy::Block);
    let mut calls = Vec::new();
    for index in 0..200 {
        while producer.reserve(100).map(|record| fill(record, 52)).is_none() {
            calls.push((index, producer.pressure(100)));
        }
    }
    assert_eq!(calls, [(0, Pressure::Room), (128, Pressure::HalfFull)]);
    let upto = consumer.snapshot();
    let cursor = consumer.copy_batch(&upto, 1000, &mut Vec::new()).expect("sound");
    consumer.advance(cursor);
    assert_eq!(producer.ring().used_slots(), 0);
    assert_eq!(producer.pressure(100), Pressure::Room);
    assert_eq!(producer.ring().high_water(), 128);
}

/// A full ring says so; a stalled one says so until a head moves.
#[test]
fn a_stalled_ring_recovers_when_a_head_moves() {
    let (mut producer, mut consumer) = ends(Policy::Block);
    while producer.pressure(100) != Pressure::Full {
        let record = producer.reserve(100).expect("room was promised");
        fill(record, 52);
    }
    let outcome = producer.wait_for_room(1, std::time::Duration::ZERO);
    assert_eq!(outcome, yarder_ring::WaitOutcome::TimedOut { moved: false });
    producer.set_stalled(true);
    assert_eq!(producer.pressure(100), Pressure::Stalled);
    assert!(producer.reserve(100).is_none() && producer.is_stalled() && producer.ring().stalled());
    let record = producer.reserve_spare(100).expect("errors still get through");
    fill(record, 52);
    let upto = consumer.snapshot();
    let cursor = consumer.copy_batch(&upto, 10, &mut Vec::new()).expect("sound");
    consumer.advance(cursor);
    assert_ne!(producer.pressure(100), Pressure::Stalled);
    assert!(!producer.is_stalled() && !producer.ring().stalled());
}

/// A producer that sleeps for room is woken by the reader that frees half of the ring.
#[test]
fn a_waiting_producer_is_woken() {
    let (mut producer, mut consumer) = ends(Policy::Block);
    while producer.pressure(100) != Pressure::Full {
        let record = producer.reserve(100).expect("room was promised");
        fill(record, 52);
    }
    let ring = std::sync::Arc::clone(producer.ring());
    let sleeper = std::thread::spawn(move || ring.wait_for_room(1, std::time::Duration::from_secs(60)));
    while producer.ring().blocked() == 0 {
        std::thread::yield_now();
    }
    let upto = consumer.snapshot();
    let cursor = consumer.copy_batch(&upto, 1000, &mut Vec::new()).expect("sound");
    consumer.advance(cursor);
    assert_eq!(sleeper.join().expect("no panic"), yarder_ring::WaitOutcome::Room);
}

/// Losses wait for the record that tells of them, and are cleared by it alone.
#[test]
fn losses_are_pending_until_a_record_carries_them() {
    let (mut producer, _consumer) = ends(Policy::DropNewest);
    assert!(!producer.has_losses());
    producer.lose(Reason::RingFull);
    producer.lose(Reason::RingFull);
    producer.lose(Reason::Stalled);
    assert!(producer.has_losses());
    assert_eq!(producer.losses()[..3], [2, 0, 1]);
    assert_eq!(producer.pressure(100), Pressure::Room);
    let record = producer.reserve(100).expect("room");
    assert_eq!(fill(record, 52), 4);
    assert_eq!(producer.ring().lost_pending()[..3], [2, 0, 1]);
    let mut record = producer.reserve(100).expect("room");
    record.carries_losses();
    fill(record, 52);
    assert!(!producer.has_losses());
    assert_eq!(producer.ring().lost_pending(), [0; 16]);
    assert_eq!(producer.ring().lost()[..3], [2, 0, 1]);
}

/// A record that does not fit its reservation is counted, and the next one is whole.
#[test]
fn a_record_beyond_its_reservation_is_lost_alone() {
    let (mut producer, mut consumer) = ends(Policy::Block);
    assert_eq!(producer.pressure(100), Pressure::Room);
    let record = producer.reserve(100).expect("room");
    fill(record, 53);
    assert_eq!(producer.ring().lost()[Reason::TooLarge as usize], 1);
    let record = producer.reserve(400).expect("room");
    assert_eq!(fill(record, 52), 2);
    assert_eq!(producer.position().main, 1, "slots are taken for what was put");
    let upto = consumer.snapshot();
    let mut buffer = Vec::new();
    let record = consumer.next(&upto, &mut buffer).expect("sound").expect("one");
    assert_eq!((check(&record), record.bytes.len()), (2, 100));
}

/// No size makes a producer panic, and what no lane takes is refused as such.
#[test]
fn impossible_sizes_are_refused() {
    let (mut producer, _consumer) = ends(Policy::Block);
    for bytes in [0, 64 * 256 + 1, usize::MAX, usize::MAX - 255] {
        assert!(producer.reserve(bytes).is_none());
        assert_eq!(producer.pressure(bytes), Pressure::TooLarge);
        assert!(producer.reserve_spare(bytes).is_none());
        assert!(producer.overwrite(bytes).is_none());
    }
}

/// Stamps of one producer never decrease.
#[test]
fn stamps_never_decrease() {
    let (mut producer, mut consumer) = ends(Policy::Block);
    for _ in 0..100 {
        let _ = producer.pressure(100);
        let record = producer.reserve(100).expect("room");
        fill(record, 52);
    }
    let mut out = Vec::new();
    let upto = consumer.snapshot();
    consumer.copy_batch(&upto, 1000, &mut out).expect("sound");
    let stamps: Vec<u64> = Batch::new(&out).map(|record| record.stamp).collect();
    assert!(stamps.len() == 100 && stamps.windows(2).all(|pair| pair[0] <= pair[1]));
}

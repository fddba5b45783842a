//! A producer and a reader at full speed, each on a thread.

mod common;

use common::{carried, carrying, check, ends, fill_with, to_carry};
use yarder_ring::{Batch, Head, Policy, Pressure, Reason};

const RECORDS: u64 = 200_000;

/// Writes with sizes that wrap at every place; gives the producer back.
fn write(mut producer: yarder_ring::Producer, policy: Policy) -> yarder_ring::Producer {
    for index in 0..RECORDS {
        let extra = (index * 7 % 700) as usize;
        if index % 97 == 0 {
            let losses = to_carry(&producer);
            match producer.reserve_spare(carrying(extra, &losses)) {
                Some(record) => {
                    fill_with(record, extra, &losses);
                }
                None => producer.lose(Reason::RingFull),
            }
            continue;
        }
        loop {
            let losses = to_carry(&producer);
            let bytes = carrying(extra, &losses);
            if let Some(record) = producer.reserve(bytes) {
                fill_with(record, extra, &losses);
                break;
            }
            if producer.pressure(bytes) != Pressure::Full {
                continue;
            }
            if policy == Policy::Block {
                let wait = std::time::Duration::from_secs(30);
                let _ = producer.wait_for_room(4, wait);
            } else if let Some(record) = producer.overwrite(bytes) {
                fill_with(record, extra, &losses);
                break;
            }
        }
    }
    producer
}

/// Gives what was read and, where the reader counts, what it told, by reason.
fn run(policy: Policy) -> (Vec<u64>, [u64; 16], yarder_ring::Producer) {
    let (producer, mut consumer) = ends(policy);
    let ring = std::sync::Arc::clone(producer.ring());
    let writer = std::thread::spawn(move || write(producer, policy));
    let (mut read, mut out, mut told) = (Vec::new(), Vec::new(), [0; 16]);
    let mut account = ring.account(Head::Shared);
    let mut tell = |losses: Option<[u64; 16]>| {
        told.iter_mut().zip(losses.unwrap_or_default()).for_each(|(sum, count)| *sum += count);
    };
    loop {
        let done = ring.sequence() == RECORDS;
        let upto = consumer.snapshot();
        out.clear();
        let cursor = consumer.copy_batch(&upto, 64, &mut out).expect("sound");
        for record in Batch::new(&out) {
            read.push(check(&record));
            tell(account.deliver(record.sequence, carried(&record).into_iter()));
        }
        consumer.store_account(&account);
        consumer.advance(cursor);
        if done && ring.is_drained() {
            break;
        }
        if out.is_empty() {
            std::thread::yield_now();
        }
    }
    tell(account.finish(ring.sequence(), &ring.lost_pending()));
    consumer.store_account(&account);
    (read, told, writer.join().expect("no panic"))
}

/// Under `block` nothing is lost, doubled, torn or out of order, whatever wraps.
#[test]
fn block_loses_nothing() {
    let (read, _, producer) = run(Policy::Block);
    let lost: u64 = producer.ring().lost().iter().sum();
    assert!(read.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(read.len() as u64 + lost, RECORDS);
    assert_eq!(lost, producer.ring().lost()[Reason::RingFull as usize], "the reserve lane alone may be full");
}

/// Under `overwrite_oldest` no torn record is ever read, and each one is read or counted, never both.
#[test]
fn overwrite_never_tears() {
    let (read, told, producer) = run(Policy::OverwriteOldest);
    let lost: u64 = producer.ring().lost().iter().sum();
    assert!(read.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(told, producer.ring().lost());
    assert_eq!(read.len() as u64 + lost, RECORDS);
}

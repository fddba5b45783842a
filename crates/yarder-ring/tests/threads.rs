//! A producer and a reader at full speed, each on a thread.

mod common;

use common::{check, ends, fill, length};
use yarder_ring::{Batch, Policy, Pressure, Reason};

const RECORDS: u64 = 200_000;

/// Writes with sizes that wrap at every place; gives the producer back.
fn write(mut producer: yarder_ring::Producer, policy: Policy) -> yarder_ring::Producer {
    for index in 0..RECORDS {
        let extra = (index * 7 % 700) as usize;
        if index % 97 == 0 {
            match producer.reserve_spare(length(extra)) {
                Some(record) => {
                    fill(record, extra);
                }
                None => producer.lose(Reason::RingFull),
            }
            continue;
        }
        loop {
            if let Some(record) = producer.reserve(length(extra)) {
                fill(record, extra);
                break;
            }
            if producer.pressure(length(extra)) != Pressure::Full {
                continue;
            }
            if policy == Policy::Block {
                let wait = std::time::Duration::from_secs(30);
                let _ = producer.wait_for_room(4, wait);
            } else if let Some(record) = producer.overwrite(length(extra)) {
                fill(record, extra);
                break;
            }
        }
    }
    producer
}

fn run(policy: Policy) -> (Vec<u64>, yarder_ring::Producer) {
    let (producer, mut consumer) = ends(policy);
    let ring = std::sync::Arc::clone(producer.ring());
    let writer = std::thread::spawn(move || write(producer, policy));
    let (mut read, mut out) = (Vec::new(), Vec::new());
    loop {
        let done = ring.sequence() == RECORDS;
        let upto = consumer.snapshot();
        out.clear();
        let cursor = consumer.copy_batch(&upto, 64, &mut out).expect("sound");
        read.extend(Batch::new(&out).map(|record| check(&record)));
        consumer.advance(cursor);
        if done && ring.is_drained() {
            break;
        }
        if out.is_empty() {
            std::thread::yield_now();
        }
    }
    (read, writer.join().expect("no panic"))
}

/// Under `block` nothing is lost, doubled, torn or out of order, whatever wraps.
#[test]
fn block_loses_nothing() {
    let (read, producer) = run(Policy::Block);
    let lost: u64 = producer.ring().lost().iter().sum();
    assert!(read.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(read.len() as u64 + lost, RECORDS);
    assert_eq!(lost, producer.ring().lost()[Reason::RingFull as usize], "the reserve lane alone may be full");
}

/// Under `overwrite_oldest` no torn record is ever read, and none is missing uncounted.
#[test]
fn overwrite_never_tears() {
    let (read, producer) = run(Policy::OverwriteOldest);
    let lost: u64 = producer.ring().lost().iter().sum();
    assert!(read.windows(2).all(|pair| pair[0] < pair[1]));
    // A record that was copied but not yet released when it was passed over is both read and counted.
    assert!(read.len() as u64 + lost >= RECORDS);
}

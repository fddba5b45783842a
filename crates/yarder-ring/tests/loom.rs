//! Models of the lane algorithm: the functions of `yarder_ring::lane`, over loom's cells instead of a mapping. loom
//! runs every interleaving, and every value that the memory model lets a relaxed load see.
//!
//!     cargo test -p yarder-ring --features loom --release loom_
#![cfg(feature = "loom")]
// loom runs its threads one at a time; its cells check what `Sync` would promise.
#![allow(clippy::arc_with_non_send_sync)]

use std::sync::atomic::Ordering;
use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{fence, AtomicU64};
use loom::thread;
use yarder_ring::lane::{self, Cells, Word};
use yarder_ring::layout::UNUSED_HEAD;

const SLOTS: u64 = 2;

/// One word stands for a slot. Plain cells, in which loom finds every race, and atomic ones for `overwrite_oldest`.
struct Lane {
    tail: AtomicU64,
    shared: AtomicU64,
    local: AtomicU64,
    oldest: AtomicU64,
    plain: [UnsafeCell<u64>; SLOTS as usize],
    atomic: [[AtomicU64; 2]; SLOTS as usize],
}

impl Lane {
    fn new(local: u64) -> Lane {
        Lane {
            tail: AtomicU64::new(0),
            shared: AtomicU64::new(0),
            local: AtomicU64::new(local),
            oldest: AtomicU64::new(0),
            plain: std::array::from_fn(|_| UnsafeCell::new(0)),
            atomic: std::array::from_fn(|_| std::array::from_fn(|_| AtomicU64::new(0))),
        }
    }

    fn word(&self, word: Word) -> &AtomicU64 {
        match word {
            Word::Tail => &self.tail,
            Word::SharedHead => &self.shared,
            Word::LocalHead => &self.local,
            Word::Oldest => &self.oldest,
        }
    }

    fn put(&self, position: u64, value: u64) {
        // SAFETY: the model is what shows that nobody else is here: loom fails where somebody is.
        self.plain[(position % SLOTS) as usize].with_mut(|at| unsafe { *at = value });
    }

    fn get(&self, position: u64) -> u64 {
        // SAFETY: as `put`.
        self.plain[(position % SLOTS) as usize].with(|at| unsafe { *at })
    }
}

impl Cells for Lane {
    fn load(&self, word: Word, order: Ordering) -> u64 {
        self.word(word).load(order)
    }

    fn store(&self, word: Word, value: u64, order: Ordering) {
        self.word(word).store(value, order);
    }

    fn fence(&self, order: Ordering) {
        fence(order);
    }

    fn slots(&self) -> u64 {
        SLOTS
    }
}

/// Reserve, publish, consume: a reader sees whole records in order, and the producer never writes what is being read.
#[test]
fn loom_a_record_is_published_once_and_its_slot_reused_safely() {
    loom::model(|| {
        let lane = Arc::new(Lane::new(UNUSED_HEAD));
        let writer = {
            let lane = Arc::clone(&lane);
            thread::spawn(move || {
                let (mut tail, mut stored) = (0, Vec::new());
                for value in 1..=4 {
                    if tail < lane::end_of_room(&*lane) {
                        lane.put(tail, value);
                        tail += 1;
                        lane::publish(&*lane, tail);
                        stored.push(value);
                    }
                }
                stored
            })
        };
        let (mut head, mut read) = (0, Vec::new());
        let mut drain = |read: &mut Vec<u64>| {
            let end = lane::published(&*lane);
            for position in head..end {
                read.push(lane.get(position));
            }
            head = end;
            lane::release(&*lane, Word::SharedHead, head);
        };
        drain(&mut read);
        drain(&mut read);
        let stored = writer.join().expect("no panic");
        drain(&mut read);
        assert_eq!(read, stored);
    });
}

/// A record of two slots is seen whole or not at all.
#[test]
fn loom_a_record_of_two_slots_is_never_seen_half() {
    loom::model(|| {
        let lane = Arc::new(Lane::new(UNUSED_HEAD));
        let writer = {
            let lane = Arc::clone(&lane);
            thread::spawn(move || {
                lane.put(0, 7);
                lane.put(1, 8);
                lane::publish(&*lane, 2);
            })
        };
        match lane::published(&*lane) {
            0 => {}
            end => assert_eq!((end, lane.get(0), lane.get(1)), (2, 7, 8)),
        }
        writer.join().expect("no panic");
    });
}

/// Two heads: a slot is free only when both readers have passed it.
#[test]
fn loom_a_slot_is_free_when_both_heads_passed_it() {
    loom::model(|| {
        let lane = Arc::new(Lane::new(0));
        lane.put(0, 1);
        lane.put(1, 2);
        lane::publish(&*lane, 2);
        let reader = |which: Word| {
            let lane = Arc::clone(&lane);
            thread::spawn(move || {
                assert_eq!((lane.get(0), lane.get(1)), (1, 2));
                lane::release(&*lane, which, 2);
            })
        };
        let readers = [reader(Word::SharedHead), reader(Word::LocalHead)];
        if lane::end_of_room(&*lane) > 2 {
            lane.put(2, 3);
            lane::publish(&*lane, 3);
        }
        for reader in readers {
            reader.join().expect("no panic");
        }
    });
}

/// `overwrite_oldest`: whatever the reader copies while the producer passes it over is either whole or refused.
#[test]
fn loom_an_overwritten_copy_is_always_refused() {
    loom::model(|| {
        let lane = Arc::new(Lane::new(UNUSED_HEAD));
        let store = |lane: &Lane, position: u64| {
            for word in &lane.atomic[(position % SLOTS) as usize] {
                word.store(position + 1, Ordering::Relaxed);
            }
            lane::publish(lane, position + 1);
        };
        store(&lane, 0);
        store(&lane, 1);
        let writer = {
            let lane = Arc::clone(&lane);
            thread::spawn(move || {
                for position in 2..4 {
                    lane::pass(&*lane, position + 1 - SLOTS);
                    store(&lane, position);
                }
            })
        };
        let mut last = 0;
        let end = lane::published(&*lane);
        let mut position = lane::start(&*lane, 0);
        while position < end {
            let slot = &lane.atomic[(position % SLOTS) as usize];
            let copy = [slot[0].load(Ordering::Relaxed), slot[1].load(Ordering::Relaxed)];
            match lane::still_there(&*lane, position) {
                Ok(()) => {
                    assert_eq!(copy, [position + 1; 2]);
                    assert!(copy[0] > last);
                    last = copy[0];
                    position += 1;
                }
                Err(oldest) => {
                    assert!(oldest > position);
                    position = oldest;
                }
            }
        }
        writer.join().expect("no panic");
    });
}

/// A snapshot over both lanes never holds a record without the one that was published before it.
#[test]
fn loom_a_snapshot_has_no_gap() {
    loom::model(|| {
        let lanes = Arc::new([Lane::new(UNUSED_HEAD), Lane::new(UNUSED_HEAD)]);
        let writer = {
            let lanes = Arc::clone(&lanes);
            thread::spawn(move || {
                // Numbers 1 and 3 in the reserve lane, 2 and 4 in the main lane.
                for number in 1..=4_u64 {
                    let lane = &lanes[number as usize % 2];
                    lane.put((number - 1) / 2, number);
                    lane::publish(lane, (number - 1) / 2 + 1);
                }
            })
        };
        let (main, reserve) = lane::snapshot(&lanes[0], &lanes[1]);
        assert!(main == reserve || main + 1 == reserve, "main {main}, reserve {reserve}");
        writer.join().expect("no panic");
    });
}

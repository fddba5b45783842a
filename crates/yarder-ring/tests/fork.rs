//! Forked children: nothing of the parent's may be used, and no lock may outlive the parent in them.

mod common;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::{ends, fill, spec, Folder};
use yarder_ring::{Policy, Pressure, Producer, Reason, RingFile, Yard};

/// One test at a time: another test's child would hold this one's locks until its handler has run.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `body` in a forked child and gives what it answered. The child does nothing else and never returns.
fn in_child(body: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child only calls `body`, which takes no lock that another thread of the tests could hold.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        let code = i32::from(!body());
        // SAFETY: ends the child without running what the parent registered.
        unsafe { libc::_exit(code) };
    }
    wait_for(child) == 0
}

fn wait_for(child: libc::pid_t) -> i32 {
    let mut status = 0;
    // SAFETY: our own child, and a valid place for its status.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    status
}

/// Each call of a child's copy says so; the parent's ring does not change.
#[test]
fn a_child_finds_out_at_its_first_call() {
    let _alone = alone();
    let (mut producer, _consumer) = ends(Policy::Block);
    for _ in 0..5 {
        let _ = producer.pressure(100);
        let record = producer.reserve(100).expect("room");
        fill(record, 52);
    }
    assert!(producer.reserve(100).is_some(), "the fast path is open");
    assert!(in_child(|| {
        let mut ok = producer.is_forked() && producer.reserve(100).is_none();
        ok &= producer.pressure(100) == Pressure::Forked;
        ok &= producer.reserve_spare(100).is_none() && producer.overwrite(100).is_none();
        producer.lose(Reason::RingFull);
        producer.set_stalled(true);
        ok && !producer.has_losses()
    }));
    assert!(!producer.is_forked() && !producer.ring().stalled());
    assert_eq!((producer.position().main, producer.position().sequence), (5, 5));
    assert_eq!(producer.ring().lost(), [0; 16]);
    assert_eq!(producer.pressure(100), Pressure::Room);
    let record = producer.reserve(100).expect("room");
    assert_eq!(fill(record, 52), 6);
}

/// A child that lives on keeps none of its parent's locks: with the parent's last descriptor they are free.
#[test]
fn a_child_keeps_no_lock() {
    let _alone = alone();
    let folder = Folder::new("fork");
    let yard = Yard::open_or_create(Some(folder.path()), "web").expect("a yard");
    let lock = yard.try_lock_writer().expect("an answer").expect("free");
    let ring = Arc::new(RingFile::create(&yard, &spec(Policy::Block)).expect("a ring"));
    let path = ring.path().expect("a file").to_path_buf();
    let producer = Producer::new(Arc::clone(&ring)).expect("a producer");
    let (mut ready, mut hold) = ([0; 2], [0; 2]);
    // SAFETY: room for two descriptors each.
    assert_eq!(unsafe { libc::pipe(ready.as_mut_ptr()) | libc::pipe(hold.as_mut_ptr()) }, 0);
    let mut byte = 0_u8;
    // SAFETY: the child says that it runs, waits until the parent closes the other pipe, and ends.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: our own descriptors and one byte of room.
        unsafe {
            libc::close(hold[1]);
            libc::write(ready[1], (&raw const byte).cast(), 1);
            libc::read(hold[0], (&raw mut byte).cast(), 1);
            libc::_exit(0);
        }
    }
    // The child's handler is part of its `fork`: before it has run, the child does hold the locks.
    // SAFETY: our own descriptor and one byte of room.
    assert_eq!(unsafe { libc::read(ready[0], (&raw mut byte).cast(), 1) }, 1);
    let seen = RingFile::open(&path).expect("a ring");
    assert!(seen.is_owner_alive(), "the fork took nothing from the parent");
    assert!(yard.try_lock_writer().expect("an answer").is_none());
    drop((lock, producer, ring));
    assert!(!seen.is_owner_alive(), "the child holds the ring's lock");
    assert!(yard.try_lock_writer().expect("an answer").is_some(), "the child holds the writer's lock");
    // SAFETY: our own descriptors.
    unsafe { libc::close(hold[1]) };
    assert_eq!(wait_for(child), 0);
    for fd in [ready[0], ready[1], hold[0]] {
        // SAFETY: as above.
        unsafe { libc::close(fd) };
    }
}

//! Ring files in a yard: made, locked, found dead, retired.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::{check, fill, spec, Folder};
use yarder_ring::{Batch, Consumer, Head, Intent, Policy, Pressure, Producer, Reason, RingFile, Snapshot, State, Yard};

/// One test at a time: a process that is being started holds copies of this one's locks until its exec.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs one test of this binary in a process of its own, as `role`; gives its pipe ends.
fn other_process(role: &str, folder: &std::path::Path) -> std::process::Child {
    Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "in_the_other_process", "--nocapture"])
        .env("YARDER_TEST_ROLE", role)
        .env("YARDER_TEST_FOLDER", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a second process")
}

/// What the second process does; nothing when the tests run.
#[test]
fn in_the_other_process() {
    let Ok(role) = std::env::var("YARDER_TEST_ROLE") else { return };
    let folder = std::env::var_os("YARDER_TEST_FOLDER").expect("a folder");
    let yard = Yard::open_or_create(Some(folder.as_ref()), "web").expect("a yard");
    let ring = Arc::new(RingFile::create(&yard, &spec(Policy::Block)).expect("a ring"));
    let mut producer = Producer::new(Arc::clone(&ring)).expect("a producer");
    for _ in 0..3 {
        let _ = producer.pressure(100);
        let record = producer.reserve(100).expect("room");
        fill(record, 52);
    }
    if role == "busy" {
        busy(producer);
    }
    let lock = yard.try_lock_writer().expect("an answer");
    if role == "close" {
        ring.set_state(State::Closed);
    }
    // A marker that the harness's own output cannot contain.
    say(&format!("@{}@", lock.is_some()));
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("the end of the pipe");
}

/// Logs for ever, into whichever lane has room, and loses the rest.
fn busy(mut producer: Producer) -> ! {
    say("@true@");
    for round in 0_usize.. {
        let extra = round * 37 % 900;
        if let Some(mut record) = producer.reserve(48 + extra) {
            if round % 3 == 0 {
                record.carries_losses();
            }
            fill(record, extra);
        } else if producer.pressure(48 + extra) == Pressure::Full {
            match producer.reserve_spare(48 + extra) {
                Some(record) => {
                    fill(record, extra);
                }
                None => producer.lose(Reason::RingFull),
            }
        }
    }
    unreachable!("the parent kills this process");
}

fn say(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).expect("stdout");
}

/// Reads until the child has said what it has to say.
fn heard(child: &mut std::process::Child) -> bool {
    use std::io::Read;
    let pipe = child.stdout.as_mut().expect("a pipe");
    let (mut text, mut byte) = (Vec::new(), [0]);
    while text.iter().filter(|byte| **byte == b'@').count() < 2 {
        assert_eq!(pipe.read(&mut byte).expect("output"), 1, "the child ended: {}", String::from_utf8_lossy(&text));
        text.push(byte[0]);
    }
    String::from_utf8_lossy(&text).contains("@true@")
}

fn drain(ring: &Arc<RingFile>) -> usize {
    let mut consumer = Consumer::new(Arc::clone(ring), Head::Shared);
    let upto = consumer.snapshot();
    let (mut records, mut buffer) = (0, Vec::new());
    while consumer.next(&upto, &mut buffer).expect("sound").is_some() {
        records += 1;
    }
    let cursor = consumer.cursor();
    consumer.advance(cursor);
    records
}

/// A killed owner's records are still there, its lock is free, and its ring goes once it is drained.
#[test]
fn a_killed_owner_leaves_a_ring_that_can_be_drained_and_retired() {
    let _alone = alone();
    let folder = Folder::new("killed");
    let mut child = other_process("run", folder.path());
    assert!(heard(&mut child), "the first process becomes the writer");
    let yard = Yard::open_or_create(Some(folder.path()), "web").expect("the same yard");
    let rings = yard.rings().expect("a list");
    assert_eq!(rings.len(), 1);
    let ring = Arc::new(RingFile::open(&rings[0]).expect("a ring"));
    assert!(ring.is_owner_alive());
    assert!(yard.try_lock_writer().expect("an answer").is_none(), "one writer");
    assert!(!ring.retire(&yard).expect("an answer"), "alive");
    child.kill().and_then(|()| child.wait()).expect("dead");
    assert!(!ring.is_owner_alive());
    assert!(yard.try_lock_writer().expect("an answer").is_some(), "the lock died with it");
    assert!(!ring.retire(&yard).expect("an answer"), "not drained");
    assert_eq!(drain(&ring), 3);
    let generation = yard.control().rings_generation();
    assert!(ring.retire(&yard).expect("an answer"));
    assert_eq!((ring.state(), ring.is_linked()), (State::Retired, false));
    assert_ne!(yard.control().rings_generation(), generation);
    assert!(yard.rings().expect("a list").is_empty());
    assert!(!ring.retire(&yard).expect("an answer"), "once only");
}

/// Killed at any instruction: what was published is whole and in order, and every number is accounted for.
#[test]
fn a_producer_killed_at_any_moment_leaves_no_hole() {
    let _alone = alone();
    let folder = Folder::new("busy");
    let yard = Yard::open_or_create(Some(folder.path()), "web").expect("a yard");
    for round in 0..20_u64 {
        let mut child = other_process("busy", folder.path());
        heard(&mut child);
        let ring = Arc::new(RingFile::open(&yard.rings().expect("a list")[0]).expect("a ring"));
        let mut consumer = Consumer::new(Arc::clone(&ring), Head::Shared);
        let (mut read, mut last, mut killed) = (0_u64, 0, false);
        loop {
            let upto = consumer.snapshot();
            let mut out = Vec::new();
            let cursor = consumer.copy_batch(&upto, 100_000, &mut out).expect("sound");
            for record in Batch::new(&out) {
                assert!(check(&record) > last);
                last = record.sequence;
                read += 1;
            }
            consumer.advance(cursor);
            if killed {
                break;
            }
            if read > 200 * (round + 1) {
                child.kill().and_then(|()| child.wait()).expect("dead");
                killed = true;
            }
        }
        let lost: u64 = ring.lost().iter().sum();
        // The call that was interrupted may have its record but not its count, or its count but not its number.
        let used = ring.sequence().max(last);
        assert!((used..=used + 1).contains(&(read + lost)), "{read} read, {lost} lost, {used} used");
        assert!(ring.lost_pending()[0] <= lost);
        assert!(ring.is_drained() && ring.retire(&yard).expect("an answer"));
    }
}

/// A ring that its living owner closed may go once it is drained.
#[test]
fn a_closed_ring_goes_while_its_process_lives() {
    let _alone = alone();
    let folder = Folder::new("closed");
    let mut child = other_process("close", folder.path());
    heard(&mut child);
    let yard = Yard::open_or_create(Some(folder.path()), "web").expect("the same yard");
    let ring = Arc::new(RingFile::open(&yard.rings().expect("a list")[0]).expect("a ring"));
    assert!(!ring.is_owner_alive());
    assert_eq!(drain(&ring), 3);
    assert!(ring.retire(&yard).expect("an answer"));
    drop(child.stdin.take());
    assert!(child.wait().expect("it ends").success());
}

/// A ring that an unfinished intent names stays; so does one that is no longer at its path.
#[test]
fn an_intent_keeps_its_rings() {
    let _alone = alone();
    let folder = Folder::new("named");
    let yard = Yard::open_or_create(Some(folder.path()), "web").expect("a yard");
    let own = Arc::new(RingFile::create(&yard, &spec(Policy::Block)).expect("a ring"));
    let path = own.path().expect("a file").to_path_buf();
    assert!(own.is_owner_alive() && own.is_linked() && own.is_whole());
    assert!(!own.retire(&yard).expect("an answer"), "live and ours");
    let ring = Arc::new(RingFile::open(&path).expect("a ring"));
    assert!(!ring.retire(&yard).expect("an answer"), "its lock is held by this very process");
    own.set_state(State::Closed);
    let consumer = Consumer::new(Arc::clone(&ring), Head::Shared);
    let control = yard.control();
    let sequence = control.begin_intent();
    consumer.tag(sequence, Snapshot::default(), 0, None);
    control.prepare(&Intent { sequence, ..Intent::default() }).expect("stored");
    assert!(!ring.retire(&yard).expect("an answer"));
    control.written();
    assert!(!ring.retire(&yard).expect("an answer"));
    control.clear();
    let aside = folder.path().join("aside");
    fs::rename(&path, &aside).expect("moved");
    fs::write(&path, b"somebody else's").expect("replaced");
    assert!(!ring.is_linked() && !ring.retire(&yard).expect("an answer"));
    fs::rename(&aside, &path).expect("moved back");
    assert!(ring.retire(&yard).expect("an answer"));
}

/// Modes, names, and what a killed maker leaves.
#[test]
fn files_are_for_their_user_alone() {
    let _alone = alone();
    let folder = Folder::new("modes");
    let yard = Yard::open_or_create(Some(folder.path()), "web").expect("a yard");
    let ring = RingFile::create(&yard, &spec(Policy::Block)).expect("a ring");
    let mode = |path: &std::path::Path| fs::metadata(path).expect("there").permissions().mode() & 0o7777;
    let path = ring.path().expect("a file");
    assert_eq!((mode(path), mode(yard.path()), mode(&yard.path().join("control"))), (0o600, 0o700, 0o600));
    assert_eq!(path.file_name().expect("a name").to_string_lossy(), format!("{:09x}.ring", ring.producer()));
    fs::write(yard.path().join(".000000001.ring.1.tmp"), b"half").expect("a left-over");
    assert_eq!(yard.rings().expect("a list"), [path]);
    assert!(RingFile::create_at(path, &spec(Policy::Block)).is_err(), "never replaced");
    let info = RingFile::open(path).expect("a ring").info();
    assert_eq!((info.app.as_str(), info.process.as_str(), info.hostname.as_str()), ("web", "test", "host"));
    assert_eq!((info.pid, info.producer, info.main_slots), (std::process::id(), ring.producer(), 256));
    fs::set_permissions(path, PermissionsExt::from_mode(0o400)).expect("a mode");
    assert!(fs::metadata(path).is_ok());
}

//! Local destinations: the console and the handlers of one process.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use yarder_core::format::{Formatter, Human, Tz};
use yarder_core::local::{Console, HandlerQueue, LocalDrain, LocalFilter};
use yarder_core::record::{RecordBuilder, RecordView};
use yarder_ring::layout::Reason;
use yarder_ring::{Policy, Producer, RingFile, RingSpec};

fn human() -> Formatter {
    Formatter::Human(Human::new(Tz::utc(), false))
}

/// A ring that only its own process reads.
fn ring(slots: u32) -> (Producer, LocalDrain) {
    let spec = RingSpec { main_slots: slots, app: "web".into(), local: true, ..RingSpec::default() };
    let ring = Arc::new(RingFile::anonymous(&spec).expect("a ring"));
    (Producer::new(Arc::clone(&ring)).expect("a producer"), LocalDrain::new(ring))
}

fn log(producer: &mut Producer, level: u8, text: &str) -> bool {
    let mut bytes = RecordBuilder::new(level, "web", text).build();
    for _ in 0..2 {
        if let Some(mut reservation) = producer.reserve(bytes.len()) {
            bytes[8..16].copy_from_slice(&reservation.sequence().to_le_bytes());
            bytes[16..24].copy_from_slice(&reservation.stamp().to_le_bytes());
            reservation.put(&bytes);
            reservation.publish();
            return true;
        }
        producer.pressure(bytes.len());
    }
    false
}

/// A console on a pipe gets its lines, and the ring's slots are free after it.
#[test]
fn a_console_gets_its_lines() {
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let (mut producer, drain) = ring(256);
    let console = Console::open(writer.as_raw_fd(), human(), Duration::from_millis(100)).expect("a console");
    let id = drain.add_console(console, &LocalFilter { level: 4, facilities: None });
    for number in 0..100 {
        assert!(log(&mut producer, 4, &format!("line {number}")));
        assert!(log(&mut producer, 6, "too quiet"));
    }
    assert!(!drain.idle_after(&producer.position()));
    assert!(drain.drain());
    assert!(drain.idle_after(&producer.position()) && drain.is_drained());
    assert_eq!(drain.ring().used_slots(), 0);
    assert!(drain.remove(id));
    drop(writer);
    let mut text = String::new();
    reader.read_to_string(&mut text).expect("text");
    assert_eq!(text.lines().count(), 100);
    assert!(text.lines().last().is_some_and(|line| line.ends_with("line 99")), "{text}");
}

/// Bytes that are surely in a pipe that was filled: its 64 KiB, less a line that did not fit.
const PIPE: usize = 60 << 10;

/// A pipe that nobody reads holds nobody up: its lines are counted, and told when it is read again.
#[test]
fn a_blocked_pipe_costs_only_its_own_lines() {
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let (mut producer, drain) = ring(4096);
    // No patience: the first stall is the last.
    let console = Console::open(writer.as_raw_fd(), human(), Duration::ZERO).expect("a console");
    drain.add_console(console, &LocalFilter::default());
    let queue = Arc::new(HandlerQueue::new(100_000));
    drain.add_handler(Arc::clone(&queue), &LocalFilter::default());
    let mut logged = 0_u64;
    // A pipe holds 64 KiB; this is several times that.
    for _ in 0..5000 {
        logged += u64::from(log(&mut producer, 6, "a line that is long enough to fill a pipe after a while"));
        drain.drain();
    }
    assert_eq!(logged, 5000);
    assert!(drain.idle_after(&producer.position()));
    assert_eq!(queue.len(), 5000, "a handler beside it goes on");
    let lost = drain.ring().local_lost()[0];
    assert!(lost > 0);
    // Somebody reads again, and says when all that was in the pipe is out.
    let (emptied, empty) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || {
        let (mut text, mut part) = (Vec::new(), [0; 4096]);
        loop {
            match reader.read(&mut part) {
                Ok(0) | Err(_) => break,
                Ok(count) => text.extend_from_slice(&part[..count]),
            }
            if text.len() >= PIPE {
                let _ = emptied.send(());
            }
        }
        String::from_utf8(text).expect("text")
    });
    empty.recv().expect("the pipe is read");
    let number = 10;
    for _ in 0..number {
        log(&mut producer, 6, "after");
        drain.drain();
    }
    let lost_now = drain.ring().local_lost()[0];
    drop(drain);
    drop(writer);
    let text = reading.join().expect("a reader");
    let whole = text.lines().filter(|line| line.ends_with("after a while")).count() as u64;
    let after = text.lines().filter(|line| line.ends_with("after")).count() as u64;
    assert!(text.contains("records lost"), "the loss is told");
    assert_eq!(whole + after + lost_now, logged + number, "every line is out or counted");
}

/// A reader that goes away for good does not stop the program.
#[test]
fn a_closed_pipe_is_survived() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let (mut producer, drain) = ring(256);
    let console = Console::open(writer.as_raw_fd(), human(), Duration::from_secs(10)).expect("a console");
    drain.add_console(console, &LocalFilter::default());
    drop(reader);
    for _ in 0..1000 {
        assert!(log(&mut producer, 6, "nobody reads this"));
        drain.drain();
    }
    assert!(drain.is_drained());
    assert_eq!(drain.ring().local_lost()[0], 1000);
}

/// Lines for a stream object of the interpreter are handed over as text, once.
#[test]
fn text_is_taken_once() {
    let (mut producer, drain) = ring(256);
    let id = drain.add_text(human(), &LocalFilter::default());
    assert!(log(&mut producer, 6, "hello"));
    drain.drain();
    let mut text = String::new();
    assert!(drain.take_text(id, &mut text));
    assert!(text.ends_with("INFO web: hello\n"), "{text}");
    assert!(!drain.take_text(id, &mut text));
}

/// A handler gets records of its level as they lie in the ring; what its queue cannot hold is counted.
#[test]
fn a_handler_gets_copies_and_overflow_is_counted() {
    let (mut producer, drain) = ring(256);
    let queue = Arc::new(HandlerQueue::new(3));
    drain.add_handler(Arc::clone(&queue), &LocalFilter { level: 6, facilities: None });
    for number in 0..5 {
        assert!(log(&mut producer, 6, &number.to_string()));
        assert!(log(&mut producer, 7, "debug"));
    }
    drain.drain();
    assert_eq!(queue.lost(), 2);
    assert_eq!(drain.ring().local_lost()[1], 2);
    let taken = queue.take(Duration::ZERO, 10);
    let messages: Vec<_> =
        taken.iter().map(|handed| RecordView::parse(&handed.bytes).expect("a record").message().to_vec()).collect();
    assert_eq!(messages, [b"0", b"1", b"2"]);
    assert!(!queue.is_idle() && !queue.wait_idle(Duration::ZERO));
    queue.done(3);
    assert!(queue.wait_idle(Duration::ZERO));
    queue.close();
    assert!(queue.take(Duration::from_secs(10), 1).is_empty(), "a closed queue wakes who waits");
}

/// Facilities choose by dotted prefix here too.
#[test]
fn a_local_destination_can_take_some_facilities_only() {
    let (mut producer, drain) = ring(256);
    let queue = Arc::new(HandlerQueue::new(10));
    let facilities = Some([("db".to_owned(), 8)].into());
    drain.add_handler(Arc::clone(&queue), &LocalFilter { level: 8, facilities });
    assert!(log(&mut producer, 6, "web"));
    drain.drain();
    assert!(queue.is_empty());
}

/// Under `overwrite_oldest` a local destination is told of what it did not get, and a ring without shared ones counts
/// that.
#[test]
fn a_local_destination_is_told_of_what_was_overwritten() {
    let policy = Policy::OverwriteOldest;
    let spec = RingSpec { main_slots: 256, policy, app: "web".into(), local: true, ..RingSpec::default() };
    let ring = Arc::new(RingFile::anonymous(&spec).expect("a ring"));
    let mut producer = Producer::new(Arc::clone(&ring)).expect("a producer");
    let drain = LocalDrain::new(Arc::clone(&ring));
    let id = drain.add_text(human(), &LocalFilter::default());
    let mut text = String::new();
    for round in 1..=2 {
        for number in 0..1000 {
            if !log(&mut producer, 6, &format!("line {number}")) {
                let _ = producer.overwrite(200);
                assert!(log(&mut producer, 6, &format!("line {number}")));
            }
        }
        assert!(drain.drain() && drain.take_text(id, &mut text));
        assert_eq!(ring.lost()[Reason::Overwritten as usize], round * 744);
        assert_eq!(text.lines().count() as u64, round * 257);
        assert_eq!(text.matches("744 records lost").count() as u64, round, "{text}");
    }
    assert_eq!(ring.local_lost(), [0; 4]);
}

//! Files to read back, made by the real writer: one live file, and the same records in rotated zstd archives with a ledger.
//!
//! `cargo run --release -p yarder-core --example read_files <folder> [bytes]`; `bench/read.py` runs it and measures. Every
//! 250,000th record has `needle-in-a-haystack` in its message. Says on stdout what it made, as JSON.

#![allow(clippy::disallowed_macros, reason = "an example talks on stdout")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use yarder_core::record::{RecordBuilder, Value};
use yarder_core::writer::{Service, ServiceOptions};
use yarder_ring::{Pressure, Producer, RingFile, RingSpec, State, Yard};

const LONG: Duration = Duration::from_secs(600);

/// Bytes of a line, near enough.
const LINE: u64 = 290;
const WORDS: [&str; 8] = ["alpha", "request", "served", "cache", "miss", "user", "took", "tree"];

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder")?);
    let bytes: u64 = std::env::args().nth(2).and_then(|text| text.parse().ok()).unwrap_or(1 << 30);
    let records = bytes / LINE;
    let live = folder.join("live").join("web.log");
    let packed = folder.join("packed").join("web.log");
    write(&folder, &live, "", records)?;
    write(&folder, &packed, r#","rotate":100000000,"compress":"zstd""#, records)?;
    println!(
        r#"{{"records": {records}, "needles": {}, "live": "{}", "packed": "{}"}}"#,
        records.div_ceil(250_000),
        live.display(),
        packed.display()
    );
    Ok(())
}

fn write(base: &Path, path: &Path, options: &str, records: u64) -> Result<(), Failure> {
    let yard = Arc::new(Yard::open_or_create(Some(&base.join("yard")), "read")?);
    let plan = format!(
        r#"{{"version":1,"app":"web","tz":"utc","destinations":[{{"name":"file","type":"file","path":"{}","format":"json"{options}}}]}}"#,
        path.display()
    );
    let plan = yard.store_plan(&plan)?;
    let service = Service::start(Arc::clone(&yard), ServiceOptions::default());
    let spec = RingSpec {
        main_slots: 8192,
        plan,
        app: "web".into(),
        process: "read_files".into(),
        hostname: "host".into(),
        shared: true,
        ..RingSpec::default()
    };
    let ring = Arc::new(RingFile::create(&yard, &spec)?);
    service.adopt(Arc::clone(&ring));
    let mut producer = Producer::new(Arc::clone(&ring))?;
    let mut random = 88_172_645_463_325_252_u64;
    for number in 0..records {
        // Text that a compressor cannot guess: xorshift.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let word = |shift: u32| WORDS[(random >> shift & 7) as usize].as_bytes();
        let level = if number % 1000 == 0 { 3 } else { 6 };
        let text: &str =
            if number % 250_000 == 0 { "user %s took %d ms needle-in-a-haystack" } else { "user %s took %d ms" };
        let record = RecordBuilder::new(level, "db", text)
            .arg(Value::Str(word(3)))
            .arg(Value::Int((random >> 20 & 0xFFFF) as i64))
            .field("user_id", Value::Int((random >> 40) as i64))
            .field("ok", Value::Bool(random & 1 == 1))
            .field("path", Value::Str(word(9)));
        let mut bytes = record.build();
        while !put(&mut producer, &service, &ring, &mut bytes) {}
    }
    assert!(service.flush(&[(Arc::clone(&ring), producer.position())], LONG));
    ring.set_state(State::Closed);
    assert!(service.settle_archives(LONG));
    assert!(service.stop(LONG));
    Ok(())
}

fn put(producer: &mut Producer, service: &Service, ring: &RingFile, bytes: &mut [u8]) -> bool {
    if let Some(mut reservation) = producer.reserve(bytes.len()) {
        bytes[8..16].copy_from_slice(&reservation.sequence().to_le_bytes());
        bytes[16..24].copy_from_slice(&reservation.stamp().to_le_bytes());
        reservation.put(bytes);
        reservation.publish();
        return true;
    }
    match producer.pressure(bytes.len()) {
        Pressure::HalfFull => service.wake(),
        Pressure::Full | Pressure::Stalled => {
            service.wake();
            ring.wait_for_room(bytes.len().div_ceil(yarder_ring::SLOT) as u64, LONG);
        }
        _ => {}
    }
    false
}

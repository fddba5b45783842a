//! End to end with rotation and compression, and how fast the result is audited.
//!
//! `cargo run --release -p yarder-core --example archive_speed [folder [records]]`. One thread fills a ring as fast as it
//! is drained, with rotation at 100 MB and zstd; then every line is counted by decompressing, and the audit is timed.

#![allow(clippy::disallowed_macros, reason = "an example talks on stdout")]

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use yarder_core::archive::unpack;
use yarder_core::ledger::{audit, Ledger};
use yarder_core::record::{RecordBuilder, Value};
use yarder_core::writer::{Service, ServiceOptions};
use yarder_ring::{Pressure, Producer, RingFile, RingSpec, State, Yard};

const LONG: Duration = Duration::from_secs(60);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let records: u64 = std::env::args().nth(2).and_then(|text| text.parse().ok()).unwrap_or(4_000_000);
    let base = base.join(format!("yarder-archive-speed-{}", std::process::id()));
    for options in ["", r#","rotate":100000000"#, r#","rotate":100000000,"compress":"zstd""#] {
        std::fs::create_dir_all(&base)?;
        let path = base.join("speed.log");
        let log = |seconds: f64, what: &str| {
            println!("{what:<34}{:>7.2} M records/s   ({options})", records as f64 / seconds / 1e6);
        };
        let start = Instant::now();
        let service = write(&base, &path, options, records)?;
        log(start.elapsed().as_secs_f64(), "written");
        assert!(service.settle_archives(LONG));
        assert!(service.stop(LONG));
        log(start.elapsed().as_secs_f64(), "written, compressed, closed");
        let ledger = Ledger::open(&path)?;
        let mut lines = 0;
        for (file, codec) in ledger.files().iter().filter_map(|file| file.readable(&path)) {
            lines += BufReader::new(unpack(codec, File::open(file)?)?).lines().count() as u64;
        }
        assert_eq!(lines, records, "every record is a line");
        let start = Instant::now();
        let found = audit(&path)?;
        log(start.elapsed().as_secs_f64(), "audited");
        assert!(found.is_clean() && found.records == records, "{:?}", found.findings);
        std::fs::remove_dir_all(&base)?;
    }
    Ok(())
}

fn write(
    base: &std::path::Path,
    path: &std::path::Path,
    options: &str,
    records: u64,
) -> Result<Arc<Service>, Box<dyn std::error::Error>> {
    let yard = Arc::new(Yard::open_or_create(Some(&base.join("yard")), "speed")?);
    let plan = format!(
        r#"{{"version":1,"app":"speed","tz":"utc","destinations":[{{"name":"file","type":"file","path":"{}","format":"json"{options}}}]}}"#,
        path.display()
    );
    let plan = yard.store_plan(&plan)?;
    let service = Service::start(Arc::clone(&yard), ServiceOptions::default());
    let spec = RingSpec {
        main_slots: 8192,
        plan,
        app: "speed".into(),
        process: "archive_speed".into(),
        hostname: "host".into(),
        shared: true,
        ..RingSpec::default()
    };
    let ring = Arc::new(RingFile::create(&yard, &spec)?);
    service.adopt(Arc::clone(&ring));
    let mut producer = Producer::new(Arc::clone(&ring))?;
    let four = [
        ("user_id", Value::Int(7)),
        ("ok", Value::Bool(true)),
        ("path", Value::Str(b"/index")),
        ("took", Value::Float(0.25)),
    ];
    let builder = RecordBuilder::new(6, "speed", "user %s took %d ms").arg(Value::Str(b"alice")).arg(Value::Int(1234));
    let mut bytes = four.into_iter().fold(builder, |builder, (key, value)| builder.field(key, value)).build();
    for _ in 0..records {
        while !put(&mut producer, &service, &ring, &mut bytes) {}
    }
    assert!(service.flush(&[(Arc::clone(&ring), producer.position())], LONG));
    ring.set_state(State::Closed);
    Ok(service)
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

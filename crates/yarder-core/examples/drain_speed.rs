//! How fast full rings become a JSON file on disk, on one core.
//!
//! `cargo run --release -p yarder-core --example drain_speed [folder [row]]`. Rings are filled, then drained
//! by the calling thread; only the drain is timed. Every line is counted in the file afterwards.

#![allow(clippy::disallowed_macros, reason = "an example talks on stdout")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use yarder_core::record::{RecordBuilder, Value};
use yarder_core::writer::{Service, ServiceOptions};
use yarder_ring::{Producer, RingFile, RingSpec, State, Yard};

const SLOTS: u32 = 8192;
const ROUNDS: usize = 40;

struct Row {
    name: &'static str,
    rings: usize,
    fields: usize,
    fsync: &'static str,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let base = base.join(format!("yarder-drain-speed-{}", std::process::id()));
    println!(
        "{:<32} {:>10} {:>10} {:>10} {:>8}",
        "rings of 8192 slots, JSON", "records/s", "ns, best", "ns, median", "bytes"
    );
    let rows = [
        Row { name: "one ring, two arguments", rings: 1, fields: 0, fsync: "never" },
        Row { name: "one ring, four fields", rings: 1, fields: 4, fsync: "never" },
        Row { name: "four rings, two arguments", rings: 4, fields: 0, fsync: "never" },
        Row { name: "sixteen rings, two arguments", rings: 16, fields: 0, fsync: "never" },
    ];
    let only = std::env::args().nth(2).unwrap_or_default();
    for row in rows.iter().filter(|row| row.name.contains(&only)) {
        measure(&base.join("run"), row)?;
        std::fs::remove_dir_all(base.join("run"))?;
    }
    if "sync".contains(&only) {
        sync_cost(&base)?;
    }
    std::fs::remove_dir_all(&base)?;
    Ok(())
}

/// A service without a thread, and rings with producers.
fn setup(base: &Path, rings: usize, fsync: &str) -> Result<(Arc<Service>, Vec<Producer>), Box<dyn std::error::Error>> {
    std::fs::create_dir_all(base)?;
    let yard = Arc::new(Yard::open_or_create(Some(&base.join("yard")), "speed")?);
    let plan = format!(
        r#"{{"version":1,"app":"speed","tz":"utc","destinations":[{{"name":"file","type":"file",
            "path":"{}","format":"json","fsync":"{fsync}"}}]}}"#,
        base.join("speed.log").display()
    );
    let plan = yard.store_plan(&plan)?;
    let service = Service::start(Arc::clone(&yard), ServiceOptions { callers_only: true, ..ServiceOptions::default() });
    let mut producers = Vec::new();
    for _ in 0..rings {
        let spec = RingSpec {
            main_slots: SLOTS,
            plan: plan.clone(),
            app: "speed".into(),
            process: "drain_speed".into(),
            hostname: "host".into(),
            shared: true,
            ..RingSpec::default()
        };
        let ring = Arc::new(RingFile::create(&yard, &spec)?);
        service.adopt(Arc::clone(&ring));
        producers.push(Producer::new(ring)?);
    }
    Ok((service, producers))
}

fn record(fields: usize) -> Vec<u8> {
    let mut builder = RecordBuilder::new(6, "speed", "user %s took %d ms")
        .thread(0, "")
        .flags(yarder_core::record::flag::MAIN_THREAD)
        .arg(Value::Str(b"alice"))
        .arg(Value::Int(1234));
    let four = [
        ("user_id", Value::Int(7)),
        ("ok", Value::Bool(true)),
        ("path", Value::Str(b"/index")),
        ("took", Value::Float(0.25)),
    ];
    for (key, value) in four.into_iter().take(fields) {
        builder = builder.field(key, value);
    }
    builder.build()
}

/// `false`: no room.
fn put(producer: &mut Producer, bytes: &mut [u8]) -> bool {
    loop {
        if let Some(mut reservation) = producer.reserve(bytes.len()) {
            bytes[8..16].copy_from_slice(&reservation.sequence().to_le_bytes());
            bytes[16..24].copy_from_slice(&reservation.stamp().to_le_bytes());
            reservation.put(bytes);
            reservation.publish();
            return true;
        }
        use yarder_ring::Pressure;
        if !matches!(producer.pressure(bytes.len()), Pressure::Room | Pressure::HalfFull) {
            return false;
        }
    }
}

fn measure(base: &Path, row: &Row) -> Result<(), Box<dyn std::error::Error>> {
    let (service, mut producers) = setup(base, row.rings, row.fsync)?;
    let mut bytes = record(row.fields);
    let mut written = 0_u64;
    let mut costs = Vec::new();
    for _ in 0..ROUNDS {
        let mut filled = 0_u64;
        let mut open = true;
        while open {
            open = false;
            for producer in &mut producers {
                let stored = put(producer, &mut bytes);
                open |= stored;
                filled += u64::from(stored);
            }
        }
        let ends: Vec<_> = producers.iter().map(|p| (Arc::clone(p.ring()), p.position())).collect();
        let start = Instant::now();
        assert!(service.flush(&ends, Duration::from_secs(20)), "not drained");
        costs.push(start.elapsed().as_nanos() as f64 / filled as f64);
        written += filled;
    }
    let lines = BufReader::new(std::fs::File::open(base.join("speed.log"))?).lines().count() as u64;
    assert_eq!(lines, written, "every record is a line");
    costs.sort_by(f64::total_cmp);
    let (best, median) = (costs[0], costs[costs.len() / 2]);
    let size = std::fs::metadata(base.join("speed.log"))?.len() / written;
    println!("{:<32} {:>10.2e} {best:>10.1} {median:>10.1} {size:>8}", row.name, 1e9 / median);
    end(&service, producers);
    Ok(())
}

/// One record, one pass, in the calling thread: the cost of `mode="sync"` below the log call.
fn sync_cost(base: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let (service, mut producers) = setup(&base.join("sync"), 1, "never")?;
    let mut bytes = record(0);
    let mut costs = Vec::new();
    for _ in 0..20_000 {
        let producer = &mut producers[0];
        let start = Instant::now();
        assert!(put(producer, &mut bytes));
        assert!(service.sync_pass(producer.ring(), producer.position(), Duration::from_secs(1)));
        costs.push(start.elapsed().as_nanos() as f64);
    }
    costs.sort_by(f64::total_cmp);
    println!("{:<32} {:>10} {:>10.0} {:>10.0}", "mode=sync, one record a pass", "", costs[0], costs[costs.len() / 2]);
    end(&service, producers);
    Ok(())
}

fn end(service: &Arc<Service>, producers: Vec<Producer>) {
    producers.iter().for_each(|producer| producer.ring().set_state(State::Closed));
    assert!(service.stop(Duration::from_secs(20)));
}

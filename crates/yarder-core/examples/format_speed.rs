//! Nanoseconds per record of each format: `cargo run --release --example format_speed`.
//!
//! An argument names the one kind of record to measure. Prints the best of several rounds over records that differ in names and numbers, reading (`parse`) included.

#![allow(clippy::disallowed_macros, reason = "an example talks on stdout")]

use std::hint::black_box;
use std::time::Instant;

use yarder_core::format::{Formatter, Human, Json, Page, Source, Tz};
use yarder_core::record::{flag, RecordBuilder, RecordView, Value};

const RECORDS: u64 = 8192;
const ROUNDS: u32 = 40;

fn record(kind: &str, n: u64) -> Vec<u8> {
    let name = format!("user{n}");
    let base = |message: &str| {
        RecordBuilder::new(6, "web.db", message).at(n, n).flags(flag::MAIN_THREAD).caller("app/views.py:118 in handler")
    };
    let two = || base("user %s took %d ms").arg(Value::Str(name.as_bytes())).arg(Value::Int(n as i64 % 977));
    match kind {
        "static" => base("static message"),
        "two arguments" => two(),
        "two, worker thread" => two().flags(0).thread(4711, "Thread-1 (work)"),
        "four fields" => two()
            .field("user_id", Value::Int(n as i64 * 7))
            .field("ok", Value::Bool(true))
            .field("path", Value::Str(b"/api/v1/items"))
            .field("ratio", Value::Float(n as f64 / 1000.0)),
        "unicode" => base("Benutzer %s wählte „日本語“").arg(Value::Str("Jürgen Groß".as_bytes())),
        _ => two().field("exception.stacktrace", Value::Str(include_bytes!("format_speed.rs"))),
    }
    .build()
}

fn main() {
    let source = Source::new("web", 12345, "server-1.example", 0x1_2345_6789, "gunicorn");
    println!("{:<20} {:>6} {:>12} {:>12} {:>12}", "records", "bytes", "parse ns", "json ns", "human ns");
    for kind in ["static", "two arguments", "two, worker thread", "four fields", "unicode", "traceback"] {
        if std::env::args().nth(1).is_some_and(|wanted| wanted != kind) {
            continue;
        }
        // Head to tail, as the writer's batches lie.
        let batch: Vec<u8> = (0..RECORDS).flat_map(|n| record(kind, n)).collect();
        let mut records = Vec::new();
        let mut rest = &batch[..];
        while let Some(len) = rest.first_chunk::<4>() {
            let (record, after) = rest.split_at(u32::from_le_bytes(*len) as usize);
            records.push(record);
            rest = after;
        }
        let mut formats = [
            Formatter::Json(Json::new()),
            Formatter::Human(Human::new(Tz::parse("local").unwrap_or(Tz::utc()), false)),
        ];
        let mut out = Page::new();
        let mut best = [f64::MAX; 3];
        let mut bytes = 0;
        for _ in 0..ROUNDS {
            best[0] = best[0].min(time(|| {
                for record in &records {
                    black_box(RecordView::parse(black_box(record)).is_ok());
                }
            }));
            for (at, format) in formats.iter_mut().enumerate() {
                let ns = time(|| {
                    let mut stamp = 1_768_473_045_123_456_789;
                    for record in &records {
                        if out.len() > 1 << 19 {
                            out.clear();
                        }
                        stamp += 211;
                        if let Ok(view) = RecordView::parse(record) {
                            let before = out.len();
                            format.line(&view, &source, stamp, &mut out);
                            if at == 0 {
                                bytes = out.len() - before;
                            }
                        }
                    }
                });
                best[at + 1] = best[at + 1].min(ns);
            }
        }
        println!("{kind:<20} {bytes:>6} {:>12.1} {:>12.1} {:>12.1}", best[0], best[1], best[2]);
    }
}

/// Nanoseconds per record of one round.
fn time(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_nanos() as f64 / RECORDS as f64
}

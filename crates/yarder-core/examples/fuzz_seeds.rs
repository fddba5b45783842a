//! Writes the seeds of the fuzz targets: `cargo run --example fuzz_seeds -- fuzz/seeds`.

use std::path::PathBuf;

use yarder_core::record::{flag, RecordBuilder, Value};

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "fuzz/seeds".into()));
    let base = |message: &str| RecordBuilder::new(6, "web", message);
    let seeds = [
        ("static", base("static message").flags(flag::MAIN_THREAD)),
        (
            "args",
            base("%s took %d ms").arg(Value::Str(b"ada")).arg(Value::Int(42)).thread(7, "T-1").caller("a.py:1 in f"),
        ),
        (
            "stars",
            base("%*.*f %#x %-5c| %r %%")
                .arg(Value::Int(9))
                .arg(Value::Int(2))
                .arg(Value::Float(1.5))
                .arg(Value::BigInt(b"99999999999999999999"))
                .arg(Value::Int(65))
                .arg(Value::Bytes(b"\xFF'")),
        ),
        ("mismatch", base("%d and %d").arg(Value::Str(b"x"))),
        (
            "fields",
            base("m")
                .context("a", Value::None)
                .bound("a", Value::Bool(true))
                .field("a", Value::Text(b"t"))
                .field("j", Value::Json(b"{\"k\":[1,\"\\u2028\"]}"))
                .field("l", Value::Local(b"x = 1")),
        ),
        (
            "traceback",
            base("boom")
                .field("exception.type", Value::Str(b"E"))
                .field("exception.stacktrace", Value::Str(b"Traceback:\n  File \"a\"\nE: \xED\xA0\x80\n")),
        ),
        ("loss", base("after").at(9, 9).loss(0, 3).loss(12, 1).flags(flag::TRUNCATED | flag::CYCLE_CUT)),
    ];
    for target in ["decode", "format"] {
        std::fs::create_dir_all(folder.join(target))?;
        for (name, record) in &seeds {
            std::fs::write(folder.join(target).join(name), record.clone().build())?;
        }
    }
    Ok(())
}

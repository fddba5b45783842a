//! Records, lines and files to read back.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use yarder_core::format::{Formatter, Human, Json, Source, Tz};
use yarder_core::read::{Filter, Found, Parser, Query, Scan, Zone};
use yarder_core::record::{RecordBuilder, RecordView};

/// 2026-01-15T10:30:45.123456789Z.
pub(crate) const NS: u64 = 1_768_473_045_123_456_789;

pub(crate) fn utc() -> Zone {
    Zone::parse("utc").expect("UTC")
}

pub(crate) fn parser() -> Parser {
    Parser::new(utc())
}

pub(crate) fn json() -> Formatter {
    Formatter::Json(Json::new())
}

pub(crate) fn human() -> Formatter {
    Formatter::Human(Human::new(Tz::utc(), false))
}

pub(crate) fn line(formatter: &mut Formatter, record: RecordBuilder, ns: u64) -> Vec<u8> {
    let source = Source::new("web", 1234, "s1", 0x2_3456_789A, "python");
    let bytes = record.build();
    let mut out = Vec::new();
    formatter.line(&RecordView::parse(&bytes).expect("a record"), &source, ns, &mut out);
    out
}

/// Lines `message 0` and so on, one a second, every tenth an error of facility `db.pool`, the others info of `web`.
pub(crate) fn lines(formatter: &mut Formatter, numbers: std::ops::Range<u64>) -> Vec<u8> {
    let mut out = Vec::new();
    for n in numbers {
        let (level, facility) = if n % 10 == 0 { (3, "db.pool") } else { (6, "web") };
        let record = RecordBuilder::new(level, facility, format!("message {n}"))
            .at(n, 0)
            .field("n", yarder_core::record::Value::Int(n as i64));
        out.extend(line(formatter, record, at(n)));
    }
    out
}

/// The time of line `n`.
pub(crate) fn at(n: u64) -> u64 {
    NS / 1_000_000_000 * 1_000_000_000 + n * 1_000_000_000
}

/// A folder that is gone afterwards.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("yarder-read-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).expect("a file");
        path
    }

    pub(crate) fn append(&self, name: &str, bytes: &[u8]) {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(self.0.join(name)).expect("a file");
        file.write_all(bytes).expect("appended");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("compressed");
    encoder.finish().expect("compressed")
}

pub(crate) fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(bytes).expect("compressed");
    encoder.finish().expect("compressed")
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 1).expect("compressed")
}

pub(crate) fn query(filter: Filter) -> Query {
    Query { filter, ..Query::new(utc()) }
}

pub(crate) fn scan(source: &Path, query: &Query) -> Scan {
    yarder_core::read::scan(source, query).expect("a source")
}

/// The messages of what was found.
pub(crate) fn messages(found: impl IntoIterator<Item = Found>) -> Vec<String> {
    let mut parser = parser();
    found
        .into_iter()
        .map(|found| {
            let entry = parser.parse(&found.raw).expect("a record");
            String::from_utf8_lossy(&entry.message).into_owned()
        })
        .collect()
}

pub(crate) fn numbered(numbers: impl IntoIterator<Item = u64>) -> Vec<String> {
    numbers.into_iter().map(|n| format!("message {n}")).collect()
}

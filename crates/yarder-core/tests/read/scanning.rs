//! Whole sources: archives of every compression, filters, order, both directions.

use std::sync::Arc;

use yarder_core::read::{count_source, rfc3339, Block, BlockIndex, Filter, Query};

use yarder_core::record::{RecordBuilder, Value};

use crate::common::{at, gzip, human, json, line, lines, lz4, messages, numbered, query, scan, zstd, Folder};

/// Archives 0..400 in every compression, the live file 400..500.
fn archive(name: &str) -> Folder {
    let folder = Folder::new(name);
    let part = |numbers| lines(&mut json(), numbers);
    folder.write("web.20260115T103045123Z.1.log.gz", &gzip(&part(0..100)));
    // Members and frames one behind the other.
    folder.write("web.20260115T103045123Z.2.log.lz4", &[lz4(&part(100..150)), lz4(&part(150..200))].concat());
    folder.write("web.20260115T103145123Z.1.log.zst", &[zstd(&part(200..250)), zstd(&part(250..300))].concat());
    folder.write("web.20260115T103245123Z.1.log", &part(300..400));
    folder.write("web.log", &part(400..500));
    // Another app, a temporary name, a left-over of a compression.
    folder.write("web-gateway.20260115T103245123Z.1.log", &part(900..910));
    folder.write(".web.20260115T103245123Z.1.log.zst.tmp", b"x");
    folder.write("web.20260115T103145123Z.1.log", &part(200..300));
    folder
}

/// Live file and archives come in order, forwards and backwards, each record once.
#[test]
fn archives_and_live_file_are_one_stream() {
    let folder = archive("order");
    let live = folder.0.join("web.log");
    for threads in [1, 2, 4] {
        let query = Query { threads, ..query(Filter::default()) };
        assert_eq!(numbered(0..500), messages(scan(&live, &query)), "{threads} threads");
        let back = Query { reverse: true, ..query };
        assert_eq!(numbered((0..500).rev()), messages(scan(&live, &back)));
    }
    // A stem is its live file; a single archive is itself.
    assert_eq!(500, scan(&folder.0.join("web"), &query(Filter::default())).count());
    assert_eq!(50 + 50, scan(&folder.0.join("web.20260115T103145123Z.1.log.zst"), &query(Filter::default())).count());
    assert!(yarder_core::read::scan(&folder.0.join("nothing"), &query(Filter::default())).is_err());
}

/// A folder is all of its streams, merged by time.
#[test]
fn folders_are_merged_by_time() {
    let folder = Folder::new("merged");
    let mut parts = [Vec::new(), Vec::new()];
    for n in 0..100 {
        parts[(n % 3 == 0) as usize].extend(lines(&mut json(), n..n + 1));
    }
    folder.write("a.log", &parts[0]);
    folder.write("b.log", &parts[1]);
    folder.write("notes.md", b"not a log\n");
    assert_eq!(numbered(0..100), messages(scan(&folder.0, &query(Filter::default()))));
    let back = Query { reverse: true, limit: Some(7), ..query(Filter::default()) };
    assert_eq!(numbered((93..100).rev()), messages(scan(&folder.0, &back)));
}

/// Each filter takes what it says, in every format, whether or not something can be skipped unread.
#[test]
fn filters_take_what_they_say() {
    let pattern = regex::bytes::Regex::new(r"^message \d7$").expect("a pattern");
    for (name, mut formatter) in [("json", json()), ("human", human())] {
        let folder = Folder::new(&format!("filters-{name}"));
        let live = folder.write("web.log", &lines(&mut formatter, 0..300));
        let found = |filter: Filter| {
            let counted = count_source(&live, &query(filter.clone()), None).expect("counted").total;
            let messages = messages(scan(&live, &query(filter)));
            assert_eq!(messages.len() as u64, counted);
            messages
        };
        let all = Filter::default;
        assert_eq!(numbered(20..=40), found(Filter { since: Some(at(20)), until: Some(at(40)), ..all() }));
        assert_eq!(numbered((0..300).step_by(10)), found(Filter { levels: 0b1111, ..all() }));
        assert_eq!(270, found(Filter { levels: 1 << 6, ..all() }).len());
        assert_eq!(30, found(Filter { facility: Some("db".into()), ..all() }).len());
        assert_eq!(300, found(Filter { app: Some("web".into()), ..all() }).len());
        assert_eq!(0, found(Filter { app: Some("we".into()), ..all() }).len());
        assert_eq!(numbered([123]), found(Filter { contains: Some("message 123".into()), ..all() }));
        assert_eq!(numbered([123]), found(Filter { contains: Some("n=123".into()), ..all() }));
        // Names of keys are no texts.
        assert_eq!(0, found(Filter { contains: Some("timestamp".into()), ..all() }).len());
        assert_eq!(9, found(Filter { regex: Some(pattern.clone()), ..all() }).len());
        let by = |key: &str, value: &str| Filter { fields: vec![(key.into(), value.into())], ..all() };
        assert_eq!(numbered([5]), found(by("n", "5")));
        assert_eq!(numbered([5]), found(by("n", "5.0")));
        assert_eq!(30, found(by("level", "error")).len());
        let limit = Query { limit: Some(3), ..query(Filter { levels: 0b1000, ..all() }) };
        assert_eq!(numbered([0, 10, 20]), messages(scan(&live, &limit)));
    }
}

/// Counting by a key gives each value its number.
#[test]
fn counts_by_key() {
    let folder = archive("counts");
    let tally = |key: &str| {
        let tally =
            count_source(&folder.0.join("web.log"), &query(Filter::default()), Some(key.as_bytes())).expect("counted");
        let mut by: Vec<_> =
            tally.by.into_iter().map(|(text, n)| (text.map(|t| String::from_utf8_lossy(&t).into_owned()), n)).collect();
        by.sort();
        (tally.total, by)
    };
    assert_eq!((500, vec![(Some("error".into()), 50), (Some("info".into()), 450)]), tally("level"));
    assert_eq!((500, vec![(None, 500)]), tally("nothing"));
    assert_eq!(10, tally("minute").1.len());
}

/// An index of blocks that counts nothing itself.
struct Blocks(Vec<Block>);

impl BlockIndex for Blocks {
    fn blocks(&self, path: &std::path::Path) -> Option<Vec<Block>> {
        path.to_string_lossy().contains("indexed").then(|| self.0.clone())
    }
}

/// With an index only its blocks are touched: what is broken elsewhere is not even seen.
#[test]
fn an_index_spares_the_rest() {
    for name in ["plain", "zstd"] {
        let folder = Folder::new(&format!("index-{name}"));
        let (mut text, mut packed, mut blocks) = (Vec::new(), Vec::new(), Vec::new());
        for n in 0..20u64 {
            // Larger than what is read over rather than jumped over.
            let mut part = lines(&mut json(), n * 1000..(n + 1) * 1000);
            if n != 7 {
                part[0] = b'?';
            }
            let (offset, bytes) = (text.len() as u64, part.len() as u64);
            blocks.push(Block { offset, bytes, min_ns: at(n * 1000), max_ns: at(n * 1000 + 999), levels: 0b100_1000 });
            packed.extend(zstd(&part));
            text.extend(part);
        }
        let live = folder.write("indexed.log", if name == "zstd" { &packed } else { &text });
        let filter = Filter { since: Some(at(7500)), until: Some(at(7509)), ..Filter::default() };
        let index: Arc<dyn BlockIndex> = Arc::new(Blocks(blocks));
        for reverse in [false, true] {
            let query = Query { index: Some(index.clone()), reverse, ..query(filter.clone()) };
            let mut scan = scan(&live, &query);
            let mut found = messages(scan.by_ref());
            if reverse {
                found.reverse();
            }
            assert_eq!(numbered(7500..7510), found);
            assert_eq!(0, scan.problems().count, "{name}: {:?}", scan.problems());
        }
    }
}

/// A big file is cut into ranges at records, tracebacks whole, and every record comes once.
#[test]
fn ranges_are_cut_between_records() {
    let folder = Folder::new("ranges");
    let mut text = Vec::new();
    let block = lines(&mut human(), 0..1000);
    // Long tracebacks: many bytes of few records.
    let frames = "    File \"x.py\", line 1, in f\n      call(something)\n".repeat(20);
    let trace = format!("  Traceback (most recent call last):\n{frames}  E: x\n").into_bytes();
    let with: Vec<u8> = block.split_inclusive(|b| *b == b'\n').flat_map(|line| [line, &trace[..]].concat()).collect();
    let rounds = 50;
    (0..rounds).for_each(|_| text.extend_from_slice(&with));
    assert!(text.len() > 50 << 20, "two ranges");
    let live = folder.write("web.log", &text);
    let tally = count_source(&live, &query(Filter::default()), Some(b"exception.type")).expect("counted");
    assert_eq!((rounds * 1000, 1), (tally.total, tally.by.len()));
    let mut scan = scan(&live, &Query { threads: 2, ..query(Filter::default()) });
    assert_eq!(rounds as usize * 1000, scan.by_ref().count());
    assert_eq!(0, scan.problems().count);
}

/// A big archive of many frames is read by several threads, cut anywhere, and every record comes once and in order.
#[test]
fn frames_are_shared_among_threads() {
    for (name, mut formatter) in [("json", json()), ("human", human())] {
        let folder = Folder::new(&format!("frames-{name}"));
        // Few records of many bytes: what is tested is where they are cut.
        let trace = b"  Traceback (most recent call last):\n    File \"x.py\", line 1, in f\n  E: x\n".repeat(20);
        let pad = "x".repeat(1500);
        let mut text = Vec::new();
        for n in 0..1000 {
            let record = RecordBuilder::new(6, "web", format!("message {n}")).field("n", Value::Int(n));
            match name {
                "json" => text.extend(line(&mut formatter, record.field("pad", Value::Str(pad.as_bytes())), at(0))),
                _ => text.extend([line(&mut formatter, record, at(0)), trace.clone()].concat()),
            }
        }
        let rounds = (40 << 20) / text.len();
        let text = text.repeat(rounds);
        // Frames that end anywhere: in lines, in tracebacks, at newlines.
        let packed: Vec<u8> = text.chunks(4_000_037).flat_map(zstd).collect();
        let path = folder.write("web.20260115T103045Z.1.log.zst", &packed);
        let expected = rounds as u64 * 1000;
        assert_eq!(expected, count_source(&path, &query(Filter::default()), None).expect("counted").total, "{name}");
        let mut scan =
            scan(&path, &Query { threads: 2, ..query(Filter { contains: Some("n=7".into()), ..Filter::default() }) });
        let found = messages(scan.by_ref());
        let once: Vec<String> = numbered((0..1000).filter(|n| n.to_string().starts_with('7')));
        assert_eq!(once.len() * rounds, found.len());
        assert!(found.chunks(once.len()).all(|part| part == once));
        assert_eq!(0, scan.problems().count);
    }
}

/// Times are RFC 3339.
#[test]
fn times_are_read() {
    assert_eq!(Some(at(0)), rfc3339(b"2026-01-15T10:30:45Z"));
}

//! What the writer wrote, rotated and compressed is read back whole, and the ledger spares the reader the rest.

use std::sync::Arc;

use yarder_core::read::{self, BlockIndex, Filter, Ledgers, Parser, Query, Zone};
use yarder_core::record::RecordBuilder;

use crate::common::{file, plan, App, Folder, LONG};

fn zone() -> Zone {
    Zone::parse("utc").expect("UTC")
}

/// Messages and times of the records that a query finds.
fn found(path: &std::path::Path, query: &Query) -> Vec<(String, u64)> {
    let mut parser = Parser::new(zone());
    let mut scan = read::scan(path, query).expect("a source");
    let found = scan
        .by_ref()
        .map(|found| {
            let entry = parser.parse(&found.raw).expect("a record");
            (String::from_utf8_lossy(&entry.message).into_owned(), entry.ns)
        })
        .collect();
    assert_eq!(0, scan.problems().count, "{:?}", scan.problems());
    found
}

/// Everything that was logged comes back, over live file and archives; with the ledger every question has the same
/// answer as without, and looks at fewer blocks.
#[test]
fn the_ledger_gives_the_same_answers() {
    for codec in ["zstd", "gzip", "lz4"] {
        let folder = Folder::new(&format!("read-{codec}"));
        let path = folder.join("web.log");
        let how = format!(r#","rotate":200000,"compress":"{codec}""#);
        let mut app = App::start(folder.path(), &plan(&[file(&path, &how)]));
        for number in 0..6000u64 {
            let level = if number == 4321 { 3 } else { 6 };
            let record = RecordBuilder::new(level, "web", format!("message {number}"));
            assert!(app.put(record.build(), LONG));
            if number % 100 == 0 {
                assert!(app.flush());
            }
        }
        assert!(app.end());
        let all = found(&path, &Query::new(zone()));
        assert_eq!(
            (0..6000).map(|n| format!("message {n}")).collect::<Vec<_>>(),
            all.iter().map(|r| r.0.clone()).collect::<Vec<_>>()
        );
        let files = read::find(&path).expect("files");
        assert!(files[0].parts.len() > 3, "{codec}: {} files", files[0].parts.len());
        let index: Arc<dyn BlockIndex> = Arc::new(Ledgers::default());
        assert!(files[0].parts.iter().all(|part| index.blocks(&part.path).is_some()));
        let (early, late) = (all[1000].1, all[5990].1);
        for filter in [
            Filter { since: Some(late), ..Filter::default() },
            Filter { until: Some(early), ..Filter::default() },
            Filter { since: Some(early), until: Some(late), ..Filter::default() },
            Filter { levels: 0b1111, ..Filter::default() },
        ] {
            for reverse in [false, true] {
                let without = Query { filter: filter.clone(), reverse, ..Query::new(zone()) };
                let with = Query { index: Some(index.clone()), ..without.clone() };
                let wanted = found(&path, &without);
                assert!(!wanted.is_empty());
                assert_eq!(wanted, found(&path, &with), "{codec} {filter:?}");
            }
        }
    }
}

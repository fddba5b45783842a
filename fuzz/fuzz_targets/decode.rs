//! Any bytes: parsing ends without a panic, and what parses can be walked to its end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use yarder_core::record::RecordView;

fuzz_target!(|bytes: &[u8]| {
    let Ok(view) = RecordView::parse(bytes) else { return };
    assert_eq!(view.args().len(), view.args().count());
    let keys: Vec<&[u8]> = view.fields().map(|(key, _)| key).collect();
    let mut distinct = keys.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), keys.len(), "a key is shown once");
    let walked = view.facility().len() + view.thread().len() + view.caller().len() + view.message().len();
    assert!(walked <= view.bytes().len() + b"MainThread".len());
    assert!(view.loss().len() * 9 <= view.bytes().len());
});

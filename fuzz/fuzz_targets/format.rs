//! Any bytes: what parses as a record becomes whole lines of printable UTF-8.
#![no_main]

use libfuzzer_sys::fuzz_target;
use yarder_core::format::{message, Formatter, Human, Json, Source, Tz};
use yarder_core::record::RecordView;

fuzz_target!(|bytes: &[u8]| {
    let Ok(view) = RecordView::parse(bytes) else { return };
    let source = Source::new("fuzz", 1, "host", 1, "fuzz");
    let mut raw = Vec::new();
    message(&view, &mut raw);
    for (mut format, human) in
        [(Formatter::Json(Json::new()), false), (Formatter::Human(Human::new(Tz::utc(), false).with_local(true)), true)]
    {
        let mut out = Vec::new();
        let mut lines = format.losses(&view, &source, view.stamp(), &mut out);
        format.line(&view, &source, view.stamp(), &mut out);
        lines += 1;
        let text = std::str::from_utf8(&out).expect("lines are UTF-8");
        let own = text.lines().filter(|line| !(human && line.starts_with("  "))).count();
        assert_eq!(lines, own);
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
    }
});

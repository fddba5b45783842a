//! Which archives go: by count, age, bytes, and free space, the oldest first.

use super::name::Archive;
use crate::plan::ArchiveOptions;

/// What the rules are applied to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stock {
    /// Milliseconds since 1970, now.
    pub now_ms: u64,
    /// Bytes of the live file.
    pub live: u64,
    /// Bytes that the file system still gives; `None` where it cannot be asked.
    pub free: Option<u64>,
}

/// Why an archive goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// `keep`.
    Count,
    /// `keep_age`.
    Age,
    /// `keep_bytes`.
    Bytes,
    /// `min_free`.
    Free,
}

impl Why {
    /// Its name in the ledger.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Why::Count => "count",
            Why::Age => "age",
            Why::Bytes => "bytes",
            Why::Free => "free",
        }
    }
}

/// The archives of `archives` (oldest first) that the rules do not keep. The age of an archive is that of its newest
/// line, so of its rotation.
#[must_use]
pub fn surplus(archives: &[Archive], options: &ArchiveOptions, stock: &Stock) -> Vec<(Archive, Why)> {
    let mut bytes = stock.live + archives.iter().map(Archive::bytes).sum::<u64>();
    let mut free = stock.free;
    let mut gone = Vec::new();
    for (place, archive) in archives.iter().enumerate() {
        let left = (archives.len() - place) as u64;
        let age_ms = stock.now_ms.saturating_sub(archive.stamp.ms);
        let why = if options.keep.is_some_and(|keep| left > keep) {
            Why::Count
        } else if options.keep_age.is_some_and(|age| age_ms > age.saturating_mul(1000)) {
            Why::Age
        } else if options.keep_bytes.is_some_and(|keep| bytes > keep) {
            Why::Bytes
        } else if options.min_free.is_some_and(|least| free.is_some_and(|free| free < least)) {
            Why::Free
        } else {
            // Younger ones are kept by every rule as well.
            break;
        };
        bytes -= archive.bytes();
        free = free.map(|free| free + archive.bytes());
        gone.push((archive.clone(), why));
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::super::name::Stamp;
    use super::*;

    fn archives(count: u64) -> Vec<Archive> {
        let one = |ms| Archive { stamp: Stamp { ms, counter: 0 }, plain: Some(100), packed: None };
        (0..count).map(|number| one(number * 1000)).collect()
    }

    fn gone(options: &ArchiveOptions, stock: Stock) -> Vec<(u64, Why)> {
        surplus(&archives(5), options, &stock)
            .into_iter()
            .map(|(archive, why)| (archive.stamp.ms / 1000, why))
            .collect()
    }

    /// Each rule takes the oldest, as many as it must.
    #[test]
    fn each_rule_takes_the_oldest() {
        let rule = ArchiveOptions::default;
        let stock = Stock { now_ms: 4000, live: 50, free: Some(1000) };
        assert_eq!(gone(&rule(), stock), []);
        assert_eq!(gone(&ArchiveOptions { keep: Some(3), ..rule() }, stock), [(0, Why::Count), (1, Why::Count)]);
        assert_eq!(gone(&ArchiveOptions { keep: Some(0), ..rule() }, stock).len(), 5);
        assert_eq!(gone(&ArchiveOptions { keep_age: Some(3), ..rule() }, stock), [(0, Why::Age)]);
        assert_eq!(gone(&ArchiveOptions { keep_bytes: Some(450), ..rule() }, stock), [(0, Why::Bytes)]);
        assert_eq!(gone(&ArchiveOptions { min_free: Some(1150), ..rule() }, stock), [(0, Why::Free), (1, Why::Free)]);
        let unknown = Stock { free: None, ..stock };
        assert_eq!(gone(&ArchiveOptions { min_free: Some(1150), ..rule() }, unknown), []);
    }

    /// Together they take what the strictest takes.
    #[test]
    fn the_strictest_rule_decides() {
        let options = ArchiveOptions { keep: Some(4), keep_age: Some(2), ..ArchiveOptions::default() };
        let stock = Stock { now_ms: 4000, ..Stock::default() };
        assert_eq!(gone(&options, stock), [(0, Why::Count), (1, Why::Age)]);
    }
}

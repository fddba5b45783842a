//! The arithmetic of sequence numbers: each one was written here, routed elsewhere, or lost for a reason.

use std::collections::BTreeMap;

use serde::Serialize;

use super::reader::Block;

/// Gaps that are listed for one producer.
const LISTED: usize = 1000;

/// Numbers of a producer that no block accounts for by a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The producer.
    pub producer: u64,
    /// The number before the gap.
    pub after: u64,
    /// The number behind it.
    pub before: u64,
    /// How many numbers are missing in between (inside a block they need not stand together).
    pub missing: u64,
    /// Reasons that were told by then and had not explained an earlier gap. Empty: none.
    pub reasons: BTreeMap<String, u64>,
}

/// One producer's account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The producer.
    pub producer: u64,
    /// First and last sequence number.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// Records written to this file's archive.
    pub written: u64,
    /// Records meant for other destinations only.
    pub elsewhere: u64,
    /// Lost, by reason.
    pub lost: BTreeMap<String, u64>,
    /// Numbers that nobody accounts for.
    pub unexplained: u64,
}

/// Works out accounts and gaps from blocks in the order they were written.
pub(super) fn accounts(blocks: &[Block]) -> (Vec<Account>, Vec<Gap>) {
    let mut accounts: BTreeMap<u64, Account> = BTreeMap::new();
    let mut missing: BTreeMap<u64, u64> = BTreeMap::new();
    let mut told: BTreeMap<u64, BTreeMap<String, u64>> = BTreeMap::new();
    let mut gaps: Vec<Gap> = Vec::new();
    for span in blocks.iter().flat_map(|block| &block.line.producers) {
        let new = !accounts.contains_key(&span.producer);
        let account = accounts.entry(span.producer).or_default();
        let told = told.entry(span.producer).or_default();
        for (reason, count) in &span.lost {
            for table in [&mut account.lost, &mut *told] {
                let sum = table.entry(reason.clone()).or_insert(0);
                *sum = sum.saturating_add(*count);
            }
        }
        let lost: u64 = span.lost.values().sum();
        if new {
            (account.producer, account.first) = (span.producer, span.first);
            // What was lost before its first record is told by it.
            account.last = span.first.saturating_sub(1).saturating_sub(lost.min(span.first.saturating_sub(1)));
        }
        account.written = account.written.saturating_add(span.count);
        account.elsewhere = account.elsewhere.saturating_add(span.elsewhere);
        // A successor may have accounted for the same numbers again: they count once.
        let before = span.first.saturating_sub(account.last + 1);
        let within = (span.last + 1).saturating_sub(span.first.max(account.last + 1));
        let inside = within.saturating_sub(span.count + span.elsewhere);
        let after = account.last;
        account.last = account.last.max(span.last);
        let gone = before + inside;
        if gone == 0 {
            continue;
        }
        *missing.entry(span.producer).or_insert(0) += gone;
        if gaps.len() < LISTED {
            let reasons = std::mem::take(told);
            gaps.push(Gap {
                producer: span.producer,
                after,
                before: span.first.max(after + 1),
                missing: gone,
                reasons,
            });
        }
    }
    for account in accounts.values_mut() {
        let lost: u64 = account.lost.values().sum();
        account.unexplained = missing.get(&account.producer).map_or(0, |missing| missing.saturating_sub(lost));
    }
    (accounts.into_values().collect(), gaps)
}

#[cfg(test)]
mod tests {
    use super::super::line::{BlockLine, Span};
    use super::*;

    fn block(first: u64, last: u64, count: u64, elsewhere: u64, lost: u64) -> Block {
        let lost = (lost > 0).then(|| ("ring_full".to_owned(), lost)).into_iter().collect();
        let span = Span { producer: 7, first, last, count, elsewhere, lost };
        let line = BlockLine { producers: vec![span], ..BlockLine::default() };
        Block { file: 0, line, facilities: None, cut: false, cleared: false }
    }

    /// Blocks that follow each other have no gap, wherever the records went.
    #[test]
    fn what_went_elsewhere_is_no_gap() {
        let (accounts, gaps) = accounts(&[block(1, 10, 10, 0, 0), block(11, 20, 4, 6, 0), block(21, 21, 1, 0, 0)]);
        assert!(gaps.is_empty());
        assert_eq!((accounts[0].written, accounts[0].elsewhere, accounts[0].unexplained), (15, 6, 0));
    }

    /// A gap whose loss was told has its reason; one that nobody told of is unexplained.
    #[test]
    fn a_gap_has_its_reason_or_none() {
        let (told, gaps) = accounts(&[block(1, 10, 10, 0, 0), block(16, 20, 5, 0, 5)]);
        assert_eq!((gaps[0].missing, gaps[0].reasons["ring_full"], told[0].unexplained), (5, 5, 0));
        let (silent, gaps) = accounts(&[block(1, 10, 10, 0, 0), block(16, 20, 4, 0, 0)]);
        assert_eq!((gaps[0].missing, gaps[0].reasons.len(), silent[0].unexplained), (6, 0, 6));
    }

    /// The same numbers told twice are one account; a loss before the first record is no gap.
    #[test]
    fn what_is_said_twice_counts_once() {
        let (twice, gaps) = accounts(&[block(1, 10, 0, 10, 0), block(5, 10, 0, 6, 0), block(11, 12, 2, 0, 0)]);
        assert!(gaps.is_empty() && twice[0].unexplained == 0);
        let (first, gaps) = accounts(&[block(4, 10, 7, 0, 3)]);
        assert_eq!((gaps.len(), gaps[0].missing, first[0].unexplained), (1, 3, 0));
    }
}

//! What a reader of a ring under `overwrite_oldest` has accounted for: each number is delivered or told, once.
//!
//! Only the reader knows what it copied before the producer passed over it, so only the reader counts. Its account
//! stands in the header beside its head, in two copies, so that a successor goes on from the one that counts.

use std::sync::atomic::{fence, Ordering};

use crate::layout::{offset, Policy, Reason, REASONS, UNUSED_HEAD};
use crate::ring::{Head, RingFile};

/// Words of one copy.
const WORDS: usize = 3 + REASONS;

/// The numbers up to `last`: delivered, told as overwritten, or told for another reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The highest number that is delivered or told.
    pub last: u64,
    /// Records delivered.
    pub taken: u64,
    /// Records told as overwritten.
    pub overwritten: u64,
    /// Records told for each other reason.
    pub told: [u64; REASONS],
}

impl Account {
    /// Delivers the record with this number, which carries these totals; gives what is to be told before it, by
    /// reason, if anything is.
    pub fn deliver(&mut self, sequence: u64, totals: impl Iterator<Item = (u8, u64)>) -> Option<[u64; REASONS]> {
        let mut losses = [0; REASONS];
        for (reason, total) in totals {
            self.tell(usize::from(reason), total, &mut losses);
        }
        self.taken = self.taken.saturating_add(1);
        self.reach(sequence, &mut losses)
    }

    /// Delivers a record that cannot be read: its number is not believed.
    pub fn deliver_corrupt(&mut self) {
        self.taken = self.taken.saturating_add(1);
    }

    /// Everything up to `sequence` is over; gives what is still to be told.
    pub fn finish(&mut self, sequence: u64, totals: &[u64; REASONS]) -> Option<[u64; REASONS]> {
        let mut losses = [0; REASONS];
        for (reason, total) in totals.iter().enumerate() {
            self.tell(reason, *total, &mut losses);
        }
        self.reach(sequence, &mut losses)
    }

    fn tell(&mut self, reason: usize, total: u64, losses: &mut [u64; REASONS]) {
        if reason == Reason::Overwritten as usize {
            return;
        }
        if let Some(told) = self.told.get_mut(reason) {
            losses[reason] = losses[reason].saturating_add(total.saturating_sub(*told));
            *told = total.max(*told);
        }
    }

    fn reach(&mut self, sequence: u64, losses: &mut [u64; REASONS]) -> Option<[u64; REASONS]> {
        self.last = self.last.max(sequence);
        let known = self.told.iter().fold(self.taken.saturating_add(self.overwritten), |sum, n| sum.saturating_add(*n));
        let missing = self.last.saturating_sub(known);
        losses[Reason::Overwritten as usize] = missing;
        self.overwritten = self.overwritten.saturating_add(missing);
        losses.iter().any(|count| *count > 0).then_some(*losses)
    }

    fn words(&self) -> [u64; WORDS] {
        std::array::from_fn(|index| match index {
            0 => self.last,
            1 => self.taken,
            2 => self.overwritten,
            _ => self.told[index - 3],
        })
    }

    fn from_words(words: &[u64; WORDS]) -> Account {
        Account {
            last: words[0],
            taken: words[1],
            overwritten: words[2],
            told: std::array::from_fn(|index| words[index + 3]),
        }
    }
}

const fn place(head: Head) -> usize {
    match head {
        Head::Shared => offset::SHARED_ACCOUNT,
        Head::Local => offset::LOCAL_ACCOUNT,
    }
}

/// Offset of the copy that number `version` names.
const fn copy(head: Head, version: u64) -> usize {
    place(head) + 8 + (version & 1) as usize * WORDS * 8
}

impl RingFile {
    /// Whether its readers keep accounts.
    #[must_use]
    pub fn has_accounts(&self) -> bool {
        self.policy() == Policy::OverwriteOldest
    }

    /// The account of one head, as its reader last stored it.
    #[must_use]
    pub fn account(&self, head: Head) -> Account {
        let version = self.map().u64(place(head));
        let mut seen = version.load(Ordering::Acquire);
        // Bounded: who stores that often is no reader. Between two looks a copy is written at most once.
        for _ in 0..16 {
            let account = self.copied(head, seen);
            fence(Ordering::Acquire);
            let now = version.load(Ordering::Relaxed);
            if now == seen {
                return account;
            }
            seen = now;
        }
        self.copied(head, seen)
    }

    fn copied(&self, head: Head, version: u64) -> Account {
        let at = copy(head, version);
        Account::from_words(&std::array::from_fn(|index| self.map().u64(at + index * 8).load(Ordering::Relaxed)))
    }

    /// Writes the account that is to count next beside the one that does; gives its number.
    pub(crate) fn prepare_account(&self, head: Head, account: &Account) -> u64 {
        let next = self.map().u64(place(head)).load(Ordering::Relaxed).wrapping_add(1);
        // Who reads a word written below sees the number that made this copy the spare one.
        fence(Ordering::Release);
        let at = copy(head, next);
        for (index, word) in account.words().iter().enumerate() {
            self.map().u64(at + index * 8).store(*word, Ordering::Relaxed);
        }
        next
    }

    /// Makes a prepared account count.
    pub(crate) fn store_account(&self, head: Head, number: u64) {
        self.map().u64(place(head)).store(number, Ordering::Release);
    }

    /// The account that the tag of a batch names: what counts when the batch is written.
    #[must_use]
    pub fn tagged_account(&self) -> Account {
        let head = Head::Shared;
        let now = self.map().u64(place(head)).load(Ordering::Acquire);
        let tagged = self.map().u64(offset::TAG_ACCOUNT).load(Ordering::Relaxed);
        // A tag that names neither copy is long done, or a lie.
        if tagged == now.wrapping_add(1) {
            self.copied(head, tagged)
        } else {
            self.copied(head, now)
        }
    }

    /// Records told as overwritten: by the writer, or where there is none by the local reader.
    pub(crate) fn overwritten(&self) -> u64 {
        let head = if self.heads(Head::Shared).main == UNUSED_HEAD { Head::Local } else { Head::Shared };
        self.account(head).overwritten
    }
}

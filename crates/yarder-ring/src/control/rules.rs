//! Level rules that apply at run time, read under a sequence lock.

use std::sync::atomic::{fence, Ordering};

use super::{at, Control};
use crate::error::RingError;
use crate::map::cut;

/// Rules that the page has room for.
const MOST: usize = 256;
const ENTRY: usize = 80;
const NAME: usize = 64;
/// Levels that a rule may set; -1 is "off".
const LEVELS: std::ops::RangeInclusive<i8> = -1..=8;

/// The level of one facility, for one process or for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelRule {
    /// Dotted name of the facility, at most 64 bytes; empty for the whole app.
    pub facility: String,
    /// Process that it is for; 0 for all.
    pub pid: u32,
    /// Level number, 0 to 8; -1: nothing is logged.
    pub level: i8,
}

impl Control {
    /// The rules. Bounded: under a storm of changes the last look is taken, whose entries are each checked.
    #[must_use]
    pub fn rules(&self) -> Vec<LevelRule> {
        let sequence = self.map.u64(at::RULES_SEQ);
        let mut rules = Vec::new();
        for round in 0..1000 {
            let before = sequence.load(Ordering::Acquire);
            rules = self.read_rules();
            fence(Ordering::Acquire);
            if before % 2 == 0 && sequence.load(Ordering::Relaxed) == before {
                break;
            }
            if round > 10 {
                std::thread::yield_now();
            }
        }
        rules
    }

    /// Entry: pid u32, level u8, length u8, used u16, name 64 bytes, spare 8. Words, so that a reader that meets a
    /// writer reads old or new words, and no undefined ones.
    fn read_rules(&self) -> Vec<LevelRule> {
        let mut rules = Vec::new();
        for index in 0..MOST {
            let base = at::RULES + index * ENTRY;
            let head = self.map.u64(base).load(Ordering::Relaxed).to_le_bytes();
            let len = usize::from(head[5]);
            let level = head[4] as i8;
            if head[6] == 0 || len > NAME || !LEVELS.contains(&level) {
                continue;
            }
            let words = (0..NAME / 8).map(|word| self.map.u64(base + 8 + word * 8).load(Ordering::Relaxed));
            let name: Vec<u8> = words.flat_map(u64::to_le_bytes).take(len).collect();
            let Ok(facility) = String::from_utf8(name) else { continue };
            rules.push(LevelRule { facility, pid: u32::from_le_bytes([head[0], head[1], head[2], head[3]]), level });
        }
        rules
    }

    fn write_rules(&self, rules: &[LevelRule]) {
        let sequence = self.map.u64(at::RULES_SEQ);
        // Odd already: whoever changed the rules before us died on the way; the table is rewritten as a whole.
        let odd = sequence.load(Ordering::Relaxed) | 1;
        sequence.store(odd, Ordering::Relaxed);
        fence(Ordering::Release);
        for index in 0..MOST {
            let base = at::RULES + index * ENTRY;
            let Some(rule) = rules.get(index) else {
                self.map.u64(base).store(0, Ordering::Relaxed);
                continue;
            };
            let name = cut(&rule.facility, NAME).as_bytes();
            let pid = rule.pid.to_le_bytes();
            let head = [pid[0], pid[1], pid[2], pid[3], rule.level as u8, name.len() as u8, 1, 0];
            self.map.u64(base).store(u64::from_le_bytes(head), Ordering::Relaxed);
            for word in 0..NAME / 8 {
                let mut bytes = [0; 8];
                for (byte, value) in bytes.iter_mut().zip(name.iter().skip(word * 8)) {
                    *byte = *value;
                }
                self.map.u64(base + 8 + word * 8).store(u64::from_le_bytes(bytes), Ordering::Relaxed);
            }
        }
        sequence.store(odd.wrapping_add(1), Ordering::Release);
        self.generation_cell().fetch_add(1, Ordering::AcqRel);
    }

    /// Sets the level of a facility (empty: of the app), for one process or (0) for all.
    pub fn set_rule(&self, facility: &str, pid: u32, level: i8) -> Result<(), RingError> {
        if facility.len() > NAME || !LEVELS.contains(&level) {
            return Err(RingError::Argument { what: "a facility of more than 64 bytes, or a level beyond 8" });
        }
        let _change = self.change()?;
        let mut rules = self.rules();
        let full = rules.len() == MOST;
        match rules.iter_mut().find(|rule| rule.facility == facility && rule.pid == pid) {
            Some(rule) if rule.level == level => return Ok(()),
            Some(rule) => rule.level = level,
            None if full => return Err(RingError::Argument { what: "more than 256 level rules" }),
            None => rules.push(LevelRule { facility: facility.to_owned(), pid, level }),
        }
        self.write_rules(&rules);
        Ok(())
    }

    /// Removes a rule; `false` where there was none.
    pub fn clear_rule(&self, facility: &str, pid: u32) -> Result<bool, RingError> {
        let _change = self.change()?;
        let mut rules = self.rules();
        let before = rules.len();
        rules.retain(|rule| rule.facility != facility || rule.pid != pid);
        let removed = rules.len() != before;
        if removed {
            self.write_rules(&rules);
        }
        Ok(removed)
    }
}

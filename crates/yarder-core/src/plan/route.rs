//! Which destinations take a record: one load for most records.
//!
//! A plan without facility rules is a table by level. With rules, the masks of a facility are worked
//! out once and kept; records of one producer come in runs of the same facility, so the last one is
//! compared first.

use std::collections::{BTreeMap, HashMap};

use super::Plan;

/// One mask of destinations for each level 0..=8.
type Masks = [u16; 9];

/// How many facilities are remembered; names are the application's data and may be without end.
const CACHE: usize = 1024;

/// The rules of one plan, ready to be asked for each record.
#[derive(Debug)]
pub struct Route {
    rules: Vec<Rule>,
    plain: Masks,
    by_facility: bool,
    last: (Vec<u8>, Masks),
    cache: HashMap<Box<[u8]>, Masks>,
}

#[derive(Debug)]
struct Rule {
    level: i8,
    facilities: Option<Vec<(Vec<u8>, i8)>>,
}

impl Route {
    /// Compiles the rules of `plan`; bit `i` of a mask is its destination `i`.
    #[must_use]
    pub fn new(plan: &Plan) -> Route {
        Route::of(plan.destinations.iter().map(|to| (to.level, to.facilities.as_ref())))
    }

    /// The same from bare rules: a level, and the facilities if only some are taken.
    #[must_use]
    pub fn of<'a>(rules: impl IntoIterator<Item = (i8, Option<&'a BTreeMap<String, i8>>)>) -> Route {
        let rules: Vec<Rule> = rules
            .into_iter()
            .map(|(level, facilities)| Rule {
                level,
                facilities: facilities
                    .map(|map| map.iter().map(|(name, level)| (name.as_bytes().to_vec(), *level)).collect()),
            })
            .collect();
        let by_facility = rules.iter().any(|rule| rule.facilities.is_some());
        let plain = masks(&rules, b"");
        Route { rules, plain, by_facility, last: (Vec::new(), plain), cache: HashMap::new() }
    }

    /// The destinations of a record. `facility` is read only when a rule asks for it.
    #[inline]
    pub fn mask(&mut self, level: u8, facility: &[u8]) -> u16 {
        // A level beyond the table can only come from a damaged ring; it counts as the least severe.
        let level = usize::from(level.min(8));
        if !self.by_facility {
            return self.plain[level];
        }
        if self.last.0 != facility {
            self.remember(facility);
        }
        self.last.1[level]
    }

    fn remember(&mut self, facility: &[u8]) {
        let found = match self.cache.get(facility) {
            Some(found) => *found,
            None => {
                let made = masks(&self.rules, facility);
                if self.cache.len() >= CACHE {
                    self.cache.clear();
                }
                self.cache.insert(facility.into(), made);
                made
            }
        };
        self.last.0.clear();
        self.last.0.extend_from_slice(facility);
        self.last.1 = found;
    }
}

fn masks(rules: &[Rule], facility: &[u8]) -> Masks {
    let mut masks = [0; 9];
    for (index, rule) in rules.iter().enumerate() {
        let limit = rule.limit(facility);
        for (level, mask) in masks.iter_mut().enumerate() {
            if level as i32 <= i32::from(limit) {
                *mask |= 1 << index;
            }
        }
    }
    masks
}

impl Rule {
    /// The least severe level this destination takes from `facility`; -1 for nothing.
    fn limit(&self, facility: &[u8]) -> i8 {
        let Some(rules) = &self.facilities else { return self.level };
        rules
            .iter()
            .filter(|(prefix, _)| covers(prefix, facility))
            .max_by_key(|(prefix, _)| prefix.len())
            .map_or(-1, |(_, level)| *level)
    }
}

/// Dotted prefix: `db` covers `db` and `db.pool`, not `dbx`.
fn covers(prefix: &[u8], facility: &[u8]) -> bool {
    facility.starts_with(prefix)
        && (prefix.is_empty() || facility.len() == prefix.len() || facility[prefix.len()] == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(destinations: &str) -> Plan {
        Plan::parse(&format!(r#"{{"version":1,"app":"web","destinations":[{destinations}]}}"#)).expect("a valid plan")
    }

    #[test]
    fn a_level_limits_a_destination() {
        let mut route = Route::new(&plan(
            r#"{"name":"a","type":"file","path":"/a","format":"json","level":4},
               {"name":"b","type":"file","path":"/b","format":"human","level":-1},
               {"name":"c","type":"file","path":"/c","format":"human"}"#,
        ));
        assert_eq!(route.mask(4, b"web"), 0b101);
        assert_eq!(route.mask(5, b"web"), 0b100);
        assert_eq!(route.mask(255, b"web"), 0b100);
    }

    #[test]
    fn the_longest_dotted_prefix_wins() {
        let mut route = Route::new(&plan(
            r#"{"name":"a","type":"file","path":"/a","format":"json","facilities":{"db":7,"db.pool":3}}"#,
        ));
        assert_eq!(route.mask(7, b"db"), 1);
        assert_eq!(route.mask(7, b"db.pool"), 0);
        assert_eq!(route.mask(3, b"db.pool.x"), 1);
        assert_eq!(route.mask(0, b"dbx"), 0);
        assert_eq!(route.mask(7, b"db.sql"), 1);
    }

    #[test]
    fn a_bad_plan_is_refused_with_its_reason() {
        let bad = |json: &str| Plan::parse(json).expect_err("refused").to_string();
        assert!(bad("{").contains("not valid"));
        assert!(bad(r#"{"version":9,"app":"a","destinations":[]}"#).contains("version 9"));
        let relative = r#"{"name":"a","type":"file","path":"a","format":"json"}"#;
        assert!(bad(&format!(r#"{{"version":1,"app":"a","destinations":[{relative}]}}"#)).contains("absolute"));
    }

    #[test]
    fn a_plan_survives_its_own_json() {
        let plan = plan(r#"{"name":"a","type":"file","path":"/a","format":"json","facilities":{"db":7}}"#);
        assert_eq!(Plan::parse(&plan.to_json()).expect("a valid plan"), plan);
    }
}

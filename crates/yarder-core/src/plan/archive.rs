//! A file's options for its archive: when it is rotated, how it is compressed, how much is kept.

use serde::{Deserialize, Serialize};

/// What happens to a file that has grown or aged. Every key may be absent: then nothing happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveOptions {
    /// When the live file becomes an archive.
    #[serde(default, skip_serializing_if = "Rotate::is_never")]
    pub rotate: Rotate,
    /// At most so many archives are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<u64>,
    /// Archives older than so many seconds are removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_age: Option<u64>,
    /// Live file and archives together have at most so many bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_bytes: Option<u64>,
    /// Archives are removed while the file system has fewer bytes free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_free: Option<u64>,
    /// How archives are compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compress: Option<Codec>,
    /// Bytes reserved on the device for a new live file, so that it lies in one piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preallocate: Option<u64>,
    /// Whether a ledger is kept beside the file.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub ledger: bool,
}

impl Default for ArchiveOptions {
    fn default() -> Self {
        ArchiveOptions {
            rotate: Rotate::default(),
            keep: None,
            keep_age: None,
            keep_bytes: None,
            min_free: None,
            compress: None,
            preallocate: None,
            ledger: true,
        }
    }
}

impl ArchiveOptions {
    /// Whether any rule ever removes an archive.
    #[must_use]
    pub fn removes(&self) -> bool {
        self.keep.is_some() || self.keep_age.is_some() || self.keep_bytes.is_some() || self.min_free.is_some()
    }

    /// What cannot be meant.
    pub(super) fn fault(&self) -> Option<&'static str> {
        if self.rotate.size == Some(0) || self.rotate.age_s == Some(0) {
            return Some("a size or an age of 0 would rotate for ever");
        }
        (self.preallocate.is_some_and(|bytes| bytes > 1 << 40)).then_some("it preallocates more than a terabyte")
    }
}

/// How an archive is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// Readable everywhere (`zcat`).
    Gzip,
    /// The fastest (`lz4cat`).
    Lz4,
    /// Smaller and faster than gzip (`zstdcat`).
    Zstd,
}

impl Codec {
    /// Every codec.
    pub const ALL: [Codec; 3] = [Codec::Gzip, Codec::Lz4, Codec::Zstd];

    /// The ending of its files.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Codec::Gzip => "gz",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zst",
        }
    }

    /// Its number in the control page.
    #[must_use]
    pub fn number(self) -> u32 {
        self as u32 + 1
    }

    /// The codec of a number; `None` for none.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| codec.number() == number)
    }
}

/// When a file is rotated: whichever rule says so first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<Rules>", into = "Option<Rules>")]
pub struct Rotate {
    /// Before it would grow beyond so many bytes.
    pub size: Option<u64>,
    /// So many seconds after its first line.
    pub age_s: Option<u64>,
    /// At the full hour, by the wall clock.
    pub hourly: bool,
    /// At midnight, by the wall clock.
    pub daily: bool,
}

impl Rotate {
    /// Whether no rule ever rotates.
    #[must_use]
    pub fn is_never(&self) -> bool {
        *self == Rotate::default()
    }

    /// Whether a rule depends on the time.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.age_s.is_some() || self.hourly || self.daily
    }
}

/// `rotate` in JSON: one rule or a list of them.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Rules {
    Many(Vec<Rule>),
    One(Rule),
}

/// One rule: `100000000` (bytes), `{"size": bytes}`, `{"age": seconds}`, `"hourly"`, `"daily"`.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Rule {
    Size(u64),
    Named(Calendar),
    Sized { size: u64 },
    Aged { age: u64 },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Calendar {
    Hourly,
    Daily,
}

impl From<Option<Rules>> for Rotate {
    fn from(rules: Option<Rules>) -> Rotate {
        let rules = match rules {
            None => Vec::new(),
            Some(Rules::One(rule)) => vec![rule],
            Some(Rules::Many(rules)) => rules,
        };
        let mut rotate = Rotate::default();
        for rule in rules {
            // Of two rules of a kind the stricter one acts first anyway.
            match rule {
                Rule::Size(size) | Rule::Sized { size } => {
                    rotate.size = Some(rotate.size.map_or(size, |other| other.min(size)));
                }
                Rule::Aged { age } => rotate.age_s = Some(rotate.age_s.map_or(age, |other| other.min(age))),
                Rule::Named(Calendar::Hourly) => rotate.hourly = true,
                Rule::Named(Calendar::Daily) => rotate.daily = true,
            }
        }
        rotate
    }
}

impl From<Rotate> for Option<Rules> {
    fn from(rotate: Rotate) -> Option<Rules> {
        let size = rotate.size.map(|size| Rule::Sized { size });
        let age = rotate.age_s.map(|age| Rule::Aged { age });
        let hourly = rotate.hourly.then_some(Rule::Named(Calendar::Hourly));
        let daily = rotate.daily.then_some(Rule::Named(Calendar::Daily));
        let rules: Vec<Rule> = [size, age, hourly, daily].into_iter().flatten().collect();
        (!rules.is_empty()).then_some(Rules::Many(rules))
    }
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotate(json: &str) -> Rotate {
        serde_json::from_str::<ArchiveOptions>(&format!(r#"{{"rotate":{json}}}"#)).expect("options").rotate
    }

    /// One value, a list, or nothing; a plan of an older release has none of the keys.
    #[test]
    fn rotation_is_one_rule_or_many() {
        assert!(serde_json::from_str::<ArchiveOptions>("{}").expect("options").rotate.is_never());
        assert!(rotate("null").is_never());
        assert_eq!(rotate("1000"), Rotate { size: Some(1000), ..Rotate::default() });
        assert_eq!(rotate(r#""daily""#), Rotate { daily: true, ..Rotate::default() });
        let all = rotate(r#"[{"size":5},{"age":60},"hourly","daily",{"size":3}]"#);
        assert_eq!(all, Rotate { size: Some(3), age_s: Some(60), hourly: true, daily: true });
    }

    /// What is written is read back as it was.
    #[test]
    fn options_survive_their_own_json() {
        let options = ArchiveOptions {
            rotate: Rotate { size: Some(3), age_s: Some(60), hourly: false, daily: true },
            keep: Some(7),
            compress: Some(Codec::Zstd),
            ledger: false,
            ..ArchiveOptions::default()
        };
        let json = serde_json::to_string(&options).expect("json");
        assert_eq!(serde_json::from_str::<ArchiveOptions>(&json).expect("options"), options);
        assert!(serde_json::from_str::<ArchiveOptions>(r#"{"rotate":"weekly"}"#).is_err());
    }
}

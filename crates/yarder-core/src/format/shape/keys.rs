//! Which keys a preset has, in their order, and the options that change them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The least that `max_line` may be: what yarder itself says of a record fits into it.
pub(super) const MAX_LINE_LEAST: usize = 1024;

/// For whom a JSON line is shaped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// LogStream's keys, yarder's own.
    #[default]
    Logstream,
    /// Fields beside the message, nothing nested.
    Flat,
    /// Elastic Common Schema.
    Ecs,
    /// Google Cloud Logging's structured logging.
    Gcp,
    /// OpenTelemetry: one `LogsData` message a line, in OTLP's JSON encoding.
    Otel,
}

/// How a level is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LevelStyle {
    /// Its number.
    Number,
    /// Its name in lower case.
    Name,
}

/// What `yarder.Json` takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JsonOptions {
    /// For whom a line is shaped.
    pub preset: Preset,
    /// How levels are written; `None` as the preset does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<LevelStyle>,
    /// Keys of the preset and the names they get instead.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rename: BTreeMap<String, String>,
    /// The most bytes of a line, its newline included; longer texts are cut and the record says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_line: Option<usize>,
}

/// Options that contradict each other or the preset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// The preset has no such key.
    #[error("rename: {0:?} is no key of the preset")]
    Unknown(String),
    /// Two keys of one line would have one name.
    #[error("rename: two keys would be called {0:?}")]
    Twice(String),
    /// The platform fixes how levels are written.
    #[error("level: the preset writes levels as its platform wants them")]
    Level,
    /// A shorter line than yarder's own keys take.
    #[error("max_line: {0} is less than {MAX_LINE_LEAST}")]
    MaxLine(usize),
}

/// One key of a line and what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) name: Vec<u8>,
    pub(super) part: Part,
}

/// What stands behind a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Id,
    Time,
    LevelNumber,
    LevelName,
    /// Google's name of the level.
    Severity,
    App,
    Facility,
    Message,
    Pid,
    Tid,
    Thread,
    Process,
    Hostname,
    Caller,
    CallerFile,
    CallerLine,
    CallerFunction,
    Sequence,
    /// JSON text that is the same in every line.
    Constant(&'static str),
    /// The user's field of this name, when it is text; it is left out of the others then.
    Lifted(&'static str),
    /// The fields as an object.
    Fields,
    /// The fields themselves, without a key of their own.
    Flat,
    /// The fields as an object of texts, without dots in their names.
    EcsLabels,
    /// What else is known of the record, as an object of texts.
    GcpLabels,
    GcpPlace,
    GcpService,
    /// The whole line.
    Otel,
}

const LOGSTREAM: &[(&str, Part)] = &[
    ("id", Part::Id),
    ("timestamp", Part::Time),
    ("level", Part::LevelNumber),
    ("daemon", Part::App),
    ("message", Part::Message),
    ("fields", Part::Fields),
    ("pid", Part::Pid),
    ("hostname", Part::Hostname),
    ("facility", Part::Facility),
    ("tid", Part::Tid),
    ("thread", Part::Thread),
    ("caller", Part::Caller),
];

const FLAT: &[(&str, Part)] = &[
    ("timestamp", Part::Time),
    ("level", Part::LevelName),
    ("message", Part::Message),
    ("logger", Part::Facility),
    ("app", Part::App),
    ("", Part::Flat),
];

/// The first four in the order that ecs-logging's specification wants.
const ECS: &[(&str, Part)] = &[
    ("@timestamp", Part::Time),
    ("log.level", Part::LevelName),
    ("message", Part::Message),
    ("ecs.version", Part::Constant("\"8.11.0\"")),
    ("service.name", Part::App),
    ("log.logger", Part::Facility),
    ("event.id", Part::Id),
    ("event.sequence", Part::Sequence),
    ("host.hostname", Part::Hostname),
    ("process.pid", Part::Pid),
    ("process.name", Part::Process),
    ("process.thread.id", Part::Tid),
    ("process.thread.name", Part::Thread),
    ("log.origin.file.name", Part::CallerFile),
    ("log.origin.file.line", Part::CallerLine),
    ("log.origin.function", Part::CallerFunction),
    ("error.type", Part::Lifted("exception.type")),
    ("error.message", Part::Lifted("exception.message")),
    ("error.stack_trace", Part::Lifted("exception.stacktrace")),
    ("trace.id", Part::Lifted("trace_id")),
    ("span.id", Part::Lifted("span_id")),
    ("labels", Part::EcsLabels),
];

const GCP: &[(&str, Part)] = &[
    ("severity", Part::Severity),
    ("time", Part::Time),
    ("message", Part::Message),
    ("fields", Part::Fields),
    ("stack_trace", Part::Lifted("exception.stacktrace")),
    ("serviceContext", Part::GcpService),
    ("logging.googleapis.com/insertId", Part::Id),
    ("logging.googleapis.com/labels", Part::GcpLabels),
    ("logging.googleapis.com/sourceLocation", Part::GcpPlace),
    ("logging.googleapis.com/trace", Part::Lifted("trace_id")),
    ("logging.googleapis.com/spanId", Part::Lifted("span_id")),
];

const OTEL: &[(&str, Part)] = &[("", Part::Otel)];

impl Preset {
    fn table(self) -> &'static [(&'static str, Part)] {
        match self {
            Preset::Logstream => LOGSTREAM,
            Preset::Flat => FLAT,
            Preset::Ecs => ECS,
            Preset::Gcp => GCP,
            Preset::Otel => OTEL,
        }
    }

    /// The keys of a line, in their order. Those of `flat` are followed by the fields', those of `otel` are fixed.
    pub fn keys(self) -> impl Iterator<Item = &'static str> {
        self.table().iter().map(|(name, _)| *name).filter(|name| !name.is_empty())
    }
}

impl JsonOptions {
    /// The same as `Json::new`, made by its faster way.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let level = matches!(self.level, None | Some(LevelStyle::Number));
        self.preset == Preset::Logstream && level && self.rename.is_empty() && self.max_line.is_none()
    }

    pub(super) fn keys(&self) -> Result<Vec<Key>, OptionsError> {
        if let Some(most) = self.max_line.filter(|most| *most < MAX_LINE_LEAST) {
            return Err(OptionsError::MaxLine(most));
        }
        if self.level == Some(LevelStyle::Number) && matches!(self.preset, Preset::Ecs | Preset::Gcp | Preset::Otel) {
            return Err(OptionsError::Level);
        }
        let table = self.preset.table();
        // In `flat` a field is a key of the line like any other.
        let known = |name: &String| self.preset == Preset::Flat || table.iter().any(|(key, _)| key == name);
        if let Some(unknown) = self.rename.keys().find(|name| name.is_empty() || !known(name)) {
            return Err(OptionsError::Unknown(unknown.clone()));
        }
        let mut keys: Vec<Key> = Vec::new();
        let mut taken: Vec<&str> = Vec::new();
        for (name, part) in table {
            let part = match (part, self.level) {
                (Part::LevelNumber | Part::LevelName, Some(LevelStyle::Number)) => Part::LevelNumber,
                (Part::LevelNumber | Part::LevelName, Some(LevelStyle::Name)) => Part::LevelName,
                _ => *part,
            };
            let name = self.rename.get(*name).map_or(*name, String::as_str);
            taken.push(name);
            keys.push(Key { name: name.as_bytes().to_vec(), part });
        }
        let fields = self.rename.iter().filter(|(from, _)| !table.iter().any(|(key, _)| key == from));
        taken.extend(fields.map(|(_, to)| to.as_str()));
        taken.sort_unstable();
        match taken.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(OptionsError::Twice(pair[0].to_owned())),
            None => Ok(keys),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(options: &str) -> Result<Vec<String>, OptionsError> {
        let options: JsonOptions = serde_json::from_str(options).expect("options");
        Ok(options.keys()?.into_iter().map(|key| String::from_utf8_lossy(&key.name).into_owned()).collect())
    }

    /// A key has its new name at its old place.
    #[test]
    fn keys_are_renamed_in_place() {
        let renamed = keys(r#"{"rename":{"daemon":"service","message":"msg"}}"#).expect("options");
        assert_eq!(["id", "timestamp", "level", "service", "msg"], renamed[..5]);
        assert!(keys(r#"{"preset":"flat","rename":{"user_id":"uid"}}"#).is_ok());
        assert!(keys(r#"{"rename":{"daemon":"message","message":"daemon"}}"#).is_ok());
    }

    /// What cannot be is refused.
    #[test]
    fn contradictions_are_refused() {
        assert_eq!(Err(OptionsError::Unknown("app".into())), keys(r#"{"rename":{"app":"x"}}"#));
        assert_eq!(Err(OptionsError::Unknown("x".into())), keys(r#"{"preset":"otel","rename":{"x":"y"}}"#));
        assert_eq!(Err(OptionsError::Twice("pid".into())), keys(r#"{"rename":{"tid":"pid"}}"#));
        assert_eq!(Err(OptionsError::Twice("app".into())), keys(r#"{"preset":"flat","rename":{"user":"app"}}"#));
        assert_eq!(Err(OptionsError::Level), keys(r#"{"preset":"gcp","level":"number"}"#));
        assert_eq!(Err(OptionsError::MaxLine(10)), keys(r#"{"max_line":10}"#));
        for preset in ["logstream", "flat", "ecs", "gcp", "otel"] {
            assert!(keys(&format!(r#"{{"preset":"{preset}","max_line":1024}}"#)).is_ok());
        }
    }
}

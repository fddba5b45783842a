//! How a record becomes a line, as a plan says it: a name, a template, or an object with options.

use serde::{Deserialize, Serialize};

use crate::format::{
    Formatter, Human, Json, JsonOptions, Logfmt, Mcr, OptionsError, Raw, Shaped, Syslog, Template, TemplateError, Tz,
};

/// The names of formats.
pub const FORMATS: [&str; 6] = ["json", "human", "syslog", "logfmt", "mcr", "raw"];

/// How a record becomes a line. In JSON: `"human"`, `"{level} {message}"`, or
/// `{"type":"json","preset":"ecs","rename":{},"max_line":8192}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum Layout {
    /// One JSON object a line.
    Json(JsonOptions),
    /// A line for people.
    Human,
    /// RFC 5424.
    Syslog,
    /// `key=value`, all of it.
    Logfmt,
    /// `[Info] [facility] text key=value`.
    Mcr,
    /// The message alone.
    Raw,
    /// A template of the user's.
    Template(String),
}

/// Why a format cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// Neither a name nor a template.
    #[error("format {0:?} is not known; it is one of {names}, or a template such as {{level}} {{message}}", names = FORMATS.join(", "))]
    Name(String),
    /// A template that is wrong.
    #[error("the template {0:?}: {1}")]
    Template(String, TemplateError),
    /// JSON options that contradict each other.
    #[error("the JSON format: {0}")]
    Options(#[from] OptionsError),
}

/// What stands in a plan.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Object(Object),
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Object {
    Json(JsonOptions),
}

impl Layout {
    /// The layout of a name or a template.
    ///
    /// # Errors
    /// [`LayoutError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Layout, LayoutError> {
        Ok(match text {
            "json" => Layout::Json(JsonOptions::default()),
            "human" => Layout::Human,
            "syslog" => Layout::Syslog,
            "logfmt" => Layout::Logfmt,
            "mcr" => Layout::Mcr,
            "raw" => Layout::Raw,
            _ if text.contains('{') => {
                Template::parse(text, Tz::utc()).map_err(|error| LayoutError::Template(text.to_owned(), error))?;
                Layout::Template(text.to_owned())
            }
            _ => return Err(LayoutError::Name(text.to_owned())),
        })
    }

    /// A formatter for one destination; human lines and templates tell the time of zone `tz`.
    ///
    /// Consoles that want colours or short tracebacks make their [`Human`] themselves.
    #[must_use]
    pub fn formatter(&self, tz: &Tz) -> Formatter {
        match self {
            Layout::Json(options) if options.is_plain() => Formatter::Json(Json::new()),
            // A layout was checked when it was made, so the second choice is for nobody.
            Layout::Json(options) => {
                Shaped::new(options).map_or_else(|_| Formatter::Json(Json::new()), Formatter::Shaped)
            }
            Layout::Human => Formatter::Human(Human::new(tz.clone(), false)),
            Layout::Syslog => Formatter::Syslog(Syslog::default()),
            Layout::Logfmt => Formatter::Logfmt(Logfmt::default()),
            Layout::Mcr => Formatter::Mcr(Mcr::default()),
            Layout::Raw => Formatter::Raw(Raw::default()),
            Layout::Template(text) => Template::parse(text, tz.clone())
                .map_or_else(|_| Formatter::Human(Human::new(tz.clone(), false)), Formatter::Template),
        }
    }
}

impl TryFrom<Written> for Layout {
    type Error = LayoutError;

    fn try_from(written: Written) -> Result<Layout, LayoutError> {
        match written {
            Written::Text(text) => Layout::parse(&text),
            Written::Object(Object::Json(options)) => {
                Shaped::new(&options)?;
                Ok(Layout::Json(options))
            }
        }
    }
}

impl From<Layout> for Written {
    fn from(layout: Layout) -> Written {
        let name = match layout {
            Layout::Json(options) if options == JsonOptions::default() => "json",
            Layout::Json(options) => return Written::Object(Object::Json(options)),
            Layout::Human => "human",
            Layout::Syslog => "syslog",
            Layout::Logfmt => "logfmt",
            Layout::Mcr => "mcr",
            Layout::Raw => "raw",
            Layout::Template(text) => return Written::Text(text),
        };
        Written::Text(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Layout, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    /// What old plans say means what it meant, and everything comes back as it was written.
    #[test]
    fn layouts_survive_their_own_json() {
        for name in FORMATS {
            let text = format!("{name:?}");
            let layout = read(&text).expect("a format");
            assert_eq!(text, serde_json::to_string(&layout).expect("JSON"));
        }
        assert_eq!(Ok(Layout::Json(JsonOptions::default())), read(r#"{"type":"json","preset":"logstream"}"#));
        for json in [
            r#""{timestamp} {message}""#,
            r#"{"type":"json","preset":"ecs","max_line":4096}"#,
            r#"{"type":"json","preset":"logstream","level":"name","rename":{"daemon":"app"}}"#,
        ] {
            let layout = read(json).expect("a format");
            assert_eq!(json, serde_json::to_string(&layout).expect("JSON"));
            assert!(!matches!(layout.formatter(&Tz::utc()), Formatter::Json(_) | Formatter::Human(_)));
        }
    }

    /// A format that cannot be is refused when the plan is read.
    #[test]
    fn wrong_formats_are_refused() {
        assert!(LayoutError::Name("xml".into()).to_string().contains("json, human, syslog, logfmt, mcr, raw"));
        assert!(read(r#""xml""#).is_err());
        assert!(matches!(Layout::parse("{mesage}"), Err(LayoutError::Template(_, TemplateError::Name { .. }))));
        assert!(read(r#"{"type":"xml"}"#).is_err());
        assert!(read(r#"{"type":"json","preset":"splunk"}"#).is_err());
        assert!(read(r#"{"type":"json","rename":{"tid":"pid"}}"#).is_err());
    }
}

//! Lines for platforms against what each platform publishes of its schema.
//!
//! The facts stand here with their sources, so that a test needs no network:
//!
//! - Elastic: field types of ECS 8.11 (`generated/ecs/ecs_flat.yml` in github.com/elastic/ecs) and the first keys'
//!   order and names of github.com/elastic/ecs-logging (`spec/spec.json`).
//! - Google: the special fields of a structured line (cloud.google.com/logging/docs/structured-logging) and their
//!   types in `LogEntry` (cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry).
//! - OpenTelemetry: `opentelemetry/proto/logs/v1/logs.proto` and `common/v1/common.proto`, in the JSON encoding of
//!   OTLP (opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding": ids in hex, 64-bit integers as strings), and
//!   the severity numbers of the logs data model, appendix B, for syslog.
//! - Syslog: the grammar of RFC 5424, section 6, and its rules for parameter values (6.3.3) and the mark before UTF-8
//!   (6.4).

mod lines;

use std::collections::BTreeSet;

use serde_json::Value;
use yarder_core::format::Tz;
use yarder_core::plan::Layout;

/// All lines of a preset, parsed; a key that stands twice in one object fails.
fn parsed(preset: &str) -> Vec<Value> {
    let layout: Layout = serde_json::from_str(&format!(r#"{{"type":"json","preset":"{preset}"}}"#)).expect("a layout");
    let text = lines::lines(layout.formatter(&Tz::utc()));
    // serde_json refuses lone surrogates, which platforms replace.
    let lines: Vec<String> = text.lines().map(|line| line.replace("\\ud", "\\u0")).collect();
    lines.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() == 27 && text.ends_with('Z') && &text[10..11] == "T")
}

/// Every key is one of ECS, of its type; the three that ecs-logging wants first are first; labels are texts.
#[test]
fn elastic_common_schema() {
    const KEYWORDS: [&str; 15] = [
        "log.level",
        "ecs.version",
        "service.name",
        "log.logger",
        "event.id",
        "host.hostname",
        "process.name",
        "process.thread.name",
        "log.origin.file.name",
        "log.origin.function",
        "error.type",
        "trace.id",
        "span.id",
        // Not keyword but text and wildcard, whose values are texts too.
        "message",
        "error.message",
    ];
    const LONGS: [&str; 4] = ["event.sequence", "process.pid", "process.thread.id", "log.origin.file.line"];
    let layout: Layout = serde_json::from_str(r#"{"type":"json","preset":"ecs"}"#).expect("a layout");
    for line in lines::lines(layout.formatter(&Tz::utc())).lines() {
        let order = ["\"@timestamp\":", "\"log.level\":", "\"message\":", "\"ecs.version\":"].map(|key| line.find(key));
        assert!(order.is_sorted() && order[0] == Some(1), "{line}");
    }
    let mut seen = BTreeSet::new();
    for line in parsed("ecs") {
        for (key, value) in line.as_object().expect("an object") {
            seen.insert(key.clone());
            let right = match key.as_str() {
                "@timestamp" => is_time(value),
                "error.stack_trace" => value.is_string(),
                "labels" => value
                    .as_object()
                    .expect("labels")
                    .iter()
                    .all(|(name, value)| value.is_string() && !name.contains('.')),
                key if LONGS.contains(&key) => value.is_i64() || value.is_u64(),
                key => KEYWORDS.contains(&key) && value.is_string(),
            };
            assert!(right, "{key}: {value}");
        }
    }
    for wanted in LONGS.into_iter().chain(["error.type", "error.stack_trace", "labels", "log.origin.function"]) {
        assert!(seen.contains(wanted), "{wanted} never seen");
    }
}

/// Special fields have the types of `LogEntry`, severities are those of `LogSeverity`.
#[test]
fn google_cloud_logging() {
    const SEVERITIES: [&str; 8] = ["DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"];
    let mut severities = BTreeSet::new();
    let mut places = 0;
    for line in parsed("gcp") {
        let texts = |value: &Value| value.as_object().is_some_and(|map| map.values().all(Value::is_string));
        for (key, value) in line.as_object().expect("an object") {
            let right = match key.as_str() {
                "severity" => value.as_str().is_some_and(|name| SEVERITIES.contains(&name)),
                "time" => is_time(value),
                "message" | "stack_trace" => value.is_string(),
                "fields" => value.is_object(),
                "serviceContext" => value["service"].is_string(),
                "logging.googleapis.com/insertId" => value.is_string(),
                "logging.googleapis.com/trace" | "logging.googleapis.com/spanId" => value.is_string(),
                "logging.googleapis.com/labels" => texts(value),
                // `line` is an int64, which is a string in JSON.
                "logging.googleapis.com/sourceLocation" => {
                    places += 1;
                    texts(value)
                        && value.as_object().is_some_and(|map| {
                            map.keys().all(|key| ["file", "line", "function"].contains(&key.as_str()))
                        })
                }
                _ => false,
            };
            assert!(right, "{key}: {value}");
        }
        severities.insert(line["severity"].as_str().unwrap_or_default().to_owned());
    }
    assert_eq!(8, severities.len());
    assert!(places > 0);
}

/// Every line is a `LogsData` message with one record, and severities are those of the data model.
#[test]
fn opentelemetry() {
    let mut severities = BTreeSet::new();
    for line in parsed("otel") {
        only(&line, &["resourceLogs"]);
        let resource = &one(&line["resourceLogs"]);
        only(resource, &["resource", "scopeLogs"]);
        only(&resource["resource"], &["attributes"]);
        attributes(&resource["resource"]["attributes"]);
        let scope = &one(&resource["scopeLogs"]);
        only(scope, &["scope", "logRecords"]);
        assert!(scope["scope"]["name"].is_string());
        let record = &one(&scope["logRecords"]);
        let fields = ["timeUnixNano", "severityNumber", "severityText", "body", "attributes", "traceId", "spanId"];
        only(record, &fields);
        assert!(record["timeUnixNano"].as_str().is_some_and(|ns| ns.parse::<u64>().is_ok()));
        any_value(&record["body"]);
        attributes(&record["attributes"]);
        let pair = (record["severityText"].as_str().expect("text"), record["severityNumber"].as_u64().expect("number"));
        severities.insert(format!("{} {}", pair.1, pair.0));
    }
    let expected = [
        "1 TRACE",
        "10 NOTICE",
        "13 WARNING",
        "17 ERROR",
        "18 CRITICAL",
        "19 ALERT",
        "21 EMERGENCY",
        "5 DEBUG",
        "9 INFO",
    ];
    assert_eq!(expected.to_vec(), severities.iter().map(String::as_str).collect::<Vec<_>>());
}

/// The one element of a list.
fn one(value: &Value) -> Value {
    let list = value.as_array().expect("a list");
    assert_eq!(1, list.len());
    list[0].clone()
}

/// Checks that an object has no other keys.
fn only(value: &Value, keys: &[&str]) {
    let unknown = value.as_object().expect("an object").keys().find(|key| !keys.contains(&key.as_str()));
    assert_eq!(None, unknown);
}

/// `KeyValue` messages, each key once.
fn attributes(value: &Value) {
    let mut seen = BTreeSet::new();
    for pair in value.as_array().expect("a list") {
        only(pair, &["key", "value"]);
        assert!(seen.insert(pair["key"].as_str().expect("a key").to_owned()), "{pair} stands twice");
        any_value(&pair["value"]);
    }
}

/// An `AnyValue`: at most one member, of its type.
fn any_value(value: &Value) {
    let object = value.as_object().expect("an object");
    assert!(object.len() <= 1);
    for (kind, value) in object {
        let right = match kind.as_str() {
            "stringValue" => value.is_string(),
            "boolValue" => value.is_boolean(),
            "intValue" => value.as_str().is_some_and(|text| text.parse::<i64>().is_ok()),
            "doubleValue" => value.is_number() || ["NaN", "Infinity", "-Infinity"].map(Some).contains(&value.as_str()),
            "bytesValue" => value.as_str().is_some_and(|text| text.len() % 4 == 0),
            "arrayValue" => {
                value["values"].as_array().expect("values").iter().for_each(any_value);
                true
            }
            "kvlistValue" => {
                attributes(&value["values"]);
                true
            }
            _ => false,
        };
        assert!(right, "{kind}: {value}");
    }
}

/// Every syslog line is of the RFC's grammar.
#[test]
fn rfc_5424() {
    let lines = lines::lines(Layout::Syslog.formatter(&Tz::utc()));
    for line in lines.lines() {
        let (pri, rest) = line.strip_prefix('<').and_then(|rest| rest.split_once('>')).expect("PRI");
        assert!((8..=15).contains(&pri.parse::<u8>().expect("a number")), "facility user");
        let mut header = rest.splitn(7, ' ');
        assert_eq!(Some("1"), header.next());
        assert!(is_time(&header.next().into()));
        for most in [255, 48, 128, 32] {
            let word = header.next().expect("a word");
            assert!((1..=most).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_graphic()), "{word}");
        }
        let mut rest = header.next().expect("structured data");
        let mut elements = Vec::new();
        while let Some(inside) = rest.strip_prefix('[') {
            let (element, after) = element(inside);
            elements.push(element);
            rest = after;
        }
        assert!(matches!(
            &elements.iter().map(String::as_str).collect::<Vec<_>>()[..],
            ["yarder@32473"] | ["yarder@32473", "fields@32473"]
        ));
        let message = rest.strip_prefix(' ').expect("a message");
        assert_eq!(!message.is_ascii(), message.starts_with('\u{feff}'), "{message}");
    }
    assert!(lines.contains("<15>1 ") && lines.contains("level=\"trace\""), "trace is debug");
}

/// One element from behind its bracket: its name, and what follows it.
fn element(text: &str) -> (String, &str) {
    let end = text.find([' ', ']']).expect("an end");
    let name = text[..end].to_owned();
    let mut rest = &text[end..];
    while let Some(parameter) = rest.strip_prefix(' ') {
        let (name, value) = parameter.split_once("=\"").expect("a parameter");
        assert!((1..=32).contains(&name.len()), "{name}");
        assert!(name.bytes().all(|byte| byte.is_ascii_graphic() && !b"=]\"".contains(&byte)), "{name}");
        let mut chars = value.char_indices();
        loop {
            match chars.next().expect("the value ends") {
                (_, '\\') => assert!(matches!(chars.next(), Some((_, '"' | '\\' | ']'))), "{value}"),
                (_, ']') => panic!("a bare bracket in {value}"),
                (at, '"') => {
                    rest = &value[at + 1..];
                    break;
                }
                _ => {}
            }
        }
    }
    (name, rest.strip_prefix(']').expect("a bracket"))
}

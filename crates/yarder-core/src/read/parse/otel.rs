//! JSON lines of OpenTelemetry: one log record inside resource and scope, attributes as a list of keys and values.

use std::borrow::Cow;

use serde_json::Value;

use super::super::entry::{level_number, parse_id, Entry, FieldValue};
use super::Damage;

pub(super) fn parse(line: &[u8]) -> Result<Entry<'_>, Damage> {
    let json: Value = serde_json::from_slice(line).map_err(|_| Damage::Json)?;
    let resource = &json["resourceLogs"][0];
    let scope = &resource["scopeLogs"][0];
    let record = &scope["logRecords"][0];
    let mut entry = Entry::new();
    entry.ns = digits(&record["timeUnixNano"]).ok_or(Damage::Time)?;
    entry.level = record["severityText"]
        .as_str()
        .and_then(|name| level_number(name.as_bytes()))
        .or_else(|| Some(severity(record["severityNumber"].as_u64()?)))
        .unwrap_or(entry.level);
    entry.facility = owned(scope["scope"]["name"].as_str().unwrap_or_default());
    entry.message = match &record["body"]["stringValue"] {
        Value::String(text) => owned(text),
        _ => Cow::Owned(plain(&record["body"]).text().to_vec()),
    };
    let lists = [&resource["resource"]["attributes"], &record["attributes"]];
    let (mut file, mut place, mut function) = (None, None, None);
    for attribute in lists.into_iter().filter_map(Value::as_array).flatten() {
        let Some(key) = attribute["key"].as_str() else { continue };
        let value = plain(&attribute["value"]);
        let text = String::from_utf8_lossy(value.text()).into_owned();
        match key {
            "service.name" => entry.app = owned(&text),
            "host.name" => entry.hostname = owned(&text),
            "process.name" => entry.process = owned(&text),
            "thread.name" => entry.thread = owned(&text),
            "process.pid" => entry.pid = text.parse().ok(),
            "thread.id" => entry.tid = text.parse().ok(),
            "log.record.uid" => entry.id = parse_id(text.as_bytes()),
            "code.file.path" => file = Some(text),
            "code.line.number" => place = Some(text),
            "code.function.name" => function = Some(text),
            _ => entry.set(owned(key), value),
        }
    }
    if let Some(file) = file {
        let place = place.map_or(String::new(), |line| format!(":{line}"));
        let function = function.map_or(String::new(), |name| format!(" in {name}"));
        entry.caller = owned(&format!("{file}{place}{function}"));
    }
    Ok(entry)
}

fn owned<'a>(text: &str) -> Cow<'a, [u8]> {
    Cow::Owned(text.as_bytes().to_vec())
}

/// 64-bit numbers are text in this JSON.
fn digits(value: &Value) -> Option<u64> {
    value.as_str().map_or_else(|| value.as_u64(), |text| text.parse().ok())
}

/// Four numbers for each of its severities, the higher the more severe.
fn severity(number: u64) -> u8 {
    match number {
        0..=4 => 8,
        5..=8 => 7,
        9..=12 => 6,
        13..=16 => 4,
        17..=20 => 3,
        _ => 2,
    }
}

/// A value of OpenTelemetry as a value of ours.
fn plain<'a>(value: &Value) -> FieldValue<'a> {
    let Some((kind, inner)) = value.as_object().and_then(|object| object.iter().next()) else {
        return FieldValue::Null;
    };
    match (kind.as_str(), inner) {
        ("boolValue", Value::Bool(value)) => FieldValue::Bool(*value),
        ("intValue", Value::String(digits)) => FieldValue::Number(owned(digits)),
        (_, Value::Number(number)) => FieldValue::Number(owned(&number.to_string())),
        (_, Value::String(text)) => FieldValue::Text(owned(text)),
        _ => FieldValue::Json(Cow::Owned(untyped(value).to_string().into_bytes())),
    }
}

/// Lists and maps of typed values as plain JSON.
fn untyped(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|object| object.iter().next()) else { return Value::Null };
    let values = || inner["values"].as_array().cloned().unwrap_or_default();
    match kind.as_str() {
        "arrayValue" => values().iter().map(untyped).collect(),
        "kvlistValue" => values()
            .iter()
            .filter_map(|pair| Some((pair["key"].as_str()?.to_string(), untyped(&pair["value"]))))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        "intValue" => digits(inner).map_or_else(|| inner.clone(), Value::from),
        _ => inner.clone(),
    }
}

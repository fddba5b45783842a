//! Names of the levels, as the formats write them, by number: most to least severe.

/// `INFO`.
pub(super) const UPPER: [&str; 9] =
    ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG", "TRACE"];
/// `info`.
pub(super) const LOWER: [&str; 9] =
    ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug", "trace"];
/// `Info`, as MCR writes them.
pub(super) const TITLE: [&str; 9] =
    ["Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Info", "Debug", "Trace"];

/// The name of a level in one of the tables. A level beyond them comes only from a damaged ring.
#[inline]
pub(super) fn name(table: &[&'static str; 9], level: u8) -> &'static str {
    table[usize::from(level.min(8))]
}

/// The severity of RFC 5424, which knows no trace.
#[inline]
pub(super) fn severity(level: u8) -> u8 {
    level.min(7)
}

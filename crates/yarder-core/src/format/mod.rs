//! Records as lines: JSON in several shapes, text for people, syslog and other tools, and the `%`-rendering of
//! messages.
//!
//! One [`Formatter`] belongs to one destination and one thread: it keeps scratch room and the date of the current
//! second. What is the same for every record of a ring is computed once, in its [`Source`].

mod human;
mod id;
mod json;
mod level;
mod moment;
mod nearest;
mod parts;
mod shape;
mod source;
mod syslog;
mod template;
mod text;
mod time;
mod traceback;
mod words;

pub mod percent;

pub use human::Human;
pub use id::id;
pub use json::Json;
pub use shape::{JsonOptions, LevelStyle, OptionsError, Preset, Shaped};
pub use source::Source;
pub use syslog::Syslog;
pub use template::{Template, TemplateError, NAMES as TEMPLATE_NAMES};
pub use text::{json_float, json_string, Page, Room};
pub use time::Tz;
pub use traceback::Trace;
pub use words::{Logfmt, Mcr, Raw};

use crate::record::{flag, RecordBuilder, RecordView, Span, Value};
use text::{Plain, Text};
use yarder_ring::layout::Reason;

/// A destination's format.
#[derive(Debug)]
pub enum Formatter {
    /// JSON lines.
    Json(Json),
    /// Lines for people.
    Human(Human),
    /// JSON lines of other presets, or with other options.
    Shaped(Shaped),
    /// Syslog, RFC 5424.
    Syslog(Syslog),
    /// `key=value`, all of it.
    Logfmt(Logfmt),
    /// `[Info] [facility] text key=value`.
    Mcr(Mcr),
    /// The message alone.
    Raw(Raw),
    /// A template of the user's.
    Template(Template),
}

impl Formatter {
    /// Appends one record: its line and, for human text, the lines of its traceback; always ends with a newline.
    ///
    /// `ns` is the record's time, nanoseconds since 1970 UTC.
    #[inline]
    pub fn line(&mut self, view: &RecordView<'_>, source: &Source, ns: u64, out: &mut impl Room) {
        out.on_page(|page| self.put(view, source, ns, page));
    }

    #[inline]
    fn put(&mut self, view: &RecordView<'_>, source: &Source, ns: u64, page: &mut Page) {
        match self {
            Formatter::Json(json) => json.put(view, source, ns, page),
            Formatter::Human(human) => human.put(view, source, ns, page),
            Formatter::Shaped(shaped) => shaped.put(view, source, ns, page),
            Formatter::Syslog(syslog) => syslog.put(view, source, ns, page),
            Formatter::Logfmt(logfmt) => logfmt.put(view, source, ns, page),
            Formatter::Mcr(mcr) => mcr.put(view, source, page),
            Formatter::Raw(raw) => raw.put(view, page),
            Formatter::Template(template) => template.put(view, source, ns, page),
        }
    }

    /// Appends a line "N records lost" for each loss the record carries and returns how many; they stand before
    /// the record's own line.
    #[inline]
    pub fn losses(&mut self, view: &RecordView<'_>, source: &Source, ns: u64, out: &mut impl Room) -> usize {
        if view.flags() & flag::LOST == 0 {
            return 0;
        }
        let mut sequence = view.sequence();
        let mut lines = 0;
        for (reason, count) in view.loss() {
            // Each lost record took a number, so there are as many free ones before this record's own.
            sequence = sequence.wrapping_sub(1);
            self.loss(reason, count, sequence, source, ns, out);
            lines += 1;
        }
        lines
    }

    /// The same for losses by reason that a reader counted itself, under `overwrite_oldest`.
    #[cold]
    pub fn counted(&mut self, losses: &[u64], sequence: u64, source: &Source, ns: u64, out: &mut impl Room) -> usize {
        let mut sequence = sequence;
        let mut lines = 0;
        for (reason, count) in losses.iter().enumerate().filter(|(_, count)| **count > 0) {
            sequence = sequence.wrapping_sub(1);
            self.loss(reason as u8, *count, sequence, source, ns, out);
            lines += 1;
        }
        lines
    }

    /// Appends one line "N records lost", level warning, with the reason's name and the count as fields; `sequence`
    /// goes into its id.
    pub fn loss(&mut self, reason: u8, count: u64, sequence: u64, source: &Source, ns: u64, out: &mut impl Room) {
        let name = Reason::from_index(usize::from(reason)).map_or("unknown", Reason::name);
        let exact = i64::try_from(count);
        let digits = count.to_string();
        let value = exact.map_or(Value::BigInt(digits.as_bytes()), Value::Int);
        let bytes = RecordBuilder::new(4, source.app(), format!("{count} records lost"))
            .at(sequence, 0)
            .flags(flag::RENDERED | flag::INTERNAL)
            .field("reason", Value::Str(name.as_bytes()))
            .field("count", value)
            .build();
        if let Ok(view) = RecordView::parse(&bytes) {
            self.line(&view, source, ns, out);
        }
    }
}

/// Appends the message with its arguments put in, raw text. `false`: the arguments did not fit the template, and
/// the text says how.
pub fn message(view: &RecordView<'_>, out: &mut Vec<u8>) -> bool {
    message_to(view, &mut Plain(out))
}

/// Whether the arguments fit the template; for formats that show fields before the message, or without it.
fn fits(view: &RecordView<'_>) -> bool {
    view.args().len() == 0 || view.flags() & flag::RENDERED != 0 || message(view, &mut Vec::new())
}

/// [`message`] into any kind of text.
#[inline(always)]
fn message_to<T: Text>(view: &RecordView<'_>, out: &mut T) -> bool {
    let mut args = view.args();
    if args.len() == 0 || view.flags() & flag::RENDERED != 0 {
        out.text(view.message_span());
        return true;
    }
    match percent::render_to(view.message_span(), &mut args, out) {
        Ok(()) => true,
        Err(mismatch) => {
            out.text(Span::from(&explain(view, &mismatch)[..]));
            false
        }
    }
}

/// The template, why it does not fit, and the arguments: `user %d [%d format: ...: args=('bob',)]`.
#[cold]
#[inline(never)]
fn explain(view: &RecordView<'_>, mismatch: &percent::Mismatch) -> Vec<u8> {
    let mut text = [view.message(), b" [", mismatch.text.as_bytes(), b": args="].concat();
    percent::repr::tuple(view.args(), &mut text);
    text.push(b']');
    text
}

/// What yarder itself says about a record in its fields, and whether it does.
fn marks(flags: u16, fits: bool) -> [(&'static str, bool); 3] {
    [
        ("truncated", flags & flag::TRUNCATED != 0),
        ("format_error", !fits || flags & flag::FORMAT_ERROR != 0),
        ("cycle", flags & flag::CYCLE_CUT != 0),
    ]
}

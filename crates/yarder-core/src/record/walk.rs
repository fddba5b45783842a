//! Walking through arguments and merged fields of a record that was checked.

use super::encode::COUNTED_BYTES;
use super::{Span, Value};

/// Positions of the fields that remain when of equal keys only the last is kept.
#[cold]
#[inline(never)]
fn last_of_each(all: Walk<'_>) -> Vec<u32> {
    let mut at: Vec<(&[u8], u32)> = all.zip(0..).map(|(field, at)| (field.key.text(), at)).collect();
    // Sorted, so that a hostile record of many thousand equal keys costs n log n.
    at.sort_unstable();
    let mut keep: Vec<u32> =
        (0..at.len()).filter(|&i| at.get(i + 1).is_none_or(|next| next.0 != at[i].0)).map(|i| at[i].1).collect();
    keep.sort_unstable();
    keep
}

/// One field, or one argument with an empty key, as the formats read them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spanned<'a> {
    pub(crate) key: Span<'a>,
    pub(crate) value: Value<'a>,
    /// From where the text of a counted value begins.
    reach: &'a [u8],
}

impl<'a> Spanned<'a> {
    /// `text`, the text of this value, with what stands behind it.
    #[inline(always)]
    pub(crate) fn span(&self, text: &'a [u8]) -> Span<'a> {
        Span::new(self.reach, text.len())
    }

    /// A field that stands in no record, with nothing behind its texts.
    pub(crate) fn of(key: &'a [u8], value: Value<'a>) -> Spanned<'a> {
        let reach = match value {
            Value::Str(text) | Value::Text(text) | Value::Local(text) => text,
            _ => b"",
        };
        Spanned { key: key.into(), value, reach }
    }
}

/// Splits one value off the front of `rest`.
#[inline(always)]
fn take_value<'a>(key: Span<'a>, rest: &mut &'a [u8]) -> Option<Spanned<'a>> {
    let (value, used) = Value::decode(rest)?;
    let reach = rest.get(COUNTED_BYTES..).unwrap_or_default();
    *rest = rest.get(used..)?;
    Some(Spanned { key, value, reach })
}

/// Splits one field off the front of `rest`.
#[inline(always)]
fn take_field<'a>(rest: &mut &'a [u8]) -> Option<Spanned<'a>> {
    let (len, after) = rest.split_first_chunk::<2>()?;
    let len = usize::from(u16::from_le_bytes(*len));
    *rest = after.get(len..)?;
    take_value(Span::new(after, len), rest)
}

/// The fields of one section, already checked; bytes of other sections may follow.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Section<'a> {
    pub(super) fields: &'a [u8],
    pub(super) count: u16,
}

#[derive(Clone, Copy, Debug)]
struct Walk<'a> {
    section: Section<'a>,
    next: [Section<'a>; 2],
}

impl<'a> Iterator for Walk<'a> {
    type Item = Spanned<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        while self.section.count == 0 {
            if self.next[0].count == 0 && self.next[1].count == 0 {
                return None;
            }
            self.section = self.next[0];
            self.next = [self.next[1], Section::default()];
        }
        self.section.count -= 1;
        take_field(&mut self.section.fields)
    }
}

/// Iterator over the merged fields of a record.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    all: Walk<'a>,
    last: Option<std::vec::IntoIter<u32>>,
    at: u32,
}

impl<'a> Fields<'a> {
    /// The fields of all sections; with `collisions`, two of them may have one key.
    #[inline(always)]
    pub(super) fn new(sections: [Section<'a>; 3], collisions: bool) -> Self {
        let all = Walk { section: sections[0], next: [sections[1], sections[2]] };
        let last = if collisions { Some(last_of_each(all).into_iter()) } else { None };
        Fields { all, last, at: 0 }
    }
}

impl<'a> Fields<'a> {
    /// The next field with what stands behind its texts.
    #[inline(always)]
    pub(crate) fn next_spanned(&mut self) -> Option<Spanned<'a>> {
        let Some(keep) = &mut self.last else {
            return self.all.next();
        };
        let wanted = keep.next()?;
        let field = self.all.nth((wanted - self.at) as usize);
        self.at = wanted + 1;
        field
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], Value<'a>);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        self.next_spanned().map(|field| (field.key.text(), field.value))
    }
}

/// Iterator over the positional arguments of a record.
#[derive(Clone, Debug)]
pub struct Args<'a> {
    rest: &'a [u8],
    left: u16,
}

impl<'a> Args<'a> {
    #[inline(always)]
    pub(super) fn new(rest: &'a [u8], left: u16) -> Self {
        Args { rest, left }
    }

    /// The next argument with what stands behind its text.
    #[inline(always)]
    pub(crate) fn next_spanned(&mut self) -> Option<Spanned<'a>> {
        self.left = self.left.checked_sub(1)?;
        take_value(Span::default(), &mut self.rest)
    }
}

impl<'a> Iterator for Args<'a> {
    type Item = Value<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Value<'a>> {
        self.next_spanned().map(|argument| argument.value)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::from(self.left), Some(usize::from(self.left)))
    }
}

impl ExactSizeIterator for Args<'_> {}

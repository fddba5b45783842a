//! Walking through arguments and merged fields of a record that was checked.

use super::Value;

/// Positions of the fields that remain when of equal keys only the last is kept.
#[cold]
#[inline(never)]
fn last_of_each(all: Walk<'_>) -> Vec<u32> {
    let mut at: Vec<(&[u8], u32)> = all.zip(0..).map(|((key, _), at)| (key, at)).collect();
    // Sorted, so that a hostile record of many thousand equal keys costs n log n.
    at.sort_unstable();
    let mut keep: Vec<u32> =
        (0..at.len()).filter(|&i| at.get(i + 1).is_none_or(|next| next.0 != at[i].0)).map(|i| at[i].1).collect();
    keep.sort_unstable();
    keep
}

/// Splits one field off the front of `rest`.
#[inline(always)]
fn take_field<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], Value<'a>)> {
    let (len, after) = rest.split_first_chunk::<2>()?;
    let (key, after) = after.split_at_checked(usize::from(u16::from_le_bytes(*len)))?;
    let (value, used) = Value::decode(after)?;
    *rest = after.get(used..)?;
    Some((key, value))
}

/// The fields of one section, already checked.
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
    type Item = (&'a [u8], Value<'a>);

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
#[derive(Debug)]
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

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], Value<'a>);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let Some(keep) = &mut self.last else {
            return self.all.next();
        };
        let wanted = keep.next()?;
        let field = self.all.nth((wanted - self.at) as usize);
        self.at = wanted + 1;
        field
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
}

impl<'a> Iterator for Args<'a> {
    type Item = Value<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Value<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (value, used) = Value::decode(self.rest)?;
        self.rest = self.rest.get(used..)?;
        Some(value)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::from(self.left), Some(usize::from(self.left)))
    }
}

impl ExactSizeIterator for Args<'_> {}

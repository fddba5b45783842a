//! The right word nearest to a wrong one, for messages.

/// `did you mean {message}?`, or all of them when none is near.
pub(crate) fn nearest(word: &str, names: &[&str]) -> String {
    let word: Vec<char> = word.to_lowercase().chars().take(40).collect();
    let near = names.iter().map(|name| (distance(&word, name), name)).min();
    match near {
        Some((steps, name)) if steps <= 1 + word.len() / 4 => format!("did you mean {{{name}}}?"),
        _ => format!("one of {}, fields.KEY", names.join(", ")),
    }
}

/// How many characters are to be put in, taken out or exchanged.
fn distance(word: &[char], name: &str) -> usize {
    let mut row: Vec<usize> = (0..=word.len()).collect();
    for (above, b) in name.chars().enumerate() {
        let mut corner = row[0];
        row[0] = above + 1;
        for (at, a) in word.iter().enumerate() {
            let next = (row[at].min(row[at + 1]) + 1).min(corner + usize::from(*a != b));
            corner = std::mem::replace(&mut row[at + 1], next);
        }
    }
    row[word.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters that are missing, too many or wrong are counted.
    #[test]
    fn distances_are_counted() {
        let chars = |word: &str| word.chars().collect::<Vec<_>>();
        assert_eq!(0, distance(&chars("level"), "level"));
        assert_eq!(1, distance(&chars("levl"), "level"));
        assert_eq!(1, distance(&chars("lewel"), "level"));
        assert_eq!(5, distance(&[], "level"));
        assert_eq!("did you mean {level}?", nearest("Levels", &["level", "app"]));
    }
}

//! Edits between two names: optimal string alignment (insert, delete, replace, exchange neighbours).

/// A single edit that turns the target's name into the one at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edit {
    /// Two neighbours exchanged: `reqeusts`.
    Exchanged,
    /// A letter doubled: `flaask`.
    Doubled,
    /// One of two equal letters left out: `pilow`.
    Undoubled,
    /// A letter left out: `reqests`.
    Omitted,
    /// A letter put in: `requesxts`.
    Inserted,
    /// A letter replaced by its neighbour on the keyboard: `requezts`.
    Neighbour,
    /// A vowel replaced by another: `raquests`.
    Vowel,
    /// A letter replaced by another.
    Replaced,
    /// Only digits differ: `urllib4`.
    Digits,
    /// A trailing `s` more or less: `request`.
    Plural,
}

impl Edit {
    /// For people.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Exchanged => "two neighbouring letters are exchanged",
            Self::Doubled => "a letter is doubled",
            Self::Undoubled | Self::Omitted => "a letter is missing",
            Self::Inserted => "there is a letter more",
            Self::Neighbour => "a letter is replaced by its neighbour on the keyboard",
            Self::Vowel => "a vowel is replaced by another",
            Self::Replaced => "a letter is replaced by another",
            Self::Digits => "only a digit differs",
            Self::Plural => "a final s is added or missing",
        }
    }
}

/// Longest name that is compared; nobody mistypes longer ones by hand.
pub(super) const LONGEST: usize = 64;

/// The optimal string alignment distance of two texts, or none above `limit` (at most 2).
#[expect(
    clippy::indexing_slicing,
    reason = "both texts are at most LONGEST bytes, the rows one cell more"
)]
pub(super) fn distance(a: &[u8], b: &[u8], limit: usize) -> Option<usize> {
    let (a, b) = trim(a, b);
    if a.len().abs_diff(b.len()) > limit || a.len() > LONGEST || b.len() > LONGEST {
        return None;
    }
    if a.is_empty() || b.is_empty() {
        return Some(a.len().max(b.len()));
    }
    // Rows of the usual table; three are enough for exchanges.
    let mut before = [0_u8; LONGEST + 1];
    let mut last = [0_u8; LONGEST + 1];
    let mut row = [0_u8; LONGEST + 1];
    for (at, cell) in (0_u8..).zip(last.iter_mut().take(b.len() + 1)) {
        *cell = at;
    }
    for (i, &ca) in a.iter().enumerate() {
        row[0] = u8::try_from(i + 1).unwrap_or(u8::MAX);
        let mut least = row[0];
        for (j, &cb) in b.iter().enumerate() {
            let replaced = last[j] + u8::from(ca != cb);
            let mut cost = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a.get(i - 1) == Some(&cb) && b.get(j - 1) == Some(&ca) {
                cost = cost.min(before[j - 1] + 1);
            }
            row[j + 1] = cost;
            least = least.min(cost);
        }
        if usize::from(least) > limit {
            return None;
        }
        before = last;
        last = row;
    }
    let found = usize::from(last[b.len()]);
    (found <= limit).then_some(found)
}

/// Without the common beginning and end.
fn trim<'x>(a: &'x [u8], b: &'x [u8]) -> (&'x [u8], &'x [u8]) {
    let start = common(a.iter(), b.iter());
    let (a, b) = (
        a.get(start..).unwrap_or_default(),
        b.get(start..).unwrap_or_default(),
    );
    let end = common(a.iter().rev(), b.iter().rev());
    (
        a.get(..a.len() - end).unwrap_or_default(),
        b.get(..b.len() - end).unwrap_or_default(),
    )
}

fn common<'x>(a: impl Iterator<Item = &'x u8>, b: impl Iterator<Item = &'x u8>) -> usize {
    a.zip(b).take_while(|(x, y)| x == y).count()
}

/// What one edit turns `target` into `name`, with the place in the name; the texts must be one edit apart.
pub(super) fn single(name: &[u8], target: &[u8]) -> (Edit, usize) {
    let at = common(name.iter(), target.iter());
    let (more, less) = trim(name, target);
    let edit = match (more, less) {
        ([_, _], [_, _]) => Edit::Exchanged,
        ([x], [y]) => replaced(*x, *y),
        ([x], []) if x.is_ascii_digit() => Edit::Digits,
        ([], [y]) if y.is_ascii_digit() => Edit::Digits,
        ([b's'], []) | ([], [b's']) if at + 1 >= name.len().max(target.len()) => Edit::Plural,
        ([x], []) if beside(name, at, *x) => Edit::Doubled,
        ([], [y]) if beside(target, at, *y) => Edit::Undoubled,
        ([_], []) => Edit::Inserted,
        ([], [_]) => Edit::Omitted,
        _ => Edit::Replaced,
    };
    (edit, at)
}

/// Whether the letter at a place also stands beside it.
fn beside(text: &[u8], at: usize, letter: u8) -> bool {
    let before = at.checked_sub(1).and_then(|b| text.get(b));
    before == Some(&letter) || text.get(at + 1) == Some(&letter)
}

fn replaced(x: u8, y: u8) -> Edit {
    let vowel = |c: u8| b"aeiouy".contains(&c);
    if x.is_ascii_digit() && y.is_ascii_digit() {
        Edit::Digits
    } else if vowel(x) && vowel(y) {
        Edit::Vowel
    } else if are_neighbours(x, y) {
        Edit::Neighbour
    } else {
        Edit::Replaced
    }
}

/// Rows of the usual keyboard; a key touches those beside it and those above and below, half a key aside.
const ROWS: [&[u8]; 4] = [b"1234567890-", b"qwertyuiop", b"asdfghjkl", b"zxcvbnm"];

fn are_neighbours(x: u8, y: u8) -> bool {
    let place = |c: u8| {
        ROWS.iter()
            .enumerate()
            .find_map(|(row, keys)| keys.iter().position(|k| *k == c).map(|at| (row, at)))
    };
    let (Some(one), Some(two)) = (place(x), place(y)) else {
        return false;
    };
    let (upper, lower) = (one.min(two), one.max(two));
    match lower.0 - upper.0 {
        0 => lower.1 - upper.1 == 1,
        // The lower row is shifted to the right: its key `i` touches `i` and `i + 1` above.
        1 => upper.1 == lower.1 || upper.1 == lower.1 + 1,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(a: &str, b: &str) -> Option<usize> {
        distance(a.as_bytes(), b.as_bytes(), 2)
    }

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("requests", "requests", Some(0)),
            ("reqeusts", "requests", Some(1)),
            ("request", "requests", Some(1)),
            ("rquets", "requests", Some(2)),
            ("numpy", "nmupyy", Some(2)),
            ("numpy", "pandas", None),
            ("ab", "ba", Some(1)),
            ("", "ab", Some(2)),
            ("", "abc", None),
        ] {
            assert_eq!(of(a, b), expected, "{a} {b}");
            assert_eq!(of(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn kinds() {
        let kind = |name: &str, target: &str| single(name.as_bytes(), target.as_bytes()).0;
        assert_eq!(kind("reqeusts", "requests"), Edit::Exchanged);
        assert_eq!(kind("flaask", "flask"), Edit::Doubled);
        assert_eq!(kind("pilow", "pillow"), Edit::Undoubled);
        assert_eq!(kind("reqests", "requests"), Edit::Omitted);
        assert_eq!(kind("requesxts", "requests"), Edit::Inserted);
        assert_eq!(kind("requezts", "requests"), Edit::Neighbour);
        assert_eq!(kind("raquests", "requests"), Edit::Vowel);
        assert_eq!(kind("rexuests", "requests"), Edit::Replaced);
        assert_eq!(kind("urllib4", "urllib3"), Edit::Digits);
        assert_eq!(kind("request", "requests"), Edit::Plural);
    }

    /// The textbook table, slow and plain.
    fn plain(a: &[u8], b: &[u8]) -> usize {
        let mut d = vec![vec![0; b.len() + 1]; a.len() + 1];
        for i in 0..=a.len() {
            for j in 0..=b.len() {
                d[i][j] = if i == 0 || j == 0 {
                    i + j
                } else {
                    let change = usize::from(a[i - 1] != b[j - 1]);
                    let mut cost = (d[i - 1][j - 1] + change)
                        .min(d[i - 1][j] + 1)
                        .min(d[i][j - 1] + 1);
                    if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                        cost = cost.min(d[i - 2][j - 2] + 1);
                    }
                    cost
                };
            }
        }
        d[a.len()][b.len()]
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_the_table(a in "[abc]{0,9}", b in "[abc]{0,9}") {
            let slow = plain(a.as_bytes(), b.as_bytes());
            proptest::prop_assert_eq!(of(&a, &b), (slow <= 2).then_some(slow));
        }
    }
}

//! Splitting a line into words: quotes as in a shell, `--option=value` and `-rvalue` taken apart.

use std::borrow::Cow;

/// Options that take a value. The first spelling is the canonical one.
const WITH_VALUE: [&[&str]; 13] = [
    &["--hash"],
    &["--requirement", "-r"],
    &["--constraint", "-c"],
    &["--editable", "-e"],
    &["--index-url", "-i", "--pypi-url"],
    &["--extra-index-url"],
    &["--find-links", "-f"],
    &["--no-binary"],
    &["--only-binary"],
    &["--trusted-host"],
    &["--use-feature"],
    &["--global-option", "--install-option", "--build-option"],
    &["--config-settings", "--config-setting", "-C"],
];

/// Options without a value.
const FLAGS: [&str; 8] = [
    "--no-index",
    "--prefer-binary",
    "--require-hashes",
    "--pre",
    "--use-pep517",
    "--no-use-pep517",
    "--process-dependency-links",
    "--always-unzip",
];

/// One option of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word<'a> {
    /// `name` in its canonical spelling, with its value.
    Option {
        name: &'static str,
        value: Cow<'a, str>,
    },
    /// An option without value.
    Flag(&'static str),
    /// An option that pip does not know in a requirements file.
    Unknown(String),
    /// Something that is no option where only options may stand.
    Stray(String),
}

/// Splits the line where its options begin: everything before is the requirement.
pub(super) fn split_options(line: &str) -> (&str, &str) {
    if line.starts_with('-') {
        return ("", line);
    }
    // A word that starts with a dash ends the requirement; a dash inside a marker's quotes does not
    // stand after a space followed by a letter, so pip's own rule is followed literally.
    let bytes = line.as_bytes();
    let at = line
        .match_indices('-')
        .map(|(at, _)| at)
        .find(|&at| at > 0 && bytes[at - 1].is_ascii_whitespace());
    match at {
        Some(at) => (line[..at].trim_end(), &line[at..]),
        None => (line, ""),
    }
}

/// Reads the options of a line.
pub(super) fn options(text: &str) -> Vec<Word<'_>> {
    // Thousands of hashes, none of them quoted: nothing is copied then.
    let mut words: Box<dyn Iterator<Item = Cow<'_, str>>> = if text.contains(['"', '\'', '\\']) {
        Box::new(shell_words(text).into_iter().map(Cow::Owned))
    } else {
        Box::new(text.split_ascii_whitespace().map(Cow::Borrowed))
    };
    let mut out = Vec::new();
    while let Some(word) = words.next() {
        if !word.starts_with('-') {
            out.push(Word::Stray(word.into_owned()));
            continue;
        }
        let (length, value_at) = name_length(&word);
        let name = &word[..length];
        let canonical = WITH_VALUE
            .iter()
            .find(|spellings| spellings.contains(&name))
            .map(|spellings| spellings[0]);
        out.push(match (canonical, value_at) {
            (Some(name), Some(at)) if at < word.len() => {
                let value = match &word {
                    Cow::Borrowed(word) => Cow::Borrowed(&word[at..]),
                    Cow::Owned(word) => Cow::Owned(word[at..].to_owned()),
                };
                Word::Option { name, value }
            }
            (Some(name), None) => match words.next() {
                Some(value) if !value.is_empty() => Word::Option { name, value },
                _ => Word::Unknown(word.into_owned()),
            },
            (Some(_), Some(_)) => Word::Unknown(word.into_owned()),
            (None, _) => match FLAGS.into_iter().find(|flag| *flag == name) {
                Some(flag) => Word::Flag(flag),
                None => Word::Unknown(name.to_owned()),
            },
        });
    }
    out
}

/// Length of an option's name, and where a value stands that is attached to it: `--name=value`,
/// `-nvalue`, `-n=value`.
fn name_length(word: &str) -> (usize, Option<usize>) {
    if word.starts_with("--") {
        return match word.find('=') {
            Some(at) => (at, Some(at + 1)),
            None => (word.len(), None),
        };
    }
    if word.len() > 2 && word.is_char_boundary(2) {
        return (2, Some(2 + usize::from(word[2..].starts_with('='))));
    }
    (word.len(), None)
}

/// Splits at white space, outside quotes; a backslash keeps the next character.
fn shell_words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let mut inside = false;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), c) => word.push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                inside = true;
            }
            (None, '\\') => {
                word.extend(chars.next());
                inside = true;
            }
            (None, c) if c.is_whitespace() => {
                if inside {
                    out.push(std::mem::take(&mut word));
                    inside = false;
                }
            }
            (None, c) => {
                word.push(c);
                inside = true;
            }
        }
    }
    if inside {
        out.push(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        let value = |name, value: &'static str| Word::Option {
            name,
            value: value.into(),
        };
        assert_eq!(
            options(
                "-r a.txt -rb.txt --requirement=c.txt --requirement 'd e.txt' --pre --wat x -é"
            ),
            [
                value("--requirement", "a.txt"),
                value("--requirement", "b.txt"),
                value("--requirement", "c.txt"),
                value("--requirement", "d e.txt"),
                Word::Flag("--pre"),
                Word::Unknown("--wat".into()),
                Word::Stray("x".into()),
                Word::Unknown("-é".into()),
            ]
        );
        assert_eq!(options("-r"), [Word::Unknown("-r".into())]);
        assert_eq!(
            split_options("a-b==1 ; x == 'y' --hash=z"),
            ("a-b==1 ; x == 'y'", "--hash=z")
        );
        assert_eq!(split_options("--pre"), ("", "--pre"));
    }
}

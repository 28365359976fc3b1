//! Paths as text: always `/`, always as the user would write them.

/// Joins a directory and a relative path; an absolute path stands for itself. The result is
/// [`normalise`]d.
pub(crate) fn join(directory: &str, path: &str) -> String {
    if is_absolute(path) || directory.is_empty() || directory == "." {
        normalise(path)
    } else {
        normalise(&format!("{directory}/{path}"))
    }
}

/// True for `/x`, `\x` and `C:\x`.
pub(crate) fn is_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    matches!(bytes.first(), Some(b'/' | b'\\'))
        || (bytes.len() > 2
            && bytes[0].is_ascii_alphabetic()
            && bytes[1] == b':'
            && matches!(bytes[2], b'/' | b'\\'))
}

/// Drops `.` and empty parts and folds `..` where it can; `.` for the directory itself.
pub(crate) fn normalise(path: &str) -> String {
    let path = path.replace('\\', "/");
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            _ => parts.push(part),
        }
    }
    match (absolute, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// The directory of a file; `.` when it has none.
pub(crate) fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((directory, _)) => directory,
        None => ".",
    }
}

/// The last part of a path.
pub(crate) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// True when `path` is `directory` or below it.
pub(crate) fn is_within(path: &str, directory: &str) -> bool {
    directory == "." && !is_absolute(path) && !path.starts_with("..")
        || path == directory
        || path
            .strip_prefix(directory.trim_end_matches('/'))
            .is_some_and(|rest| rest.starts_with('/'))
}

/// Whether one of the patterns of [`crate::Options::exclude`] leaves a path out of the search of `root`.
pub fn is_excluded(patterns: &[String], root: &str, path: &str) -> bool {
    let below = path
        .strip_prefix(root)
        .map_or(path, |rest| rest.trim_start_matches('/'));
    patterns.iter().any(|pattern| {
        let pattern = normalise(pattern);
        glob(&pattern, path)
            || glob(&pattern, below)
            || (!pattern.contains('/') && glob(&pattern, name(path)))
            || is_within(path, &pattern)
    })
}

/// Matches a path against a pattern with `?`, `*` (within one part) and `**` (across parts).
pub(crate) fn glob(pattern: &str, path: &str) -> bool {
    glob_bytes(pattern.as_bytes(), path.as_bytes())
}

/// Iterative with one saved position per star kind, so a hostile pattern costs at most the product of
/// both lengths squared, never exponential time.
fn glob_bytes(pattern: &[u8], text: &[u8]) -> bool {
    let mut row: Vec<bool> = vec![false; text.len() + 1];
    row[0] = true;
    let mut at = 0;
    while at < pattern.len() {
        let star = pattern[at] == b'*';
        let double = star && pattern.get(at + 1) == Some(&b'*');
        let mut next = vec![false; text.len() + 1];
        if star {
            // `**/` also stands for no directory at all.
            let skip_slash = double && pattern.get(at + 2) == Some(&b'/');
            let mut open = false;
            for i in 0..=text.len() {
                if i > 0 && open && text[i - 1] == b'/' && !double {
                    open = false;
                }
                open |= row[i];
                next[i] = if skip_slash {
                    row[i] || (open && i > 0 && text[i - 1] == b'/')
                } else {
                    open
                };
            }
            at += if skip_slash {
                3
            } else if double {
                2
            } else {
                1
            };
        } else {
            for i in 0..text.len() {
                let fits = if pattern[at] == b'?' {
                    text[i] != b'/'
                } else {
                    text[i] == pattern[at]
                };
                next[i + 1] = row[i] && fits;
            }
            at += 1;
        }
        row = next;
    }
    row[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining() {
        assert_eq!(join(".", "a.txt"), "a.txt");
        assert_eq!(join("reqs", "../a.txt"), "a.txt");
        assert_eq!(join("reqs", "../../a.txt"), "../a.txt");
        assert_eq!(join("reqs", "/a/./b"), "/a/b");
        assert_eq!(join("/", "a"), "/a");
        assert_eq!(join("a", "."), "a");
        assert_eq!(join("", ".."), "..");
        assert_eq!((parent("a/b"), parent("a"), parent("/a")), ("a", ".", "/"));
    }

    #[test]
    fn within() {
        assert!(is_within("a/b", "a") && is_within("a", "a") && is_within("a", "."));
        assert!(is_within("/a", "/"));
        assert!(!is_within("ab", "a") && !is_within("../a", ".") && !is_within("/a", "."));
    }

    #[test]
    fn globs() {
        for (pattern, path, expected) in [
            ("tests", "tests", true),
            ("*.txt", "a.txt", true),
            ("*.txt", "a/b.txt", false),
            ("**/*.txt", "a/b/c.txt", true),
            ("**/*.txt", "c.txt", true),
            ("a/**", "a/b/c", true),
            ("a/**", "b/a", false),
            ("?.txt", "a.txt", true),
            ("?.txt", "/.txt", false),
            ("****************a", &"a/".repeat(200), false),
        ] {
            assert_eq!(glob(pattern, path), expected, "{pattern} {path}");
        }
    }
}

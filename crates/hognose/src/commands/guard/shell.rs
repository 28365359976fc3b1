//! Texts for a shell, taken apart as far as it takes to see what they start.

use std::collections::BTreeMap;

use super::command::SHELLS;

/// Words that stand before a command and are none themselves.
const LEADING: [&str; 11] = [
    "if", "then", "else", "elif", "do", "while", "until", "!", "time", "{", "}",
];
/// Commands by which a shell goes to another directory.
const MOVING: [&str; 4] = ["cd", "pushd", "popd", "chdir"];
/// Commands by which a shell changes variables.
const SETTING: [&str; 7] = [
    "export", "declare", "typeset", "local", "readonly", "unset", "set",
];

/// One command of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It goes to another directory.
    Moves,
    /// Variables are set or taken away: their names.
    Sets(Vec<String>),
    /// A file is read as if it stood there.
    Reads(String),
    /// Something is started.
    Runs(Vec<String>),
}

/// The text that a shell is given (`sh -c TEXT`); none where it is not one, or reads a file.
pub(super) fn text<'w>(program: &str, words: &'w [String]) -> Option<&'w str> {
    if !SHELLS.contains(&program) {
        return None;
    }
    let mut words = words.iter();
    let mut is_text = false;
    while let Some(word) = words.next() {
        if word.starts_with("--") {
            if ["--rcfile", "--init-file"].contains(&word.as_str()) {
                words.next();
            }
            continue;
        }
        let Some(letters) = word.strip_prefix(['-', '+']) else {
            return is_text.then_some(word.as_str());
        };
        is_text |= letters.contains('c');
        // The name of an option.
        if letters.contains(['o', 'O']) {
            words.next();
        }
    }
    None
}

/// The words of a text without operators, as `shlex` splits them.
pub(super) fn words(text: &str) -> Vec<String> {
    split(text, false).into_iter().flatten().collect()
}

/// What a text does, in its order. What a variable or a heredoc holds is not known.
pub(super) fn steps(text: &str) -> Vec<Step> {
    let mut walk = Walk::default();
    walk.text(text, 0);
    walk.steps
}

/// The variables that a text gives a value where it uses them: `${NAME:=value}`.
pub(super) fn defaulted(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = rest.find(|c| !plain(c))?;
        let (name, behind) = rest.split_at(end);
        let sets = behind.starts_with('=') || behind.starts_with(":=");
        (sets && !name.is_empty()).then_some(name)
    })
}

/// Texts within texts that are gone through.
const DEEPEST: usize = 8;
/// Steps of a text, aliases and all.
const MOST: usize = 10_000;

/// A text on the way to its steps.
#[derive(Default)]
struct Walk {
    steps: Vec<Step>,
    /// What words stand for from where they are defined on.
    aliases: BTreeMap<String, Vec<String>>,
}

impl Walk {
    fn text(&mut self, text: &str, depth: usize) {
        if depth > DEEPEST {
            // Deeper than anybody writes: what it reads is not known.
            self.steps.push(Step::Reads(String::new()));
            return;
        }
        for command in split(text, true) {
            if self.steps.len() > MOST {
                self.steps.push(Step::Reads(String::new()));
                return;
            }
            self.command(&command, depth);
        }
    }

    fn command(&mut self, command: &[String], depth: usize) {
        let mut rest = command;
        let mut set = Vec::new();
        while let Some((first, behind)) = rest.split_first() {
            match assigned(first) {
                Some(name) => set.push(name.to_owned()),
                None if LEADING.contains(&first.as_str()) => {}
                // Its name is a word of its own, and what it does stands behind that.
                None if first == "function" => {
                    rest = behind.get(1..).unwrap_or_default();
                    continue;
                }
                None => break,
            }
            rest = behind;
        }
        if !set.is_empty() {
            self.steps.push(Step::Sets(set));
        }
        let own = ["command", "builtin"];
        if let Some((_, behind)) = rest
            .split_first()
            .filter(|(w, _)| own.contains(&w.as_str()))
        {
            rest = behind;
        }
        let Some((first, behind)) = rest.split_first().filter(|(w, _)| !w.is_empty()) else {
            return;
        };
        if let Some(stands_for) = self.aliases.get(first).filter(|_| depth < DEEPEST) {
            let whole = [stands_for.as_slice(), behind].concat();
            self.command(&whole, depth + 1);
            return;
        }
        match first.as_str() {
            word if MOVING.contains(&word) => self.steps.push(Step::Moves),
            "." | "source" => {
                let file = behind.first().cloned().unwrap_or_default();
                self.steps.push(Step::Reads(file));
            }
            // Texts once more; what is in them is at most as long.
            "eval" => self.text(&behind.join(" "), depth + 1),
            "trap" => {
                let text = behind.iter().find(|w| !w.starts_with('-'));
                self.text(text.map_or("", String::as_str), depth + 1);
            }
            "alias" => self.aliases(behind, depth),
            word => {
                let names = names(word, behind);
                if !names.is_empty() {
                    self.steps.push(Step::Sets(names));
                } else if !SETTING.contains(&word) {
                    self.steps.push(Step::Runs(rest.to_vec()));
                }
            }
        }
    }

    fn aliases(&mut self, words: &[String], depth: usize) {
        for word in words {
            if let Some((name, text)) = word.split_once('=') {
                // Looked at where it stands, too: who uses it may not be seen.
                self.text(text, depth + 1);
                let stands_for = split(text, true).into_iter().next().unwrap_or_default();
                self.aliases.insert(name.to_owned(), stands_for);
            }
        }
    }
}

/// The variables that a command of the shell itself changes.
fn names(command: &str, words: &[String]) -> Vec<String> {
    let bare = |w: &String| assigned(w).unwrap_or(w).to_owned();
    let take = match command {
        "for" | "select" => 1,
        "read" | "mapfile" | "readarray" | "getopts" | "let" => words.len(),
        "printf" if words.first().is_some_and(|w| w.starts_with("-v")) => 2,
        word if SETTING.contains(&word) => words.len(),
        _ => 0,
    };
    let some = words.iter().take(take).map(bare);
    some.map(|word| word.strip_prefix("-v").map_or(word.clone(), str::to_owned))
        .collect()
}

/// The variable that a word sets.
pub(super) fn assigned(word: &str) -> Option<&str> {
    let (name, _) = word.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(plain)).then_some(name)
}

/// A text in the making.
#[derive(Default)]
struct Split {
    commands: Vec<Vec<String>>,
    words: Vec<String>,
    word: Option<String>,
    /// The next word names a file that is written or read.
    redirects: bool,
    is_quoted: bool,
    /// How commands that are put into others end, and whether there are quotes around them.
    around: Vec<(char, bool)>,
}

impl Split {
    fn end_word(&mut self) {
        if let Some(word) = self.word.take()
            && !std::mem::take(&mut self.redirects)
        {
            self.words.push(word);
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        self.redirects = false;
        if !self.words.is_empty() {
            self.commands.push(std::mem::take(&mut self.words));
        }
    }

    fn put(&mut self, letter: char) {
        self.word.get_or_insert_default().push(letter);
    }

    /// A command is put in that ends with a letter.
    fn enter(&mut self, end: char) {
        self.end_command();
        let before = std::mem::take(&mut self.is_quoted);
        self.around.push((end, before));
    }

    /// Its end; false where none was put in.
    fn leave(&mut self, end: char) -> bool {
        let inner = self.around.pop_if(|(by, _)| *by == end);
        if let Some((_, before)) = inner {
            self.end_command();
            self.is_quoted = before;
        }
        inner.is_some()
    }

    /// A letter behind a backslash.
    fn escaped(&mut self, letter: Option<char>) {
        let Some(letter) = letter.filter(|l| *l != '\n') else {
            return;
        };
        if self.is_quoted && !['$', '`', '"', '\\'].contains(&letter) {
            self.put('\\');
        }
        self.put(letter);
    }

    fn redirect(&mut self) {
        // The number of what is redirected is no word.
        let is_number = |w: &String| w.chars().all(|c| c.is_ascii_digit());
        self.word = self.word.take().filter(|w| !is_number(w));
        self.end_word();
        self.redirects = true;
    }
}

/// The commands of a text, or one that has all words where operators are nothing special.
fn split(text: &str, operators: bool) -> Vec<Vec<String>> {
    let mut out = Split::default();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => out.escaped(letters.next()),
            '"' => {
                out.is_quoted = !out.is_quoted;
                out.word.get_or_insert_default();
            }
            '\'' if !out.is_quoted => {
                out.word.get_or_insert_default();
                for letter in letters.by_ref().take_while(|l| *l != '\'') {
                    out.put(letter);
                }
            }
            // What is put in is a command of its own, in quotes too.
            '`' if operators => {
                if !out.leave('`') {
                    out.enter('`');
                }
            }
            '$' if operators && letters.next_if_eq(&'(').is_some() => out.enter(')'),
            letter if out.is_quoted => out.put(letter),
            '(' if operators => out.enter(')'),
            ')' if operators => {
                if !out.leave(')') {
                    out.end_command();
                }
            }
            '\n' | ';' | '&' | '|' if operators => out.end_command(),
            '<' | '>' if operators => {
                out.redirect();
                while letters
                    .next_if(|l| ['<', '>', '&', '|'].contains(l))
                    .is_some()
                {}
            }
            '#' if operators && out.word.is_none() => {
                while letters.next_if(|l| *l != '\n').is_some() {}
            }
            letter if letter.is_whitespace() => out.end_word(),
            letter => out.put(letter),
        }
    }
    out.end_command();
    out.commands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        let name = |step| match step {
            Step::Moves => "moves".to_owned(),
            Step::Sets(names) => format!("sets {}", names.join(" ")),
            Step::Reads(file) => format!("reads {file}"),
            Step::Runs(words) => words.join("|"),
        };
        steps(text).into_iter().map(name).collect()
    }

    #[test]
    fn texts_are_taken_apart() {
        for (text, expected) in [
            (
                "cd a && pip install 'x y'",
                &["moves", "pip|install|x y"][..],
            ),
            ("pip install x >log.txt 2>&1; ls", &["pip|install|x", "ls"]),
            ("A=1 B='2 3' pip install x", &["sets A B", "pip|install|x"]),
            (
                "export PIP_INDEX_URL=x UV_INDEX; uv sync",
                &["sets PIP_INDEX_URL UV_INDEX", "uv|sync"],
            ),
            (
                "if true; then (cd a; pip install x); fi",
                &["true", "moves", "pip|install|x", "fi"],
            ),
            (
                "echo \"$(pip install x)\"; cd a",
                &["echo|", "pip|install|x", "moves"],
            ),
            ("ls # cd", &["ls"]),
            ("echo `pip install x`", &["echo", "pip|install|x"]),
            ("pip install \\\n  x", &["pip|install|x"]),
            ("eval 'pip install' x", &["pip|install|x"]),
            ("command cd a", &["moves"]),
            (
                "eval 'cd a && X=1 pip install'",
                &["moves", "sets X", "pip|install"],
            ),
            ("eval \"eval 'cd a'\"", &["moves"]),
            ("trap 'pip install x' EXIT", &["pip|install|x"]),
            (
                "alias p='pip -i u'\np install x",
                &["pip|-i|u", "pip|-i|u|install|x"],
            ),
            ("alias p=p; p x", &["p", "p|x"]),
            ("function f { cd a; }; f", &["moves", "f"]),
            ("f() { cd a; }; f", &["f", "moves", "f"]),
            ("read -r A B < file", &["sets -r A B"]),
            ("for A in b c; do ls; done", &["sets A", "ls", "done"]),
            ("printf -v A %s b; printf -vB c", &["sets  A", "sets B c"]),
            ("source <(x)", &["reads ", "x"]),
            (
                "set -a; . ./a.env && ls",
                &["sets -a", "reads ./a.env", "ls"],
            ),
            ("pip install 'x>=1' \"y\\\"z\"", &["pip|install|x>=1|y\"z"]),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
        assert_eq!(
            words("'--index-url' \"a b\" c;d"),
            ["--index-url", "a b", "c;d"]
        );
    }

    #[test]
    fn shells_and_their_texts() {
        let of = |command: &str| {
            let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
            let (program, rest) = words.split_first().unwrap();
            text(program, rest).map(str::to_owned)
        };
        for command in [
            "sh -c T",
            "bash -lc T a b",
            "bash -e -o pipefail -c T",
            "zsh --norc -xc T",
            "bash -c -e T",
        ] {
            assert_eq!(of(command).as_deref(), Some("T"), "{command}");
        }
        for command in ["sh T", "bash -x T", "python -c T", "sh", "sh -c"] {
            assert_eq!(of(command), None, "{command}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(text in ".{0,60}") {
            let _ = steps(&text);
            let _ = words(&text);
        }
    }
}

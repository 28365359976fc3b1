//! Versions, specifiers and markers against Python's own `packaging`, as pip carries it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use hognose_types::{Marker, Specifiers, Target, Version};

const IMPORT: &str = "
import sys
try:
    from pip._vendor.packaging import version, specifiers, markers
except ImportError:
    from packaging import version, specifiers, markers
";

/// Runs a program with `packaging` at hand.
fn python(program: &str, input: &str) -> Vec<String> {
    let interpreter = std::env::var("HOGNOSE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut child = Command::new(&interpreter)
        .args(["-W", "ignore", "-c", &format!("{IMPORT}{program}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{interpreter} with pip must be installed: {e}"));
    let mut stdin = child.stdin.take().unwrap();
    let text = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    assert!(
        output.status.success(),
        "{interpreter} has no pip: run `cargo xtask test`, which installs one"
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// A small generator: the same texts on every machine.
struct Texts(u64);

impl Texts {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn version(&mut self) -> String {
        let numbers = [
            "0",
            "1",
            "2",
            "10",
            "00",
            "09",
            "2024",
            "99999999999999999999",
        ];
        let pre = [
            "", "", "", "a1", ".b2", "-rc3", "c", "alpha", "_pre_2", "preview1", ".rc.10", "x",
        ];
        let mut out = self
            .pick(&["", "", "", "", "1!", "0!", "v", "20!"])
            .to_owned();
        let parts = 1 + self.below(4);
        let release: Vec<&str> = (0..parts).map(|_| self.pick(&numbers)).collect();
        out.push_str(&release.join("."));
        out.push_str(self.pick(&pre));
        out.push_str(self.pick(&[
            "", "", "", ".post1", "-1", "post", ".rev2", "_r3", "-post.0",
        ]));
        out.push_str(self.pick(&["", "", "", ".dev0", "dev", "-dev2", "_dev_3"]));
        out.push_str(self.pick(&[
            "",
            "",
            "",
            "",
            "+abc",
            "+1",
            "+1.abc-2_x",
            "+ubuntu.01",
            "+",
        ]));
        out
    }
}

#[test]
fn versions_are_read_and_ordered_alike() {
    let mut texts = Texts(0x9e37_79b9_7f4a_7c15);
    let all: Vec<String> = (0..4000).map(|_| texts.version()).collect();
    let program = "
good = []
for line in sys.stdin.read().split('\\n')[:-1]:
    try:
        good.append((version.Version(line), line))
        print('ok')
    except version.InvalidVersion:
        print('bad')
good.sort(key=lambda pair: pair[0])
rank, last = -1, None
for parsed, line in good:
    if parsed != last:
        rank, last = rank + 1, parsed
    print(rank, line, sep='\\t')
";
    let lines = python(program, &(all.join("\n") + "\n"));
    let (verdicts, order) = lines.split_at(all.len());
    for (text, verdict) in all.iter().zip(verdicts) {
        assert_eq!(Version::new(text).is_ok(), verdict == "ok", "{text}");
    }
    let order: Vec<(usize, Version)> = order
        .iter()
        .map(|line| line.split_once('\t').unwrap())
        .map(|(rank, text)| (rank.parse().unwrap(), Version::new(text).unwrap()))
        .collect();
    assert!(order.len() > 1500, "{}", order.len());
    for pair in order.windows(2) {
        let ((rank_a, a), (rank_b, b)) = (&pair[0], &pair[1]);
        assert_eq!(a.cmp(b), rank_a.cmp(rank_b), "{a} and {b}");
        assert_eq!(
            a.key().cmp(b.key()),
            rank_a.cmp(rank_b),
            "the keys of {a} and {b}"
        );
    }
}

#[test]
fn specifiers_contain_the_same_versions() {
    let mut texts = Texts(0x2545_f491_4f6c_dd1d);
    let mut cases = Vec::new();
    while cases.len() < 3000 {
        // Older releases of `packaging` compare the text of prefixes: leading zeros and "v" would test that instead.
        let bound = texts.version().replace("00", "0").replace("09", "9");
        let bound = bound.trim_start_matches('v').to_owned();
        let operator = texts.pick(&["==", "!=", "<=", ">=", "<", ">", "~=", "==", "!="]);
        let wildcard = matches!(operator, "==" | "!=") && texts.below(3) == 0;
        let specifier = format!("{operator}{bound}{}", if wildcard { ".*" } else { "" });
        cases.push((specifier, texts.version()));
    }
    let program = "
for line in sys.stdin.read().split('\\n')[:-1]:
    text, candidate = line.split('\\t')
    try:
        print(specifiers.Specifier(text).contains(version.Version(candidate), prereleases=True))
    except (specifiers.InvalidSpecifier, version.InvalidVersion):
        print('bad')
";
    let input: Vec<String> = cases.iter().map(|(s, v)| format!("{s}\t{v}")).collect();
    let mut decided = 0;
    for ((specifier, version), expected) in cases
        .iter()
        .zip(python(program, &(input.join("\n") + "\n")))
    {
        let ours = Specifiers::parse(specifier)
            .ok()
            .zip(Version::new(version).ok());
        let ours = ours.map(|(s, v)| s.contains(&v));
        let expected = match expected.as_str() {
            "True" => Some(true),
            "False" => Some(false),
            _ => None,
        };
        assert_eq!(ours, expected, "{specifier} and {version}");
        decided += usize::from(ours.is_some());
    }
    assert!(decided > 500, "{decided}");
}

#[test]
fn markers_are_decided_alike_where_the_target_fixes_them() {
    let atoms = [
        "python_version < '3.9'",
        "python_version >= '3.10'",
        "'3.12' == python_version",
        "python_version != '3.11'",
        "python_version in '3.11 3.12'",
        "python_version ~= '3.10'",
        "sys_platform == 'linux'",
        "sys_platform != 'win32'",
        "os_name == 'posix'",
        "platform_system == 'Linux'",
        "sys_platform in 'linux,darwin'",
        "python_version == '3.*'",
    ];
    let mut texts = Texts(0xdead_beef_cafe_f00d);
    let mut one = || {
        let mut text = texts.pick(&atoms).to_owned();
        for _ in 0..texts.below(3) {
            let (joint, next) = (texts.pick(&["and", "or"]), texts.pick(&atoms));
            text = if texts.below(2) == 0 {
                format!("({text}) {joint} {next}")
            } else {
                format!("{text} {joint} {next}")
            };
        }
        text
    };
    let cases: Vec<String> = (0..600).map(|_| one()).collect();
    let program = "
env = {'python_version': '3.11', 'python_full_version': '3.11.4', 'sys_platform': 'linux', 'os_name': 'posix', 'platform_system': 'Linux'}
for line in sys.stdin.read().split('\\n')[:-1]:
    print(markers.Marker(line).evaluate(env))
";
    let target = Target {
        python_version: Version::new("3.11.4").ok(),
        platform: Some("linux".to_owned()),
    };
    for (text, expected) in cases
        .iter()
        .zip(python(program, &(cases.join("\n") + "\n")))
    {
        let marker = Marker::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(
            marker.evaluate(&target),
            Some(expected == "True"),
            "{text}: {expected}"
        );
    }
}

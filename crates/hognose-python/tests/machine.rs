//! What the interpreter tells its observer about small programs.

use std::rc::Rc;

use hognose_python::{
    Bounds, Call, Cell, Context, Effect, Machine, Names, Observer, PathId, Site, Taint, Value,
};

const IMPORT: Context = Context(0);
const MAIN: Context = Context(1);
const CALL: Context = Context(2);

/// Writes down what it is told.
#[derive(Default)]
struct Trace {
    lines: Vec<String>,
}

fn shown(cell: &Cell) -> String {
    let mut text = match &cell.value {
        Value::Str(text) => format!("{text:?}"),
        Value::Bytes(bytes) => format!("b{:?}", String::from_utf8_lossy(bytes)),
        other => format!("{other:?}"),
    };
    if cell.taint.has(Taint(1)) {
        text.push_str("<env>");
    }
    text
}

impl Observer for Trace {
    fn call(&mut self, site: &Site<'_>, call: &Call<'_>, _: &Names) -> Effect {
        let args: Vec<String> = call
            .args
            .iter()
            .map(shown)
            .chain(
                call.keywords
                    .iter()
                    .map(|(n, c)| format!("{}={}", n.as_deref().unwrap_or("**"), shown(c))),
            )
            .collect();
        self.lines.push(format!(
            "{}:{}{} {}({})",
            site.context.0,
            site.position().0,
            site.layers
                .iter()
                .flat_map(|l| ["/", l])
                .collect::<String>(),
            call.path,
            args.join(", ")
        ));
        Effect::default()
    }
    fn reference(&mut self, _: &Site<'_>, path: PathId, names: &Names) -> Taint {
        if &*names.path(path) == "os.environ" {
            Taint(1)
        } else {
            Taint::NONE
        }
    }
    fn text(&mut self, _: &Site<'_>, _: &str, _: Taint) {}
    fn import(&mut self, _: &Site<'_>, _: &str) {}
    fn store(&mut self, _: &Site<'_>, _: &str, _: &Cell) {}
    fn layer(&mut self, _: &Site<'_>, _: &str) {}
    fn bytecode(&mut self, _: &Site<'_>, _: &[u8]) {}
    fn knows(&self, path: &str) -> bool {
        matches!(path, "os.system" | "os" | "subprocess")
    }
}

fn run_modules(modules: &[(&str, &str)]) -> Vec<String> {
    let mut trace = Trace::default();
    let mut machine = Machine::new(&mut trace, Bounds::default());
    let ids: Vec<_> = modules
        .iter()
        .map(|(name, source)| machine.add_module(name, false, false, Rc::from(*source)))
        .collect();
    for id in ids {
        machine.run_module(id, IMPORT);
    }
    machine.run_rest(&|_, is_main| if is_main { MAIN } else { CALL });
    drop(machine);
    trace.lines
}

fn run(source: &str) -> Vec<String> {
    run_modules(&[("m", source)])
}

/// The calls of `os.system`.
fn systems(source: &str) -> Vec<String> {
    run(source)
        .into_iter()
        .filter(|l| l.contains(" os.system("))
        .collect()
}

/// Whoever takes the front off a long list again and again copies it as often: that ends, and short lists are cut all the same.
#[test]
fn parts_of_long_lists_are_taken_some_time() {
    let often = "b = a[1:]\n".repeat(210);
    let calls = systems(&format!(
        "import os\na = list(b'x' * 100000)\nos.system(bytes(a[:3]).decode())\n{often}\
         os.system(bytes(a[:3]).decode())\nos.system(''.join(['l', 's', ' ', '/'][:2]))\n\
         os.system(''.join(('l', 's', 'x')[-3:-1]))\nos.system('abcdef'[4:1:-1] + 'abc'[5:] + 'abc'[2:1] + 'abc'[-9:2])",
    ));
    let shown: Vec<&str> = calls
        .iter()
        .filter_map(|l| l.split_once(' '))
        .map(|(_, call)| call)
        .collect();
    assert_eq!(
        shown,
        [
            "os.system(\"xxx\")",
            "os.system(path)",
            "os.system(\"ls\")",
            "os.system(\"ls\")",
            "os.system(\"edcab\")",
        ]
    );
}

#[test]
fn numbers_become_bytes() {
    // The letters of `ls -la /home`.
    for source in [
        "import os\nn = 0x6c73202d6c61202f686f6d65\nos.system(n.to_bytes((n.bit_length() + 7) // 8, 'big').decode())",
        "import os\nn = int('33563559483601443539769060709', 10)\nos.system(n.to_bytes(12, 'big').decode())",
        "import os\nn = int('6c73202d6c61202f686f6d65', 16)\nos.system(bytes.fromhex('%x' % n).decode())",
        "import os\nn = 0x6c73202d6c61202f686f6d65\nt = ''\nwhile n:\n    t = chr(n & 255) + t\n    n >>= 8\nos.system(t)",
        "import os, struct\nos.system(struct.pack('12B', *[108, 115, 32, 45, 108, 97, 32, 47, 104, 111, 109, 101]).decode())",
    ] {
        assert!(
            systems(source).iter().any(|l| l.contains("ls -la /home")),
            "{source}: {:?}",
            run(source)
        );
    }
}

#[test]
fn names_are_followed_however_they_are_reached() {
    for source in [
        "import os\nos.system('x')",
        "import os as o\no.system('x')",
        "from os import system as s\ns('x')",
        "from os import *\nsystem('x')",
        "__import__('os').system('x')",
        "import importlib\nimportlib.import_module('os').system('x')",
        "import sys, os\nsys.modules['os'].system('x')",
        "import os\ngetattr(os, 'sys' + 'tem')('x')",
        "import os\nos.__dict__['system']('x')",
        "import os\nvars(os)['system']('x')",
        "import os\nglobals()['os'].system('x')",
        "import builtins\nbuiltins.__import__('os').system('x')",
        "__builtins__.__import__('os').system('x')",
        "__builtins__['__import__']('os').system('x')",
        "getattr(__builtins__, '__imp' + 'ort__')('o' + 's').system('x')",
        "eval('__import__')('os').system('x')",
        "f = eval\nf('__import__(\"os\")').system('x')",
        "import os\na = b = os.system\nb('x')",
        "import os\n(lambda f: f('x'))(os.system)",
        "import os\ndef d(g): return g\nd(os.system)('x')",
        "import os\nclass C:\n  run = os.system\nC.run('x')",
        "import os\nclass C:\n  def __init__(self): self.f = os.system\n  def go(self): self.f('x')\nC().go()",
        "import os\n[f('x') for f in [os.system]]",
        "import os\n{'a': os.system}['a']('x')",
        "import os, functools\nfunctools.partial(os.system, 'x')()",
        "import os\nx = 'x'\nos.system(f'{x}')",
        "import os\nlist(map(os.system, ['x']))",
        "import os, operator\noperator.attrgetter('system')(os)('x')",
        "import os\n𝘰𝘴.𝘴𝘺𝘴𝘵𝘦𝘮('x')",
        "def f():\n  import os\n  return os\nf().system('x')",
        "try:\n  import os\nexcept ImportError:\n  pass\nos.system('x')",
        "import os\nif os.name == 'nt':\n  os.system('x')",
        "import os\nfor i in range(1):\n  os.system('x')",
        "import os\nwhile True:\n  os.system('x')\n  break",
        "import os\n@lambda f: f()\ndef go(): os.system('x')",
        "import os\nclass A:\n  def go(self): os.system('x')\nclass B(A):\n  def go(self): super().go()\nB().go()",
        "import os, threading\nthreading.Thread(target=os.system, args=('x',)).start()\nos.system('x')",
        "import os\nmatch 1:\n  case 1: os.system('x')",
        "exec \"import os; os.system('x')\"",
    ] {
        let calls = systems(source);
        assert!(
            calls
                .iter()
                .any(|l| l.starts_with("0:") && l.ends_with("os.system(\"x\")")),
            "{source}\n{:#?}",
            run(source)
        );
    }
}

#[test]
fn constants_are_folded() {
    for expression in [
        "'he' 'llo'",
        "'he' + 'l' + 'lo'",
        "''.join(['h','e','l','l','o'])",
        "''.join(chr(c) for c in [104,101,108,108,111])",
        "''.join(map(chr, [104,101,108,108,111]))",
        "'olleh'[::-1]",
        "''.join(reversed('olleh'))",
        "'h%sl%s' % ('el', 'o')",
        "'{1}{0}'.format('lo', 'hel')",
        "f\"{'he'}llo\"",
        "'hexxllo'.replace('xx', '')",
        "'uryyb'.encode('rot13')",
        "__import__('codecs').decode('uryyb', 'rot13')",
        "__import__('base64').b64decode('aGVsbG8=').decode()",
        "bytes.fromhex('68656c6c6f').decode()",
        "bytes([104,101,108,108,111]).decode('utf-8')",
        "bytearray(b'hello').decode()",
        "'HELLO'.lower()",
        "' hello '.strip()",
        "'hello world'.split()[0]",
        "''.join(chr(ord(c) ^ 1) for c in 'idmmn')",
        "''.join(chr(ord(c) - 1) for c in 'ifmmp')",
        "'ifmmp'.translate({ord(c): chr(ord(c) - 1) for c in 'ifmp'})",
        "'abcde'.translate(str.maketrans('abcde', 'hello'))",
        "__import__('zlib').decompress(__import__('base64').b64decode('eJzLSM3JyQcABiwCFQ==')).decode()",
        "__import__('base64').b32decode('NBSWY3DP').decode()",
        "__import__('base64').b85decode(b'Xk~0{Zv').decode()",
        "__import__('base64').a85decode(b'BOu!rDZ').decode()",
        "__import__('binascii').unhexlify('68656c6c6f').decode()",
        "__import__('urllib.parse').parse.unquote('%68%65llo')",
        "(lambda a, b: a + b)('hel', 'lo')",
        "'hello' if 1 < 2 else 'no'",
        "None or 'hello'",
        "'xhellox'[1:-1]",
        "{'a': 'hello'}['a']",
        "[*'hello'][0] + 'ello'",
        "str(b'hello', 'utf-8')",
        "(104).to_bytes(1, 'big').decode() + 'ello'",
        "__import__('functools').reduce(lambda a, b: a + b, ['he', 'llo'])",
        "''.join(a for a, b in zip('hello', range(5)))",
        "__import__('json').loads('[\"hello\"]')[0]",
        "__import__('string').ascii_lowercase[7] + 'ello'",
    ] {
        let source = format!("import os\nos.system({expression})");
        assert_eq!(
            systems(&source),
            ["0:2 os.system(\"hello\")"],
            "{expression}"
        );
    }
}

#[test]
fn loops_that_decode_are_run() {
    let source = "import os\nout = ''\nfor i, c in enumerate([105, 100, 110, 111, 107]):\n    out += chr(c ^ (i + 1))\nos.system(out)";
    assert_eq!(systems(source), ["0:5 os.system(\"hfmkn\")"]);
    let source =
        "import os\nn = 0\ns = ''\nwhile n < 5:\n    s = s + 'hello'[n]\n    n += 1\nos.system(s)";
    assert_eq!(systems(source), ["0:7 os.system(\"hello\")"]);
    // A state machine: the order is decided by a variable.
    let source = "import os\nstate = 2\nwhile True:\n    if state == 1:\n        os.system(s)\n        break\n    elif state == 2:\n        s = 'hel'\n        state = 3\n    elif state == 3:\n        s = s + 'lo'\n        state = 1";
    assert_eq!(systems(source), ["0:5 os.system(\"hello\")"]);
}

#[test]
fn layers_are_walked() {
    let source =
        "import base64\nexec(base64.b64decode('aW1wb3J0IG9zCm9zLnN5c3RlbSgnaGVsbG8nKQ=='))";
    assert_eq!(systems(source), ["0:2/base64/exec os.system(\"hello\")"]);
    let source = "exec(compile('import os\\nos.system(\"hello\")', 'a', 'exec'))";
    assert_eq!(systems(source), ["0:1/exec os.system(\"hello\")"]);
    let source = "exec(\"exec(\\\"import os\\\\nos.system('hello')\\\")\")";
    assert_eq!(systems(source), ["0:1/exec/exec os.system(\"hello\")"]);
}

#[test]
fn triggers_follow_calls() {
    let source = "import os\ndef a():\n  os.system('a')\ndef b():\n  os.system('b')\nb()\nif __name__ == '__main__':\n  os.system('main')";
    assert_eq!(
        systems(source),
        [
            "0:5 os.system(\"b\")",
            "1:8 os.system(\"main\")",
            "2:3 os.system(\"a\")"
        ]
    );
}

#[test]
fn modules_of_the_artifact_are_followed() {
    let lines = run_modules(&[
        (
            "m",
            "from pkg import helper\nhelper.go('x')\nfrom pkg.deep import *\nnow()",
        ),
        ("pkg", ""),
        ("pkg.helper", "import os\ndef go(c):\n  os.system(c)"),
        ("pkg.deep", "import os\ndef now():\n  os.system('deep')"),
    ]);
    assert!(
        lines.contains(&"0:3 os.system(\"x\")".to_owned()),
        "{lines:#?}"
    );
    assert!(
        lines.contains(&"0:3 os.system(\"deep\")".to_owned()),
        "{lines:#?}"
    );
}

#[test]
fn origins_follow_data() {
    let source = "import os, json\ne = dict(os.environ)\nd = {'a': [json.dumps(e)]}\ndef send(x): post(x)\nimport requests\nrequests.post('u', json=d)";
    let lines = run(source);
    assert!(
        lines
            .iter()
            .any(|l| l.contains("requests.post(\"u\", json=dict")),
        "{lines:#?}"
    );
    let source = "import os, requests\nx = f\"{os.environ['HOME']}\"\nrequests.get('u?' + x)";
    let lines = run(source);
    assert!(
        lines
            .iter()
            .any(|l| l.contains("requests.get(") && l.contains("<env>")),
        "{lines:#?}"
    );
}

#[test]
fn hostile_sources_end() {
    let deep = format!("x = {}1", "-".repeat(500_000));
    let brackets = format!("x = {}", "[".repeat(200_000));
    let sum = format!("x = {}", vec!["'a'"; 100_000].join("+"));
    let attributes = format!("x = a{}", ".b()".repeat(100_000));
    let lambdas = format!("x = {}1", "lambda: ".repeat(100_000));
    let nots = format!("x = {}1", "not ".repeat(100_000));
    let fstrings = format!("x = {}", "f\"{".repeat(50_000));
    let indents: String = (0..3_000)
        .flat_map(|n| [" ".repeat(n), "if 1:\n".to_owned()])
        .collect();
    for source in [
        deep,
        brackets,
        sum,
        attributes,
        lambdas,
        nots,
        fstrings,
        indents,
        "x = 'a' * 10**9 * 10**9".to_owned(),
        "x = 'a'\nwhile True:\n  x = x + x".to_owned(),
        "def f(n): return f(n) + f(n)\nf(1)".to_owned(),
        "exec(open(__file__).read())".to_owned(),
        "s = 'exec(s)'\nexec(s)".to_owned(),
        "x = [0] * 1000000\ny = [x] * 1000\nz = str(y)".to_owned(),
        "class A(A): pass\nA().x".to_owned(),
        "a = []\na.append(a)\nprint(a)\nf(a)".to_owned(),
        "int('1', 99)\nint('z', 0)\nint('1', -1)\nlong('9' * 40, 37)".to_owned(),
        "a = []\nwhile True:\n  a.append(range(4000))".to_owned(),
        "a = [1] * 1000\nwhile True:\n  a.extend(a)\n  b = a.copy()".to_owned(),
        "a = list(b'x' * 900000)\nwhile a:\n  a = a[1:]".to_owned(),
    ] {
        std::thread::Builder::new()
            .stack_size(512 << 20)
            .spawn(move || run(&source).len())
            .expect("a thread")
            .join()
            .expect("no panic");
    }
}

//! Scripts with inline metadata (PEP 723).

use super::manifest::Manifest;
use super::pyproject;

/// Reads the `script` block of a Python file.
pub(crate) fn parse(text: &str, depth: usize) -> Manifest {
    let mut toml = String::new();
    let mut opened: Option<u32> = None;
    let mut closed = false;
    let mut second = None;
    for (number, line) in (1_u32..).zip(text.lines()) {
        let line = line.trim_end();
        match opened {
            None if line == "# /// script" => opened = Some(number),
            Some(_) if !closed => {
                if line == "# ///" && !continues(text, number) {
                    closed = true;
                } else if let Some(content) =
                    line.strip_prefix("# ").or((line == "#").then_some(""))
                {
                    toml.push_str(content);
                } else {
                    break;
                }
            }
            Some(_) if line == "# /// script" => second = Some(number),
            _ => {}
        }
        // Every line keeps its number in the text that is parsed.
        toml.push('\n');
    }
    let Some(start) = opened else {
        return Manifest::default();
    };
    if !closed {
        let mut manifest = Manifest::default();
        manifest.fault(
            Some(start),
            "the script block is not closed by `# ///`",
            "close the block",
        );
        return manifest;
    }
    let mut manifest = pyproject::parse_script(&toml, depth);
    if let Some(line) = second {
        manifest.fault(
            Some(line),
            "a second script block",
            "keep one block; the first was read",
        );
    }
    manifest
}

/// The last `# ///` of a run of comment lines closes the block.
fn continues(text: &str, number: u32) -> bool {
    text.lines()
        .skip(number as usize)
        .take_while(|line| line.starts_with('#') && line.trim_end() != "# /// script")
        .any(|line| line.trim_end() == "# ///")
}

//! What would be made at every start is made once: the built-in rules and the model, from TOML that people read to JSON
//! that is read five times faster; automata from lists of words.

#[path = "build/automaton.rs"]
mod automaton;
#[path = "src/content/strings/spelling.rs"]
mod spelling;
#[path = "src/content/hidden/texts.rs"]
mod texts;
#[path = "src/python/words.rs"]
mod words;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=model.toml");
    for made_of in [
        "build",
        "src/content/strings",
        "src/content/hidden/texts.rs",
        "src/python/words.rs",
    ] {
        println!("cargo::rerun-if-changed={made_of}");
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut files: Vec<PathBuf> = fs::read_dir("rules")?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    // By id: the extension would sort `x-y` before `x`.
    files.sort_by(|a, b| a.file_stem().cmp(&b.file_stem()));
    let rules = files
        .iter()
        .filter(|file| file.extension().is_some_and(|e| e == "toml"))
        .map(|file| value(file))
        .collect::<Result<Vec<_>, _>>()?;
    fs::write(out.join("rules.json"), serde_json::to_vec(&rules)?)?;
    let model = value(Path::new("model.toml"))?;
    fs::write(out.join("model.json"), serde_json::to_vec(&model)?)?;
    automata(&out)
}

fn automata(out: &Path) -> Result<(), Box<dyn Error>> {
    let all = spelling::SOURCES.into_iter().flat_map(spelling::entries);
    let needles: Vec<String> = all
        .flat_map(|(_, check, text)| {
            let all = spelling::separators(check, text).iter();
            all.map(|separator| text.replace('/', separator))
        })
        .collect();
    let needles: Vec<&str> = needles.iter().map(String::as_str).collect();
    let marks = texts::MARKS.iter().map(|(text, _)| *text);
    let marks: Vec<&str> = marks.chain(texts::ADDRESS).chain(texts::WISHES).collect();
    let text = [
        automaton::write(out, "needles", &needles, true)?,
        automaton::write(out, "texts", &marks, true)?,
        automaton::write(out, "words", words::WORDS, false)?,
    ];
    fs::write(out.join("automata.rs"), text.concat())?;
    Ok(())
}

fn value(file: &Path) -> Result<toml::Value, Box<dyn Error>> {
    let text = fs::read_to_string(file)?;
    toml::from_str(&text).map_err(|e| format!("{}: {e}", file.display()).into())
}

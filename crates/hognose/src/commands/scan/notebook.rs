//! Jupyter notebooks: the cells of code.

use serde::Deserialize;

#[derive(Deserialize)]
struct Notebook {
    #[serde(default)]
    cells: Vec<Cell>,
}

#[derive(Deserialize)]
struct Cell {
    #[serde(default)]
    cell_type: String,
    #[serde(default)]
    source: Lines,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Lines {
    One(String),
    Many(Vec<String>),
}

impl Default for Lines {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

/// The texts of the cells of code; none when it is no notebook.
pub(super) fn cells(bytes: &[u8]) -> Option<Vec<String>> {
    let notebook: Notebook = serde_json::from_slice(bytes).ok()?;
    let code = notebook.cells.into_iter().filter(|c| c.cell_type == "code");
    let text = code.map(|cell| match cell.source {
        Lines::One(text) => text,
        Lines::Many(lines) => lines.concat(),
    });
    Some(text.collect())
}

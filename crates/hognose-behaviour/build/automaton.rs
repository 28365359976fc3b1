//! Automata over many words (Aho and Corasick), made when the program is built: making them at every start took longer
//! than inspecting most artifacts.

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The mark of a state in which a word ends, in every reference to it.
const ENDS: u16 = 1 << 15;

/// States nearer to the beginning are reached often.
const OFTEN: usize = 3;

#[derive(Default)]
struct Node {
    children: BTreeMap<u8, usize>,
    /// The longest state that is a suffix of this one.
    suffix: usize,
    /// How many bytes lead here.
    depth: usize,
    /// Words that end here, its own before those of its suffixes.
    words: Vec<u16>,
}

/// Writes the automaton of `words` as files called `name` into `out`; gives the Rust text of the static that holds them.
pub(super) fn write(
    out: &Path,
    name: &str,
    words: &[&str],
    any_case: bool,
) -> Result<String, Box<dyn Error>> {
    let classes = classes(words, any_case)?;
    let (nodes, order) = trie(words, &classes)?;
    // States with several ways on, and all that are reached often, have a whole row each; the others one way on.
    let wide = |at: &usize| nodes[*at].children.len() > 1 || nodes[*at].depth < OFTEN;
    let (dense, single): (Vec<usize>, Vec<usize>) = order.iter().partition(|at| wide(at));
    let ids = numbers(&nodes, dense.iter().chain(&single))?;
    let width = usize::from(*classes.iter().max().unwrap_or(&0)) + 1;
    let width = width.next_power_of_two();
    let mut rows = Vec::new();
    for at in &dense {
        rows.extend((0..width).map(|class| ids[go(&nodes, *at, class as u8)]));
    }
    let mut ways = Vec::new();
    for at in &single {
        let node = &nodes[*at];
        // Class 0 is that of bytes in no word, and never a way on.
        let (class, next) = node
            .children
            .first_key_value()
            .map_or((0, 0), |(c, n)| (*c, *n));
        ways.extend([u16::from(class), ids[next], ids[node.suffix]]);
    }
    let (mut firsts, mut ends) = (vec![0_u16], Vec::new());
    for at in dense.iter().chain(&single) {
        ends.extend(&nodes[*at].words);
        firsts.push(u16::try_from(ends.len())?);
    }
    let lengths: Vec<u16> = words
        .iter()
        .map(|w| u16::try_from(w.len()))
        .collect::<Result<_, _>>()?;
    let upper = name.to_ascii_uppercase();
    let mut text = format!(
        "pub(crate) static {upper}: Automaton = Automaton {{ classes: {classes:?}, shift: {}, dense: {},",
        width.trailing_zeros(),
        dense.len()
    );
    let parts = [
        ("rows", rows),
        ("ways", ways),
        ("firsts", firsts),
        ("ends", ends),
        ("lengths", lengths),
    ];
    for (part, values) in parts {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        fs::write(out.join(format!("{name}.{part}")), bytes)?;
        write!(
            text,
            "{part}: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.{part}\")).as_chunks().0,"
        )?;
    }
    Ok(text + "};\n")
}

/// How each state is referred to: by its place in `order`, with the mark of those in which a word ends.
fn numbers<'a>(
    nodes: &[Node],
    order: impl Iterator<Item = &'a usize>,
) -> Result<Vec<u16>, Box<dyn Error>> {
    let mut ids = vec![0_u16; nodes.len()];
    for (id, at) in order.enumerate() {
        let ends = if nodes[*at].words.is_empty() { 0 } else { ENDS };
        ids[*at] = u16::try_from(id)
            .ok()
            .filter(|id| *id < ENDS)
            .ok_or("too many states")?
            | ends;
    }
    Ok(ids)
}

/// Bytes that no word tells apart are one class; 0 is that of bytes in no word.
fn classes(words: &[&str], any_case: bool) -> Result<[u8; 256], Box<dyn Error>> {
    let fold = |b: u8| if any_case { b.to_ascii_lowercase() } else { b };
    let mut classes = [0; 256];
    let mut count = 0_u8;
    for byte in words.iter().flat_map(|w| w.bytes()).map(fold) {
        let class = &mut classes[usize::from(byte)];
        if *class == 0 {
            count = count.checked_add(1).ok_or("too many classes")?;
            *class = count;
        }
    }
    if any_case {
        for byte in b'A'..=b'Z' {
            classes[usize::from(byte)] = classes[usize::from(byte.to_ascii_lowercase())];
        }
    }
    Ok(classes)
}

/// The tree of all beginnings of words, and its states from the shortest on.
fn trie(words: &[&str], classes: &[u8; 256]) -> Result<(Vec<Node>, Vec<usize>), Box<dyn Error>> {
    let mut nodes = vec![Node::default()];
    for (which, word) in words.iter().enumerate() {
        let mut at = 0;
        for byte in word.bytes() {
            let (new, before) = (nodes.len(), at);
            at = *nodes[at]
                .children
                .entry(classes[usize::from(byte)])
                .or_insert(new);
            if at == new {
                nodes.push(Node {
                    depth: nodes[before].depth + 1,
                    ..Node::default()
                });
            }
        }
        nodes[at].words.push(u16::try_from(which)?);
    }
    let mut order = Vec::new();
    let mut waiting = VecDeque::from([0]);
    while let Some(at) = waiting.pop_front() {
        order.push(at);
        for (class, child) in nodes[at].children.clone() {
            if at != 0 {
                let suffix = go(&nodes, nodes[at].suffix, class);
                let more = nodes[suffix].words.clone();
                nodes[child].suffix = suffix;
                nodes[child].words.extend(more);
            }
            waiting.push_back(child);
        }
    }
    Ok((nodes, order))
}

/// Where a byte of a class leads from a state.
fn go(nodes: &[Node], mut at: usize, class: u8) -> usize {
    loop {
        match nodes[at].children.get(&class) {
            Some(next) => return *next,
            None if at == 0 => return 0,
            None => at = nodes[at].suffix,
        }
    }
}

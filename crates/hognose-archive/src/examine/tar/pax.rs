//! Extended headers: PAX records and GNU long names.

/// A size as stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PaxSize {
    Number(u64),
    /// Something that is no number.
    Nonsense,
}

/// What extended headers say about a member, or globally.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extended {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<PaxSize>,
    pub(super) sparse: bool,
    /// Several different paths (or links) were given.
    pub(super) several: bool,
    pub(super) damaged: bool,
}

impl Extended {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Reads the records of one block. Of records with one key the last counts, for every reader; the difference is
    /// only seen by those who look.
    pub(super) fn parse(block: &[u8]) -> Self {
        let mut out = Self::default();
        let mut rest = block;
        while rest.iter().any(|b| *b != 0) {
            let Some((key, value, tail)) = record(rest) else {
                out.damaged = true;
                break;
            };
            rest = tail;
            match key {
                b"path" => out.several |= put(&mut out.path, value),
                b"linkpath" => out.several |= put(&mut out.link, value),
                b"size" => {
                    let text = std::str::from_utf8(value).ok();
                    let number = text.and_then(|t| t.parse().ok());
                    out.size = Some(number.map_or(PaxSize::Nonsense, PaxSize::Number));
                }
                b"GNU.sparse.name" => {
                    out.path = Some(value.to_vec());
                    out.sparse = true;
                }
                _ => out.sparse |= key.starts_with(b"GNU.sparse."),
            }
        }
        out
    }

    pub(super) fn long_name(mut block: Vec<u8>) -> Self {
        block.truncate(block.iter().position(|b| *b == 0).unwrap_or(block.len()));
        Self {
            path: Some(block),
            ..Self::default()
        }
    }

    pub(super) fn long_link(block: Vec<u8>) -> Self {
        let Self { path, .. } = Self::long_name(block);
        Self {
            link: path,
            ..Self::default()
        }
    }

    /// Adds a later extended header for the same member. The first wins, as in `tarfile`, which reads the later ones
    /// while it works on the first.
    pub(super) fn add(&mut self, later: Self) {
        let differ =
            |a: &Option<Vec<u8>>, b: &Option<Vec<u8>>| a.is_some() && b.is_some() && a != b;
        self.several |=
            later.several || differ(&self.path, &later.path) || differ(&self.link, &later.link);
        self.path = self.path.take().or(later.path);
        self.link = self.link.take().or(later.link);
        self.size = self.size.or(later.size);
        self.sparse |= later.sparse;
        self.damaged |= later.damaged;
    }
}

/// Puts a value; true when another one stood there.
fn put(slot: &mut Option<Vec<u8>>, value: &[u8]) -> bool {
    let before = slot.replace(value.to_vec());
    before.is_some_and(|b| b != value)
}

/// `LENGTH KEY=VALUE\n`: key, value and what follows.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = bytes.iter().take(20).position(|b| *b == b' ')?;
    let length: usize = std::str::from_utf8(bytes.get(..space)?)
        .ok()?
        .parse()
        .ok()?;
    let (whole, tail) = bytes.split_at_checked(length)?;
    let body = whole.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|b| *b == b'=')?;
    Some((body.get(..equals)?, body.get(equals + 1..)?, tail))
}

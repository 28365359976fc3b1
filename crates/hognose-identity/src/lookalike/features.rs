//! What tells an imitation from a neighbour: the numbers that the model weighs.

use super::candidates::AFFIXES;
use super::edit::{self, Edit};
use super::targets::{Targets, Words};
use super::{Likeness, edit::LONGEST};

macro_rules! features {
    ($($(#[doc = $doc:literal])* $variant:ident $name:literal,)*) => {
        /// One number about a pair of names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Feature { $($(#[doc = $doc])* $variant,)* }

        impl Feature {
            /// All of them, in the order of [`Features::values`].
            pub const ALL: &'static [Feature] = &[$(Feature::$variant,)*];

            /// The name in the model file.
            pub fn as_str(self) -> &'static str {
                match self { $(Feature::$variant => $name,)* }
            }
        }
    };
}

features! {
    /// Always 1.
    Bias "bias",
    /// One edit in the whole name.
    OneEdit "one-edit",
    /// Two edits.
    TwoEdits "two-edits",
    /// Equal but for separators and look-alike characters.
    Folded "folded",
    /// The same words in another order.
    Reordered "reordered",
    /// A usual word before it.
    WordBefore "word-before",
    /// An unusual word before it.
    OtherBefore "other-before",
    /// A usual word after it.
    WordAfter "word-after",
    /// An unusual word after it.
    OtherAfter "other-after",
    /// A usual word glued before it.
    GluedBefore "glued-before",
    /// A usual word glued after it.
    GluedAfter "glued-after",
    /// One edit in one of several words.
    WordTypo "word-typo",
    /// Neighbouring letters exchanged.
    Exchanged "exchanged",
    /// A letter doubled.
    Doubled "doubled",
    /// One of two equal letters missing.
    Undoubled "undoubled",
    /// A letter missing.
    Omitted "omitted",
    /// A letter more.
    Inserted "inserted",
    /// A letter's neighbour on the keyboard.
    Neighbour "neighbour",
    /// Another vowel.
    Vowel "vowel",
    /// Only digits differ.
    Digits "digits",
    /// A final `s` more or less.
    Plural "plural",
    /// The edit is at the first letter.
    First "first-letter",
    /// The edit is at the last letter.
    Last "last-letter",
    /// Decimal logarithm of the target's rank; 0 for names of the user's own.
    Rank "rank",
    /// Length of the target, in tens of letters, at most 2.
    Length "length",
    /// The target has five letters or fewer.
    Short "short",
    /// The word that differs stands in two or more other names: an honest word, not a slip.
    KnownWord "known-word",
    /// The word that differs stands in ten or more other names.
    UsualWord "usual-word",
    /// The word that differs stands in no other name at all.
    Unseen "unseen-word",
    /// Threes of letters in the word that differs which hardly any name has, at most 3: slips make them, words do not.
    Rare "rare-letters",
    /// The target is one of the 300 most popular names, or the user's own.
    Top "top-target",
    /// Two edits in a target of ten letters or more.
    LongTwoEdits "long-two-edits",
    /// The target and the name share a first word that eight or more names begin with: a family of projects.
    Family "family",
    /// Words of the target beyond the first, at most 3.
    Words "words",
}

/// How many there are.
const COUNT: usize = Feature::ALL.len();

/// The numbers of one pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Features([f32; COUNT]);

impl Features {
    /// In the order of [`Feature::ALL`].
    pub fn values(&self) -> &[f32] {
        &self.0
    }

    fn set(&mut self, feature: Feature, value: f32) {
        if let Some(slot) = self.0.get_mut(feature as usize) {
            *slot = value;
        }
    }

    fn flag(&mut self, feature: Feature, holds: bool) {
        if holds {
            self.set(feature, 1.0);
        }
    }
}

/// Names that begin with the same word make a family from this many on.
const FAMILY: u32 = 8;

impl Targets {
    /// The numbers of a name and the target at a place.
    pub(super) fn features(&self, name: &str, at: u32, likeness: Likeness) -> Features {
        let target = self.name(at);
        let mut out = Features([0.0; COUNT]);
        out.set(Feature::Bias, 1.0);
        out.set(
            Feature::Rank,
            self.rank(at)
                .map_or(0.0, |rank| (f64::from(rank)).log10() as f32),
        );
        out.set(Feature::Length, (target.len().min(20) as f32) / 10.0);
        out.flag(Feature::Short, target.len() <= 5);
        let theirs = Words::of(target);
        out.set(
            Feature::Words,
            (theirs.len().saturating_sub(1).min(3)) as f32,
        );
        kind(&mut out, name, target, likeness);
        out.flag(Feature::Top, self.rank(at).is_none_or(|rank| rank <= 300));
        out.flag(
            Feature::LongTwoEdits,
            likeness == Likeness::TwoEdits && target.len() >= 10,
        );
        self.words_of(&mut out, name, &theirs);
        out
    }

    /// The words of the name that the target does not have.
    fn words_of(&self, out: &mut Features, name: &str, theirs: &Words<'_>) {
        let own = Words::of(name);
        // The name itself may be a target while the list is measured: one user less.
        let itself = u32::from(self.contains(name));
        let mut most = 0;
        let mut rare = 0;
        for word in own.iter().filter(|word| !theirs.iter().any(|t| t == *word)) {
            most = most.max(self.users(word).anywhere.saturating_sub(itself));
            rare += self.rare_threes(word, itself);
        }
        out.flag(Feature::KnownWord, most >= 2);
        out.flag(Feature::UsualWord, most >= 10);
        out.flag(Feature::Unseen, most == 0);
        out.set(Feature::Rare, rare.min(3) as f32);
        let first = own.get(0);
        let family = own.len() > 1 && theirs.len() > 1 && first == theirs.get(0);
        out.flag(
            Feature::Family,
            family && self.users(first).first.saturating_sub(itself) >= FAMILY,
        );
    }
}

fn kind(out: &mut Features, name: &str, target: &str, likeness: Likeness) {
    let usual =
        |affix: Option<&str>| affix.is_some_and(|affix| AFFIXES.contains(&affix.trim_matches('-')));
    match likeness {
        Likeness::OneEdit(edit) => {
            out.set(Feature::OneEdit, 1.0);
            edit_features(out, edit);
            let (_, at) = edit::single(name.as_bytes(), target.as_bytes());
            out.flag(Feature::First, at == 0);
            out.flag(
                Feature::Last,
                at + 1 >= name.len().max(target.len()).min(LONGEST),
            );
        }
        Likeness::WordTypo(edit) => {
            out.set(Feature::WordTypo, 1.0);
            edit_features(out, edit);
        }
        Likeness::TwoEdits => out.set(Feature::TwoEdits, 1.0),
        Likeness::Folded => out.set(Feature::Folded, 1.0),
        Likeness::Reordered => out.set(Feature::Reordered, 1.0),
        Likeness::WordBefore => {
            let usual = usual(name.strip_suffix(target));
            out.flag(
                if usual {
                    Feature::WordBefore
                } else {
                    Feature::OtherBefore
                },
                true,
            );
        }
        Likeness::WordAfter => {
            let usual = usual(name.strip_prefix(target));
            out.flag(
                if usual {
                    Feature::WordAfter
                } else {
                    Feature::OtherAfter
                },
                true,
            );
        }
        Likeness::GluedBefore => out.set(Feature::GluedBefore, 1.0),
        Likeness::GluedAfter => out.set(Feature::GluedAfter, 1.0),
    }
}

fn edit_features(out: &mut Features, edit: Edit) {
    let feature = match edit {
        Edit::Exchanged => Feature::Exchanged,
        Edit::Doubled => Feature::Doubled,
        Edit::Undoubled => Feature::Undoubled,
        Edit::Omitted => Feature::Omitted,
        Edit::Inserted => Feature::Inserted,
        Edit::Neighbour => Feature::Neighbour,
        Edit::Vowel => Feature::Vowel,
        Edit::Digits => Feature::Digits,
        Edit::Plural => Feature::Plural,
        Edit::Replaced => return,
    };
    out.set(feature, 1.0);
}

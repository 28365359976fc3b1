//! Licences that a policy lets in: SPDX expressions (PEP 639), else classifiers, else what the author wrote.
//!
//! Of an expression the reader's choices count: `GPL-3.0-only OR MIT` is let in where MIT is. Classifiers say nothing of
//! how several belong together; they are read as a choice too, for that is what projects with two of them mean.

use spdx::{Expression, LicenseReq, ParseMode};

/// Longest statement tried as an expression or a name.
const MAX_STATEMENT: usize = 1_000;
/// The beginning of licence classifiers.
const CLASSIFIER: &str = "License :: ";

/// What a package's metadata says of its licence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stated {
    /// `License-Expression`, or `License` where that is missing.
    pub statement: Option<String>,
    /// The classifiers.
    pub classifiers: Vec<String>,
}

/// Which licences are let in. Names are SPDX identifiers; `*` stands for any ending: `GPL-*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LicensePolicy {
    /// Only these, unless empty.
    pub allow: Vec<String>,
    /// None of these.
    pub deny: Vec<String>,
}

/// What a policy makes of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LicenseVerdict {
    /// It may be used.
    Fine,
    /// It may not, under these licences.
    Denied(Vec<String>),
    /// Nothing is stated that can be read; what is stated, where something is.
    Unknown(Option<String>),
}

impl LicensePolicy {
    /// True when nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }

    /// Judges what is stated.
    pub fn judge(&self, stated: &Stated) -> LicenseVerdict {
        let statement = stated.statement.as_deref().map(str::trim);
        let statement = statement.filter(|s| !s.is_empty() && !s.eq_ignore_ascii_case("unknown"));
        if let Some(verdict) = statement.and_then(|s| self.expression(s)) {
            return verdict;
        }
        let classified: Vec<&str> = stated
            .classifiers
            .iter()
            .filter_map(|c| of_classifier(c))
            .collect();
        if !classified.is_empty() {
            return self.choice(&classified);
        }
        match statement.and_then(of_words) {
            Some(id) => self.choice(&[id]),
            None => LicenseVerdict::Unknown(statement.map(|s| hognose_types::text::short(s, 60))),
        }
    }

    fn expression(&self, statement: &str) -> Option<LicenseVerdict> {
        if statement.len() > MAX_STATEMENT {
            return None;
        }
        let expression = Expression::parse_mode(statement, ParseMode::LAX).ok()?;
        let fine = expression.evaluate(|wanted| self.allows(&identifier(wanted)));
        if fine {
            return Some(LicenseVerdict::Fine);
        }
        let all = expression.requirements().map(|r| identifier(&r.req));
        let mut denied: Vec<String> = all.filter(|id| !self.allows(id)).collect();
        denied.dedup();
        Some(LicenseVerdict::Denied(denied))
    }

    fn choice(&self, ids: &[&str]) -> LicenseVerdict {
        if ids.iter().any(|id| self.allows(id)) {
            return LicenseVerdict::Fine;
        }
        LicenseVerdict::Denied(ids.iter().map(|id| (*id).to_owned()).collect())
    }

    fn allows(&self, id: &str) -> bool {
        let on = |list: &[String]| list.iter().any(|pattern| fits(pattern, id));
        !on(&self.deny) && (self.allow.is_empty() || on(&self.allow))
    }
}

/// Whether a pattern is one that can fit anything: an identifier of SPDX, `LicenseRef-…`, or the beginning of some.
pub(crate) fn is_pattern(pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => spdx::identifiers::LICENSES
            .iter()
            .any(|license| begins(license.name, start)),
        None => spdx::license_id(pattern).is_some() || pattern.starts_with("LicenseRef-"),
    }
}

fn fits(pattern: &str, id: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => begins(id, start),
        None => id.eq_ignore_ascii_case(pattern),
    }
}

fn begins(id: &str, start: &str) -> bool {
    id.get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// The licence of a requirement without its exceptions, which only give more rights.
fn identifier(wanted: &LicenseReq) -> String {
    let text = wanted.license.to_string();
    text.strip_suffix('+').unwrap_or(&text).to_owned()
}

/// The licence that an author's words mean: `MIT License`, `Apache 2.0`. Only where the whole statement is its name.
fn of_words(statement: &str) -> Option<&'static str> {
    if statement.len() > 100 || statement.contains('\n') {
        return None;
    }
    let named = CLASSIFIERS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(statement));
    if let Some((_, id)) = named {
        return Some(id);
    }
    let mut full = spdx::identifiers::LICENSES.iter();
    if let Some(license) = full.find(|l| l.full_name.eq_ignore_ascii_case(statement)) {
        return Some(license.name);
    }
    let lower = statement.to_ascii_lowercase();
    let bare = ["license", "licence"]
        .iter()
        .find_map(|word| lower.strip_suffix(word));
    let bare = bare.unwrap_or(&lower).trim();
    let (id, length) = spdx::imprecise_license_id(bare)?;
    (length == bare.len()).then_some(id.name)
}

/// Classifiers with the identifiers that they mean. Those that name a family and no licence of it (`BSD License`) are
/// given its commonest member; those that name none are left out.
const CLASSIFIERS: &[(&str, &str)] = &[
    ("Academic Free License (AFL)", "AFL-3.0"),
    ("Apache Software License", "Apache-2.0"),
    ("Artistic License", "Artistic-2.0"),
    ("BSD License", "BSD-3-Clause"),
    ("Blue Oak Model License (BlueOak-1.0.0)", "BlueOak-1.0.0"),
    ("Boost Software License 1.0 (BSL-1.0)", "BSL-1.0"),
    (
        "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication",
        "CC0-1.0",
    ),
    (
        "CEA CNRS Inria Logiciel Libre License, version 2.1 (CeCILL-2.1)",
        "CECILL-2.1",
    ),
    (
        "Common Development and Distribution License 1.0 (CDDL-1.0)",
        "CDDL-1.0",
    ),
    ("Eclipse Public License 1.0 (EPL-1.0)", "EPL-1.0"),
    ("Eclipse Public License 2.0 (EPL-2.0)", "EPL-2.0"),
    ("European Union Public Licence 1.1 (EUPL 1.1)", "EUPL-1.1"),
    ("European Union Public Licence 1.2 (EUPL 1.2)", "EUPL-1.2"),
    ("GNU Affero General Public License v3", "AGPL-3.0-only"),
    (
        "GNU Affero General Public License v3 or later (AGPLv3+)",
        "AGPL-3.0-or-later",
    ),
    ("GNU General Public License (GPL)", "GPL-1.0-or-later"),
    ("GNU General Public License v2 (GPLv2)", "GPL-2.0-only"),
    (
        "GNU General Public License v2 or later (GPLv2+)",
        "GPL-2.0-or-later",
    ),
    ("GNU General Public License v3 (GPLv3)", "GPL-3.0-only"),
    (
        "GNU General Public License v3 or later (GPLv3+)",
        "GPL-3.0-or-later",
    ),
    (
        "GNU Lesser General Public License v2 (LGPLv2)",
        "LGPL-2.0-only",
    ),
    (
        "GNU Lesser General Public License v2 or later (LGPLv2+)",
        "LGPL-2.0-or-later",
    ),
    (
        "GNU Lesser General Public License v3 (LGPLv3)",
        "LGPL-3.0-only",
    ),
    (
        "GNU Lesser General Public License v3 or later (LGPLv3+)",
        "LGPL-3.0-or-later",
    ),
    (
        "GNU Library or Lesser General Public License (LGPL)",
        "LGPL-2.0-or-later",
    ),
    ("Historical Permission Notice and Disclaimer (HPND)", "HPND"),
    ("ISC License (ISCL)", "ISC"),
    ("MIT License", "MIT"),
    ("MIT No Attribution License (MIT-0)", "MIT-0"),
    ("Mozilla Public License 1.1 (MPL 1.1)", "MPL-1.1"),
    ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
    (
        "Mulan Permissive Software License v2 (MulanPSL-2.0)",
        "MulanPSL-2.0",
    ),
    ("NASA Open Source Agreement v1.3 (NASA-1.3)", "NASA-1.3"),
    ("Open Software License 3.0 (OSL-3.0)", "OSL-3.0"),
    ("PostgreSQL License", "PostgreSQL"),
    ("Python Software Foundation License", "PSF-2.0"),
    ("SIL Open Font License 1.1 (OFL-1.1)", "OFL-1.1"),
    ("The Unlicense (Unlicense)", "Unlicense"),
    ("Universal Permissive License (UPL)", "UPL-1.0"),
    ("University of Illinois/NCSA Open Source License", "NCSA"),
    ("W3C License", "W3C"),
    ("Zope Public License", "ZPL-2.1"),
    ("zlib/libpng License", "Zlib"),
    ("Other/Proprietary License", "LicenseRef-Proprietary"),
    ("Free To Use But Restricted", "LicenseRef-Restricted"),
    ("Free for non-commercial use", "LicenseRef-NonCommercial"),
];

fn of_classifier(classifier: &str) -> Option<&'static str> {
    let rest = classifier.trim().strip_prefix(CLASSIFIER)?;
    let name = rest.rsplit(" :: ").next().unwrap_or(rest);
    let found = CLASSIFIERS.iter().find(|(known, _)| *known == name);
    found.map(|(_, id)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(
        allow: &[&str],
        deny: &[&str],
        statement: &str,
        classifiers: &[&str],
    ) -> LicenseVerdict {
        let owned = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        let policy = LicensePolicy {
            allow: owned(allow),
            deny: owned(deny),
        };
        policy.judge(&Stated {
            statement: (!statement.is_empty()).then(|| statement.to_owned()),
            classifiers: owned(classifiers),
        })
    }

    fn denied(ids: &[&str]) -> LicenseVerdict {
        LicenseVerdict::Denied(ids.iter().map(|s| (*s).to_owned()).collect())
    }

    #[test]
    fn expressions_are_choices_and_sums() {
        let fine = LicenseVerdict::Fine;
        let deny = &["GPL-*", "AGPL-*"];
        assert_eq!(judge(&[], deny, "MIT", &[]), fine);
        assert_eq!(judge(&[], deny, "GPL-3.0-only OR MIT", &[]), fine);
        assert_eq!(
            judge(&[], deny, "GPL-3.0-only AND MIT", &[]),
            denied(&["GPL-3.0-only"])
        );
        assert_eq!(judge(&[], deny, "LGPL-3.0-or-later", &[]), fine);
        assert_eq!(
            judge(
                &[],
                deny,
                "GPL-2.0-or-later WITH Classpath-exception-2.0",
                &[]
            ),
            denied(&["GPL-2.0-or-later"])
        );
        let allow = &["MIT", "BSD-*", "Apache-2.0"];
        assert_eq!(judge(allow, &[], "Apache-2.0 AND BSD-2-Clause", &[]), fine);
        assert_eq!(
            judge(allow, &[], "Apache-2.0 AND Zlib", &[]),
            denied(&["Zlib"])
        );
        assert_eq!(
            judge(allow, &[], "LicenseRef-Ours", &[]),
            denied(&["LicenseRef-Ours"])
        );
        assert_eq!(
            judge(&["LicenseRef-Ours"], &[], "LicenseRef-Ours", &[]),
            fine
        );
    }

    #[test]
    fn classifiers_and_words_where_there_is_no_expression() {
        let allow = &["MIT", "Apache-2.0"];
        let gpl = "License :: OSI Approved :: GNU General Public License v3 (GPLv3)";
        let mit = "License :: OSI Approved :: MIT License";
        let fine = LicenseVerdict::Fine;
        assert_eq!(judge(allow, &[], "", &[mit]), fine);
        assert_eq!(judge(allow, &[], "see the file", &[mit]), fine);
        assert_eq!(judge(allow, &[], "", &[gpl, mit]), fine);
        assert_eq!(judge(allow, &[], "", &[gpl]), denied(&["GPL-3.0-only"]));
        // An expression goes before everything else.
        assert_eq!(judge(allow, &[], "MIT", &[gpl]), fine);
        assert_eq!(judge(allow, &[], "MIT License", &[]), fine);
        assert_eq!(judge(allow, &[], "Apache License 2.0", &[]), fine);
        let unknown =
            |text: &str| LicenseVerdict::Unknown((!text.is_empty()).then(|| text.to_owned()));
        assert_eq!(judge(allow, &[], "", &[]), unknown(""));
        assert_eq!(judge(allow, &[], "UNKNOWN", &[]), unknown(""));
        assert_eq!(judge(allow, &[], "ask me", &[]), unknown("ask me"));
        assert_eq!(
            judge(allow, &[], "MIT or ask me, whatever suits", &[]),
            unknown("MIT or ask me, whatever suits")
        );
    }

    #[test]
    fn every_identifier_of_a_classifier_is_one() {
        for (_, id) in CLASSIFIERS {
            assert!(is_pattern(id), "{id}");
        }
        assert!(is_pattern("GPL-*") && !is_pattern("GLP-*") && !is_pattern("MTI"));
    }
}

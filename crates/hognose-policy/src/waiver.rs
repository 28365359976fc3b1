//! Waivers: exceptions with a reason and an end.

use hognose_types::{Finding, Gap, Location, PackageName, RuleId, Specifiers, Version};
use jiff::civil::Date;

/// Where a waiver comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaiverOrigin {
    /// The configuration of Hognose.
    Policy,
    /// Another tool's ignore list.
    Imported,
    /// An OpenVEX statement.
    Vex {
        /// `not_affected` or `fixed`.
        status: String,
        /// The justification, when stated.
        justification: Option<String>,
    },
}

/// An exception.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// Rule it covers; `None`: any.
    pub rule: Option<RuleId>,
    /// Advisory id or alias it covers; `None`: any.
    pub advisory: Option<String>,
    /// Package it covers; `None`: any.
    pub package: Option<PackageName>,
    /// Versions it covers; `None`: any.
    pub versions: Option<Specifiers>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Last day it holds.
    pub expires: Option<Date>,
    /// Where it is written.
    pub location: Location,
    /// Where it comes from.
    pub origin: WaiverOrigin,
}

impl Waiver {
    /// True when the waiver is about the finding, expired or not.
    pub fn covers(&self, finding: &Finding) -> bool {
        self.rule.is_none_or(|rule| rule == finding.rule)
            && self
                .package
                .as_ref()
                .is_none_or(|p| p.as_str() == finding.subject.name)
            && self.covers_version(finding.subject.version.as_deref())
            && self.covers_advisory(finding)
    }

    /// True when the waiver is about the gap: it must name the rule, so that a waived advisory never hides that
    /// something could not be checked.
    pub fn covers_gap(&self, gap: &Gap) -> bool {
        // `flask>=1`, `flask 1.x`: a requirement or a component, its name first.
        let after_name = [' ', '[', '(', '<', '>', '=', '!', '~', '^', '@', ';'];
        let name = gap.subject.split(after_name).next().unwrap_or("");
        // What no exact version is known of lies in no range of versions.
        let version = gap.subject.get(name.len()..).map(str::trim);
        self.rule == Some(gap.rule)
            && self.advisory.is_none()
            && self
                .package
                .as_ref()
                .is_none_or(|p| PackageName::new(name).is_ok_and(|n| n == *p))
            && self.covers_version(version)
    }

    /// True while it holds: the last day is included.
    pub fn holds_on(&self, today: Date) -> bool {
        self.expires.is_none_or(|last| today <= last)
    }

    fn covers_version(&self, version: Option<&str>) -> bool {
        let Some(versions) = &self.versions else {
            return true;
        };
        version
            .and_then(|v| Version::new(v).ok())
            .is_some_and(|v| versions.contains(&v))
    }

    fn covers_advisory(&self, finding: &Finding) -> bool {
        let Some(wanted) = &self.advisory else {
            return true;
        };
        let Some(advisory) = &finding.advisory else {
            return false;
        };
        std::iter::once(&advisory.id)
            .chain(&advisory.aliases)
            .any(|id| id.eq_ignore_ascii_case(wanted))
    }

    /// What it is about, for warnings.
    pub fn label(&self) -> String {
        let rule = self.rule.map(|r| r.to_string());
        let what = self
            .advisory
            .clone()
            .or(rule)
            .unwrap_or_else(|| "everything".to_owned());
        let what = hognose_types::text::short(&what, 80);
        match &self.package {
            Some(package) => format!("{what} in {package}"),
            None => what,
        }
    }
}

//! SPDX as `Tag: value` lines; `<text>` values may span lines.

use super::spdx::{Package, Parsed, stated};

/// Reads a document. Lines that are no tags are passed over, as the format's own readers do.
pub(super) fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let mut current: Option<Package> = None;
    let mut in_text = false;
    for (number, raw) in (1_u32..).zip(text.lines()) {
        if in_text {
            in_text = !raw.contains("</text>");
            continue;
        }
        let Some((tag, value)) = raw.split_once(':') else {
            continue;
        };
        let value = value.trim();
        in_text = value.starts_with("<text>") && !value.contains("</text>");
        match tag.trim() {
            "SPDXVersion" => parsed.version = Some((value.to_owned(), number)),
            "PackageName" => {
                parsed.packages.extend(current.take());
                current = Some(Package {
                    name: value.to_owned(),
                    line: number,
                    ..Package::default()
                });
            }
            // Files and snippets have their own ids.
            "FileName" | "SnippetSPDXID" => parsed.packages.extend(current.take()),
            "Relationship" => {
                let mut words = value.split_whitespace().map(str::to_owned);
                if let (Some(from), Some(kind), Some(to)) =
                    (words.next(), words.next(), words.next())
                {
                    parsed.relationships.push((from, kind, to));
                }
            }
            tag => {
                if let Some(package) = &mut current {
                    field(package, tag, value);
                }
            }
        }
    }
    parsed.packages.extend(current);
    parsed
}

fn field(package: &mut Package, tag: &str, value: &str) {
    match tag {
        "SPDXID" => value.clone_into(&mut package.id),
        "PackageVersion" => package.version = Some(value.to_owned()),
        "PackageChecksum" => {
            if let Some((algorithm, hex)) = value.split_once(':') {
                package
                    .checksums
                    .push((algorithm.trim().to_owned(), hex.trim().to_owned()));
            }
        }
        "ExternalRef" => {
            let mut words = value.split_whitespace().skip(1);
            if words.next() == Some("purl") && package.purl.is_none() {
                package.purl = words.next().map(str::to_owned);
            }
        }
        "PackageLicenseDeclared" => package.license = stated(Some(value.to_owned())),
        "PackageLicenseConcluded" if package.license.is_none() => {
            package.license = stated(Some(value.to_owned()));
        }
        _ => {}
    }
}

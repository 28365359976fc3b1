//! What is scanned: generated, always the same from the same feeds, never committed.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::feeds::{Feeds, listed};

/// One pinned package.
#[derive(Clone, Debug)]
pub(crate) struct Pin {
    pub(crate) name: String,
    pub(crate) version: String,
}

/// The generated files.
#[derive(Debug)]
pub(crate) struct Inputs {
    pub(crate) pins: Vec<Pin>,
    pub(crate) pins_200: PathBuf,
    pub(crate) neglected: PathBuf,
    pub(crate) pins_700: PathBuf,
    pub(crate) lock_700: PathBuf,
    pub(crate) environment: PathBuf,
    pub(crate) sbom: PathBuf,
}

/// Distributions in the environment.
const INSTALLED: usize = 500;
/// Packages in the large inputs.
const LARGE: usize = 700;

impl Inputs {
    /// Writes all of them below `home`.
    pub(crate) fn generate(feeds: &Feeds, home: &Path) -> Result<Self> {
        let versions = listed(&feeds.records()?);
        let popular = feeds.popular()?;
        let neglected = pins(&popular, &versions, any);
        let pins = pins(&popular, &versions, |_, list| list.last());
        let inputs = Self {
            pins_200: home.join("requirements-200.txt"),
            neglected: home.join("requirements-200-neglected.txt"),
            pins_700: home.join("requirements-700.txt"),
            lock_700: home.join("project-700/uv.lock"),
            environment: home.join("environment"),
            sbom: home.join("sbom-700.cdx.json"),
            pins,
        };
        std::fs::write(&inputs.pins_200, requirements(inputs.first(200)))?;
        std::fs::write(
            &inputs.neglected,
            requirements(neglected.get(..200).unwrap_or(&neglected)),
        )?;
        std::fs::write(&inputs.pins_700, requirements(&inputs.pins))?;
        write_project(&home.join("project-700"), &inputs.pins, INDEX)?;
        environment(&inputs.environment, inputs.first(INSTALLED))?;
        std::fs::write(&inputs.sbom, sbom(&inputs.pins)?)?;
        Ok(inputs)
    }

    /// The first pins.
    pub(crate) fn first(&self, count: usize) -> &[Pin] {
        self.pins.get(..count).unwrap_or(&self.pins)
    }
}

/// An index that does not exist.
const INDEX: &str = "https://index.example/simple";

/// The most popular packages, each at one of the versions that advisories list, else at 1.0.0.
fn pins(
    popular: &[String],
    versions: &HashMap<String, Vec<String>>,
    choose: impl for<'l> Fn(&str, &'l [String]) -> Option<&'l String>,
) -> Vec<Pin> {
    let pin = |name: &String| {
        let name = super::feeds::normalised(name);
        let version = versions
            .get(&name)
            .and_then(|list| choose(&name, list).cloned())
            .unwrap_or_else(|| "1.0.0".to_owned());
        Pin { name, version }
    };
    popular.iter().take(LARGE).map(pin).collect()
}

/// Any listed version: years old, with many advisories.
fn any<'l>(name: &str, list: &'l [String]) -> Option<&'l String> {
    let seed = name.bytes().fold(0_usize, |sum, byte| {
        sum.wrapping_mul(31) + usize::from(byte)
    });
    list.get(seed % list.len().max(1))
}

fn requirements(pins: &[Pin]) -> String {
    let line = |pin: &Pin| format!("{}=={}\n", pin.name, pin.version);
    pins.iter().map(line).collect()
}

/// A project of uv: a tree of packages, each with an sdist and three wheels as real locks have.
pub(crate) fn write_project(directory: &Path, pins: &[Pin], index: &str) -> Result<()> {
    std::fs::create_dir_all(directory)?;
    let direct = pins.len().min(40);
    let mut manifest = String::from(
        "[project]\nname = \"bench-project\"\nversion = \"0.1.0\"\nrequires-python = \">=3.9\"\ndependencies = [\n",
    );
    for pin in pins.iter().take(direct) {
        writeln!(manifest, "    \"{}=={}\",", pin.name, pin.version)?;
    }
    manifest.push_str("]\n");
    std::fs::write(directory.join("pyproject.toml"), manifest)?;
    let mut ordered: Vec<(usize, &Pin)> = pins.iter().enumerate().collect();
    ordered.sort_by(|a, b| a.1.name.cmp(&b.1.name));
    let mut lock = String::from("version = 1\nrevision = 3\nrequires-python = \">=3.9\"\n");
    let mut root_written = false;
    for (at, pin) in ordered {
        if !root_written && pin.name.as_str() > "bench-project" {
            root(&mut lock, pins, direct)?;
            root_written = true;
        }
        package(&mut lock, pins, at, pin, index)?;
    }
    if !root_written {
        root(&mut lock, pins, direct)?;
    }
    std::fs::write(directory.join("uv.lock"), lock)?;
    Ok(())
}

fn root(lock: &mut String, pins: &[Pin], direct: usize) -> Result<()> {
    lock.push_str("\n[[package]]\nname = \"bench-project\"\nversion = \"0.1.0\"\nsource = { virtual = \".\" }\ndependencies = [\n");
    for pin in pins.iter().take(direct) {
        writeln!(lock, "    {{ name = \"{}\" }},", pin.name)?;
    }
    lock.push_str("]\n\n[package.metadata]\nrequires-dist = [\n");
    for pin in pins.iter().take(direct) {
        writeln!(
            lock,
            "    {{ name = \"{}\", specifier = \"=={}\" }},",
            pin.name, pin.version
        )?;
    }
    lock.push_str("]\n");
    Ok(())
}

fn package(lock: &mut String, pins: &[Pin], at: usize, pin: &Pin, index: &str) -> Result<()> {
    let Pin { name, version } = pin;
    writeln!(
        lock,
        "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = {{ registry = \"{index}\" }}"
    )?;
    // Every package pulls in the next of the tree: the direct ones reach all others.
    let children: Vec<&Pin> = [at + 40, at * 2 + 41]
        .iter()
        .filter_map(|&child| pins.get(child))
        .collect();
    if !children.is_empty() {
        lock.push_str("dependencies = [\n");
        for child in children {
            writeln!(lock, "    {{ name = \"{}\" }},", child.name)?;
        }
        lock.push_str("]\n");
    }
    let file = name.replace('-', "_");
    let link = |end: &str, salt: u8| {
        let digest = format!("{salt:02x}{at:06x}").repeat(8);
        format!(
            "{{ url = \"https://files.index.example/packages/{}/{}/{}/{file}-{version}{end}\", \
             hash = \"sha256:{digest}\", size = {}, upload-time = \"2024-01-01T00:00:00Z\" }}",
            &digest[..2],
            &digest[2..4],
            &digest[4..],
            1000 + at
        )
    };
    writeln!(lock, "sdist = {}\nwheels = [", link(".tar.gz", 1))?;
    let tags = [
        "-cp312-cp312-macosx_11_0_arm64.whl",
        "-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "-cp312-cp312-win_amd64.whl",
    ];
    for (salt, tag) in (2..).zip(tags) {
        writeln!(lock, "    {},", link(tag, salt))?;
    }
    lock.push_str("]\n");
    Ok(())
}

/// A virtual environment as pip leaves it, with metadata of ordinary length.
fn environment(home: &Path, pins: &[Pin]) -> Result<()> {
    let site = home.join("lib/python3.12/site-packages");
    if home.exists() {
        std::fs::remove_dir_all(home)?;
    }
    std::fs::create_dir_all(&site)?;
    std::fs::write(
        home.join("pyvenv.cfg"),
        "home = /usr/bin\nversion = 3.12.0\n",
    )?;
    for Pin { name, version } in pins {
        let module = name.replace('-', "_");
        let info = site.join(format!("{module}-{version}.dist-info"));
        std::fs::create_dir(&info).with_context(|| info.display().to_string())?;
        let mut metadata = format!(
            "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: A package\nLicense: MIT\n\
             Classifier: License :: OSI Approved :: MIT License\nRequires-Python: >=3.8\n\n"
        );
        for line in 0..80 {
            writeln!(
                metadata,
                "Line {line} of a description that nobody reads to its end."
            )?;
        }
        std::fs::write(info.join("METADATA"), metadata)?;
        let mut record = String::new();
        for file in 0..60 {
            writeln!(
                record,
                "{module}/file_{file}.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,{file}"
            )?;
        }
        std::fs::write(info.join("RECORD"), record)?;
        std::fs::write(info.join("INSTALLER"), "pip\n")?;
        std::fs::write(
            info.join("WHEEL"),
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )?;
        std::fs::write(info.join("top_level.txt"), format!("{module}\n"))?;
    }
    Ok(())
}

fn sbom(pins: &[Pin]) -> Result<String> {
    let purl = |pin: &Pin| format!("pkg:pypi/{}@{}", pin.name, pin.version);
    let components: Vec<_> = pins
        .iter()
        .map(|pin| {
            serde_json::json!({
                "type": "library", "bom-ref": purl(pin), "name": pin.name, "version": pin.version, "purl": purl(pin),
            })
        })
        .collect();
    let dependencies: Vec<_> = pins
        .iter()
        .enumerate()
        .map(|(at, pin)| {
            let child = pins.get(at * 2 + 1).map(purl);
            serde_json::json!({ "ref": purl(pin), "dependsOn": child.into_iter().collect::<Vec<_>>() })
        })
        .collect();
    let document = serde_json::json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "components": components, "dependencies": dependencies,
    });
    Ok(serde_json::to_string_pretty(&document)?)
}

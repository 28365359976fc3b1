//! `HOG-MAL-…`: what `hognose inspect` finds. The rules themselves are facts and points, in `hognose-behaviour`; here are
//! their names and pages, one row each.

use crate::rule::{RuleId, RuleKind, RuleMeta};

macro_rules! behaviour_rules {
    ($($id:literal $title:literal,)*) => {
        pub(crate) const METAS: &[RuleMeta] = &[$(RuleMeta {
            id: RuleId::new($id),
            title: $title,
            kind: RuleKind::Finding,
            documentation: include_str!(concat!("../../../../docs/rules/", $id, ".md")),
        },)*];
    };
}

behaviour_rules! {
    "HOG-MAL-archive" "is packed so that tools disagree on what is inside",
    "HOG-MAL-binary" "holds a binary that behaves like an implant or hides what it is",
    "HOG-MAL-browser-theft" "reads what browsers and chat programs store and uses the network",
    "HOG-MAL-bundled-program" "starts a program that it brings along",
    "HOG-MAL-chat-account" "sends data to a chat account whose secret it carries",
    "HOG-MAL-chosen-moment" "acts only on a chosen day or machine",
    "HOG-MAL-clipper" "replaces cryptocurrency addresses in the clipboard",
    "HOG-MAL-cloud-metadata" "asks the cloud's metadata service",
    "HOG-MAL-credential-access" "reads credentials",
    "HOG-MAL-credential-dependency" "passes credentials into a helper package",
    "HOG-MAL-data-payload" "runs code that it keeps in a file of another kind",
    "HOG-MAL-decode" "decodes or decrypts data as it is installed or imported",
    "HOG-MAL-destruction" "encrypts, deletes or breaks what is on the machine",
    "HOG-MAL-disguise" "has files that are not what they say",
    "HOG-MAL-download-command" "runs a command that downloads",
    "HOG-MAL-download-run" "downloads a program and starts it",
    "HOG-MAL-download" "writes files it downloads as it is installed or imported",
    "HOG-MAL-dynamic-code" "runs code that its source does not show",
    "HOG-MAL-endpoint-contact" "contacts an address that attackers use to collect or serve",
    "HOG-MAL-endpoint" "names an address that attackers use to collect or serve",
    "HOG-MAL-evasion" "looks for analysts, sandboxes or security tools",
    "HOG-MAL-exec-decoded" "runs code it has decoded or decrypted",
    "HOG-MAL-exec-downloaded" "downloads code and runs it as Python",
    "HOG-MAL-exfiltrate-environment" "sends environment variables away",
    "HOG-MAL-exfiltrate-files" "sends files or the output of commands away",
    "HOG-MAL-exfiltrate-host" "sends facts about the machine or its user away",
    "HOG-MAL-exfiltrate-parameters" "sends credentials of its caller to an address of its own",
    "HOG-MAL-exfiltrate-secrets" "sends credentials away",
    "HOG-MAL-hidden-code" "hides code in a constant",
    "HOG-MAL-hidden-command" "hides a command, an address or a name",
    "HOG-MAL-hidden-recipient" "sends what it is given to an address that it hides",
    "HOG-MAL-hidden-text" "hides its source from the reader",
    "HOG-MAL-import-network" "uses the network when it is imported",
    "HOG-MAL-install-network" "uses the network while being installed",
    "HOG-MAL-install-process" "starts processes while being installed or imported",
    "HOG-MAL-interception" "replaces a function and sends on what is passed to it",
    "HOG-MAL-layers" "wraps code in layer upon layer",
    "HOG-MAL-metadata" "has metadata that honest projects do not have",
    "HOG-MAL-miner" "mines cryptocurrency",
    "HOG-MAL-nameless-and-active" "gives no description, and acts at install or import",
    "HOG-MAL-native" "writes machine code into memory or carries it",
    "HOG-MAL-obfuscator" "bears the mark of an obfuscator",
    "HOG-MAL-persistence" "makes itself start again",
    "HOG-MAL-pip-install" "installs other packages from its code",
    "HOG-MAL-powershell" "runs PowerShell, hidden or encoded",
    "HOG-MAL-remote-commands" "runs commands that come from the network and sends back what they print",
    "HOG-MAL-reverse-shell" "connects a shell to a remote machine",
    "HOG-MAL-script" "holds a script in another language that acts",
    "HOG-MAL-small-and-active" "is tiny, says nothing of itself, and acts at install or import",
    "HOG-MAL-spying" "records keys, the screen, the camera or the microphone",
    "HOG-MAL-startup-active" "does more at every start of Python than set up paths",
    "HOG-MAL-startup-hook" "runs at every start of Python",
    "HOG-MAL-stealer" "collects what browsers, chat programs, games and wallets store",
    "HOG-MAL-stub" "holds nothing but dependencies",
    "HOG-MAL-temporary-program" "writes a program into a temporary or hidden folder",
    "HOG-MAL-yara" "matches YARA rules of the user",
}

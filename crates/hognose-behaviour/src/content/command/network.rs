//! Programs that reach the network.

use super::programs::Call;
use super::{Reader, strings};
use crate::fact::FactKind::{
    DecodeCall, DnsConstructed, DownloadCommand, FlowCommandNetwork, FlowDns, FlowEnvNetwork,
    NetworkSend, ReverseShell, SocketConnect, SocketListen, TlsUnverified,
};

/// Programs that reach the network.
pub(super) fn read(reader: &mut Reader, call: &Call<'_>) -> bool {
    match call.program {
        "curl" | "wget" | "wget2" | "http" | "https" | "httpie" | "lwp-request" | "aria2c"
        | "axel" | "xh" | "bitsadmin" => fetch(reader, call),
        "certutil" => {
            if call.has(&["-urlcache", "/urlcache", "-verifyctl", "/verifyctl"]) {
                fetch(reader, call);
            }
            if call.has(&["-decode", "/decode", "-decodehex", "/decodehex"]) {
                reader.add(DecodeCall, call.shown);
            }
        }
        "nc" | "ncat" | "netcat" | "nc.traditional" | "nc.openbsd" => netcat(reader, call),
        "socat" => {
            let lower = call.shown.to_ascii_lowercase();
            reader.add(
                if lower.contains("exec:") || lower.contains("system:") {
                    ReverseShell
                } else {
                    SocketConnect
                },
                call.shown,
            );
        }
        "telnet" => reader.add(SocketConnect, call.shown),
        "nslookup" | "dig" | "host" | "drill" | "ping"
            if call.inner
                || call.shown.contains("$(")
                || call.shown.contains('%')
                || call.shown.contains('$') =>
        {
            reader.add(DnsConstructed, call.shown);
            let lower = call.shown.to_ascii_lowercase();
            let carries = call.inner
                || [
                    "$user",
                    "$hostname",
                    "${user",
                    "${hostname",
                    "%username%",
                    "%computername%",
                ]
                .iter()
                .any(|name| lower.contains(name));
            if carries && call.program != "ping" {
                reader.add(FlowDns, call.shown);
            }
        }
        _ => return false,
    }
    addresses(reader, call);
    true
}

fn fetch(reader: &mut Reader, call: &Call<'_>) {
    reader.add(DownloadCommand, call.shown);
    reader.line.fetched = true;
    let sends = [
        "-d",
        "-F",
        "-T",
        "--data",
        "--data-binary",
        "--data-raw",
        "--data-urlencode",
        "--form",
        "--upload-file",
        "--json",
    ];
    if call.words.iter().any(|w| {
        sends.contains(&w.as_str())
            || w.starts_with("-d@")
            || w.starts_with("--data")
            || w.starts_with("--post-")
    }) {
        reader.add(NetworkSend, call.shown);
        if call.piped && reader.line.environment {
            reader.add(FlowEnvNetwork, call.shown);
        }
        if call.inner || call.shown.contains("$(") {
            reader.add(FlowCommandNetwork, call.shown);
        }
    }
    if call.has(&["-k", "--insecure", "--no-check-certificate"]) {
        reader.add(TlsUnverified, call.shown);
    }
    let mut names: Vec<String> = Vec::new();
    if let Some([file, ..]) = call.after(&["-o", "--output", "--output-document", "-OutFile"]) {
        names.push(file.clone());
    }
    for word in call.operands() {
        if word.contains('/') || word.contains('.') {
            names.push(word.clone());
        }
    }
    for name in names {
        if reader.line.files.len() < 32 {
            reader.line.files.push(base(&name).to_owned());
        }
    }
}

/// The last component of a path or URL.
pub(super) fn base(path: &str) -> &str {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Hosts without a scheme and plain addresses among the arguments.
fn addresses(reader: &mut Reader, call: &Call<'_>) {
    let mut skip = false;
    for word in call.words {
        if std::mem::replace(
            &mut skip,
            matches!(
                word.as_str(),
                "-o" | "-O" | "--output" | "-H" | "-d" | "-F" | "-A" | "-u" | "-X"
            ),
        ) || word.starts_with('-')
        {
            continue;
        }
        if !word.contains("://") && word.contains('.') && !word.starts_with(['.', '/', '@', '$']) {
            for (kind, detail) in strings::classify(&format!("http://{word}")) {
                reader.add(kind, detail.strip_prefix("http://").unwrap_or(&detail));
            }
        }
    }
}

fn netcat(reader: &mut Reader, call: &Call<'_>) {
    let shell = call.words.iter().any(|w| {
        matches!(
            base(w),
            "sh" | "bash" | "cmd.exe" | "cmd" | "powershell.exe" | "zsh"
        )
    });
    let runs = call.words.iter().any(|w| {
        w == "-e"
            || w == "-c"
            || w == "--exec"
            || w == "--sh-exec"
            || (w.starts_with('-') && !w.starts_with("--") && w.ends_with('e'))
    });
    let listens = call
        .words
        .iter()
        .any(|w| w.starts_with('-') && !w.starts_with("--") && w.contains('l'));
    if shell || runs {
        reader.add(ReverseShell, call.shown);
    } else if listens {
        reader.add(SocketListen, call.shown);
    } else {
        reader.add(SocketConnect, call.shown);
    }
}

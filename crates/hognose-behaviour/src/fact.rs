//! Facts: what was seen, where, below which decode layers, and what makes it run.

use serde::Serialize;

/// What makes a piece of code run, from the most automatic to the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// Building or installing the artifact (`setup.py`, build hooks, build backends).
    Install,
    /// Starting any Python at all (`.pth`, `.start`, `sitecustomize`, `usercustomize`).
    Startup,
    /// Importing a module.
    Import,
    /// Starting a console script, `python -m`, or running the file.
    EntryPoint,
    /// Only when a function is called by somebody else.
    Call,
    /// Files of tests, documentation, examples and development that nothing imports.
    Test,
}

impl Trigger {
    /// All, most automatic first.
    pub const ALL: [Self; 6] = [
        Self::Install,
        Self::Startup,
        Self::Import,
        Self::EntryPoint,
        Self::Call,
        Self::Test,
    ];

    /// The name used in models, rules and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Startup => "startup",
            Self::Import => "import",
            Self::EntryPoint => "entry-point",
            Self::Call => "call",
            Self::Test => "test",
        }
    }

    /// The trigger of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.as_str() == name)
    }
}

/// Where a fact was seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// Path inside the artifact; `!/` enters a nested archive.
    pub file: String,
    /// Line in that file, from 1; of the outermost layer when the code was decoded. 0 for the file as a whole.
    pub line: u32,
    /// Column in characters, from 1; 0 for the line as a whole.
    pub column: u32,
    /// Decode layers above the code, outermost first: `base64`, `zlib`, `exec`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<&'static str>,
}

impl Place {
    /// A whole file.
    pub fn file(file: impl Into<String>) -> Self {
        Self::line(file, 0)
    }

    /// A line of a file.
    pub fn line(file: impl Into<String>, line: u32) -> Self {
        Self {
            file: file.into(),
            line,
            column: 0,
            layers: Vec::new(),
        }
    }
}

/// One observation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Fact {
    /// What.
    pub kind: FactKind,
    /// What makes it happen.
    pub trigger: Trigger,
    /// Where.
    pub place: Place,
    /// The callee, URL, path, command or name that shows it; decoded, cut to [`DETAIL_MAX`] characters, not yet safe
    /// for a terminal.
    pub detail: String,
}

/// Longest detail kept, in characters.
pub const DETAIL_MAX: usize = 400;

impl Fact {
    /// A fact; the detail is cut to its limit.
    pub fn new(kind: FactKind, trigger: Trigger, place: Place, detail: &str) -> Self {
        let detail = match detail.char_indices().nth(DETAIL_MAX) {
            Some((cut, _)) => format!("{}…", detail.get(..cut).unwrap_or_default()),
            None => detail.to_owned(),
        };
        Self {
            kind,
            trigger,
            place,
            detail,
        }
    }
}

/// What a fact is about; the rows of the capability table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Processes and shells.
    Process,
    /// Running code made at run time.
    Code,
    /// Decoding and decrypting.
    Decode,
    /// Network and endpoints.
    Network,
    /// Reading secrets, hosts and users.
    Collection,
    /// Staying on the machine.
    Persistence,
    /// Destroying or encrypting.
    Destruction,
    /// Hiding from people and tools.
    Evasion,
    /// Data from a source reaching a sink.
    Flow,
    /// Build and start-up hooks.
    Hook,
    /// Compiled code.
    Binary,
    /// What the metadata says.
    Metadata,
    /// The container.
    Archive,
    /// What YARA rules of the user match.
    Yara,
}

macro_rules! fact_kinds {
    ($($group:ident { $($variant:ident $name:literal $text:literal,)* })*) => {
        /// What was seen. The name is stable: models, rules and `--facts` use it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum FactKind {
            $($(#[doc = $text] $variant,)*)*
        }

        impl FactKind {
            /// All kinds, by group.
            pub const ALL: &'static [Self] = &[$($(Self::$variant,)*)*];

            /// The stable name.
            pub fn as_str(self) -> &'static str {
                match self { $($(Self::$variant => $name,)*)* }
            }

            /// What it says, as a fragment whose subject is the code.
            pub fn describe(self) -> &'static str {
                match self { $($(Self::$variant => $text,)*)* }
            }

            /// What it is about.
            pub fn group(self) -> Group {
                match self { $($(Self::$variant => Group::$group,)*)* }
            }

            /// The kind of that name.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($($name => Some(Self::$variant),)*)* _ => None }
            }
        }
    };
}

fact_kinds! {
    Process {
        ProcessStart "process-start" "starts a process",
        ProcessShell "process-shell" "runs a shell command",
        ProcessBuild "process-build" "runs a build or version-control tool",
        ProcessSilent "process-silent" "starts a process without window or output",
        ProcessPython "process-python" "starts another Python",
        ProcessDetached "process-detached" "starts a process that outlives it",
        PipInstall "pip-install" "installs packages from code",
        OpenBrowser "open-browser" "opens a page in the user's browser",
        Powershell "powershell" "runs PowerShell",
        PowershellHidden "powershell-hidden" "runs PowerShell encoded, hidden or past its policy",
        DownloadCommand "download-command" "runs a command that downloads",
        DownloadPipeShell "download-pipe-shell" "pipes a download into a shell or interpreter",
        LivingOffLand "living-off-land" "runs a system tool that attackers misuse to run code",
        PrivilegeRise "privilege-rise" "asks for higher privileges",
        NativeMemory "native-memory" "allocates executable memory or writes into a process",
        Shellcode "shellcode" "carries bytes that look like machine code to be run",
        NativeLoad "native-load" "loads a native library",
        ReverseShell "reverse-shell" "connects a shell to a socket",
        Miner "miner" "starts or configures a cryptocurrency miner",
    }
    Code {
        ExecDynamic "exec-dynamic" "runs code whose text is not in the source",
        ExecConstant "exec-constant" "runs code kept in a string",
        ExecDecoded "exec-decoded" "runs code it has decoded",
        ExecDecrypted "exec-decrypted" "runs code it has decrypted",
        ExecDownloaded "exec-downloaded" "runs code it has downloaded",
        ExecFile "exec-file" "runs code read from a file that is not a module",
        ExecNested "exec-nested" "runs code that runs code",
        DynamicImport "dynamic-import" "imports a module by a computed name",
        HiddenImport "hidden-import" "imports a sensitive module by a string",
        HiddenName "hidden-name" "reaches a function by a name that is put together",
        MarshalLoad "marshal-load" "loads marshalled code",
        PickleLoad "pickle-load" "unpickles data",
        BuiltinReplaced "builtin-replaced" "replaces a built-in function or a module of somebody else",
    }
    Decode {
        DecodeCall "decode-call" "decodes data",
        DecodeCustom "decode-custom" "decodes data with arithmetic of its own",
        Decompress "decompress" "decompresses data held in the source",
        Decrypt "decrypt" "decrypts data",
        DecryptEmbedded "decrypt-embedded" "decrypts data with a key kept beside it",
        HiddenCode "hidden-code" "hides code in an encoded constant",
        HiddenUrl "hidden-url" "hides an address in an encoded or assembled constant",
        HiddenCommand "hidden-command" "hides a command in an encoded or assembled constant",
        DeepLayers "deep-layers" "wraps code in three or more layers",
    }
    Network {
        NetworkCall "network-call" "uses the network",
        NetworkSend "network-send" "sends data over the network",
        DownloadFile "download-file" "downloads a file",
        SocketConnect "socket-connect" "opens a raw connection",
        SocketListen "socket-listen" "listens on a port",
        DnsLookup "dns-lookup" "looks up a name",
        DnsConstructed "dns-constructed" "looks up a name that carries data",
        TlsUnverified "tls-unverified" "does not verify certificates",
        SendMail "send-mail" "sends mail",
        FtpTransfer "ftp-transfer" "transfers files by FTP or SSH",
        IpLookup "ip-lookup" "asks a service for the machine's public address",
        CloudMetadata "cloud-metadata" "asks a cloud's instance metadata service",
        EndpointWebhook "endpoint-webhook" "names a chat webhook",
        EndpointTelegram "endpoint-telegram" "names a Telegram bot",
        EndpointPaste "endpoint-paste" "names a paste site",
        EndpointTunnel "endpoint-tunnel" "names a tunnel service",
        EndpointOast "endpoint-oast" "names a request catcher",
        EndpointFilehost "endpoint-filehost" "names an anonymous file host",
        EndpointRawcode "endpoint-rawcode" "names raw files of a code host",
        EndpointIp "endpoint-ip" "names a public address by number",
        EndpointOnion "endpoint-onion" "names a hidden service",
        EndpointShortener "endpoint-shortener" "names a link shortener",
        EndpointDynamic "endpoint-dynamic" "names a dynamic-DNS or throw-away host",
        EndpointPlatform "endpoint-platform" "names a host of a free application platform",
        WebhookSecret "webhook-secret" "holds the address of a chat webhook or bot together with its secret",
        EndpointExecutable "endpoint-executable" "names an executable to download",
        EndpointBlockchain "endpoint-blockchain" "reads instructions from a blockchain",
        EndpointOther "endpoint-other" "names another address",
    }
    Collection {
        EnvRead "env-read" "reads environment variables",
        EnvSecret "env-secret" "reads a secret from the environment",
        EnvAll "env-all" "takes the whole environment",
        HostInfo "host-info" "reads the host, user or platform",
        CredentialRead "credential-read" "reads stored credentials",
        SshRead "ssh-read" "reads SSH keys",
        CloudCredentials "cloud-credentials" "reads cloud credentials",
        SystemAccounts "system-accounts" "reads the system's account files",
        ShellHistory "shell-history" "reads shell histories",
        BrowserStore "browser-store" "reads a browser's stores",
        BrowserDecrypt "browser-decrypt" "decrypts what a browser stores",
        Keychain "keychain" "reads the operating system's keychain",
        DiscordToken "discord-token" "looks for Discord tokens",
        MessengerSession "messenger-session" "copies a messenger's session",
        GameSession "game-session" "copies a game platform's session",
        Wallet "wallet" "reads cryptocurrency wallets",
        Mnemonic "mnemonic" "handles wallet seeds or private keys",
        ClipboardRead "clipboard-read" "reads the clipboard",
        ClipboardWrite "clipboard-write" "writes the clipboard",
        CryptoAddress "crypto-address" "matches or names cryptocurrency addresses",
        Screenshot "screenshot" "takes screenshots",
        KeyboardHook "keyboard-hook" "listens to the keyboard",
        Camera "camera" "uses the camera",
        Microphone "microphone" "records sound",
        FileSearch "file-search" "searches the user's files",
        FileRead "file-read" "reads files",
        ArchiveCollect "archive-collect" "packs files into an archive",
        PasswordPrompt "password-prompt" "asks for a password in a dialogue of its own",
        WifiPasswords "wifi-passwords" "reads stored Wi-Fi passwords",
        ProcessList "process-list" "lists processes",
        TokenFile "token-file" "reads tokens of package registries, CI or AI tools",
    }
    Persistence {
        PersistCron "persist-cron" "adds a cron job",
        PersistSystemd "persist-systemd" "adds a systemd unit",
        PersistLaunchd "persist-launchd" "adds a launchd agent",
        PersistRegistry "persist-registry" "adds a Run key to the registry",
        PersistStartup "persist-startup" "writes into a start-up folder",
        PersistProfile "persist-profile" "changes a shell profile",
        PersistTask "persist-task" "adds a scheduled task",
        PersistWorkflow "persist-workflow" "writes a workflow that CI will run",
        PersistSite "persist-site" "writes a start-up hook into Python's own folders",
        PersistSshKey "persist-ssh-key" "adds an authorised SSH key",
        RegistryWrite "registry-write" "writes the registry",
        FileWrite "file-write" "writes a file",
        FileWriteExecutable "file-write-executable" "writes a file it can run",
        FileWriteTemp "file-write-temp" "writes a file into a temporary or hidden folder",
        MarkExecutable "mark-executable" "makes a file executable",
        PatchPackage "patch-package" "changes the files of another package or program",
    }
    Destruction {
        FilesEncrypt "files-encrypt" "encrypts the user's files",
        FilesDelete "files-delete" "deletes files in bulk",
        DiskWipe "disk-wipe" "overwrites disks or system files",
        SelfDelete "self-delete" "deletes itself",
        RansomNote "ransom-note" "writes a ransom note",
        ForkBomb "fork-bomb" "starts processes without end",
        SystemShutdown "system-shutdown" "shuts the machine down",
        ProcessKill "process-kill" "ends other processes",
    }
    Evasion {
        AntiVm "anti-vm" "looks for virtual machines or sandboxes",
        AntiDebug "anti-debug" "looks for debuggers",
        SecurityTamper "security-tamper" "turns off or excludes itself from security tools",
        TimeBomb "time-bomb" "waits for a date",
        TargetCheck "target-check" "acts only on chosen machines, users or countries",
        CiCheck "ci-check" "acts differently in CI",
        LongSleep "long-sleep" "sleeps for long",
        HideFile "hide-file" "hides a file",
        HideConsole "hide-console" "hides its window",
        ErrorsSwallowed "errors-swallowed" "swallows every error around what it does",
        FarRightCode "far-right-code" "pushes code out of sight to the right",
        BidiControl "bidi-control" "uses characters that reorder text",
        ZeroWidth "zero-width" "uses invisible characters",
        HomoglyphIdentifier "homoglyph-identifier" "uses look-alike letters in names",
        ForeignIdentifiers "foreign-identifiers" "uses names of foreign letters throughout",
        ConfusingIdentifiers "confusing-identifiers" "uses names that cannot be told apart",
        LongLine "long-line" "has a very long line",
        EncodedBlob "encoded-blob" "holds a large encoded constant",
        Padding "padding" "is padded to a size that scanners skip",
        CodeInData "code-in-data" "keeps code in a data file",
        PayloadInMedia "payload-in-media" "hides data in an image or sound file",
        ExtensionMismatch "extension-mismatch" "has a file that is not what its name says",
        ProgramDisguised "program-disguised" "holds a program under the name of something to look at or to read",
        ObfuscatorMark "obfuscator-mark" "bears the mark of an obfuscator",
        Unparsable "unparsable" "has Python that cannot be parsed",
        TooDeep "too-deep" "has Python that CPython cannot compile",
        TooCostly "too-costly" "has Python whose analysis reached a limit",
        UnusualEncoding "unusual-encoding" "declares an encoding that hides code",
        PromptInjection "prompt-injection" "addresses language models that may review it",
    }
    Flow {
        FlowDownloadRun "flow-download-run" "runs what it downloads",
        FlowDownloadExec "flow-download-exec" "downloads code and runs it as Python",
        FlowDecodedRun "flow-decoded-run" "writes or runs what it has decoded",
        FlowEnvNetwork "flow-env-network" "sends environment variables away",
        FlowSecretNetwork "flow-secret-network" "sends secrets away",
        FlowFileNetwork "flow-file-network" "sends files away",
        FlowHostNetwork "flow-host-network" "sends facts about the host away",
        FlowCommandNetwork "flow-command-network" "sends the output of commands away",
        FlowNetworkCommand "flow-network-command" "runs commands that come from the network",
        FlowClipboardNetwork "flow-clipboard-network" "sends the clipboard away",
        FlowScreenNetwork "flow-screen-network" "sends screenshots or recordings away",
        FlowKeysNetwork "flow-keys-network" "sends keystrokes away",
        FlowParameterNetwork "flow-parameter-network" "sends what its caller passes to a fixed address",
        FlowCredentialDependency "flow-credential-dependency" "passes credentials into a helper package",
        FlowCredentialTaken "flow-credential-taken" "passes credentials into a tiny package that was seen to send them away",
        FlowCredentialParameter "flow-credential-parameter" "sends credentials that its caller passes and ignores the answer",
        FlowWalletParameter "flow-wallet-parameter" "sends keys of wallets that its caller passes and ignores the answer",
        FlowHiddenRecipient "flow-hidden-recipient" "sends what its caller passes, or secrets, to an address that it hides",
        FlowDns "flow-dns" "sends data in names it looks up",
    }
    Hook {
        HookCommand "hook-command" "replaces a command of the build",
        HookActive "hook-active" "does more than build in a build command",
        HookBackend "hook-backend" "brings its own build backend",
        HookScript "hook-script" "names a build script",
        PthCode "pth-code" "runs code at every start of Python through a .pth file",
        PthPath "pth-path" "adds folders to the path through a .pth file",
        StartFile "start-file" "names functions to call at every start of Python",
        SiteCustomize "site-customize" "installs a module that every Python imports at start",
        ShadowsStdlib "shadows-stdlib" "installs a module with the name of a standard one",
        PluginHook "plugin-hook" "is loaded by another tool without being asked",
    }
    Binary {
        BinaryElf "binary-elf" "holds an ELF binary",
        BinaryPe "binary-pe" "holds a Windows binary",
        BinaryMacho "binary-macho" "holds a macOS binary",
        BinaryExecutable "binary-executable" "holds a program that is no extension module",
        BinaryPacked "binary-packed" "holds a packed or encrypted binary",
        BinaryImports "binary-imports" "holds a binary that imports functions of implants",
        BinaryStrings "binary-strings" "holds a binary that names addresses or commands",
        BinaryImplant "binary-implant" "holds a binary that names several things only implants name",
        BytecodeOnly "bytecode-only" "holds bytecode without its source",
        BytecodeDiffers "bytecode-differs" "holds bytecode that differs from its source",
        ScriptFile "script-file" "holds a script in another language that acts",
        JavascriptActive "javascript-active" "holds JavaScript that starts processes or reaches the network",
        JavascriptObfuscated "javascript-obfuscated" "holds obfuscated JavaScript",
        NestedArchive "nested-archive" "holds an archive inside",
        InstallerFile "installer-file" "holds an installer or a shortcut",
    }
    Metadata {
        DescriptionEmpty "description-empty" "has no description",
        HomepageMissing "homepage-missing" "names no home page or repository",
        VersionAbsurd "version-absurd" "has a version made to win over others",
        MailDisposable "mail-disposable" "has an author with a throw-away address",
        AuthorMissing "author-missing" "names no author",
        ResearchWording "research-wording" "says it is a proof of concept or a test of confusion",
        MetadataCloned "metadata-cloned" "carries the metadata of another project",
        NameMismatch "name-mismatch" "is named otherwise inside than outside",
        DependencyOnly "dependency-only" "holds nothing but dependencies",
        NoCode "no-code" "holds no code",
        DirectReference "direct-reference" "depends on a file or repository outside the index",
        BuildReference "build-reference" "needs a file or repository outside the index to be built",
        TinyPackage "tiny-package" "is very small",
        LargePackage "large-package" "is large",
        HugePackage "huge-package" "is very large",
        StdlibDependency "stdlib-dependency" "depends on a package named like a standard module",
    }
    Archive {
        ArchiveHostile "archive-hostile" "is packed so that readers differ on what is inside",
        ArchiveOdd "archive-odd" "is packed in an unusual way",
        ArchiveUnreadable "archive-unreadable" "has members that cannot be read",
        RecordMismatch "record-mismatch" "has a RECORD that does not match its files",
    }
    Yara {
        YaraMatch "yara-match" "matches a YARA rule",
        YaraMatchHigh "yara-match-high" "matches a YARA rule of high severity",
        YaraMatchCritical "yara-match-critical" "matches a YARA rule of critical severity",
    }
}

impl Serialize for FactKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

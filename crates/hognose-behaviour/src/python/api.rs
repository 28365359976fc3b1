//! What things outside the artifact do: dotted paths of the standard library and of well-known distributions.

use std::borrow::Cow;

use hognose_python::Taint;
use hognose_python::names::{first_step, last_step};

use super::api_data::{collection, decoders, files};
use super::calls;
use super::labels as l;
use crate::FactKind as F;

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    /// Makes a fact, and data of these labels.
    Fact(F, Taint),
    /// Gives data of these labels; nothing else.
    Source(Taint),
    /// Starts a process; the argument that names it, whether it is a shell's text, and labels of the result.
    Process { shell: bool, output: bool },
    /// `os.execv(path, argv)`, `os.spawnv(mode, path, argv)`: the position of the path.
    ProcessAt(u8),
    /// `exec`, `eval`, `compile` and their like.
    Exec,
    /// Asks for something over the network; the position of the address.
    Fetch(u8),
    /// Sends over the network; the position of the address.
    Send(u8),
    /// Downloads to a file: positions of address and path.
    Download(u8, u8),
    /// `socket.connect`.
    Connect,
    /// A name is looked up.
    Lookup(u8),
    /// `open`, `pathlib.Path.open`, …
    Open,
    /// `.write(data)`, `.write_bytes(data)`.
    Write,
    /// `.read()` of something opened.
    Read,
    /// Reads a variable of the environment.
    EnvGet,
    /// Decodes: the step's name.
    Decode(&'static str),
    /// Decrypts.
    Decrypt,
    /// Encrypts.
    Encrypt,
    /// `__import__`, `importlib.import_module`.
    Import,
    /// `getattr`, `globals()[]`.
    Reflect,
    /// `setuptools.setup`.
    Setup,
    /// `time.sleep`.
    Sleep,
    /// Deletes files or trees.
    Delete,
    /// `shutil.copy(from, to)`, `os.rename`.
    Copy,
    /// Text for the input of a process.
    Feed,
    /// Reads what was kept in memory as in a file.
    Buffer,
    /// A date is made of constants.
    Date,
    /// `urllib.request.Request(url, data)`.
    Request,
    /// `os.fork`.
    Fork,
    /// `mmap.mmap`.
    Map,
    /// A handler of messages is registered with a bot.
    Handler,
    /// `sys.meta_path.append(finder)`.
    Finder,
    /// `sys.path.insert(0, place)`.
    SearchPath,
    /// `().__class__.__base__.__subclasses__()`, or one of what it gives.
    Subclasses,
    /// `zipfile.ZipFile(x).extractall(folder)`, `shutil.unpack_archive`.
    Extract,
    /// `shutil.copyfileobj(from, to)`.
    Pour,
    /// `os.walk`, `glob.glob`, …
    Search,
    /// `os.path.exists`, `os.stat`, `sqlite3.connect`: a path is used.
    Exists,
    /// `os.path.join`, `os.path.expanduser`: a path of paths.
    PathOf,
    /// `os.dup2`: what a reverse shell does with its connection.
    Duplicate,
    /// `os.chmod`.
    Chmod,
    /// `re.findall`, `re.compile`: a pattern.
    Pattern,
    /// `ctypes` functions by name.
    Native,
    /// `marshal.loads`.
    Marshal,
}

/// Whether a name is one of those that stand in a text, with blanks between.
pub(super) fn is_one(name: &str, names: &str) -> bool {
    names.split_ascii_whitespace().any(|known| known == name)
}

/// What a call of this path does.
pub(super) fn call(path: &str) -> Option<Api> {
    let plain = without_calls(path);
    // What `os` is made of, and what wraps the wrappers.
    let plain = match plain.split_once('.') {
        Some(("posix" | "nt", rest)) => Cow::Owned(format!("os.{rest}")),
        Some(("_posixsubprocess", _)) => Cow::Borrowed("subprocess.Popen"),
        Some(("_socket", rest)) => Cow::Owned(format!("socket.{rest}")),
        _ => plain,
    };
    let (root, last) = (first_step(&plain), last_step(&plain));
    calls::exact(&plain)
        .or_else(|| standard(path, &plain, root, last))
        .or_else(|| process(&plain, root, last))
        .or_else(|| network(path, &plain, root, last))
        .or_else(|| collection(&plain, root, last))
        .or_else(|| files(path, &plain, root, last))
        .or_else(|| decoders(&plain, root, last))
        .or_else(|| unknown_receiver(path, root, last))
}

/// A path without what is called and looked up on the way. Most have neither.
fn without_calls(path: &str) -> Cow<'_, str> {
    if memchr::memchr2(b'(', b'[', path.as_bytes()).is_none() {
        return Cow::Borrowed(path);
    }
    let plain = path
        .replace("().__init__", "")
        .replace("().__enter__", "")
        .replace("()", "")
        .replace("[]", "");
    Cow::Owned(plain)
}

fn standard(path: &str, plain: &str, root: &str, last: &str) -> Option<Api> {
    Some(match plain {
        "getattr" | "globals" if path.ends_with("globals()[]") || plain == "getattr" => {
            Api::Reflect
        }
        "os.environ" if path == "os.environ[]" => Api::EnvGet,
        _ if last == "__subclasses__"
            && matches!(
                root,
                "tuple" | "str" | "list" | "dict" | "int" | "bytes" | "object" | "type"
            ) =>
        {
            Api::Subclasses
        }
        _ if last == "setup"
            && matches!(root, "setuptools" | "distutils" | "skbuild" | "numpy") =>
        {
            Api::Setup
        }
        _ if root == "pip" && matches!(last, "main" | "pipmain" | "_main") => {
            Api::Fact(F::PipInstall, Taint::NONE)
        }
        _ => return None,
    })
}

fn process(plain: &str, root: &str, last: &str) -> Option<Api> {
    Some(match plain {
        _ if root == "os" && last.starts_with("exec") => Api::ProcessAt(0),
        _ if root == "os" && last.starts_with("spawn") => Api::ProcessAt(1),
        _ if matches!(last, "ShellExecute" | "ShellExecuteEx") => Api::ProcessAt(2),
        _ if matches!(last, "ShellExecuteW" | "ShellExecuteA" | "ShellExecuteExW") => {
            Api::ProcessAt(2)
        }
        _ if matches!(last, "WinExec") => Api::ProcessAt(0),
        _ if last == "Dispatch" && root == "win32com" => Api::Fact(F::ProcessStart, Taint::NONE),
        _ if last == "RegisterTaskDefinition" && root == "win32com" => {
            Api::Fact(F::PersistTask, Taint::NONE)
        }
        _ if root == "ctypes" || root == "_ctypes" => return native(last),
        _ => return None,
    })
}

fn native(last: &str) -> Option<Api> {
    Some(match last {
        _ if is_one(
            last,
            "VirtualAlloc VirtualAllocEx VirtualProtect WriteProcessMemory CreateRemoteThread \
                RtlMoveMemory NtAllocateVirtualMemory NtCreateThreadEx QueueUserAPC HeapCreate \
                memfd_create EnumSystemLocalesA RtlCreateUserThread NtWriteVirtualMemory mprotect",
        ) =>
        {
            Api::Fact(F::NativeMemory, Taint::NONE)
        }
        "CreateThread" => Api::Fact(F::NativeMemory, Taint::NONE),
        "IsDebuggerPresent" | "CheckRemoteDebuggerPresent" => Api::Fact(F::AntiDebug, Taint::NONE),
        "CryptUnprotectData" => Api::Fact(F::BrowserDecrypt, l::CREDENTIAL),
        _ if is_one(
            last,
            "GetAsyncKeyState SetWindowsHookExA SetWindowsHookExW GetKeyState",
        ) =>
        {
            Api::Fact(F::KeyboardHook, l::KEYS)
        }
        "system" | "_wsystem" | "popen" => Api::Process {
            shell: true,
            output: false,
        },
        "GetConsoleWindow" | "ShowWindow" => Api::Fact(F::HideConsole, Taint::NONE),
        "SetFileAttributesW" | "SetFileAttributesA" => Api::Fact(F::HideFile, Taint::NONE),
        "GetClipboardData" => Api::Fact(F::ClipboardRead, l::CLIPBOARD),
        "SetClipboardData" => Api::Fact(F::ClipboardWrite, Taint::NONE),
        _ if is_one(
            last,
            "NtRaiseHardError RtlAdjustPrivilege NtSetInformationProcess RtlSetProcessIsCritical",
        ) =>
        {
            Api::Fact(F::SystemShutdown, Taint::NONE)
        }
        _ if is_one(last, "CDLL WinDLL LoadLibrary PyDLL OleDLL") => Api::Native,
        "SystemParametersInfoW" => Api::Source(Taint::NONE),
        _ => return None,
    })
}

/// Clients whose `get`, `post` and so on use the network.
fn is_client(root: &str) -> bool {
    matches!(
        root,
        "requests"
            | "httpx"
            | "aiohttp"
            | "urllib3"
            | "treq"
            | "grequests"
            | "curl_cffi"
            | "cloudscraper"
            | "tls_client"
            | "httplib2"
            | "mechanize"
            | "requests_html"
            | "niquests"
            | "primp"
            | "pip"
            | "botocore"
            | "hrequests"
            | "noble_tls"
            | "asks"
    )
}

fn network(path: &str, plain: &str, root: &str, last: &str) -> Option<Api> {
    let n = l::NETWORK;
    Some(match plain {
        _ if root == "socket" => return socket(last),
        _ if plain.starts_with("xmlrpc.client.ServerProxy.")
            || plain.starts_with("xmlrpclib.ServerProxy.") =>
        {
            Api::Send(9)
        }
        _ if matches!(root, "websocket" | "websockets" | "socketio")
            && matches!(last, "send" | "emit") =>
        {
            Api::Send(9)
        }
        _ if root == "ssl" && last == "_create_unverified_context" => {
            Api::Fact(F::TlsUnverified, Taint::NONE)
        }
        _ if root == "smtplib" && matches!(last, "sendmail" | "send_message") => {
            Api::Fact(F::SendMail, Taint::NONE)
        }
        _ if matches!(root, "ftplib" | "paramiko" | "pysftp" | "asyncssh")
            && matches!(
                last,
                "storbinary" | "storlines" | "put" | "putfo" | "exec_command" | "retrbinary"
            ) =>
        {
            Api::Fact(F::FtpTransfer, n)
        }
        _ if is_client(root) || root == "http" || root == "httplib" => return client(path, last),
        _ if matches!(root, "websocket" | "websockets" | "socketio")
            && matches!(last, "create_connection" | "connect" | "WebSocketApp") =>
        {
            Api::Fetch(0)
        }
        _ if matches!(
            root,
            "telebot"
                | "telegram"
                | "dhooks"
                | "discord_webhook"
                | "discord"
                | "nextcord"
                | "aiogram"
                | "slack_sdk"
                | "pyTelegramBotAPI"
                | "disnake"
                | "pyrogram"
                | "telethon"
        ) =>
        {
            return messenger(last);
        }
        _ => return None,
    })
}

fn socket(last: &str) -> Option<Api> {
    Some(match last {
        "connect" | "connect_ex" => Api::Connect,
        "bind" | "listen" => Api::Fact(F::SocketListen, Taint::NONE),
        "send" | "sendall" | "sendto" => Api::Send(9),
        "recv" | "recvfrom" | "makefile" => Api::Source(l::NETWORK),
        "gethostname" | "getfqdn" | "gethostbyaddr" => Api::Fact(F::HostInfo, l::HOST),
        "socket" => Api::Source(l::SOCKET),
        _ => return None,
    })
}

fn client(path: &str, last: &str) -> Option<Api> {
    // What is read from an answer is no new request.
    let depth = path.matches("()").count();
    Some(match last {
        "get" | "head" | "options" | "stream" | "urlopen" | "ws_connect" if depth <= 2 => {
            Api::Fetch(0)
        }
        "request" | "send" | "fetch" => {
            if last == "request" {
                Api::Fetch(1)
            } else {
                Api::Send(0)
            }
        }
        "post" | "put" | "patch" => Api::Send(0),
        _ if is_one(last, "text content json read getresponse iter_content data") => {
            Api::Source(l::NETWORK)
        }
        _ => return None,
    })
}

fn messenger(last: &str) -> Option<Api> {
    Some(match last {
        _ if is_one(
            last,
            "send execute send_message send_document send_photo sendMessage sendDocument add_file \
                chat_postMessage files_upload send_file",
        ) =>
        {
            Api::Send(9)
        }
        _ if is_one(
            last,
            "message_handler callback_query_handler channel_post_handler command event listen handler \
                hybrid_command CommandHandler MessageHandler CallbackQueryHandler on_message on message \
                register_message_handler register_next_step_handler add_event_handler",
        ) =>
        {
            Api::Handler
        }
        _ => return None,
    })
}

/// Methods of things nothing is known of: only names that mean one thing.
fn unknown_receiver(path: &str, root: &str, last: &str) -> Option<Api> {
    if root != "?" || path.matches('.').count() > 3 {
        return None;
    }
    Some(match last {
        "recv" => Api::Source(l::NETWORK),
        "to_bytes" => Api::Source(Taint::step("arithmetic")),
        "sendall" => Api::Send(9),
        "decrypt" => Api::Decrypt,
        "clipboard_get" => Api::Fact(F::ClipboardRead, l::CLIPBOARD),
        "CryptUnprotectData" => Api::Fact(F::BrowserDecrypt, l::CREDENTIAL),
        "urlretrieve" => Api::Download(0, 1),
        "write" => Api::Write,
        _ => return None,
    })
}

/// Labels of an attribute that is read, without a call.
pub(super) fn reference(path: &str) -> Taint {
    match path {
        "os.environ" | "os.environb" => l::ENV_ALL,
        "sys.argv[]" => l::TYPED,
        "time.tzname" => l::REGION.and(l::PLATFORM),
        // What a visitor sends comes from the network as well.
        _ if path.starts_with("flask.request.") || path.starts_with("bottle.request.") => {
            l::NETWORK
        }
        _ if path.contains(".parse_args().") => l::TYPED,
        // What opens every session of a site.
        "django.conf.settings.SECRET_KEY" | "django.conf.settings.DATABASES" => l::CREDENTIAL,
        _ if (path.starts_with("http.server.") || path.starts_with("BaseHTTPServer."))
            && path.ends_with("HTTPRequestHandler().path") =>
        {
            l::NETWORK
        }
        "mmap.PROT_EXEC" | "mmap.PAGE_EXECUTE_READWRITE" => l::EXECUTABLE,
        _ if path.ends_with(".__file__") => l::OTHERS_FILE,
        _ if path.starts_with("requests.")
            && (path.ends_with(".text") || path.ends_with(".content")) =>
        {
            l::NETWORK
        }
        _ => Taint::NONE,
    }
}

/// Modules whose import by a text hides what the program is about.
pub(super) fn is_sensitive_module(name: &str) -> bool {
    matches!(
        name.split('.').next().unwrap_or_default(),
        "os" | "subprocess"
            | "socket"
            | "ctypes"
            | "requests"
            | "urllib"
            | "urllib2"
            | "base64"
            | "zlib"
            | "marshal"
            | "builtins"
            | "winreg"
            | "_winreg"
            | "shutil"
            | "pty"
            | "codecs"
            | "lzma"
            | "bz2"
            | "cryptography"
            | "Crypto"
            | "fernet"
            | "platform"
            | "getpass"
            | "httpx"
            | "aiohttp"
            | "tempfile"
            | "pickle"
            | "importlib"
            | "commands"
    )
}

/// Whether a path is a whole module.
pub(super) fn is_module(path: &str) -> bool {
    !path.contains('.') && is_sensitive_module(path)
}

/// Functions that a reader must not overlook.
pub(super) fn is_sensitive(path: &str) -> bool {
    matches!(
        call(path),
        Some(
            Api::Exec
                | Api::Process { .. }
                | Api::ProcessAt(_)
                | Api::Import
                | Api::Fetch(_)
                | Api::Send(_)
                | Api::Connect
                | Api::Download(..)
                | Api::Marshal
                | Api::Decode(_)
        )
    )
}

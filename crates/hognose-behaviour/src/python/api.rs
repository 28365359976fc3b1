//! What things outside the artifact do: dotted paths of the standard library and of well-known distributions.

use hognose_python::Taint;

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

/// What a call of this path does.
pub(super) fn call(path: &str) -> Option<Api> {
    let plain = path
        .replace("().__init__", "")
        .replace("().__enter__", "")
        .replace("()", "")
        .replace("[]", "");
    // What `os` is made of, and what wraps the wrappers.
    let plain = match plain.split_once('.') {
        Some(("posix" | "nt", rest)) => format!("os.{rest}"),
        Some(("_posixsubprocess", _)) => "subprocess.Popen".to_owned(),
        _ => plain,
    };
    let root = plain.split('.').next().unwrap_or_default();
    let last = plain.rsplit('.').next().unwrap_or_default();
    standard(path, &plain, root, last)
        .or_else(|| process(&plain, root, last))
        .or_else(|| network(path, &plain, root, last))
        .or_else(|| collection(&plain, root, last))
        .or_else(|| files(path, &plain, root, last))
        .or_else(|| decoders(&plain, root, last))
        .or_else(|| unknown_receiver(path, root, last))
}

fn standard(path: &str, plain: &str, root: &str, last: &str) -> Option<Api> {
    Some(match plain {
        "exec" | "eval" | "compile" | "execfile" | "code.interact" | "runpy.run_path"
        | "runpy.run_string" | "timeit.timeit" | "cProfile.run" | "profile.run" | "bdb.run"
        | "code.InteractiveInterpreter.runsource" | "code.InteractiveInterpreter.runcode"
        | "types.FunctionType" | "types.LambdaType" | "_xxsubinterpreters.run_string" => Api::Exec,
        "__import__" | "importlib.import_module" | "importlib.__import__" | "imp.load_source"
        | "imp.load_module" => Api::Import,
        "getattr" | "globals" if path.ends_with("globals()[]") || plain == "getattr" => Api::Reflect,
        "os.environ" if path == "os.environ[]" => Api::EnvGet,
        "os.getenv" | "os.environ.get" | "os.environ.pop" | "os.environ.setdefault"
        | "os.getenvb" => Api::EnvGet,
        "marshal.loads" | "marshal.load" => Api::Marshal,
        "pickle.loads" | "pickle.load" | "cPickle.loads" | "_pickle.loads" | "dill.loads"
        | "cloudpickle.loads" | "joblib.load" | "shelve.open" => {
            Api::Fact(F::PickleLoad, Taint::NONE)
        }
        "time.sleep" => Api::Sleep,
        "os.dup2" => Api::Duplicate,
        "os.chmod" | "os.fchmod" => Api::Chmod,
        "sys.gettrace" => Api::Fact(F::AntiDebug, Taint::NONE),
        "os.fork" => Api::Source(Taint::NONE),
        "os.setsid" | "os.daemon" | "daemon.DaemonContext" => {
            Api::Fact(F::ProcessDetached, Taint::NONE)
        }
        "os.kill" | "os.killpg" | "psutil.Process.kill" | "psutil.Process.terminate" => {
            Api::Fact(F::ProcessKill, Taint::NONE)
        }
        "re.findall" | "re.search" | "re.match" | "re.compile" | "re.finditer" | "re.sub" => {
            Api::Pattern
        }
        "input" | "raw_input" | "getpass.getpass" => Api::Source(l::TYPED),
        _ if last == "setup" && matches!(root, "setuptools" | "distutils" | "skbuild" | "numpy") => {
            Api::Setup
        }
        _ if root == "pip" && matches!(last, "main" | "pipmain" | "_main") => {
            Api::Fact(F::PipInstall, Taint::NONE)
        }
        _ => return None,
    })
}

fn process(plain: &str, root: &str, last: &str) -> Option<Api> {
    let process = |shell, output| Api::Process { shell, output };
    Some(match plain {
        "os.system" => process(true, false),
        "os.popen" | "os.popen2" | "os.popen3" | "os.popen4" | "commands.getoutput"
        | "commands.getstatusoutput" | "subprocess.getoutput" | "subprocess.getstatusoutput"
        | "platform.popen" | "asyncio.create_subprocess_shell"
        | "asyncio.subprocess.create_subprocess_shell" => process(true, true),
        "subprocess.run" | "subprocess.check_output" | "subprocess.Popen"
        | "asyncio.create_subprocess_exec" | "popen2.popen2" | "gevent.subprocess.Popen"
        | "gevent.subprocess.check_output" | "trio.run_process" | "anyio.run_process"
        | "sh.Command" | "delegator.run" | "psutil.Popen" | "distutils.spawn.spawn" => {
            process(false, true)
        }
        "subprocess.call" | "subprocess.check_call" | "pexpect.spawn" | "pexpect.run"
        | "invoke.run" | "fabric.local" | "winpty.PtyProcess.spawn" | "pty.spawn" => {
            process(false, false)
        }
        "os.startfile" => process(false, false),
        "os.posix_spawn" | "os.posix_spawnp" => Api::ProcessAt(0),
        "subprocess.Popen.communicate" | "subprocess.Popen.stdin.write" | "os.popen.write" => Api::Feed,
        _ if root == "os" && last.starts_with("exec") => Api::ProcessAt(0),
        _ if root == "os" && last.starts_with("spawn") => Api::ProcessAt(1),
        "webbrowser.open" | "webbrowser.open_new" | "webbrowser.open_new_tab"
        | "webbrowser.get.open" => Api::Fact(F::OpenBrowser, Taint::NONE),
        _ if matches!(last, "ShellExecute" | "ShellExecuteEx") => Api::ProcessAt(2),
        _ if matches!(last, "ShellExecuteW" | "ShellExecuteA" | "ShellExecuteExW") => {
            Api::ProcessAt(2)
        }
        _ if matches!(last, "WinExec") => Api::ProcessAt(0),
        _ if last == "Dispatch" && root == "win32com" => Api::Fact(F::ProcessStart, Taint::NONE),
        _ if root == "ctypes" || root == "_ctypes" => return native(last),
        _ => return None,
    })
}

fn native(last: &str) -> Option<Api> {
    Some(match last {
        "VirtualAlloc" | "VirtualAllocEx" | "VirtualProtect" | "WriteProcessMemory"
        | "CreateRemoteThread" | "RtlMoveMemory" | "NtAllocateVirtualMemory" | "NtCreateThreadEx"
        | "QueueUserAPC" | "HeapCreate" | "memfd_create" | "EnumSystemLocalesA"
        | "RtlCreateUserThread" | "NtWriteVirtualMemory" | "mprotect" => {
            Api::Fact(F::NativeMemory, Taint::NONE)
        }
        "CreateThread" => Api::Fact(F::NativeMemory, Taint::NONE),
        "IsDebuggerPresent" | "CheckRemoteDebuggerPresent" => Api::Fact(F::AntiDebug, Taint::NONE),
        "CryptUnprotectData" => Api::Fact(F::BrowserDecrypt, l::CREDENTIAL),
        "GetAsyncKeyState" | "SetWindowsHookExA" | "SetWindowsHookExW" | "GetKeyState" => {
            Api::Fact(F::KeyboardHook, l::KEYS)
        }
        "system" | "_wsystem" | "popen" => Api::Process {
            shell: true,
            output: false,
        },
        "IsUserAnAdmin" => Api::Fact(F::PrivilegeRise, Taint::NONE),
        "GetConsoleWindow" | "ShowWindow" => Api::Fact(F::HideConsole, Taint::NONE),
        "SetFileAttributesW" | "SetFileAttributesA" => Api::Fact(F::HideFile, Taint::NONE),
        "GetClipboardData" => Api::Fact(F::ClipboardRead, l::CLIPBOARD),
        "SetClipboardData" => Api::Fact(F::ClipboardWrite, Taint::NONE),
        "NtRaiseHardError" | "RtlAdjustPrivilege" | "NtSetInformationProcess"
        | "RtlSetProcessIsCritical" => Api::Fact(F::SystemShutdown, Taint::NONE),
        "CDLL" | "WinDLL" | "LoadLibrary" | "PyDLL" | "OleDLL" => Api::Native,
        "SystemParametersInfoW" => Api::Source(Taint::NONE),
        _ => return None,
    })
}

/// Clients whose `get`, `post` and so on use the network.
fn is_client(root: &str) -> bool {
    matches!(
        root,
        "requests" | "httpx" | "aiohttp" | "urllib3" | "treq" | "grequests" | "curl_cffi"
            | "cloudscraper" | "tls_client" | "httplib2" | "mechanize" | "requests_html"
            | "niquests" | "primp" | "pip" | "botocore" | "hrequests" | "noble_tls" | "asks"
    )
}

fn network(path: &str, plain: &str, root: &str, last: &str) -> Option<Api> {
    let n = l::NETWORK;
    Some(match plain {
        "urllib.request.urlopen" | "urllib2.urlopen" | "urllib.urlopen"
        | "six.moves.urllib.request.urlopen" | "urllib.request.build_opener.open"
        | "urllib2.build_opener.open" | "urllib.request.OpenerDirector.open"
        | "urllib.request.URLopener.open" | "urllib.request.FancyURLopener.open" => Api::Fetch(0),
        "urllib.request.Request" | "urllib2.Request" => Api::Source(Taint::NONE),
        "urllib.request.urlretrieve" | "urllib.urlretrieve" | "urllib2.urlretrieve"
        | "six.moves.urllib.request.urlretrieve" | "urllib.request.URLopener.retrieve"
        | "wget.download" | "dload.save" | "urllib.request.FancyURLopener.retrieve" => {
            Api::Download(0, 1)
        }
        "http.client.HTTPSConnection" | "http.client.HTTPConnection"
        | "httplib.HTTPSConnection" | "httplib.HTTPConnection" => Api::Connect,
        "socket.create_connection" => Api::Connect,
        "socket.gethostbyname" | "socket.getaddrinfo" | "socket.gethostbyname_ex"
        | "dns.resolver.resolve" | "dns.resolver.query" | "dns.resolver.Resolver.resolve"
        | "dns.resolver.Resolver.query" | "aiodns.DNSResolver.query" => Api::Lookup(0),
        _ if root == "socket" => return socket(last),
        "pycurl.Curl.setopt" | "pycurl.Curl.setopt_string" => Api::Send(1),
        _ if plain.starts_with("xmlrpc.client.ServerProxy.") || plain.starts_with("xmlrpclib.ServerProxy.") => {
            Api::Send(9)
        }
        _ if matches!(root, "websocket" | "websockets" | "socketio") && matches!(last, "send" | "emit") => Api::Send(9),
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
            "telebot" | "telegram" | "dhooks" | "discord_webhook" | "discord" | "nextcord"
                | "aiogram" | "slack_sdk" | "pyTelegramBotAPI"
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
        "text" | "content" | "json" | "read" | "getresponse" | "iter_content" | "data" => {
            Api::Source(l::NETWORK)
        }
        _ => return None,
    })
}

fn messenger(last: &str) -> Option<Api> {
    Some(match last {
        "send" | "execute" | "send_message" | "send_document" | "send_photo" | "sendMessage"
        | "sendDocument" | "add_file" | "chat_postMessage" | "files_upload" | "send_file" => {
            Api::Send(9)
        }
        _ => return None,
    })
}

fn collection(plain: &str, root: &str, last: &str) -> Option<Api> {
    Some(match plain {
        "platform.node" | "getpass.getuser" | "os.getlogin" | "uuid.getnode" | "uuid.uuid1"
        | "os.getcwd" | "pwd.getpwuid" | "pwd.getpwnam" | "netifaces.ifaddresses"
        | "psutil.net_if_addrs" | "psutil.users" | "wmi.WMI" | "cpuinfo.get_cpu_info"
        | "get_mac.get_mac_address" | "getmac.get_mac_address" | "os.uname" | "platform.uname"
        | "socket.gethostname" | "os.getuid" | "os.geteuid" | "os.getgroups" => {
            Api::Fact(F::HostInfo, l::HOST)
        }
        "psutil.process_iter" | "psutil.pids" => Api::Fact(F::ProcessList, l::PLATFORM),
        "locale.getdefaultlocale" | "locale.getlocale" | "time.tzname" => {
            Api::Source(l::PLATFORM)
        }
        "pyperclip.paste" | "win32clipboard.GetClipboardData" | "clipboard.paste"
        | "pandas.read_clipboard" | "xerox.paste" | "tkinter.Tk.clipboard_get" => {
            Api::Fact(F::ClipboardRead, l::CLIPBOARD)
        }
        "pyperclip.copy" | "win32clipboard.SetClipboardData" | "win32clipboard.SetClipboardText"
        | "clipboard.copy" | "xerox.copy" => Api::Fact(F::ClipboardWrite, Taint::NONE),
        "PIL.ImageGrab.grab" | "ImageGrab.grab" | "pyautogui.screenshot" | "pyscreenshot.grab"
        | "mss.mss.grab" | "mss.mss.shot" | "d3dshot.create.screenshot" | "pyscreeze.screenshot" => {
            Api::Fact(F::Screenshot, l::SCREEN)
        }
        "cv2.VideoCapture" => Api::Fact(F::Camera, l::SCREEN),
        "pyaudio.PyAudio.open" | "sounddevice.rec" | "speech_recognition.Microphone" => {
            Api::Fact(F::Microphone, l::SCREEN)
        }
        "pynput.keyboard.Listener" | "keyboard.on_press" | "keyboard.on_release"
        | "keyboard.hook" | "keyboard.read_event" | "keyboard.record" | "pyWinhook.HookManager"
        | "pyHook.HookManager" | "pyxhook.HookManager" | "keyboard.read_key" => {
            Api::Fact(F::KeyboardHook, l::KEYS)
        }
        "win32crypt.CryptUnprotectData" => Api::Fact(F::BrowserDecrypt, l::CREDENTIAL),
        "keyring.get_password" | "secretstorage.get_default_collection" => {
            Api::Fact(F::Keychain, l::CREDENTIAL)
        }
        "browser_cookie3.load" | "browser_cookie3.chrome" | "browser_cookie3.firefox"
        | "browser_cookie3.edge" | "browser_cookie3.opera" | "browser_cookie3.brave" => {
            Api::Fact(F::BrowserStore, l::CREDENTIAL)
        }
        _ if root == "winreg" || root == "_winreg" => match last {
            "SetValueEx" | "SetValue" => Api::Fact(F::RegistryWrite, Taint::NONE),
            "OpenKey" | "CreateKey" | "CreateKeyEx" | "OpenKeyEx" => Api::Exists,
            "QueryValueEx" | "QueryValue" | "EnumValue" => Api::Source(l::PLATFORM),
            _ => return None,
        },
        _ if root == "platform" => Api::Source(l::PLATFORM),
        _ if root == "psutil" => Api::Source(l::PLATFORM),
        _ => return None,
    })
}

fn files(path: &str, plain: &str, root: &str, last: &str) -> Option<Api> {
    Some(match plain {
        "open" | "io.open" | "codecs.open" | "os.open" | "os.fdopen" | "gzip.open"
        | "aiofiles.open" | "tempfile.NamedTemporaryFile" | "file" => Api::Open,
        "open.read" | "io.open.read" | "codecs.open.read" | "open.readlines" | "open.readline"
        | "os.read" | "gzip.open.read" | "aiofiles.open.read" | "tempfile.NamedTemporaryFile.read" => {
            Api::Read
        }
        "open.write" | "io.open.write" | "codecs.open.write" | "open.writelines" | "os.write"
        | "os.fdopen.write" | "tempfile.NamedTemporaryFile.write" | "aiofiles.open.write" => {
            Api::Write
        }
        "os.walk" | "os.scandir" | "glob.glob" | "glob.iglob" | "os.listdir" | "os.fwalk" => {
            Api::Search
        }
        "shutil.rmtree" | "os.remove" | "os.unlink" | "os.rmdir" | "os.removedirs"
        | "send2trash.send2trash" => Api::Delete,
        "shutil.copy" | "shutil.copyfile" | "shutil.copy2" | "shutil.move" | "os.rename"
        | "os.replace" | "shutil.copytree" | "os.symlink" | "os.link" => Api::Copy,
        "io.BytesIO.getvalue" | "io.BytesIO.read" | "io.BytesIO.getbuffer" | "io.StringIO.getvalue" => {
            Api::Buffer
        }
        "shutil.copyfileobj" => Api::Pour,
        "zipfile.ZipFile.extractall" | "zipfile.ZipFile.extract" | "tarfile.open.extractall"
        | "tarfile.open.extract" | "shutil.unpack_archive" => Api::Extract,
        "shutil.make_archive" | "zipfile.ZipFile.write" | "tarfile.open.add" => {
            Api::Fact(F::ArchiveCollect, l::FILE)
        }
        "os.path.expanduser" | "os.path.expandvars" => Api::PathOf,
        "tempfile.gettempdir" | "tempfile.mkdtemp" | "tempfile.mkstemp" | "tempfile.mktemp"
        | "tempfile.TemporaryDirectory" => Api::Source(l::TEMPORARY),
        "os.path.join" | "os.path.abspath" | "os.path.realpath" | "os.path.dirname"
        | "os.path.normpath" => Api::PathOf,
        "pkgutil.get_data" | "pkg_resources.resource_string" | "importlib.resources.read_binary"
        | "importlib.resources.read_text" | "importlib.resources.files.joinpath.read_bytes" => {
            Api::Source(l::FILE.and(l::PACKAGE_DATA))
        }
        _ if root == "pathlib" => match last {
            "read_text" | "read_bytes" => Api::Read,
            "write_text" | "write_bytes" => Api::Write,
            "open" => Api::Open,
            "unlink" | "rmdir" => Api::Delete,
            "rglob" | "glob" | "iterdir" | "walk" => Api::Search,
            "chmod" => Api::Chmod,
            "exists" | "is_file" | "is_dir" | "mkdir" | "stat" => Api::Exists,
            _ => return None,
        },
        "os.path.exists" | "os.path.isfile" | "os.path.isdir" | "os.stat" | "os.access" | "os.makedirs"
        | "os.mkdir" => Api::Exists,
        _ if root == "sqlite3" && last == "connect" => Api::Open,
        _ if path.starts_with("open()") && last == "__enter__" => Api::Source(Taint::NONE),
        _ => return None,
    })
}

fn decoders(plain: &str, root: &str, last: &str) -> Option<Api> {
    Some(match root {
        "base64" | "binascii" if last.contains("32") => Api::Decode("base32"),
        "base64" if last.contains("85") && last.contains("decode") => Api::Decode("base85"),
        "base64" | "binascii" if last.contains("decode") || last == "a2b_base64" => {
            Api::Decode("base64")
        }
        "binascii" if matches!(last, "unhexlify" | "a2b_hex") => Api::Decode("hex"),
        "zlib" | "gzip" if last == "decompress" => Api::Decode("zlib"),
        "bz2" if last == "decompress" => Api::Decode("bz2"),
        "lzma" if last == "decompress" => Api::Decode("lzma"),
        "bytes" | "bytearray" if last == "fromhex" => Api::Decode("hex"),
        "struct" if last == "pack" => Api::Source(Taint::step("arithmetic")),
        "codecs" if last == "decode" => Api::Decode("base64"),
        _ if plain.contains("rypt") || plain.contains("Cipher") || plain.contains("fernet")
            || plain.contains("Fernet") || root == "pyaes" || root == "nacl" =>
        {
            match last {
                "decrypt" | "decrypt_and_verify" | "decryptor" | "finalize" => Api::Decrypt,
                "encrypt" | "encryptor" | "encrypt_and_digest" => Api::Encrypt,
                _ => return None,
            }
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
        _ if path.starts_with("requests.") && (path.ends_with(".text") || path.ends_with(".content")) => {
            l::NETWORK
        }
        _ => Taint::NONE,
    }
}

/// Modules whose import by a text hides what the program is about.
pub(super) fn is_sensitive_module(name: &str) -> bool {
    matches!(
        name.split('.').next().unwrap_or_default(),
        "os" | "subprocess" | "socket" | "ctypes" | "requests" | "urllib" | "urllib2" | "base64"
            | "zlib" | "marshal" | "builtins" | "winreg" | "_winreg" | "shutil" | "pty" | "codecs"
            | "lzma" | "bz2" | "cryptography" | "Crypto" | "fernet" | "platform" | "getpass"
            | "httpx" | "aiohttp" | "tempfile" | "pickle" | "importlib" | "commands"
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

//! The table of calls whose whole path says what they do.

use std::sync::LazyLock;

use hognose_python::Taint;
use rustc_hash::FxHashMap;

use super::api::Api;
use super::labels as l;
use crate::FactKind as F;

const NONE: Taint = Taint::NONE;
const SHELL: Api = Api::Process {
    shell: true,
    output: false,
};
const SHELL_OUTPUT: Api = Api::Process {
    shell: true,
    output: true,
};
const PROGRAM: Api = Api::Process {
    shell: false,
    output: false,
};
const PROGRAM_OUTPUT: Api = Api::Process {
    shell: false,
    output: true,
};

/// What a call of exactly this path does.
pub(super) fn exact(path: &str) -> Option<Api> {
    static CALLS: LazyLock<FxHashMap<&str, Api>> = LazyLock::new(|| {
        TABLE
            .iter()
            .flat_map(|(names, api)| names.split_ascii_whitespace().map(move |name| (name, *api)))
            .collect()
    });
    CALLS.get(path).copied()
}

/// Paths with blanks between, and what calling them does.
#[rustfmt::skip]
static TABLE: &[(&str, Api)] = &[
    ("os.system",
     SHELL),
    ("os.popen os.popen2 os.popen3 os.popen4 commands.getoutput commands.getstatusoutput \
      subprocess.getoutput subprocess.getstatusoutput platform.popen asyncio.create_subprocess_shell \
      asyncio.subprocess.create_subprocess_shell",
     SHELL_OUTPUT),
    ("subprocess.run subprocess.check_output subprocess.Popen asyncio.create_subprocess_exec popen2.popen2 \
      gevent.subprocess.Popen gevent.subprocess.check_output trio.run_process anyio.run_process sh.Command \
      delegator.run psutil.Popen distutils.spawn.spawn",
     PROGRAM_OUTPUT),
    ("subprocess.call subprocess.check_call pexpect.spawn pexpect.run invoke.run fabric.local \
      winpty.PtyProcess.spawn pty.spawn os.startfile",
     PROGRAM),
    ("exec eval compile execfile code.interact runpy.run_path runpy.run_string timeit.timeit cProfile.run \
      profile.run bdb.run code.InteractiveInterpreter.runsource code.InteractiveInterpreter.runcode \
      types.FunctionType types.LambdaType _xxsubinterpreters.run_string",
     Api::Exec),
    ("__import__ importlib.import_module importlib.__import__ imp.load_source imp.load_module",
     Api::Import),
    ("os.getenv os.environ.get os.environ.pop os.environ.setdefault os.getenvb",
     Api::EnvGet),
    ("pickle.loads pickle.load cPickle.loads _pickle.loads dill.loads cloudpickle.loads joblib.load \
      shelve.open",
     Api::Fact(F::PickleLoad, NONE)),
    ("os.kill os.killpg psutil.Process.kill psutil.Process.terminate",
     Api::Fact(F::ProcessKill, NONE)),
    ("re.findall re.search re.match re.compile re.finditer re.sub",
     Api::Pattern),
    ("webbrowser.open webbrowser.open_new webbrowser.open_new_tab webbrowser.get.open",
     Api::Fact(F::OpenBrowser, NONE)),
    ("urllib.request.urlopen urllib2.urlopen urllib.urlopen six.moves.urllib.request.urlopen \
      urllib.request.build_opener.open urllib2.build_opener.open urllib.request.OpenerDirector.open \
      urllib.request.URLopener.open urllib.request.FancyURLopener.open",
     Api::Fetch(0)),
    ("urllib.request.urlretrieve urllib.urlretrieve urllib2.urlretrieve \
      six.moves.urllib.request.urlretrieve urllib.request.URLopener.retrieve wget.download dload.save \
      urllib.request.FancyURLopener.retrieve",
     Api::Download(0, 1)),
    ("http.client.HTTPSConnection http.client.HTTPConnection httplib.HTTPSConnection \
      httplib.HTTPConnection socket.create_connection",
     Api::Connect),
    ("socket.gethostbyname socket.getaddrinfo socket.gethostbyname_ex dns.resolver.resolve \
      dns.resolver.query dns.resolver.Resolver.resolve dns.resolver.Resolver.query \
      aiodns.DNSResolver.query",
     Api::Lookup(0)),
    ("marshal.loads marshal.load",
     Api::Marshal),
    ("time.sleep",
     Api::Sleep),
    ("os.dup2",
     Api::Duplicate),
    ("os.chmod os.fchmod",
     Api::Chmod),
    ("sys.gettrace",
     Api::Fact(F::AntiDebug, NONE)),
    ("os.fork",
     Api::Fork),
    ("urllib.request.Request urllib2.Request",
     Api::Request),
    ("datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today datetime.date.today time.time \
      time.localtime time.gmtime",
     Api::Source(l::NOW)),
    ("datetime.datetime datetime.date datetime.datetime.strptime datetime.datetime.fromisoformat \
      datetime.date.fromisoformat",
     Api::Date),
    ("mmap.mmap",
     Api::Map),
    ("sys.meta_path.insert sys.meta_path.append",
     Api::Finder),
    ("sys.path.insert sys.path.append zipimport.zipimporter site.addsitedir imp.load_compiled \
      importlib.machinery.SourcelessFileLoader importlib.machinery.SourceFileLoader \
      importlib.util.spec_from_file_location",
     Api::SearchPath),
    ("PIL.Image.open Image.open cv2.imread imageio.imread skimage.io.imread",
     Api::Source(l::PIXELS)),
    ("os.setsid os.daemon daemon.DaemonContext",
     Api::Fact(F::ProcessDetached, NONE)),
    ("input raw_input getpass.getpass",
     Api::Source(l::TYPED)),
    ("os.posix_spawn os.posix_spawnp",
     Api::ProcessAt(0)),
    ("subprocess.Popen.communicate subprocess.Popen.stdin.write os.popen.write",
     Api::Feed),
    ("pycurl.Curl.setopt pycurl.Curl.setopt_string",
     Api::Send(1)),
    ("platform.node getpass.getuser os.getlogin uuid.getnode uuid.uuid1 os.getcwd pwd.getpwuid \
      pwd.getpwnam netifaces.ifaddresses psutil.net_if_addrs psutil.users wmi.WMI cpuinfo.get_cpu_info \
      get_mac.get_mac_address getmac.get_mac_address os.uname platform.uname socket.gethostname os.getuid \
      os.geteuid os.getgroups",
     Api::Fact(F::HostInfo, l::HOST)),
    ("pyperclip.paste win32clipboard.GetClipboardData clipboard.paste pandas.read_clipboard xerox.paste \
      tkinter.Tk.clipboard_get",
     Api::Fact(F::ClipboardRead, l::CLIPBOARD)),
    ("pyperclip.copy win32clipboard.SetClipboardData win32clipboard.SetClipboardText clipboard.copy \
      xerox.copy",
     Api::Fact(F::ClipboardWrite, NONE)),
    ("PIL.ImageGrab.grab ImageGrab.grab pyautogui.screenshot pyscreenshot.grab mss.mss.grab mss.mss.shot \
      d3dshot.create.screenshot pyscreeze.screenshot",
     Api::Fact(F::Screenshot, l::SCREEN)),
    ("pynput.keyboard.Listener keyboard.on_press keyboard.on_release keyboard.hook keyboard.read_event \
      keyboard.record pyWinhook.HookManager pyHook.HookManager pyxhook.HookManager keyboard.read_key",
     Api::Fact(F::KeyboardHook, l::KEYS)),
    ("browser_cookie3.load browser_cookie3.chrome browser_cookie3.firefox browser_cookie3.edge \
      browser_cookie3.opera browser_cookie3.brave",
     Api::Fact(F::BrowserStore, l::CREDENTIAL)),
    ("open io.open codecs.open os.open os.fdopen gzip.open aiofiles.open tempfile.NamedTemporaryFile file \
      wave.open",
     Api::Open),
    ("open.read io.open.read codecs.open.read open.readlines open.readline os.read gzip.open.read \
      aiofiles.open.read tempfile.NamedTemporaryFile.read",
     Api::Read),
    ("open.write io.open.write codecs.open.write open.writelines os.write os.fdopen.write \
      tempfile.NamedTemporaryFile.write aiofiles.open.write",
     Api::Write),
    ("os.walk os.scandir glob.glob glob.iglob os.listdir os.fwalk",
     Api::Search),
    ("shutil.rmtree os.remove os.unlink os.rmdir os.removedirs send2trash.send2trash",
     Api::Delete),
    ("shutil.copy shutil.copyfile shutil.copy2 shutil.move os.rename os.replace shutil.copytree os.symlink \
      os.link",
     Api::Copy),
    ("io.BytesIO.getvalue io.BytesIO.read io.BytesIO.getbuffer io.StringIO.getvalue",
     Api::Buffer),
    ("zipfile.ZipFile.extractall zipfile.ZipFile.extract tarfile.open.extractall tarfile.open.extract \
      shutil.unpack_archive",
     Api::Extract),
    ("tempfile.gettempdir tempfile.mkdtemp tempfile.mkstemp tempfile.mktemp tempfile.TemporaryDirectory",
     Api::Source(l::TEMPORARY)),
    ("os.path.join os.path.abspath os.path.realpath os.path.dirname os.path.normpath os.path.expanduser \
      os.path.expandvars",
     Api::PathOf),
    ("pkgutil.get_data pkg_resources.resource_string importlib.resources.read_binary \
      importlib.resources.read_text importlib.resources.files.joinpath.read_bytes",
     Api::Source(l::FILE.and(l::PACKAGE_DATA))),
    ("os.path.exists os.path.isfile os.path.isdir os.stat os.access os.makedirs os.mkdir",
     Api::Exists),
    ("psutil.process_iter psutil.pids",
     Api::Fact(F::ProcessList, l::PLATFORM)),
    ("locale.getdefaultlocale locale.getlocale ctypes.windll.kernel32.GetUserDefaultUILanguage",
     Api::Source(l::PLATFORM.and(l::REGION))),
    ("cv2.VideoCapture",
     Api::Fact(F::Camera, l::SCREEN)),
    ("pyaudio.PyAudio.open sounddevice.rec speech_recognition.Microphone",
     Api::Fact(F::Microphone, l::SCREEN)),
    ("win32crypt.CryptUnprotectData",
     Api::Fact(F::BrowserDecrypt, l::CREDENTIAL)),
    ("keyring.get_password secretstorage.get_default_collection",
     Api::Fact(F::Keychain, l::CREDENTIAL)),
    ("shutil.copyfileobj",
     Api::Pour),
    ("shutil.make_archive zipfile.ZipFile.write tarfile.open.add",
     Api::Fact(F::ArchiveCollect, l::FILE)),
];

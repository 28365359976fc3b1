//! An interpreter that knows little and runs nothing.
//!
//! It walks a module the way Python would, with *cells* instead of objects: a value if it can be known from the source
//! alone, and the labels of where the data came from. Functions of the artifact are followed into, so that a function
//! called at import time is import time; constants are folded, decoded and, when they are code, walked again as a
//! *layer*. What it meets outside the artifact it tells an [`Observer`], which knows what the call means.
//!
//! Every cost is bounded: steps (*fuel*), bytes folded, layers, depth. A bound that is reached is said
//! ([`Machine::exhausted`]), never silently survived.

#![expect(
    clippy::cast_possible_wrap,
    reason = "lengths of values are bounded far below 63 bits"
)]
#![expect(
    clippy::unused_self,
    reason = "what the interpreter does reads alike, whether it needs its state or not"
)]

mod assign;
mod attribute;
mod builtins;
mod bytes;
mod call;
mod comprehension;
mod decode;
mod define;
mod digest;
mod expression;
mod format;
mod import;
mod layer;
mod loops;
mod method;
mod names;
mod number;
mod operator;
mod reflect;
mod run;
mod scope;
mod sequence;
mod statement;
mod taints;

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use scope::{Scope, ScopeKind};

use crate::names::{Names, PathId, Symbol};
use crate::serial::Serial;
use crate::tree::{Block, FunctionId, Tree};
use crate::value::{Cell, Taint, Value};

pub use taints::Interest;

/// A module of the artifact, or a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub u32);

/// The text of a module.
#[derive(Clone)]
pub enum ModuleText {
    /// At hand.
    Ready(Rc<str>),
    /// Made when the module is first run or imported: of an artifact with many modules, one needs few at a time.
    Later(Rc<dyn Fn() -> Rc<str>>),
}

impl std::fmt::Debug for ModuleText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ready(text) => f.debug_tuple("Ready").field(text).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

impl ModuleText {
    fn get(&self) -> Rc<str> {
        match self {
            Self::Ready(text) => Rc::clone(text),
            Self::Later(make) => make(),
        }
    }
}

impl From<Rc<str>> for ModuleText {
    fn from(text: Rc<str>) -> Self {
        Self::Ready(text)
    }
}

/// What makes the code run; the meaning is the driver's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Context(pub u8);

/// Where something happens.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// The module; for layers, the module that holds the outermost constant.
    pub module: ModuleId,
    /// Where in the source; most calls are no fact, and nobody asks.
    offset: Offset<'a>,
    /// Decode layers above, outermost first.
    pub layers: &'a [&'static str],
    /// What makes it run.
    pub context: Context,
    /// True where every error is swallowed (`except: pass`).
    pub guarded: bool,
    /// Conditions nothing is known of on the way here, over all calls. Tests for a platform do not count.
    pub doubt: u32,
    /// Calls within calls on the way here.
    pub depth: usize,
    /// True in `while True` that does nothing but call.
    pub endless: bool,
}

#[derive(Clone, Copy, Debug)]
enum Offset<'a> {
    Known(u32, u32),
    In(&'a Tree, u32),
}

impl Site<'_> {
    /// Line and byte column, from 1.
    pub fn position(&self) -> (u32, u32) {
        match self.offset {
            Offset::Known(line, column) => (line, column),
            Offset::In(tree, offset) => tree.position(offset),
        }
    }
}

/// A call of something outside the artifact, or an item read of it (`os.environ["X"]` is `os.environ[]`).
#[derive(Debug)]
pub struct Call<'a> {
    /// The callee's dotted path.
    pub path: &'a str,
    /// The same, interned.
    pub id: PathId,
    /// Labels of the object whose method it is.
    pub receiver: Taint,
    /// Positional arguments.
    pub args: &'a [Cell],
    /// Arguments by name; no name is `**mapping`.
    pub keywords: &'a [(Option<Rc<str>>, Cell)],
    /// What the call gives, when it could be folded.
    pub folded: Option<&'a Value>,
    /// True when nobody looks at what the call gives.
    pub dropped: bool,
}

impl Call<'_> {
    /// The argument at a position or of a name.
    pub fn arg(&self, position: usize, name: &str) -> Option<&Cell> {
        self.args.get(position).or_else(|| self.keyword(name))
    }

    /// The argument of a name.
    pub fn keyword(&self, name: &str) -> Option<&Cell> {
        self.keywords
            .iter()
            .find(|(known, _)| known.as_deref() == Some(name))
            .map(|(_, cell)| cell)
    }

    /// Labels of all arguments, with what they hold.
    pub fn argument_taint(&self) -> Taint {
        self.args
            .iter()
            .chain(self.keywords.iter().map(|(_, cell)| cell))
            .fold(Taint::NONE, |t, c| t.and(c.deep_taint()))
    }
}

/// What the observer makes of a call.
#[derive(Debug, Default)]
pub struct Effect {
    /// Labels of the result, in addition to those of the arguments and the receiver.
    pub taint: Taint,
    /// Labels the result must not carry over from the arguments.
    pub washes: Taint,
    /// A value for the result.
    pub value: Option<Value>,
    /// Classes of the artifact whose methods are run because of the call.
    pub methods: Vec<(Cell, &'static str)>,
    /// Functions of the artifact that are run because of the call.
    pub functions: Vec<Cell>,
    /// Every function among the arguments is run, with parameters of these labels.
    pub callback: Option<Taint>,
    /// Python code that is run because of the call, as another program: layer name and text.
    pub programs: Vec<(&'static str, String)>,
}

/// Knows what things outside of the artifact mean.
pub trait Observer {
    /// Something outside is called.
    fn call(&mut self, site: &Site<'_>, call: &Call<'_>, names: &Names) -> Effect;
    /// An attribute of something outside is read; gives the labels of its value.
    fn reference(&mut self, site: &Site<'_>, path: PathId, names: &Names) -> Taint;
    /// A text is used: a constant where it stands, or one that was put together.
    fn text(&mut self, site: &Site<'_>, text: &str, taint: Taint);
    /// A module outside is imported.
    fn import(&mut self, site: &Site<'_>, path: &str);
    /// Something outside is replaced or changed (`sys.stdout = x`).
    fn store(&mut self, site: &Site<'_>, path: &str, value: &Cell);
    /// The text of a layer, before it is walked.
    fn layer(&mut self, site: &Site<'_>, text: &str);
    /// Marshalled code: the names and texts in it.
    fn bytecode(&mut self, site: &Site<'_>, bytes: &[u8]);
    /// True when the path means something to the observer: decides among star imports.
    fn knows(&self, path: &str) -> bool;
    /// A function of the artifact is entered, and was found to return data of these labels.
    fn returned(&mut self, _site: &Site<'_>, _function: &str, _taint: Taint) {}
    /// A function nobody calls is walked by itself from here on; no name: the walk is over.
    fn walking(&mut self, _function: &str) {}
    /// Labels that a parameter of a function nobody calls carries because of its name.
    fn parameter(&mut self, _name: &str) -> Taint {
        Taint::NONE
    }
    /// Data of [`Interest::compared`] is compared; gives labels of the result.
    fn compared(&mut self, _left: &Cell, _right: &Cell, _names: &Names) -> Taint {
        Taint::NONE
    }
    /// A branch on a condition of [`Interest::conditions`] is entered or left.
    fn condition(&mut self, _site: &Site<'_>, _labels: Taint, _entering: bool) {}
}

/// Bounds of one analysis.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Steps for a module's top level, in addition to a multiple of its size.
    pub fuel: u64,
    /// Steps of loops that are run for real, over the whole artifact.
    pub loop_fuel: u64,
    /// Steps inside called functions, over the whole artifact; beyond them every function is still walked once.
    pub followed: u64,
    /// Bytes that folding may make, over the whole artifact.
    pub folded_bytes: u64,
    /// Bytes of one folded value.
    pub value_bytes: usize,
    /// Layers within layers.
    pub layers: usize,
    /// Calls within calls.
    pub calls: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            fuel: 100_000,
            loop_fuel: 1_000_000,
            followed: 1_000_000,
            folded_bytes: 32 << 20,
            value_bytes: 4 << 20,
            layers: 150,
            calls: 40,
        }
    }
}

/// A function with the scope it was made in.
#[derive(Debug)]
pub struct Closure {
    tree: Rc<Tree>,
    module: ModuleId,
    function: FunctionId,
    scope: Rc<Scope>,
    bound: Option<Cell>,
    class: Option<Rc<ClassObject>>,
    /// Values of the defaults, in the order positional, keyword.
    defaults: Rc<[Option<Cell>]>,
    is_property: bool,
    is_static: bool,
}

impl Closure {
    fn key(&self) -> FunctionKey {
        (self.tree.serial, self.function.0)
    }
}

type FunctionKey = (Serial, u32);

/// A class of the artifact.
#[derive(Debug)]
pub struct ClassObject {
    /// What tells it from every other class.
    serial: Serial,
    name: Rc<str>,
    bases: Vec<Cell>,
    attrs: RefCell<FxHashMap<Symbol, Cell>>,
}

/// An object of a class of the artifact.
#[derive(Debug)]
pub struct Instance {
    class: Rc<ClassObject>,
    attrs: RefCell<FxHashMap<Symbol, Cell>>,
}

#[derive(Debug)]
struct Module {
    name: Rc<str>,
    is_package: bool,
    /// True for the program itself: `__name__` is `__main__`.
    is_main: bool,
    source: Option<ModuleText>,
    scope: Rc<Scope>,
    state: ModuleState,
    /// Modules outside imported by star.
    stars: Vec<PathId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ModuleState {
    Unread,
    Running,
    Done,
}

/// Code that did not run where it stands: `if __name__ == "__main__"`, or a branch whose condition is false.
#[derive(Debug)]
struct Pending {
    tree: Rc<Tree>,
    module: ModuleId,
    scope: Rc<Scope>,
    class: Option<Rc<ClassObject>>,
    block: Block,
    is_main: bool,
    layers: Vec<&'static str>,
    origin: Option<(ModuleId, u32, u32)>,
}

/// One activation: a module body or a call.
struct Frame<'t> {
    tree: &'t Rc<Tree>,
    module: ModuleId,
    scope: Rc<Scope>,
    class: Option<Rc<ClassObject>>,
    /// The receiver, for `super()`.
    receiver: Option<Cell>,
    /// Unknown conditions around the statement.
    conditional: u32,
    returned: Option<Cell>,
    yielded: Option<Vec<Cell>>,
}

/// The interpreter over the modules of one artifact.
pub struct Machine<'o> {
    observer: &'o mut dyn Observer,
    /// All names and paths.
    pub names: Names,
    bounds: Bounds,
    modules: Vec<Module>,
    by_name: FxHashMap<Rc<str>, ModuleId>,
    context: Context,
    fuel: u64,
    loop_fuel: u64,
    folded: u64,
    /// Items of sequences copied so far, and those of sequences that parts were taken of.
    copied: std::cell::Cell<u64>,
    sliced: u64,
    depth: usize,
    calls: Vec<FunctionKey>,
    /// Calls within calls that are followed at present.
    call_depth: usize,
    /// Steps left for following calls, over the whole artifact.
    followed: u64,
    layers: Vec<&'static str>,
    /// Texts within texts at present.
    levels: usize,
    /// Place of the outermost layer's constant.
    origin: Option<(ModuleId, u32, u32)>,
    guarded: u32,
    doubt: u32,
    /// Loops around without an end or a condition.
    endless: u32,
    /// Labels of conditions around, of [`Interest::implicit`].
    implicit: Taint,
    /// What the observer wants to hear of.
    pub interest: Interest,
    /// The next call is a statement of its own.
    statement: bool,
    /// The call being made is one.
    dropped: bool,
    spare: Vec<Vec<Cell>>,
    /// Commands and texts that the program put into its own environment.
    environment: FxHashMap<Rc<str>, Cell>,
    concrete_loops: u32,
    decided: u64,
    /// The program changed where modules are looked for.
    path_changed: bool,
    memo: FxHashMap<(FunctionKey, u8, u64), Cell>,
    created: Vec<Rc<Closure>>,
    created_keys: FxHashSet<FunctionKey>,
    entered: FxHashSet<FunctionKey>,
    classes: Vec<Rc<ClassObject>>,
    instances: Vec<std::rc::Weak<Instance>>,
    samples: FxHashMap<Serial, Cell>,
    pending: Vec<Pending>,
    /// Branches that ran because their condition was known.
    ran: FxHashSet<(Serial, Block)>,
    texts_seen: FxHashSet<(Serial, u32, u8)>,
    layers_seen: FxHashSet<(u64, u8)>,
    /// Bytes of sources that were parsed.
    pub parsed_bytes: u64,
    /// Bounds that were reached, where, and in the most urgent context.
    pub exhausted: Vec<(&'static str, ModuleId, Context)>,
    /// The context in which calls of functions nobody calls are not followed: what its code does is worth little.
    pub shallow: Option<Context>,
    known: Known,
}

/// Symbols looked for by name.
#[derive(Clone, Copy, Debug)]
struct Known {
    name: Symbol,
    file: Symbol,
    doc: Symbol,
    init: Symbol,
    del: Symbol,
}

impl std::fmt::Debug for Machine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine")
            .field("modules", &self.modules.len())
            .finish_non_exhaustive()
    }
}

impl Drop for Machine<'_> {
    /// Scopes hold closures that hold scopes: the cycles are cut by hand, or every artifact would leak.
    fn drop(&mut self) {
        self.memo.clear();
        self.samples.clear();
        self.environment.clear();
        for module in &self.modules {
            clear(&module.scope.vars);
        }
        for closure in self.created.drain(..) {
            let mut scope = Some(&closure.scope);
            while let Some(current) = scope {
                clear(&current.vars);
                scope = current.parent.as_ref();
            }
        }
        for class in self.classes.drain(..) {
            clear(&class.attrs);
        }
        for instance in self.instances.drain(..) {
            if let Some(instance) = instance.upgrade() {
                clear(&instance.attrs);
            }
        }
    }
}

/// Takes the cells out first: dropping them may reach the same map again.
fn clear(vars: &RefCell<FxHashMap<Symbol, Cell>>) {
    let taken = vars.try_borrow_mut().map(|mut v| std::mem::take(&mut *v));
    drop(taken);
}

//! The names every module has.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

const BUILTINS: &str = "
    exec eval compile __import__ open getattr setattr hasattr delattr globals locals vars dir chr
    ord int str bytes bytearray float bool list tuple dict set frozenset range xrange len map filter
    zip reversed sorted enumerate sum min max abs round pow divmod hex oct bin ascii repr format
    iter next type object super print input raw_input unicode unichr execfile reload isinstance
    issubclass callable id hash any all memoryview property staticmethod classmethod slice
    breakpoint exit quit file long basestring reduce apply Exception BaseException ImportError
    OSError IOError KeyError ValueError TypeError RuntimeError SystemExit KeyboardInterrupt
    AttributeError ModuleNotFoundError FileNotFoundError __loader__ __spec__
";

/// Whether a name is one every module has.
pub(super) fn is_builtin(name: &str) -> bool {
    static NAMES: LazyLock<FxHashSet<&str>> =
        LazyLock::new(|| BUILTINS.split_ascii_whitespace().collect());
    NAMES.contains(name)
}

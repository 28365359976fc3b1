//! `hognose sandboxed`: gives up rights for good, and becomes another program. Hidden: `verify --rebuild` starts it.
//!
//! Whatever is started here may read what it is told and write where it is told (Landlock), opens no socket and reaches into
//! no other process (a filter of system calls), and has limits. It starts nothing where the kernel does not enforce all of that.

use crate::cli::SandboxedArgs;
use crate::error::Failure;
use crate::exit::Exit;

#[cfg(not(target_os = "linux"))]
pub(super) fn run(_: &SandboxedArgs) -> Result<Exit, Failure> {
    Err(Failure::usage(
        "this machine has no sandbox: it does not run Linux",
    ))
}

/// Becomes the program; comes back only where that fails, or where nothing but the sandbox is tried.
#[cfg(target_os = "linux")]
pub(super) fn run(args: &SandboxedArgs) -> Result<Exit, Failure> {
    use std::os::unix::process::CommandExt as _;
    let failed =
        |why: String| Failure::usage(format!("this machine cannot confine a build: {why}"));
    limits(args.memory).map_err(failed)?;
    let holds_signals = args.open || files(args).map_err(failed)?;
    if !args.open {
        calls().map_err(failed)?;
    }
    let Some((program, rest)) = args.command.split_first() else {
        if !holds_signals {
            crate::output::human("the kernel does not hold back signals to other processes");
        }
        return Ok(Exit::Clean);
    };
    let error = std::process::Command::new(program).args(rest).exec();
    Err(Failure::usage("the program cannot be started").because(&error))
}

/// Largest file that is written.
#[cfg(target_os = "linux")]
const FILE: u64 = 1 << 30;
/// Seconds of processor time of one process.
#[cfg(target_os = "linux")]
const SECONDS: u64 = 900;
/// Open files.
#[cfg(target_os = "linux")]
const FILES: u64 = 1_024;

#[cfg(target_os = "linux")]
fn limits(memory: u64) -> Result<(), String> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    for (resource, limit) in [
        (Resource::RLIMIT_AS, memory),
        (Resource::RLIMIT_FSIZE, FILE),
        (Resource::RLIMIT_CPU, SECONDS),
        (Resource::RLIMIT_NOFILE, FILES),
        (Resource::RLIMIT_CORE, 0),
    ] {
        let (_, hard) = getrlimit(resource).map_err(|e| e.to_string())?;
        let limit = limit.min(hard);
        setrlimit(resource, limit, limit).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// Reading and running below some directories, and writing below others. Answers whether signals are held back, too.
#[cfg(target_os = "linux")]
fn files(args: &SandboxedArgs) -> Result<bool, String> {
    use landlock::{
        ABI, Access as _, AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
        RulesetCreatedAttr as _, RulesetStatus, Scope, path_beneath_rules,
    };
    // The third can forbid to cut files: before it, what may be read could be emptied.
    let abi = ABI::V3;
    let devices = ["/dev/null", "/dev/zero", "/dev/full"];
    let restricted = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(abi))
        .and_then(|rules| {
            // Signals and abstract sockets, where the kernel knows how to hold them back.
            rules
                .set_compatibility(CompatLevel::BestEffort)
                .scope(Scope::Signal | Scope::AbstractUnixSocket)
        })
        .and_then(Ruleset::create)
        .map(|rules| rules.set_compatibility(CompatLevel::HardRequirement))
        .and_then(|rules| rules.add_rules(path_beneath_rules(&args.read, AccessFs::from_read(abi))))
        .and_then(|rules| rules.add_rules(path_beneath_rules(&args.write, AccessFs::from_all(abi))))
        .and_then(|rules| {
            let access = AccessFs::ReadFile | AccessFs::WriteFile;
            rules.add_rules(path_beneath_rules(devices, access))
        })
        .and_then(landlock::RulesetCreated::restrict_self);
    match restricted {
        Ok(status) if status.ruleset != RulesetStatus::NotEnforced && status.no_new_privs => {
            Ok(status.ruleset == RulesetStatus::FullyEnforced)
        }
        Ok(_) => Err("it has no Landlock".to_owned()),
        // The error lists every right by name.
        Err(_) => Err("Landlock is missing or too old".to_owned()),
    }
}

/// System calls that lead out: sockets, other processes, keys, mounts, modules.
#[cfg(target_os = "linux")]
const FORBIDDEN: [nix::libc::c_long; 52] = {
    use nix::libc;
    [
        libc::SYS_socket,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_pidfd_getfd,
        libc::SYS_kcmp,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_open_tree,
        libc::SYS_move_mount,
        libc::SYS_fsopen,
        libc::SYS_fsconfig,
        libc::SYS_fsmount,
        libc::SYS_fspick,
        libc::SYS_mount_setattr,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_kexec_load,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_acct,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_clock_adjtime,
        libc::SYS_adjtimex,
        libc::SYS_sethostname,
        libc::SYS_setdomainname,
        libc::SYS_quotactl,
        libc::SYS_name_to_handle_at,
        libc::SYS_open_by_handle_at,
        libc::SYS_mknodat,
        libc::SYS_personality,
        libc::SYS_syslog,
        libc::SYS_vhangup,
    ]
};

/// Forbids them: they fail, and everything else goes on.
#[cfg(target_os = "linux")]
fn calls() -> Result<(), String> {
    use nix::libc;
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
    // The same calls under the numbers of the second interface of this processor.
    let second = cfg!(target_arch = "x86_64").then_some(0x4000_0000);
    let all = FORBIDDEN
        .iter()
        .flat_map(|number| std::iter::once(*number).chain(second.map(|offset| number | offset)));
    let denied = |errno: i32| SeccompAction::Errno(errno.cast_unsigned());
    let arch = std::env::consts::ARCH.try_into().map_err(said)?;
    let rules = all.map(|number| (number, Vec::new())).collect();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, denied(libc::EPERM), arch);
    let program: BpfProgram = filter.map_err(said)?.try_into().map_err(said)?;
    seccompiler::apply_filter(&program).map_err(said)
}

#[cfg(target_os = "linux")]
fn said(error: impl std::fmt::Display) -> String {
    format!("the filter of system calls: {error}")
}

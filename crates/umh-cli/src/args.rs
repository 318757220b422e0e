// SPDX-License-Identifier: MIT OR Apache-2.0

//! The command line: every command and option, with its help. Man pages and
//! completions are made from these definitions.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use umh_abi::Caller;

/// See what the Linux kernel asks of user space, and decide about it.
///
/// When the kernel needs something from user space (a module, a place for a crash, a key), it starts a program. On a
/// machine with umh that program is usermode-helper: it decides by policy, does the work or hands it on, and records.
/// `umh` shows what happened, explains why, checks policy files, and installs the two programs.
#[derive(Debug, Parser)]
#[command(name = "umh", version, propagate_version = true, after_long_help = EXAMPLES)]
pub struct Cli {
    /// Look at (or install into) the image in DIR instead of the running system.
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub root: Option<PathBuf>,

    /// Print JSON. Field names are stable; bytes outside printable ASCII are written as \xNN.
    #[arg(long, global = true)]
    pub json: bool,

    /// When to use colours; auto asks the terminal, NO_COLOR and CLICOLOR_FORCE.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  umh status                                   is umh in use here, and what happened since boot
  umh log -f --denied                          follow what is refused
  umh policy explain -- /sbin/modprobe -q -- net-pf-9
                                               would this be allowed, and which check decides
  umh install --dry-run                        what an installation would change

Exit codes:
  0  done, nothing to report
  1  something to act on: refused, denied, or a check found something
  2  wrong use, or a file that cannot be understood
  3  something needed could not be read or written; the message names the remedy";

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// If the output is a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Is umh in use here, and what happened since boot?
    ///
    /// Shows whether the kernel has CONFIG_STATIC_USERMODEHELPER and which path it starts; the copies of
    /// usermode-helper in the root and in the newest initramfs; the policy files in use and those ignored, with the
    /// reason; the kernel settings that name a helper; the counters since boot; and the last denials. Works for every
    /// user with what that user can read, and says what it could not.
    Status(Status),
    /// What the kernel asked, what was decided, what was done, how long it took.
    ///
    /// Reads the ring that usermode-helper keeps in /run/umh/ring: one line a call, oldest first. A call that has
    /// not ended, or whose helper was killed, is shown as unfinished.
    #[command(after_long_help = LOG_EXAMPLES)]
    Log(Log),
    /// The rules: show them, check files, explain and try a call.
    #[command(subcommand)]
    Policy(Policy),
    /// Kernel modules: what is loaded, what a name leads to, what needs what.
    ///
    /// These are for people. What scripts know is here too: `umh modprobe`, `umh depmod`, `umh insmod`, `umh rmmod`,
    /// `umh lsmod`, `umh modinfo` and `umh kmod` take the options of kmod's programs, as do links of these names
    /// (`umh install --tools`); each has its own --help.
    #[command(subcommand)]
    Modules(Modules),
    /// Put usermode-helper and umh in place.
    ///
    /// Places /sbin/usermode-helper (mode 0700), /usr/bin/umh, the links in /usr/lib/umh that kernel settings point
    /// to, a sysctl.d file with those settings, and policy for crash handlers found. Every file appears whole or not
    /// at all; a second run changes nothing; an upgrade replaces. What was placed is kept in a manifest, so that
    /// `umh uninstall` removes exactly that. It refuses where it would break a working machine, and says how to go on.
    #[command(after_long_help = INSTALL_EXAMPLES)]
    Install(Install),
    /// Remove what `umh install` placed, and nothing that was changed since.
    Uninstall(Uninstall),
    /// Write man pages or shell completions.
    #[command(hide = true, subcommand)]
    Generate(Generate),
}

/// Arguments of `umh status`.
#[derive(Args, Debug)]
pub struct Status {
    /// Do not look inside the initramfs, which has to be unpacked for it.
    #[arg(long)]
    pub quick: bool,
}

const LOG_EXAMPLES: &str = "\
Examples:
  umh log -n 20                        the last twenty calls
  umh log --denied --since 1h          refused in the last hour
  umh log --caller modprobe --json     module requests, one JSON object a line";

/// Arguments of `umh log`.
#[derive(Args, Debug)]
pub struct Log {
    /// Wait for new records and show them as they come.
    #[arg(short, long)]
    pub follow: bool,

    /// Only calls of this caller; may be repeated.
    #[arg(long, value_name = "CALLER", value_parser = callers())]
    pub caller: Vec<String>,

    /// Only refused calls, and those that only audit mode let through.
    #[arg(long)]
    pub denied: bool,

    /// Only the last N records of those that fit.
    #[arg(short = 'n', long, value_name = "N")]
    pub lines: Option<usize>,

    /// Only records since then: a span back from now ("90s", "2h 30m", "3 days") or a point in time ("2026-11-21
    /// 10:00", local time; "2026-11-21T10:00:00Z").
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
}

/// Commands of `umh policy`.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Print the policy in force as a policy file.
    ///
    /// The compiled-in rules merged with /usr/lib/umh/policy.d/*.toml and /etc/umh/policy.d/*.toml, as
    /// usermode-helper sees them. The format is umh-policy(5).
    Show(Show),
    /// List the callers in the kernel that a rule can be for.
    ///
    /// Who calls, which function of the kernel it is, where the program's path comes from, and whether the caller
    /// waits for an answer.
    Callers,
    /// Check policy files, and the programs that their rules would run.
    ///
    /// Parses every file, checks owner, mode and directories, finds rules that can never match or that overlap,
    /// programs that fail the trust walk, and lists what `widen = true` opens. Exit code 0: nothing found, 1: findings,
    /// 2: a file is ignored because of an error.
    Check(Check),
    /// Explain what would happen to a call: every check in order, and which one decides.
    ///
    /// Nothing is run. Without options the call is taken to look as the kernel makes the call that ARGV resembles;
    /// --caller, --env and --fd change that, to see how another caller with the same arguments would fare.
    #[command(after_long_help = EXPLAIN_EXAMPLES)]
    Explain(Call),
    /// Go the whole way of a call, up to but not including the start of its program.
    ///
    /// As root, in a process of its own: judge, walk to the program, apply the sandbox of the rule, and ask the
    /// kernel whether it would execute (AT_EXECVE_CHECK, Linux 6.14 and later). Nothing is run or recorded.
    Try(Call),
}

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  umh policy explain -- /sbin/modprobe -q -- net-pf-9
  umh policy explain -- /tmp/evil -q -- net-pf-9            what an overwritten modprobe_path gets
  umh policy explain -- /sbin/poweroff -q -- net-pf-9       another caller's program in its place
  umh policy explain --fd 0=pipe -- /sbin/modprobe -q -- x  a core_pattern that names modprobe";

/// Arguments of `umh policy show`.
#[derive(Args, Debug)]
pub struct Show {
    /// The compiled-in policy alone, without any file.
    #[arg(long)]
    pub builtin: bool,
}

/// Arguments of `umh policy check`.
#[derive(Args, Debug)]
pub struct Check {
    /// Files to check before they are put in place; without any, the installed ones.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
}

/// A call to be explained or tried.
#[derive(Args, Debug)]
pub struct Call {
    /// Who makes the call; without it, whose call it resembles.
    #[arg(long, value_name = "CALLER", value_parser = callers())]
    pub caller: Option<String>,

    /// A variable of the call's environment; replaces the environment that the caller's calls have. May be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub env: Vec<OsString>,

    /// An open descriptor: 0=pipe, 3=other, ... Replaces the descriptors that the caller's calls have. May be repeated.
    #[arg(long, value_name = "N=KIND")]
    pub fd: Vec<String>,

    /// The call's arguments, the program first.
    #[arg(last = true, required = true, value_name = "ARGV")]
    pub argv: Vec<OsString>,
}

/// Commands of `umh modules`.
#[derive(Debug, Subcommand)]
pub enum Modules {
    /// List the modules in the kernel, with their users.
    List,
    /// Show what a module says of itself, and what the kernel says of it now.
    ///
    /// NAME is a module or an alias. Shows its file, state, users, version, signer, build id, and each parameter with
    /// its present value where the kernel shows it; modinfo(8) shows every field of the file.
    Info(Info),
    /// Explain what a name leads to, what would be loaded, and what stands against it.
    ///
    /// NAME is what modprobe is given: a module, or an alias as the kernel and udev ask for it. Shows each place where
    /// it is looked up, in order, and which one decides; every step of the loading with the options and the lines of
    /// modprobe.d that they come from; and what would stop it: blacklist, forbid and install lines, and the policy, if
    /// it is the kernel that asks. Nothing is loaded. Exit code 1: nothing would be loaded.
    #[command(after_long_help = WHY_EXAMPLES)]
    Why(Why),
    /// Show what a module needs, or who needs it, as a tree.
    ///
    /// From modules.dep: a module stands below the one that needs it, and not again beside what brings it anyway.
    Tree(NeedTree),
}

const WHY_EXAMPLES: &str = "\
Examples:
  umh modules why net-pf-26             what socket(AF_LLC) loads
  umh modules why pci:v00008086d00001572sv00000000sd00000000bc02sc00i00
  umh --root /mnt/image modules why ext4  in an image";

/// Arguments of `umh modules info`.
#[derive(Args, Debug)]
pub struct Info {
    /// The module, or an alias of it.
    pub name: OsString,

    /// Modules of this kernel, not of the running one.
    #[arg(short, long, value_name = "RELEASE")]
    pub release: Option<OsString>,
}

/// Arguments of `umh modules why`.
#[derive(Args, Debug)]
pub struct Why {
    /// What modprobe would be given.
    pub name: OsString,

    /// Modules of this kernel, not of the running one.
    #[arg(short, long, value_name = "RELEASE")]
    pub release: Option<OsString>,
}

/// Arguments of `umh modules tree`.
#[derive(Args, Debug)]
pub struct NeedTree {
    /// The module.
    pub name: OsString,

    /// Show who needs it.
    #[arg(long)]
    pub users: bool,

    /// Modules of this kernel, not of the running one.
    #[arg(short, long, value_name = "RELEASE")]
    pub release: Option<OsString>,
}

const INSTALL_EXAMPLES: &str = "\
Examples:
  umh install --dry-run                show what would change
  umh install --now                    install, and point the running kernel here too
  umh install --root /mnt/image        prepare an image
  umh install --without modprobe       leave kernel.modprobe alone
  umh install --tools                  modprobe, lsmod ... are umh, by links in /usr/local";

/// What can be left out of an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// kernel.modprobe
    Modprobe,
    /// kernel.core_pattern
    Core,
    /// kernel.poweroff_cmd
    Poweroff,
    /// /sbin/request-key
    RequestKey,
    /// the links of an earlier --tools
    Tools,
}

/// Arguments of `umh install`.
#[derive(Args, Debug)]
pub struct Install {
    /// The usermode-helper to place; without it, the one beside this program.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub helper: Option<PathBuf>,

    /// Leave this part as it is; may be repeated.
    #[arg(long, value_name = "PART")]
    pub without: Vec<Part>,

    /// Also place links of the names of kmod's tools in PREFIX/sbin and PREFIX/bin: typed, they are then umh.
    /// /usr/local comes first on PATH and is no package's; with --tools=/usr, programs find them too that name
    /// /sbin/modprobe, where there is no other kmod. Once placed they are kept.
    #[arg(long, value_name = "PREFIX", num_args = 0..=1, require_equals = true, default_missing_value = "/usr/local")]
    pub tools: Option<String>,

    /// How to go about it.
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `umh uninstall`.
#[derive(Args, Debug)]
pub struct Uninstall {
    /// How to go about it.
    #[command(flatten)]
    pub how: How,
}

/// What install and uninstall have in common.
#[derive(Args, Debug)]
pub struct How {
    /// Only show what would change.
    #[arg(long)]
    pub dry_run: bool,

    /// Change the settings of the running kernel too, not only from the next boot on.
    #[arg(long, conflicts_with = "root")]
    pub now: bool,
}

/// Commands of `umh generate`.
#[derive(Debug, Subcommand)]
pub enum Generate {
    /// Write one man page a command into DIR.
    Man {
        /// An existing directory.
        #[arg(value_hint = ValueHint::DirPath)]
        dir: PathBuf,
    },
    /// Print completions for SHELL.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,

        /// For this tool of kmod's (modprobe, lsmod ...), not for umh.
        tool: Option<String>,
    },
}

/// The names of all callers, so that a wrong one lists the right ones.
fn callers() -> PossibleValuesParser {
    PossibleValuesParser::new(Caller::ALL.iter().map(|caller| caller.contract().name))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definitions_hold_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_words_of_a_call_begin_after_two_dashes() {
        let cli = Cli::parse_from([
            "umh",
            "policy",
            "explain",
            "--",
            "/sbin/modprobe",
            "-q",
            "--",
            "x",
        ]);
        let Command::Policy(Policy::Explain(call)) = cli.command else {
            panic!("{cli:?}")
        };
        assert_eq!(call.argv, ["/sbin/modprobe", "-q", "--", "x"]);
    }
}

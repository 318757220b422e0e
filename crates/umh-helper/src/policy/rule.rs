// SPDX-License-Identifier: MIT OR Apache-2.0

//! One rule: which call it is for, and what answers it with what privilege.

use umh_abi::Caller;

use super::args;
use super::caps::Caps;
use crate::toml::Strings;

/// What may answer one caller's call, and how.
///
/// The file form is the table `[helper.NAME]`, one key a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule<'a> {
    /// NAME: what logs and later files call the rule.
    pub name: &'a str,
    /// The only caller that the rule answers.
    pub caller: Caller,
    /// The programs that the caller may ask for, byte for byte.
    pub paths: Strings<'a>,
    /// The arguments that it may pass: fixed words and typed holes
    /// ([`args`]).
    pub args: Strings<'a>,
    /// What answers.
    pub run: Run<'a>,
    /// Whether `run` may be a `#!` script.
    pub script: bool,
    /// The bounding set that the program keeps; `None`: all that the kernel gave.
    pub caps: Option<Caps>,
    /// Whether no later execve(2) may add privilege.
    pub no_new_privs: bool,
    /// The system calls that the program may not make.
    pub seccomp: Seccomp,
    /// What the program may open; `None`: anything.
    pub landlock: Option<Landlock<'a>>,
    /// Whether the helper stays, waits for the program and passes its exit
    /// status on; otherwise it becomes the program.
    pub supervise: bool,
    /// After how many seconds a supervised program is ended; `None`: never.
    pub timeout: Option<u32>,
    /// Whether calls that the rule lists but refuses are let through, logged.
    pub audit: bool,
    /// Whether the rule allows anything at all.
    pub enabled: bool,
}

/// What answers a call, as a rule says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run<'a> {
    /// The program that the caller asked for: `"requested"`.
    Requested,
    /// The answer that is part of umh: `"builtin"`.
    Builtin,
    /// Another program, by its absolute path.
    Program(&'a str),
}

/// What answers this call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// The answer that is part of umh.
    Builtin,
    /// A program, by its absolute path; not yet looked at by `trust`.
    Program(&'a [u8]),
}

/// A list of refused system calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seccomp {
    /// No list.
    Off,
    /// What no helper needs: kexec, bpf, module loading and the like.
    Default,
}

/// The files that a program may open, by the trees that hold them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Landlock<'a> {
    /// Trees to read and execute from.
    pub read: Strings<'a>,
    /// Trees to read, execute and write.
    pub write: Strings<'a>,
}

impl Rule<'_> {
    /// A rule that allows nothing and takes nothing away: what a new name in
    /// a file starts from.
    pub const fn new(name: &str, caller: Caller) -> Rule<'_> {
        Rule {
            name,
            caller,
            paths: Strings::NONE,
            args: Strings::NONE,
            run: Run::Requested,
            script: false,
            caps: None,
            no_new_privs: false,
            seccomp: Seccomp::Off,
            landlock: None,
            supervise: true,
            timeout: None,
            audit: false,
            enabled: true,
        }
    }

    /// Whether the caller may ask for `program`.
    pub fn lists(&self, program: &[u8]) -> bool {
        self.paths.iter().any(|path| path.as_bytes() == program)
    }

    /// Whether the arguments, argv\[0\] left out, fit.
    pub fn accepts<'w>(&self, words: impl Iterator<Item = &'w [u8]>) -> bool {
        args::fit(self.args, self.caller, words)
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! A cgroup of version 1 is empty: `AGENT /PATH`.
//!
//! `kernel/cgroup/cgroup-v1.c:cgroup1_release_agent`. The environment is on
//! the kernel's stack and is required whole: it is what tells the call from
//! other calls of two words. Only `kernel.poweroff_cmd` of two words, the
//! second a clean absolute path, looks the same; it is taken for this call.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::Sink;
use crate::environment;
use crate::fingerprint::Fingerprint;
use crate::words::Invocation;

/// The longest PATH: `PATH_MAX` less its NUL.
pub const PATH_MAX: usize = 4095;

/// An empty cgroup, to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseAgent<'a> {
    /// The program that the kernel meant to run: `release_agent` of the
    /// hierarchy.
    pub program: &'a [u8],
    /// The cgroup's path from the root of its hierarchy, which is not named:
    /// `/`, then components without `.` and `..`.
    pub cgroup: &'a [u8],
}

impl<'a> ReleaseAgent<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "release-agent",
        source: "kernel/cgroup/cgroup-v1.c:cgroup1_release_agent",
        kernels: Kernels::Both,
        program: Program::Setting {
            name: "release_agent",
            default: "",
        },
        wait: Wait::Exec,
    };

    /// Recognises the call by its shape; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let [program, cgroup] = invocation.argv.exactly()?;
        let marked = invocation.fingerprint.has_no_fds() && !invocation.fingerprint.waited_for();
        let plain = environment::is(&invocation.envp, &environment::WITHOUT_TERM);
        (marked && plain && is_cgroup(cgroup)).then_some(Self { program, cgroup })
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        sink.arg(&[self.program]);
        sink.arg(&[self.cgroup]);
        environment::write(&environment::WITHOUT_TERM, sink);
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint::EXEC
    }
}

/// Whether kernfs could have made the path (`kernfs_path_from_node`).
fn is_cgroup(path: &[u8]) -> bool {
    let Some(relative) = path.strip_prefix(b"/") else {
        return false;
    };
    let mut names = relative.split(|byte| *byte == b'/');
    let named = names.all(|name| !matches!(name, b"" | b"." | b".."));
    path.len() <= PATH_MAX && (named || relative.is_empty())
}

#[cfg(test)]
mod tests {
    use super::is_cgroup;

    #[test]
    fn only_clean_absolute_paths_are_cgroups() {
        for path in [&b"/"[..], b"/a", b"/a/b.slice/...", b"/a b"] {
            assert!(is_cgroup(path), "{}", path.escape_ascii());
        }
        for path in [
            &b""[..],
            b"a",
            b"//",
            b"/a/",
            b"/a//b",
            b"/../a",
            b"/a/..",
            b"/.",
        ] {
            assert!(!is_cgroup(path), "{}", path.escape_ascii());
        }
    }
}

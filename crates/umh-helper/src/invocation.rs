// SPDX-License-Identifier: MIT OR Apache-2.0

//! What arrived: argv, environment and the marks of the caller, taken once.
//!
//! Works without /proc, but for a kernel that cannot be asked whether a parent
//! other than kthreadd has memory: it stays [`Parent::Unknown`] then.

use rustix::fs::{Mode, OFlags};
use rustix::process::{Resource, getrlimit};
use umh_abi::{Descriptor, Fingerprint, Invocation, Parent, Words};

use crate::sys::{Root, Stack, descriptors, identity};

/// Takes the invocation of this process. `None` if the words do not lie as
/// the kernel lays them, which no kernel does.
pub fn take<'a>(stack: &Stack<'a>, root: &Root) -> Option<Invocation<'a>> {
    let argv = Words::new(stack.argv?)?;
    let envp = Words::new(stack.envp?)?;
    Some(Invocation {
        argv,
        envp,
        fingerprint: fingerprint(stack, root),
    })
}

/// The marks that the caller left on this process.
fn fingerprint(stack: &Stack<'_>, root: &Root) -> Fingerprint {
    // First of all: whatever is opened from here on takes a free number.
    let [stdin, one, two, pidfd, others @ ..] = descriptors::open();
    let stdin = descriptor(0, stdin);
    // It marks the reader of a core, and means nothing else.
    let core = (stdin == Descriptor::Pipe).then(|| getrlimit(Resource::Core));
    let sessionless = identity::session() == Ok(0) && identity::process_group() == Ok(0);

    Fingerprint {
        parent: parent(root, identity::parent()),
        sessionless,
        root: stack.root && !identity::has_groups(),
        stdin,
        pidfd: descriptor(3, pidfd),
        other_fds: one || two || others.contains(&true),
        core_limit_one: core.is_some_and(|core| core.current == Some(1) && core.maximum == Some(1)),
    }
}

fn descriptor(number: u8, open: bool) -> Descriptor {
    match open {
        false => Descriptor::Closed,
        true if descriptors::is_pipe(number) => Descriptor::Pipe,
        true => Descriptor::Other,
    }
}

/// What the process `pid` is, seen as our parent.
fn parent(root: &Root, pid: u32) -> Parent {
    /// A parent in another pid namespace; a helper's never is.
    const ELSEWHERE: u32 = 0;
    const KTHREADD: u32 = 2;

    match pid {
        ELSEWHERE => Parent::Process,
        KTHREADD => Parent::Kthreadd,
        _ => match is_kernel_thread(root, pid) {
            Some(true) => Parent::Kworker,
            Some(false) => Parent::Process,
            None => Parent::Unknown,
        },
    }
}

/// Whether our parent `pid` is a kernel thread.
fn is_kernel_thread(root: &Root, pid: u32) -> Option<bool> {
    match identity::has_memory(pid) {
        // No process that is ending, which has none left: they are in a
        // session, and are nobody's parent for long.
        Some(false) => Some(identity::session_of(pid) == Ok(0) && identity::parent() == pid),
        Some(true) => Some(false),
        None => is_shown_as_kernel_thread(root, pid),
    }
}

/// Whether `/proc/PID/stat` shows a kernel thread; `None` without it.
#[cold]
fn is_shown_as_kernel_thread(root: &Root, pid: u32) -> Option<bool> {
    let mut path = [0u8; 32];
    let path = stat_path(pid, &mut path)?;
    let stat = root.open(path, OFlags::RDONLY, Mode::empty()).ok()?;
    let mut text = [0u8; 512];
    let length = rustix::io::read(&stat, &mut text).ok()?;
    kernel_thread_flag(text.get(..length)?)
}

/// `/proc/PID/stat`, written into `room`.
fn stat_path(pid: u32, room: &mut [u8; 32]) -> Option<&[u8]> {
    use rustix::path::DecInt;
    let mut length = 0;
    for piece in [b"/proc/", DecInt::new(pid).as_bytes(), b"/stat"] {
        room.get_mut(length..length + piece.len())?
            .copy_from_slice(piece);
        length += piece.len();
    }
    room.get(..length)
}

/// The bit `PF_KTHREAD` of the field `flags` (proc_pid_stat(5)). The name in
/// front may hold anything, also `)`: the fields begin after the last one.
fn kernel_thread_flag(stat: &[u8]) -> Option<bool> {
    /// include/linux/sched.h
    const PF_KTHREAD: u32 = 0x0020_0000;
    /// Fields from the one after the name: state, ppid, pgrp, session,
    /// `tty_nr`, tpgid, flags.
    const FLAGS: usize = 6;

    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let fields = stat.get(name_end..)?.strip_prefix(b") ")?;
    let flags = fields.split(|byte| *byte == b' ').nth(FLAGS)?;
    let flags: u32 = core::str::from_utf8(flags).ok()?.parse().ok()?;
    Some(flags & PF_KTHREAD != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kworker_is_known_by_its_flags() {
        // Linux 6.12.
        let kworker = b"57 (kworker/u4:3-events_unbound) I 2 0 0 0 -1 69238880 0 0 0 0 0 2 0 0 20";
        assert_eq!(kernel_thread_flag(kworker), Some(true));
        let shell = b"812 (a) b) 1) S 801 812 801 34816 812 4194304 1031 0 0 0";
        assert_eq!(kernel_thread_flag(shell), Some(false));
        for broken in [&b""[..], b"1 (x", b"1 (x) S 1 2", b"1 (x) S 1 2 3 4 5 -6 7"] {
            assert_eq!(
                kernel_thread_flag(broken),
                None,
                "{}",
                broken.escape_ascii()
            );
        }
    }

    #[test]
    fn without_proc_a_parent_is_unknown() {
        let empty = tempfile::tempdir().unwrap();
        let root = Root::At(std::fs::File::open(empty.path()).unwrap().into());
        assert_eq!(is_shown_as_kernel_thread(&root, 57), None);
        assert_eq!(parent(&root, 2), Parent::Kthreadd);
        assert_eq!(parent(&root, 0), Parent::Process);
    }

    #[test]
    fn a_test_is_not_started_by_the_kernel() {
        let pid = identity::parent();
        assert_eq!(parent(&Root::System, pid), Parent::Process);
        assert_eq!(is_shown_as_kernel_thread(&Root::System, pid), Some(false));
        let stack = Stack {
            argv: None,
            envp: None,
            program: None,
            root: true,
        };
        assert!(!fingerprint(&stack, &Root::System).is_kernel());
    }
}

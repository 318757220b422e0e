// SPDX-License-Identifier: MIT OR Apache-2.0

//! Who the process is. By number, because 0 is an answer here: rustix's `Pid`
//! has no place for the session of a kernel thread's child.

use rustix::io::{Errno, Result};

use super::raw::{number, syscall};

/// The session: 0 for children of kernel threads (getsid(2)).
pub fn session() -> Result<usize> {
    session_of(0)
}

/// The session of the process `pid`: 0 for kernel threads.
pub fn session_of(pid: u32) -> Result<usize> {
    // SAFETY: takes no pointer.
    unsafe { syscall(number::GETSID, [usize_of(pid), 0, 0, 0, 0, 0]) }
}

/// The process group: 0 for children of kernel threads (getpgid(2)).
pub fn process_group() -> Result<usize> {
    // SAFETY: takes no pointer.
    unsafe { syscall(number::GETPGID, [0; 6]) }
}

/// The parent: 0 if it is in no pid namespace of ours (getppid(2)).
pub fn parent() -> u32 {
    rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs())
}

/// Whether the process `pid` has memory of its own, which kernel threads have
/// not; `None` if the kernel cannot be asked. A process that ends has none left.
///
/// process_vm_readv(2) looks for the memory before anything else, and for the
/// right to read it after (`kernel/fork.c:mm_access`); the byte that it is asked
/// for is at the null address. A twentieth of the cost of `/proc/PID/stat`, and
/// there before `/proc` is.
pub fn has_memory(pid: u32) -> Option<bool> {
    let mut byte = 0u8;
    // `struct iovec`: address and length.
    let ours = [(&raw mut byte).expose_provenance(), 1];
    let theirs = [0usize, 1];
    let arguments = [
        usize_of(pid),
        ours.as_ptr().expose_provenance(),
        1,
        theirs.as_ptr().expose_provenance(),
        1,
        0,
    ];
    // SAFETY: both lists have one element, and the first one lends a byte.
    match unsafe { syscall(number::PROCESS_VM_READV, arguments) } {
        Err(Errno::SRCH) => Some(false),
        Ok(_) | Err(Errno::FAULT | Errno::PERM) => Some(true),
        // CONFIG_CROSS_MEMORY_ATTACH is off, or a filter refuses it.
        Err(_) => None,
    }
}

/// Whether there are supplementary groups (getgroups(2)).
pub fn has_groups() -> bool {
    // SAFETY: with a size of 0 nothing is written.
    let groups = unsafe { syscall(number::GETGROUPS, [0; 6]) };
    groups != Ok(0)
}

fn usize_of(pid: u32) -> usize {
    usize::try_from(pid).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory_until_it_ends() {
        assert_eq!(has_memory(std::process::id()), Some(true));
        let mut ended = std::process::Command::new("true").spawn().unwrap();
        // A zombie: ended, and not waited for.
        let state = format!("/proc/{}/stat", ended.id());
        while !std::fs::read_to_string(&state).unwrap().contains(") Z ") {
            std::thread::yield_now();
        }
        assert_eq!(has_memory(ended.id()), Some(false));
        ended.wait().unwrap();
    }

    #[test]
    fn a_test_has_a_parent_and_its_marks_are_those_of_proc() {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        let fields: Vec<_> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        let field = |index: usize| fields[index].parse::<usize>().unwrap();
        assert_eq!(usize::try_from(parent()).unwrap(), field(1));
        assert_eq!(process_group(), Ok(field(2)));
        assert_eq!(session(), Ok(field(3)));

        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let groups = status
            .lines()
            .find_map(|line| line.strip_prefix("Groups:"))
            .unwrap();
        assert_eq!(has_groups(), !groups.trim().is_empty());
    }
}

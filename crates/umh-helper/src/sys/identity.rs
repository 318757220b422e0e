// SPDX-License-Identifier: MIT OR Apache-2.0

//! Who the process is. By number, because 0 is an answer here: rustix's `Pid`
//! has no place for the session of a kernel thread's child.

use rustix::io::Result;

use super::raw::{number, syscall};

/// The session: 0 for children of kernel threads (getsid(2)).
pub fn session() -> Result<usize> {
    // SAFETY: takes no pointer.
    unsafe { syscall(number::GETSID, [0; 6]) }
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

/// Whether there are supplementary groups (getgroups(2)).
pub fn has_groups() -> bool {
    // SAFETY: with a size of 0 nothing is written.
    let groups = unsafe { syscall(number::GETGROUPS, [0; 6]) };
    groups != Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

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

// SPDX-License-Identifier: MIT OR Apache-2.0

//! The default list of refused system calls: what no helper needs.
//!
//! A list of what is allowed would need to know every program; this one takes
//! the doors to the kernel itself. Each refused call gives `EPERM`.

use rustix::io::{Errno, Result};
use umh_abi::Caller;

use crate::sys::seccomp::{Instruction, action_is_there, set_filter};

/// Whether the kernel has filters that refuse with an error. A filter that it
/// takes for a wrong one (`EINVAL`) says nothing about that.
pub(super) fn is_there() -> bool {
    !matches!(
        action_is_there(RETURN_ERRNO),
        Err(Errno::NOSYS | Errno::OPNOTSUPP)
    )
}

/// Lays the list for `caller`'s helper upon this process.
pub(super) fn refuse(caller: Caller) -> Result<()> {
    set_filter(Filter::new(caller).instructions())
}

/// What `caller`'s helper may not do: everything listed but its own work.
fn lists(caller: Caller) -> [Numbers; 4] {
    let unless = |own: Caller, list: Numbers| if caller == own { &[] } else { list };
    [
        KERNEL,
        unless(Caller::Modprobe, MODULES),
        unless(Caller::RequestKey, KEYS),
        // The handlers of a DRBD resource mount and unmount it.
        unless(Caller::Drbd, MOUNTS),
    ]
}

/// Numbers of `arch/x86/entry/syscalls/syscall_64.tbl`.
type Numbers = &'static [u32];

/// kexec_load, kexec_file_load, bpf, perf_event_open, userfaultfd,
/// open_by_handle_at, swapon, swapoff, iopl, ioperm.
const KERNEL: Numbers = &[246, 320, 321, 298, 323, 304, 167, 168, 172, 173];
/// init_module, finit_module.
const MODULES: Numbers = &[175, 313];
/// add_key.
const KEYS: Numbers = &[248];
/// setns, unshare, pivot_root, mount, umount2, open_tree, move_mount, fsopen,
/// fsconfig, fsmount, fspick, mount_setattr, open_tree_attr.
const MOUNTS: Numbers = &[
    308, 272, 155, 165, 166, 428, 429, 430, 431, 432, 433, 442, 467,
];

/// `SECCOMP_RET_ERRNO` (linux/seccomp.h); the lower half is the error: EPERM.
const RETURN_ERRNO: u32 = 0x0005_0000;
const REFUSE: u32 = RETURN_ERRNO | 1;

/// A program over `struct seccomp_data` (linux/seccomp.h).
struct Filter {
    instructions: [Instruction; CAPACITY],
    length: usize,
}

/// Everything, with its frame.
const CAPACITY: usize = KERNEL.len() + MODULES.len() + KEYS.len() + MOUNTS.len() + 7;

impl Filter {
    fn new(caller: Caller) -> Self {
        /// Offsets of the fields.
        const NUMBER: u32 = 0;
        const ARCHITECTURE: u32 = 4;
        /// linux/audit.h
        const AUDIT_ARCH_X86_64: u32 = 0xc000_003e;
        /// asm/unistd.h: the numbers of the x32 ABI begin here.
        const X32: u32 = 0x4000_0000;
        /// linux/seccomp.h
        const ALLOW: u32 = 0x7fff_0000;

        let mut filter = Self {
            instructions: [operation(RETURN, REFUSE); CAPACITY],
            length: 0,
        };
        // Another architecture numbers its calls differently: refused whole.
        filter.push(operation(LOAD, ARCHITECTURE));
        filter.push(Instruction {
            then: 1,
            ..operation(JUMP_EQUAL, AUDIT_ARCH_X86_64)
        });
        filter.push(operation(RETURN, REFUSE));
        filter.push(operation(LOAD, NUMBER));
        let listed = lists(caller);
        let mut left: u8 = listed
            .iter()
            .flat_map(|list| list.iter())
            .fold(1, |count, _| count + 1);
        filter.push(Instruction {
            then: left,
            ..operation(JUMP_AT_LEAST, X32)
        });
        for number in listed.iter().flat_map(|list| list.iter()) {
            left -= 1;
            filter.push(Instruction {
                then: left,
                ..operation(JUMP_EQUAL, *number)
            });
        }
        filter.push(operation(RETURN, ALLOW));
        filter.push(operation(RETURN, REFUSE));
        filter
    }

    fn push(&mut self, instruction: Instruction) {
        if let Some(place) = self.instructions.get_mut(self.length) {
            *place = instruction;
            self.length += 1;
        }
    }

    fn instructions(&self) -> &[Instruction] {
        self.instructions.get(..self.length).unwrap_or_default()
    }
}

/// linux/bpf_common.h: load a word, compare with a constant, return one.
const LOAD: u16 = 0x20;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_AT_LEAST: u16 = 0x35;
const RETURN: u16 = 0x06;

const fn operation(code: u16, operand: u32) -> Instruction {
    Instruction {
        code,
        then: 0,
        otherwise: 0,
        operand,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the program as the kernel does; whether it allows the call.
    fn allows(caller: Caller, architecture: u32, number: u32) -> bool {
        let filter = Filter::new(caller);
        let (mut at, mut value) = (0, 0);
        loop {
            let Instruction {
                code,
                then,
                operand,
                ..
            } = filter.instructions()[at];
            at += 1;
            match code {
                LOAD => value = if operand == 0 { number } else { architecture },
                JUMP_EQUAL if value == operand => at += usize::from(then),
                JUMP_AT_LEAST if value >= operand => at += usize::from(then),
                RETURN => return operand == 0x7fff_0000,
                _ => {}
            }
        }
    }

    #[test]
    fn each_helper_keeps_its_own_work_and_nothing_else_of_the_list() {
        let all = [KERNEL, MODULES, KEYS, MOUNTS];
        let exempt = [
            (Caller::Modprobe, 1),
            (Caller::RequestKey, 2),
            (Caller::Drbd, 3),
            (Caller::Mce, 4),
        ];
        for (caller, own) in exempt {
            for (index, list) in all.iter().enumerate() {
                for number in *list {
                    assert_eq!(
                        allows(caller, 0xc000_003e, *number),
                        index == own,
                        "{caller:?} {number}"
                    );
                }
            }
            // read, execve, reboot
            for number in [0, 59, 169] {
                assert!(allows(caller, 0xc000_003e, number));
            }
        }
    }

    #[test]
    fn other_architectures_are_refused_whole() {
        assert!(!allows(Caller::Modprobe, 0x4000_0003, 3));
        assert!(!allows(Caller::Modprobe, 0xc000_003e, 0x4000_0000));
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! Installing a seccomp filter (seccomp(2)).

use rustix::io::Result;

use super::raw::{number, syscall};

/// One instruction of a classic BPF program: `struct sock_filter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Instruction {
    /// The operation (`linux/bpf_common.h`).
    pub code: u16,
    /// How many instructions to skip if a condition holds.
    pub then: u8,
    /// How many instructions to skip if it does not.
    pub otherwise: u8,
    /// The operand.
    pub operand: u32,
}

/// Lays `program` upon every later system call of this process and of what
/// it becomes or starts. Takes `CAP_SYS_ADMIN` or no_new_privs.
pub fn set_filter(program: &[Instruction]) -> Result<()> {
    /// `struct sock_fprog`
    #[repr(C)]
    struct Program {
        length: u16,
        instructions: *const Instruction,
    }
    /// linux/seccomp.h
    const SECCOMP_SET_MODE_FILTER: usize = 1;

    let length = u16::try_from(program.len()).map_err(|_| rustix::io::Errno::INVAL)?;
    let program = Program {
        length,
        instructions: program.as_ptr(),
    };
    let address = (&raw const program).expose_provenance();
    // The kernel's copy reads what `instructions` points at.
    let _ = program.instructions.expose_provenance();
    // SAFETY: the program is `length` instructions, read during the call.
    unsafe {
        syscall(
            number::SECCOMP,
            [SECCOMP_SET_MODE_FILTER, 0, address, 0, 0, 0],
        )
    }
    .map(|_| ())
}

/// Whether a filter may have the result `action`, which is named without its
/// lower half (`SECCOMP_GET_ACTION_AVAIL`): `OPNOTSUPP` if not, `NOSYS` from a kernel without seccomp(2), `INVAL` from
/// one that cannot be asked (before 4.14).
pub fn action_is_there(action: u32) -> Result<()> {
    const SECCOMP_GET_ACTION_AVAIL: usize = 2;
    let address = core::ptr::from_ref(&action).expose_provenance();
    // SAFETY: the kernel reads one word, which outlives the call.
    unsafe {
        syscall(
            number::SECCOMP,
            [SECCOMP_GET_ACTION_AVAIL, 0, address, 0, 0, 0],
        )
    }
    .map(drop)
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_result_that_no_kernel_has_is_not_there() {
        // Or no filters at all.
        let answer = action_is_there(0x1234_0000);
        assert!(matches!(answer, Err(Errno::OPNOTSUPP | Errno::NOSYS)));
    }

    #[test]
    fn a_wrong_filter_is_not_taken_for_a_kernel_without_filters() {
        assert_ne!(set_filter(&[]), Ok(()));
    }
}

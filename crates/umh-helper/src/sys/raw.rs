// SPDX-License-Identifier: MIT OR Apache-2.0

//! System calls by number, for what rustix lacks or looks up by other ways.

use rustix::io::{Errno, Result};

#[cfg(not(target_arch = "x86_64"))]
compile_error!("usermode-helper knows the system call numbers of x86_64 only");

/// Numbers of `arch/x86/entry/syscalls/syscall_64.tbl`.
pub(super) mod number {
    pub(in crate::sys) const CLOSE: usize = 3;
    pub(in crate::sys) const CLONE: usize = 56;
    pub(in crate::sys) const GETGROUPS: usize = 115;
    pub(in crate::sys) const GETPGID: usize = 121;
    pub(in crate::sys) const GETSID: usize = 124;
    pub(in crate::sys) const CLOCK_GETTIME: usize = 228;
    pub(in crate::sys) const EXIT_GROUP: usize = 231;
    pub(in crate::sys) const DUP3: usize = 292;
    pub(in crate::sys) const PROCESS_VM_READV: usize = 310;
    pub(in crate::sys) const SECCOMP: usize = 317;
    pub(in crate::sys) const EXECVEAT: usize = 322;
    pub(in crate::sys) const CLOSE_RANGE: usize = 436;
    pub(in crate::sys) const LANDLOCK_CREATE_RULESET: usize = 444;
    pub(in crate::sys) const LANDLOCK_ADD_RULE: usize = 445;
    pub(in crate::sys) const LANDLOCK_RESTRICT_SELF: usize = 446;
}

/// Makes system call `number`; a negative result becomes the error it means.
///
/// # Safety
///
/// The arguments must be what the call asks for: every pointer among them
/// valid for what the call reads and writes, every descriptor owned.
#[inline]
pub(super) unsafe fn syscall(number: usize, arguments: [usize; 6]) -> Result<usize> {
    let [first, second, third, fourth, fifth, sixth] = arguments;
    let result: isize;
    // SAFETY: the instruction clobbers rcx and r11 only; what the kernel does
    // with the arguments is the caller's promise.
    unsafe {
        core::arch::asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") first,
            in("rsi") second,
            in("rdx") third,
            in("r10") fourth,
            in("r8") fifth,
            in("r9") sixth,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    // Errors are -1 to -4095 (include/linux/err.h).
    match i32::try_from(result) {
        Ok(error @ -4095..=-1) => Err(Errno::from_raw_os_error(-error)),
        _ => Ok(result.cast_unsigned()),
    }
}

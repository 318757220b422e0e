// SPDX-License-Identifier: MIT OR Apache-2.0

//! System calls by number, for what rustix lacks.

use rustix::io::{Errno, Result};

#[cfg(not(target_arch = "x86_64"))]
compile_error!("umh knows the system call numbers and the stack of x86_64 only");

/// Numbers of `arch/x86/entry/syscalls/syscall_64.tbl`.
pub(super) mod number {
    pub(in crate::sys) const RT_SIGACTION: usize = 13;
    pub(in crate::sys) const RT_SIGPROCMASK: usize = 14;
    pub(in crate::sys) const CLONE: usize = 56;
    pub(in crate::sys) const EXECVE: usize = 59;
    pub(in crate::sys) const RT_SIGTIMEDWAIT: usize = 128;
    pub(in crate::sys) const SCHED_SETSCHEDULER: usize = 144;
    pub(in crate::sys) const EXIT_GROUP: usize = 231;
    pub(in crate::sys) const ADD_KEY: usize = 248;
    pub(in crate::sys) const KEYCTL: usize = 250;
    pub(in crate::sys) const IOPRIO_SET: usize = 251;
    pub(in crate::sys) const DUP3: usize = 292;
    pub(in crate::sys) const CLONE3: usize = 435;
    pub(in crate::sys) const CLOSE_RANGE: usize = 436;
}

/// Makes system call `number`; a negative result becomes the error it means.
///
/// # Safety
///
/// The arguments must be what the call asks for: every pointer among them
/// valid for what the call reads and writes.
#[inline]
pub(super) unsafe fn syscall(number: usize, arguments: [usize; 5]) -> Result<usize> {
    let [first, second, third, fourth, fifth] = arguments;
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
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    to_result(result)
}

/// What a system call's result means: errors are -1 to -4095.
pub(super) fn to_result(result: isize) -> Result<usize> {
    match i32::try_from(result) {
        Ok(error @ -4095..=-1) => Err(Errno::from_raw_os_error(-error)),
        _ => Ok(result.cast_unsigned()),
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! seccomp(2) with a listener, and its messages: seccomp_unotify(2).

use std::io::{Error, Result};
use std::mem::zeroed;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W};

/// The calls that the supervisor answers in the kernel's place.
pub(crate) const ANSWERED: [i64; 4] = [
    libc::SYS_uname,
    libc::SYS_finit_module,
    libc::SYS_init_module,
    libc::SYS_delete_module,
];

/// A system call that waits for its answer.
pub(crate) struct Call {
    /// What [`answer`] wants back.
    pub(crate) id: u64,
    /// Who called.
    pub(crate) pid: u32,
    /// One of [`ANSWERED`].
    pub(crate) number: i64,
    pub(crate) arguments: [u64; 6],
}

/// Sends this process's calls of [`ANSWERED`] to whoever holds the result.
/// Neither allocates nor locks: made to be called between fork and exec.
pub(crate) fn listen() -> Result<OwnedFd> {
    let statement = |code: u32, k: u32| filter(code, 0, 0, k);
    let [uname, finit, init, delete] = ANSWERED.map(low);
    let mut program = [
        statement(BPF_LD | BPF_W | BPF_ABS, 4), // seccomp_data.arch
        filter(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AUDIT_ARCH_X86_64),
        statement(BPF_RET | BPF_K, libc::SECCOMP_RET_KILL_PROCESS),
        statement(BPF_LD | BPF_W | BPF_ABS, 0), // seccomp_data.nr
        filter(BPF_JMP | BPF_JEQ | BPF_K, 4, 0, uname),
        filter(BPF_JMP | BPF_JEQ | BPF_K, 3, 0, finit),
        filter(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, init),
        filter(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, delete),
        statement(BPF_RET | BPF_K, libc::SECCOMP_RET_ALLOW),
        statement(BPF_RET | BPF_K, libc::SECCOMP_RET_USER_NOTIF),
    ];
    let program = libc::sock_fprog {
        len: 10,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the program is ten instructions, read during the call.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            libc::SECCOMP_FILTER_FLAG_NEW_LISTENER,
            &raw const program,
        )
    };
    let fd = i32::try_from(fd).map_err(Error::other)?;
    if fd < 0 {
        return Err(Error::last_os_error());
    }
    // SAFETY: the call made this descriptor, which nobody else has.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The next call; `None` when its caller is gone already.
pub(crate) fn receive(listener: BorrowedFd<'_>) -> Result<Option<Call>> {
    // SAFETY: all zeros are a value of this struct of integers.
    let mut message: libc::seccomp_notif = unsafe { zeroed() };
    let request = libc::SECCOMP_IOCTL_NOTIF_RECV;
    // SAFETY: the kernel writes one message, of the size that its own header
    // has: no release has made it longer.
    let result = unsafe { libc::ioctl(listener.as_raw_fd(), request, &raw mut message) };
    if result == 0 {
        return Ok(Some(Call {
            id: message.id,
            pid: message.pid,
            number: i64::from(message.data.nr),
            arguments: message.data.args,
        }));
    }
    match Error::last_os_error() {
        error if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
        error => Err(error),
    }
}

/// Lets call `id` return `result`: an errno, or success.
pub(crate) fn answer(listener: BorrowedFd<'_>, id: u64, result: i32) {
    let mut message = libc::seccomp_notif_resp {
        id,
        val: 0,
        error: -result,
        flags: 0,
    };
    let request = libc::SECCOMP_IOCTL_NOTIF_SEND;
    // SAFETY: the kernel reads one message. A caller that was killed
    // meanwhile needs no answer: the result is of no interest.
    let _ = unsafe { libc::ioctl(listener.as_raw_fd(), request, &raw mut message) };
}

/// linux/audit.h
const AUDIT_ARCH_X86_64: u32 = 0xc000_003e;

#[cfg(not(target_arch = "x86_64"))]
compile_error!("the harness knows the system calls of x86_64 only");

/// System calls have small numbers.
fn low(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn filter(code: u32, jt: u8, jf: u8, k: u32) -> libc::sock_filter {
    libc::sock_filter {
        code: u16::try_from(code).unwrap_or(u16::MAX),
        jt,
        jf,
        k,
    }
}

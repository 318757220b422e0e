// SPDX-License-Identifier: MIT OR Apache-2.0

//! The ways that std has not.

use std::ffi::{CStr, c_char};
use std::io;
use std::ptr::{null, null_mut};

pub(crate) fn posix_spawn(path: &CStr) -> io::Result<()> {
    let path = path.as_ptr();
    let argv: [*mut c_char; 2] = [path.cast_mut(), null_mut()];
    let envp: [*mut c_char; 1] = [null_mut()];
    let mut pid = 0;
    // SAFETY: a C string, two lists of such that end with null, and no actions
    // or attributes.
    let error =
        unsafe { libc::posix_spawn(&mut pid, path, null(), null(), argv.as_ptr(), envp.as_ptr()) };
    if error != 0 {
        return Err(io::Error::from_raw_os_error(error));
    }
    wait(pid)
}

pub(crate) fn fork(path: &CStr) -> io::Result<()> {
    let path = path.as_ptr();
    let argv: [*const c_char; 2] = [path, null()];
    let envp: [*const c_char; 1] = [null()];
    // SAFETY: the child makes two system calls and nothing else.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            // SAFETY: a C string, and two lists of such that end with null.
            unsafe { libc::execve(path, argv.as_ptr(), envp.as_ptr()) };
            // SAFETY: ends the child.
            unsafe { libc::_exit(127) }
        }
        pid => wait(pid),
    }
}

fn wait(pid: libc::pid_t) -> io::Result<()> {
    let mut status = 0;
    // SAFETY: a child of ours, and where to write its status.
    if unsafe { libc::waitpid(pid, &mut status, 0) } == pid {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

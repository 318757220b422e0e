// SPDX-License-Identifier: MIT OR Apache-2.0

//! The way of a child from its fork into a world (a user namespace for those
//! who are not root, chroot(2), no capability to load modules, the filter), and
//! its end.

use std::ffi::CString;
use std::io::{Error, IoSlice, IoSliceMut, Result};
use std::mem::{MaybeUninit, zeroed};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::Context;
use rustix::fs::{CWD, Mode, OFlags};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use rustix::process::{Resource, Rlimit};
use rustix::thread::{CapabilitySet, UnshareFlags};

use super::seccomp;

/// Lets `command` start in `root` and send its listener along `socket`.
pub(crate) fn enter(command: &mut Command, root: &Path, socket: OwnedFd) -> anyhow::Result<()> {
    let root = CString::new(root.as_os_str().as_bytes())?;
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    let maps = (!user.is_root()).then(|| {
        [
            (c"/proc/self/setgroups", "deny".to_owned()),
            (c"/proc/self/uid_map", format!("0 {} 1", user.as_raw())),
            (c"/proc/self/gid_map", format!("0 {} 1", group.as_raw())),
        ]
    });
    let after_fork = move || {
        if let Some(maps) = &maps {
            // SAFETY: it takes another namespace for users, not for files.
            unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWUSER) }?;
            for (path, text) in maps {
                let file = rustix::fs::openat(CWD, *path, OFlags::WRONLY, Mode::empty())?;
                rustix::io::write(file, text.as_bytes())?;
            }
        }
        limit(Resource::Core, 0)?;
        limit(Resource::Fsize, 256 << 20)?;
        rustix::process::chroot(root.as_c_str())?;
        rustix::process::chdir(c"/")?;
        // Should a call ever get past the filter, the kernel refuses it.
        rustix::thread::remove_capability_from_bounding_set(CapabilitySet::SYS_MODULE)?;
        rustix::thread::set_no_new_privs(true)?;
        send(socket.as_fd(), seccomp::listen()?.as_fd())
    };
    // SAFETY: all of it is system calls on what was made before the fork;
    // nothing allocates or locks.
    unsafe { command.pre_exec(after_fork) };
    Ok(())
}

/// The listener that the child sent along `socket`.
pub(crate) fn listener(socket: BorrowedFd<'_>) -> anyhow::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut parts = [IoSliceMut::new(&mut byte)];
    rustix::net::recvmsg(socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut descriptors = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut rights) => rights.next(),
        _ => None,
    });
    descriptors.next().context("the child sent no listener")
}

/// How a child ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// The most memory that it or one of its children had, in bytes.
    pub(crate) memory: u64,
    /// User and system time.
    pub(crate) cpu: Duration,
}

/// Waits for child `pid` and asks what it used.
pub(crate) fn wait(pid: u32) -> Result<Ended> {
    let pid = i32::try_from(pid).map_err(Error::other)?;
    let mut status = 0;
    // SAFETY: all zeros are a value of this struct of integers.
    let mut usage: libc::rusage = unsafe { zeroed() };
    loop {
        // SAFETY: both pointers are to values that outlive the call.
        let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
        if waited == pid {
            break;
        }
        let error = Error::last_os_error();
        if error.raw_os_error() != Some(libc::EINTR) {
            return Err(error);
        }
    }
    let time = |time: libc::timeval| {
        let seconds = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0));
        seconds + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0))
    };
    Ok(Ended {
        status: ExitStatus::from_raw(status),
        memory: u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024,
        cpu: time(usage.ru_utime) + time(usage.ru_stime),
    })
}

fn send(socket: BorrowedFd<'_>, listener: BorrowedFd<'_>) -> Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [listener];
    control.push(SendAncillaryMessage::ScmRights(&descriptors));
    let parts = [IoSlice::new(b"l")];
    rustix::net::sendmsg(socket, &parts, &mut control, SendFlags::empty())?;
    Ok(())
}

fn limit(resource: Resource, value: u64) -> Result<()> {
    let limit = Rlimit {
        current: Some(value),
        maximum: Some(value),
    };
    Ok(rustix::process::setrlimit(resource, limit)?)
}

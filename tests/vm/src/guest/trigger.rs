// SPDX-License-Identifier: MIT OR Apache-2.0

//! What makes the kernel call.

use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// The user without privilege.
pub const USER: u32 = 1000;

/// The program of PID 1, which [`super::act`]s when started again.
const SELF: &str = "/init";

/// `/init ACT ...` as [`USER`], or as root.
pub fn act(user: u32, words: &[&str]) -> Command {
    let mut command = Command::new(SELF);
    command.args(words).uid(user).gid(user).stdin(Stdio::null());
    command
}

/// An unprivileged socket(2) of `family`: `net-pf-FAMILY`.
pub fn socket(family: u32) -> Result<()> {
    sockets(family, 1)
}

/// `times` of them, one after the other.
pub fn sockets(family: u32, times: u32) -> Result<()> {
    let status = act(USER, &["socket", &family.to_string(), &times.to_string()]).status()?;
    ensure!(status.success(), "socket: {status}");
    Ok(())
}

/// mount(2) of a file system type that is not loaded: `fs-KIND`.
pub fn mount(kind: &str) {
    // There is no device: that the type is looked up first is what counts.
    let _refused = rustix::mount::mount(
        "none",
        "/mnt",
        kind,
        rustix::mount::MountFlags::empty(),
        None,
    );
}

/// A process of [`USER`] crashes under the name `name` with a core of at
/// least `mebibytes`; gives its process id when the core is taken over.
pub fn crash(name: &str, mebibytes: u32) -> Result<u32> {
    crash_by("crash", name, mebibytes)
}

/// The same with memory that was never touched but for one page with
/// [`crate::probe::core::MARK`] in it.
pub fn crash_sparse(name: &str, mebibytes: u32) -> Result<u32> {
    crash_by("crash-sparse", name, mebibytes)
}

fn crash_by(act_word: &str, name: &str, mebibytes: u32) -> Result<u32> {
    let mut child = act(USER, &[act_word, name, &mebibytes.to_string()]).spawn()?;
    let pid = child.id();
    let status = child.wait()?;
    ensure!(status.signal() == Some(6), "the crash ended with {status}");
    Ok(pid)
}

/// A crash while descriptor 666 is a memory file with a program in it.
pub fn crash_with_program(name: &str) -> Result<()> {
    let status = act(USER, &["crash-with-program", name]).status()?;
    ensure!(status.signal() == Some(6), "the crash ended with {status}");
    Ok(())
}

/// request_key(2) of a key that nobody has, with callout data, for the user's
/// keyring, which outlives the asking process; gives the
/// output of `keyctl request2` (the new key's serial) or its complaint.
pub fn request_key(kind: &str, description: &str, callout: &str) -> Result<(bool, String)> {
    let words = ["request2", kind, description, callout, "@u"];
    let output = Command::new("/bin/keyctl")
        .args(words)
        .output()
        .context("keyctl")?;
    let text = if output.status.success() {
        output.stdout
    } else {
        output.stderr
    };
    Ok((
        output.status.success(),
        String::from_utf8_lossy(&text).trim().to_owned(),
    ))
}

/// A synthetic uevent of `/dev/null`: `SUBSYSTEM=mem`.
pub fn uevent(text: &str) -> Result<()> {
    std::fs::write("/sys/class/mem/null/uevent", text).context("/sys/class/mem/null/uevent")
}

/// Takes a module out again, as far as it is in.
pub fn unload(module: &str) {
    let name = std::ffi::CString::new(module).unwrap_or_default();
    let _absent = rustix::system::delete_module(
        &name,
        i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0),
    );
}

/// Whether `/proc/modules` lists the module.
pub fn is_loaded(module: &str) -> Result<bool> {
    let modules = std::fs::read_to_string("/proc/modules")?;
    Ok(modules
        .lines()
        .any(|line| line.split(' ').next() == Some(module)))
}

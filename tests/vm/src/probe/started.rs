// SPDX-License-Identifier: MIT OR Apache-2.0

//! How this process was started, as lines.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStringExt as _;

use rustix::process::Resource;

use super::quoted;

/// The highest descriptor that is looked at.
const DESCRIPTORS: i32 = 64;

/// All of it. The descriptors come first, before anything is opened.
pub(super) fn record() -> String {
    let descriptors: Vec<i32> = (0..DESCRIPTORS).filter(|fd| is_open(*fd)).collect();
    let mut text = String::new();
    for word in std::env::args_os() {
        line(&mut text, "argv", &quoted(&word));
    }
    for word in environment() {
        line(&mut text, "env", &quoted(&word));
    }
    line(&mut text, "pid", &std::process::id().to_string());
    if let Some([parent, group, session]) = family() {
        line(&mut text, "parent", kinship(&parent));
        line(&mut text, "sid", &session);
        line(&mut text, "pgid", &group);
    }
    for fd in descriptors {
        line(&mut text, "fd", &format!("{fd} {}", kind(fd)));
    }
    for (name, resource) in [
        ("rlimit-core", Resource::Core),
        ("rlimit-nofile", Resource::Nofile),
    ] {
        let limit = rustix::process::getrlimit(resource);
        let words = [limit.current, limit.maximum]
            .map(|limit| limit.map_or("unlimited".into(), |n| n.to_string()));
        line(&mut text, name, &words.join(" "));
    }
    if let Ok(cwd) = std::env::current_dir() {
        line(&mut text, "cwd", &quoted(cwd.as_os_str()));
    }
    status(&mut text);
    for keyring in keyrings() {
        line(&mut text, "keyring", &keyring);
    }
    for group in std::fs::read_to_string("/proc/self/cgroup")
        .unwrap_or_default()
        .lines()
    {
        line(&mut text, "cgroup", group);
    }
    if let Ok(exe) = std::fs::read_link("/proc/self/exe") {
        line(&mut text, "exe", &quoted(exe.as_os_str()));
    }
    text
}

/// The environment as the kernel laid it out: std would drop words without a
/// `=` and keep one of two equal names.
fn environment() -> Vec<OsString> {
    let block = std::fs::read("/proc/self/environ").unwrap_or_default();
    let words = block
        .strip_suffix(b"\0")
        .map(|words| words.split(|byte| *byte == 0));
    words
        .into_iter()
        .flatten()
        .map(|word| OsString::from_vec(word.to_vec()))
        .collect()
}

/// Parent, process group and session. Not by system call: rustix's `Pid`
/// cannot be 0, and group and session of a helper are.
fn family() -> Option<[String; 3]> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_name, rest) = stat.rsplit_once(") ")?;
    let mut words = rest.split(' ').skip(1).map(str::to_owned);
    Some([words.next()?, words.next()?, words.next()?])
}

/// `kthreadd`, `kworker` or `process`.
fn kinship(parent: &str) -> &'static str {
    let name = std::fs::read_to_string(format!("/proc/{parent}/comm")).unwrap_or_default();
    match parent {
        "2" => "kthreadd",
        _ if name.starts_with("kworker") => "kworker",
        _ => "process",
    }
}

/// What `/proc/self/status` says of ids, privilege and restrictions.
fn status(text: &mut String) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let wanted = [
        ("CapEff:", "caps"),
        ("CapPrm:", "caps-permitted"),
        ("CapBnd:", "caps-bounding"),
        ("CapInh:", "caps-inheritable"),
        ("CapAmb:", "caps-ambient"),
        ("Uid:", "uid"),
        ("Gid:", "gid"),
        ("Groups:", "groups"),
        ("Umask:", "umask"),
        ("NoNewPrivs:", "no-new-privs"),
        ("Seccomp:", "seccomp"),
        ("SigBlk:", "signals-blocked"),
        ("SigIgn:", "signals-ignored"),
    ];
    for (key, name) in wanted {
        if let Some(value) = status.lines().find_map(|line| line.strip_prefix(key)) {
            line(
                text,
                name,
                &value.split_ascii_whitespace().collect::<Vec<_>>().join(" "),
            );
        }
    }
}

fn line(text: &mut String, key: &str, value: &str) {
    // Writing to a String does not fail.
    let _written = writeln!(text, "{key} {value}");
}

fn is_open(fd: i32) -> bool {
    std::fs::symlink_metadata(format!("/proc/self/fd/{fd}")).is_ok()
}

/// The keyrings that this process possesses, by name. The kernel's own and
/// those of users are everybody's of root to see.
fn keyrings() -> Vec<String> {
    let keys = std::fs::read_to_string("/proc/keys").unwrap_or_default();
    let name = |line: &str| {
        let (_, name) = line.split_once(" keyring ")?;
        Some(name.trim().to_owned())
    };
    let mut names: Vec<_> = keys.lines().filter_map(name).collect();
    names.retain(|name| !name.starts_with(['.', '_']) || name.starts_with("_umh"));
    names
}

/// `pipe`, `pidfd`, `socket`, or where a file was opened.
fn kind(fd: i32) -> String {
    let target = std::fs::read_link(format!("/proc/self/fd/{fd}")).unwrap_or_default();
    let target = target.to_string_lossy();
    match target.split_once(':') {
        Some((kind @ ("pipe" | "socket"), _)) => kind.into(),
        Some(("pidfd", _)) | Some(("anon_inode", "[pidfd]")) => "pidfd".into(),
        _ => quoted(std::ffi::OsStr::new(target.as_ref())),
    }
}

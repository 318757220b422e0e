// SPDX-License-Identifier: MIT OR Apache-2.0

//! Makes calls look like the kernel's where no kernel is asked to make any:
//! `unshare --mount --pid --fork imitator TREE TASK ROUNDS`, of which TASK is
//! `calls` or `lookups`.
//!
//! In a pid namespace of its own whoever is started by PID 2 sees what a
//! helper of `request_module_nowait()` sees: a parent with the number of
//! kthreadd, no session, no process group. So the first process makes `TREE`
//! its root and starts the second, which starts the programs, all of them in
//! each round, and times them. `/dev/kmsg` is a plain file there: the log of
//! this machine's kernel stays as it is.

mod lookups;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::chroot;
use std::process::{Command, ExitCode};
use std::time::Instant;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::mount::{MountFlags, mount};
use rustix::thread::set_thread_groups;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A subject by its name in umh-vm's `measured.rs`, the program that is started
/// for it, and what is the administrator's folder meanwhile.
type Subject = (&'static str, &'static str, Option<&'static str>);

const SUBJECTS: [Subject; 9] = [
    ("empty", "/usr/lib/umh-bench/empty", None),
    ("least-refusal", "/usr/lib/umh-bench/least-r", None),
    ("least-exec", "/usr/lib/umh-bench/least-e", None),
    ("least-confined", "/usr/lib/umh-bench/least-c", None),
    ("least-wait", "/usr/lib/umh-bench/least-w", None),
    ("denied", "/usr/lib/umh-bench/unlisted", None),
    (
        "supervised",
        "/usr/lib/umh/modprobe",
        Some("/etc/umh.waits"),
    ),
    (
        "handed-over",
        "/usr/lib/umh/modprobe",
        Some("/etc/umh.becomes"),
    ),
    ("dispatcher", "/usr/lib/umh-bench/dispatcher", None),
];

/// Where the second process leaves what it measured.
const FIGURES: &str = "/figures";

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let done = match (words.next(), words.next(), words.next()) {
        (Some(tree), Some(task), Some(rounds)) => first(&tree, &task, &rounds),
        (Some(task), Some(rounds), None) => second(&task, &rounds),
        _ => Err("imitator TREE TASK ROUNDS".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The second process has no other way to tell.
            let _unheard = fs::write("/error", format!("{error}\n"));
            eprintln!("imitator: {error}");
            ExitCode::FAILURE
        }
    }
}

/// PID 1: makes the tree the root, and prints what the second one measures.
fn first(tree: &OsStr, task: &OsStr, rounds: &OsStr) -> Result<()> {
    std::env::set_current_dir(tree)?;
    mount("proc", "proc", "proc", MountFlags::empty(), None)?;
    mount(
        "tmpfs",
        "run",
        "tmpfs",
        MountFlags::empty(),
        Some(c"mode=0755"),
    )?;
    mount("/dev/null", "dev/null", "", MountFlags::BIND, None)?;
    chroot(".")?;
    std::env::set_current_dir("/")?;
    let status = Command::new("/imitator").args([task, rounds]).status()?;
    if !status.success() {
        let error = fs::read_to_string("/error").unwrap_or_default();
        return Err(format!("{status}: {error}").into());
    }
    std::io::stdout().write_all(&fs::read(FIGURES)?)?;
    Ok(())
}

/// PID 2: `NAME NANOSECONDS` lines, one each round.
fn second(task: &OsStr, rounds: &OsStr) -> Result<()> {
    let rounds: usize = rounds.to_str().ok_or("ROUNDS")?.parse()?;
    if std::process::id() != 2 {
        return Err("not PID 2: start it by unshare --pid --fork".into());
    }
    // Helpers begin without supplementary groups and without descriptors.
    set_thread_groups(&[])?;
    for number in 0..256 {
        // SAFETY: nothing here closes descriptors meanwhile; of a number that
        // is none, fcntl(2) says so.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        let _not_open = fcntl_setfd(descriptor, FdFlags::CLOEXEC);
    }
    let figures = match task.to_str() {
        Some("calls") => calls(rounds)?,
        Some("lookups") => lookups::figures(rounds)?,
        _ => return Err("TASK".into()),
    };
    File::create(FIGURES)?.write_all(&figures)?;
    Ok(())
}

/// How long each subject takes, from its start to its end.
fn calls(rounds: usize) -> Result<Vec<u8>> {
    // One call makes the ring.
    timed("denied", "/usr/lib/umh-bench/unlisted", None)?;
    for (name, program, policy) in SUBJECTS {
        fs::write("/dev/kmsg", "")?;
        timed(name, program, policy)?;
        let line = fs::read_to_string("/dev/kmsg")?;
        let refused = line.contains(" deny caller=modprobe ") && line.contains(" why=path ");
        let refuses = ["denied", "least-refusal"].contains(&name);
        if refused != refuses || line.is_empty() == refused {
            return Err(format!("{name}: the log says {line:?}").into());
        }
    }

    let mut figures = Vec::new();
    for _ in 0..rounds {
        for (name, program, policy) in SUBJECTS {
            writeln!(figures, "{name} {}", timed(name, program, policy)?)?;
        }
    }
    Ok(figures)
}

/// The words and the environment of a request for a module.
fn as_the_kernel_does(command: &mut Command, name: &str) {
    command.args(["-q", "--", name]).env_clear();
    command.env("HOME", "/").env("TERM", "linux");
    command.env("PATH", "/sbin:/usr/sbin:/bin:/usr/bin");
}

/// The nanoseconds from the start of `program` to its end.
fn timed(name: &str, program: &str, policy: Option<&str>) -> Result<u128> {
    if let Some(folder) = policy {
        fs::rename(folder, "/etc/umh")?;
    }
    let mut command = Command::new(program);
    as_the_kernel_does(&mut command, "net-pf-9");
    if name == "denied" {
        // The limit of the log is in the ring: a new one lets ten lines pass,
        // the first for the call that makes it.
        fs::remove_file("/run/umh/ring").or_else(missing)?;
        command.status()?;
    }
    let begin = Instant::now();
    let status = command.status()?;
    let time = begin.elapsed().as_nanos();
    if let Some(folder) = policy {
        fs::rename("/etc/umh", folder)?;
    }
    if status.code() != Some(1) {
        return Err(format!("{name}: {status}").into());
    }
    Ok(time)
}

fn missing(error: std::io::Error) -> std::io::Result<()> {
    match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! Runs a command in a world, and answers the calls that it makes of the
//! kernel's modules: seccomp_unotify(2).

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::process::{Pid, Signal};

use crate::case::{Case, Run};
use crate::kernel::Kernel;
use crate::sys::{child, seccomp};

/// What came of a run.
pub struct Outcome {
    /// What it wrote to standard output.
    pub out: Vec<u8>,
    /// What it wrote to standard error.
    pub err: Vec<u8>,
    /// How it ended; `None`: not within `LIMIT`.
    pub status: Option<ExitStatus>,
    /// What it asked of the kernel.
    pub calls: Vec<String>,
    /// The most memory that it had.
    pub memory: u64,
    /// User and system time.
    pub cpu: Duration,
    /// From start to end.
    pub wall: Duration,
}

/// What no command of a case takes.
const LIMIT: Duration = Duration::from_secs(10);

/// Runs `run` of `case` in the world at `root`.
pub fn supervise(case: &Case, run: &Run, root: &Path) -> Result<Outcome> {
    let [mut out, mut err] = [tempfile::tempfile()?, tempfile::tempfile()?];
    let input = match run.input.as_str() {
        "" => File::open("/dev/null")?,
        path => File::open(root.join(case.place(path)))?,
    };

    let (tool, words) = run.argv.split_first().context("a command has no words")?;
    let mut command = Command::new(format!("/sbin/{tool}"));
    if tool.contains('/') {
        command = Command::new(tool);
    } else {
        command.arg0(tool);
    }
    command.args(words).env_clear().envs(&run.env);
    command.env("PATH", "/usr/sbin:/usr/bin");
    command
        .stdin(input)
        .stdout(out.try_clone()?)
        .stderr(err.try_clone()?);
    let (ours, theirs) = rustix::net::socketpair(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    child::enter(&mut command, root, theirs)?;

    let start = Instant::now();
    let process = command.spawn();
    // With the command goes our copy of its end of the socket.
    drop(command);
    let process = process.with_context(|| format!("cannot start {tool} in {}", root.display()))?;
    let mut kernel = Kernel::new(case, run, root);
    let in_time = child::listener(ours.as_fd())
        .and_then(|listener| serve(&mut kernel, root, listener.as_fd(), start + LIMIT));
    if !matches!(in_time, Ok(true))
        && let Some(pid) = Pid::from_raw(i32::try_from(process.id())?)
    {
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
    let ended = child::wait(process.id())?;
    let wall = start.elapsed();
    Ok(Outcome {
        status: in_time?.then_some(ended.status),
        out: all_of(&mut out)?,
        err: all_of(&mut err)?,
        calls: kernel.calls,
        memory: ended.memory,
        cpu: ended.cpu,
        wall,
    })
}

/// Answers calls until nobody is left who could make one; whether that was
/// before `deadline`.
fn serve(
    kernel: &mut Kernel<'_>,
    root: &Path,
    listener: BorrowedFd<'_>,
    deadline: Instant,
) -> Result<bool> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        let left = Timespec::try_from(left)?;
        let mut ready = [PollFd::new(&listener, PollFlags::IN)];
        match poll(&mut ready, Some(&left)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [ready] = &ready;
        if ready.revents().contains(PollFlags::IN) {
            if let Some(call) = seccomp::receive(listener)? {
                // A caller that is killed meanwhile has no memory to read.
                let result = reply(kernel, root, &call);
                let result = result.unwrap_or(Errno::FAULT.raw_os_error());
                seccomp::answer(listener, call.id, result);
            }
        } else if ready.revents().contains(PollFlags::HUP) {
            return Ok(true);
        }
    }
}

fn reply(kernel: &mut Kernel<'_>, root: &Path, call: &seccomp::Call) -> Result<i32> {
    let caller = Caller::new(call.pid)?;
    let [first, second, third, ..] = call.arguments;
    match call.number {
        libc::SYS_uname => {
            caller.memory.write_all_at(&kernel.name(), first)?;
            Ok(0)
        }
        libc::SYS_finit_module => {
            let words = caller.text(second)?;
            let link = format!("/proc/{}/fd/{first}", call.pid);
            let path = fs::read_link(&link)?;
            let data = fs::read(&link)?;
            let inside = path.strip_prefix(root).unwrap_or(&path);
            let inside: PathBuf = Path::new("/").join(inside);
            Ok(kernel.load_file(&inside, &data, &words, third))
        }
        libc::SYS_init_module => {
            let mut image = vec![0; usize::try_from(second)?.min(LARGEST)];
            caller.memory.read_exact_at(&mut image, first)?;
            Ok(kernel.load_image(&image, &caller.text(third)?))
        }
        _ => Ok(kernel.remove(&caller.text(first)?, second)),
    }
}

/// No module of a case has more bytes.
const LARGEST: usize = 1 << 20;

struct Caller {
    memory: File,
}

impl Caller {
    fn new(pid: u32) -> Result<Self> {
        let path = format!("/proc/{pid}/mem");
        let memory = File::options().read(true).write(true).open(&path);
        let memory = memory.with_context(|| format!("cannot open {path}"))?;
        Ok(Self { memory })
    }

    /// The text that ends with a NUL at `address`.
    fn text(&self, address: u64) -> Result<String> {
        let mut text = Vec::new();
        let mut page = [0; 256];
        loop {
            // The end of a string may be the end of what is mapped.
            let at = address + u64::try_from(text.len())?;
            let room = 256 - usize::try_from(at % 256)?;
            let page = page.get_mut(..room).context("a page has 256 bytes")?;
            self.memory.read_exact_at(page, at)?;
            let end = page.iter().position(|byte| *byte == 0);
            text.extend(page.iter().take(end.unwrap_or(room)));
            if end.is_some() || text.len() > LARGEST {
                return Ok(String::from_utf8_lossy(&text).into_owned());
            }
        }
    }
}

fn all_of(file: &mut File) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

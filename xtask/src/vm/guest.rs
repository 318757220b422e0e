// SPDX-License-Identifier: MIT OR Apache-2.0

//! One guest, from power-on to power-off.
//!
//! Its console is kept in a file; the result channel is the standard output of
//! the program that runs it. It has no disk, no network and nothing of the
//! host's, and takes the host's processor only as a program.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use umh_vm::protocol::Line;

use crate::say;
use crate::vm::accelerator::Accelerator;
use crate::vm::{qemu, uml};

/// What boots, and how.
pub(crate) struct Guest<'a> {
    pub(crate) machine: Machine,
    pub(crate) image: &'a Path,
    pub(crate) initramfs: &'a Path,
    /// After what the console needs.
    pub(crate) command_line: &'a str,
    /// The file of the console's text.
    pub(crate) console: &'a Path,
    /// Whether that text is shown as it comes.
    pub(crate) show: bool,
    /// In MiB.
    pub(crate) memory: u32,
    pub(crate) limit: Duration,
}

/// What a guest's kernel runs on.
#[derive(Clone, Copy)]
pub(crate) enum Machine {
    /// A PC.
    Qemu(Accelerator),
    /// Linux itself: the kernel is a program.
    Process,
}

/// How a guest's program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By itself: the guest powered off, restarted or panicked.
    Exited,
    /// The limit passed.
    TimedOut,
}

impl Guest<'_> {
    /// Boots, and hands on each line of the result channel as it arrives.
    pub(crate) fn boot(&self, mut each: impl FnMut(Line)) -> Result<Ending> {
        let mut guest = Running(self.start()?);
        let output = guest
            .0
            .stdout
            .take()
            .context("a guest has no standard output")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut bytes = Vec::new();
            while output
                .read_until(b'\n', &mut bytes)
                .is_ok_and(|count| count > 0)
            {
                let line = Line::parse(&String::from_utf8_lossy(&bytes));
                bytes.clear();
                // Half a line of a dying guest is no line.
                if line.is_some_and(|line| sender.send(line).is_err()) {
                    break;
                }
            }
        });

        let mut console = Console::open(self.console, self.show)?;
        let end = Instant::now() + self.limit;
        let ending = loop {
            console.show()?;
            match lines.recv_timeout(Duration::from_millis(100)) {
                Ok(line) => each(line),
                // Its end of the pipe is closed: it exits.
                Err(RecvTimeoutError::Disconnected) => break Ending::Exited,
                Err(RecvTimeoutError::Timeout) if Instant::now() > end => break Ending::TimedOut,
                Err(RecvTimeoutError::Timeout) => {}
            }
        };
        drop(guest);
        console.show()?;
        Ok(ending)
    }

    fn start(&self) -> Result<Child> {
        // What a guest writes to must exist before it can be read.
        let console = File::create(self.console)
            .with_context(|| format!("cannot write {}", self.console.display()))?;
        let (run, errors) = match self.machine {
            Machine::Qemu(accelerator) => {
                let log = self.console.with_extension("qemu.log");
                (qemu::run(self, accelerator), File::create(log)?)
            }
            Machine::Process => (uml::run(self), console),
        };
        let mut command = run.into_command();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors);
        let program = command.get_program().display().to_string();
        command
            .spawn()
            .with_context(|| format!("cannot run {program}; see cargo xtask setup"))
    }
}

/// A guest's program, which is gone when this is.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // After a hang-up of its output it needs a moment to exit by itself.
        for _ in 0..50 {
            if self.0.try_wait().is_ok_and(|status| status.is_some()) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The console's file, read as it grows.
struct Console {
    file: Option<File>,
    at: u64,
}

impl Console {
    fn open(path: &Path, show: bool) -> Result<Self> {
        let file = if show { Some(File::open(path)?) } else { None };
        Ok(Self { file, at: 0 })
    }

    fn show(&mut self) -> Result<()> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(self.at))?;
        file.read_to_end(&mut bytes)?;
        // Whole lines only, so that those of the results stand alone.
        let whole = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        bytes.truncate(whole);
        self.at += u64::try_from(whole)?;
        for line in String::from_utf8_lossy(&bytes).lines() {
            say::progress(format_args!("  | {line}"));
        }
        Ok(())
    }
}

/// The console's text, without the terminal's line ends.
pub(crate) fn console(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\r', "")
}

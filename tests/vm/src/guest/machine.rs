// SPDX-License-Identifier: MIT OR Apache-2.0

//! The machine as a case finds it, and puts it back.
//!
//! Whatever a case changes through here is undone after it, in the opposite
//! order, also when the case fails: the next one begins on the machine that
//! [`super::boot`] set up.

use std::cell::RefCell;
use std::ffi::OsString;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::answers::{Answer, Answers};
use super::channel::Channel;
use super::kernel_log::{Entry, KernelLog};
use super::records::{self, Record};
use crate::plan::Kernel;
use crate::protocol::Line;

/// The probe, where the initramfs has it.
pub const PROBE: &str = "/usr/lib/umh-vm-probe";

/// What a rule runs for modules only if a policy says so.
const MODPROBE: &str = "/sbin/modprobe";

/// Such a policy.
const MODPROBE_POLICY: &str = "/etc/umh/policy.d/10-modprobe.toml";
const RUNS_MODPROBE: &str =
    "version = 1\n[helper.modprobe]\nrun = \"/sbin/modprobe\"\nwiden = true\n";

/// How long anything that the kernel starts by itself may take. Software
/// emulation on a busy machine is slow; what comes, comes long before.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The running guest.
pub struct Machine {
    /// The kernel that runs.
    pub kernel: Kernel,
    log: KernelLog,
    channel: Arc<Channel>,
    undo: RefCell<Vec<Undo>>,
}

/// How something is put back.
enum Undo {
    Write(PathBuf, Vec<u8>),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf),
    Unmount(PathBuf),
}

impl Machine {
    /// The machine as it is now.
    pub fn new(kernel: Kernel, channel: Arc<Channel>) -> Result<Self> {
        Ok(Self {
            channel,
            kernel,
            log: KernelLog::follow()?,
            undo: RefCell::default(),
        })
    }

    /// Begins a case: what was recorded before is not its own.
    pub fn begin(&self) -> Result<()> {
        records::forget()?;
        self.log.entries()?;
        Answers::forget()
    }

    /// Ends a case: everything is as before.
    pub fn end(&self) -> Result<()> {
        let mut undo = self.undo.take();
        while let Some(step) = undo.pop() {
            step.run()?;
        }
        Ok(())
    }

    /// Writes a setting: `/proc/sys/...` or `/sys/...`.
    pub fn set(&self, setting: &str, value: impl AsRef<[u8]>) -> Result<()> {
        let old = std::fs::read(setting).with_context(|| setting.to_owned())?;
        std::fs::write(setting, value).with_context(|| setting.to_owned())?;
        self.undo
            .borrow_mut()
            .push(Undo::Write(setting.into(), old));
        Ok(())
    }

    /// Puts a program or a link of that content at `path`, moving away what
    /// was there.
    pub fn place(&self, path: &str, make: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<()> {
        if path == MODPROBE {
            // By itself umh answers, whatever is there.
            self.file(MODPROBE_POLICY, 0o600, RUNS_MODPROBE)?;
        }
        self.take_away(path)?;
        let path = Path::new(path);
        if let Some(parent) = path.parent() {
            self.make_directories(parent)?;
        }
        make(path).with_context(|| format!("placing {}", path.display()))?;
        self.undo.borrow_mut().push(Undo::Remove(path.into()));
        Ok(())
    }

    /// Puts the probe at `path`: the same inode, which costs nothing.
    pub fn probe(&self, path: &str) -> Result<()> {
        self.place(path, |path| std::fs::hard_link(PROBE, path))
    }

    /// Puts a file of these bytes and mode at `path`.
    pub fn file(&self, path: &str, mode: u32, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.place(path, |path| {
            std::fs::write(path, bytes)?;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        })
    }

    /// Puts a copy of the probe with this mode at `path`.
    pub fn copy(&self, path: &str, mode: u32) -> Result<()> {
        self.file(path, mode, std::fs::read(PROBE)?)
    }

    /// Moves away what is at `path`, if anything is.
    pub fn take_away(&self, path: &str) -> Result<()> {
        if std::fs::symlink_metadata(path).is_ok() {
            let mut aside = OsString::from(path);
            aside.push(".aside");
            std::fs::rename(path, &aside).with_context(|| format!("moving {path} away"))?;
            self.undo
                .borrow_mut()
                .push(Undo::Rename(aside.into(), path.into()));
        }
        Ok(())
    }

    /// Tells the probe what to do when it is called as `name`.
    pub fn order(&self, name: &str, orders: &str) -> Result<()> {
        std::fs::write(Path::new(crate::probe::ORDERS).join(name), orders).context("orders")
    }

    /// Adds a policy file: `/etc/umh/policy.d/50-case.toml`.
    pub fn policy(&self, text: &str) -> Result<()> {
        self.file("/etc/umh/policy.d/50-case.toml", 0o600, text)
    }

    /// Mounts something that goes away after the case.
    pub fn mount(&self, source: &str, target: &str, kind: &str, data: &str) -> Result<()> {
        self.make_directories(Path::new(target))?;
        super::boot::mount(source, target, kind, data)?;
        self.undo.borrow_mut().push(Undo::Unmount(target.into()));
        Ok(())
    }

    /// Sends a line to the host.
    pub fn tell(&self, line: &Line) -> Result<()> {
        self.channel.send(line)
    }

    /// The first start of the probe as `program`.
    pub fn started_first(&self, program: &str) -> Result<Record> {
        records::wait_for_first(program, PATIENCE)
    }

    /// The only start of the probe as `program`.
    pub fn started(&self, program: &str) -> Result<Record> {
        records::wait_for(program, PATIENCE)
    }

    /// That the probe was not started at all. Calls whose end the kernel
    /// awaits are over; for others the answer is awaited first.
    pub fn nothing_started(&self) -> Result<()> {
        let records = records::all()?;
        ensure!(
            records.is_empty(),
            "this ran: {:?}",
            records
                .iter()
                .map(|record| record.words("argv"))
                .collect::<Vec<_>>()
        );
        Ok(())
    }

    /// The only call answered since the case began, when it is closed.
    pub fn answer(&self) -> Result<Answer> {
        let mut answers = self.answers(1)?;
        let answer = answers.pop().context("no call was answered")?;
        ensure!(
            answers.is_empty(),
            "{} calls were answered: {answers:?}, {answer:?}",
            answers.len() + 1
        );
        Ok(answer)
    }

    /// The calls answered since the case began: at least `count`, all closed.
    pub fn answers(&self, count: usize) -> Result<Vec<Answer>> {
        Answers::wait_for(count, PATIENCE)
    }

    /// The calls answered or begun since the case began.
    pub fn answers_so_far(&self) -> Result<Vec<Answer>> {
        Answers::so_far()
    }

    /// What usermode-helper wrote to the kernel's log since the last time.
    pub fn lines(&self) -> Result<Vec<Entry>> {
        self.log.ours()
    }

    fn make_directories(&self, path: &Path) -> Result<()> {
        let missing: Vec<&Path> = path.ancestors().take_while(|path| !path.exists()).collect();
        for path in missing.into_iter().rev() {
            std::fs::DirBuilder::new()
                .mode(0o755)
                .create(path)
                .with_context(|| path.display().to_string())?;
            self.undo.borrow_mut().push(Undo::Remove(path.into()));
        }
        Ok(())
    }
}

impl Undo {
    fn run(self) -> Result<()> {
        match &self {
            Self::Write(path, old) => std::fs::write(path, old),
            Self::Rename(from, to) => std::fs::rename(from, to),
            Self::Unmount(path) => {
                rustix::mount::unmount(path, rustix::mount::UnmountFlags::DETACH)
                    .map_err(Into::into)
            }
            // What the case itself removed is removed.
            Self::Remove(path) if path.symlink_metadata().is_err() => Ok(()),
            Self::Remove(path) if path.is_dir() && !path.is_symlink() => {
                std::fs::remove_dir_all(path)
            }
            Self::Remove(path) => std::fs::remove_file(path),
        }
        .with_context(|| match &self {
            Self::Write(path, _)
            | Self::Remove(path)
            | Self::Rename(path, _)
            | Self::Unmount(path) => {
                format!("putting {} back", path.display())
            }
        })
    }
}

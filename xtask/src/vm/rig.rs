// SPDX-License-Identifier: MIT OR Apache-2.0

//! Everything that stays the same from boot to boot.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result};
use umh_vm::plan::{Boot, Kernel};
use umh_vm::protocol::Line;

use crate::cache::Cache;
use crate::kernel::{self, Files};
use crate::say;
use crate::vm::accelerator::Accelerator;
use crate::vm::guest::{self, Guest, Machine};
use crate::vm::initramfs;
use crate::vm::programs::{self, Programs};
use crate::vm::report::{Case, Report};

/// Kernels, programs and a place for logs.
pub(crate) struct Rig {
    /// Only cases with this in their names.
    pub(crate) case: Option<String>,
    /// Whether consoles are shown as they come.
    pub(crate) show_console: bool,
    /// Whether the guest's clock counts instructions.
    pub(crate) counts: bool,
    cache: Cache,
    programs: Programs,
    kernels: RefCell<Vec<Rc<Files>>>,
}

/// What a boot shows while it runs.
pub(crate) enum Seen<'a> {
    /// A line of the guest's.
    Line(&'a Line),
    /// A case that is through.
    Case(&'a Case),
}

impl Rig {
    /// Builds the guest's programs.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            case: None,
            show_console: false,
            counts: false,
            cache: Cache::open()?,
            programs: programs::build()?,
            kernels: RefCell::default(),
        })
    }

    /// Boots, handing on what the guest shows as it comes.
    pub(crate) fn boot(&self, boot: &Boot, mut each: impl FnMut(Seen<'_>)) -> Result<Report> {
        let name = boot.name();
        let files = self.files(boot.kernel)?;
        let dir = self.empty_dir(&name)?;

        let scratch = dir.join("scratch");
        fs::create_dir(&scratch)?;
        let archive = initramfs::build(&self.cache, &files, &self.programs, boot, &scratch)?;
        fs::remove_dir_all(&scratch)?;
        let initramfs = dir.join("initramfs.cpio");
        fs::write(&initramfs, archive)?;

        let console = dir.join("console.log");
        let command_line = boot.command_line(self.case.as_deref());
        let machine = match boot.kernel.is_process() {
            true => Machine::Process,
            false if self.counts => Machine::Qemu(Accelerator::Counted),
            false => Machine::Qemu(Accelerator::working(&self.cache, &files.image)?),
        };
        let guest = Guest {
            machine,
            image: &files.image,
            initramfs: &initramfs,
            command_line: &command_line,
            console: &console,
            show: self.show_console,
            memory: boot.memory(),
            limit: boot.limit(),
        };
        let mut report = Report::new(self.case.is_some());
        let ending = say::step(&format!("boot {name}"), || {
            guest.boot(|line| {
                each(Seen::Line(&line));
                if let Some(case) = report.take(line) {
                    each(Seen::Case(case));
                }
            })
        })?;
        if let Some(case) = report.close(boot, ending, &guest::console(&console)) {
            each(Seen::Case(case));
        }
        Ok(report)
    }

    /// The program that the kernel starts.
    pub(crate) fn helper(&self) -> &Path {
        &self.programs.helper
    }

    /// Fetched or built on first use.
    pub(crate) fn files(&self, kernel: Kernel) -> Result<Rc<Files>> {
        let known = self
            .kernels
            .borrow()
            .iter()
            .find(|files| files.kernel == kernel)
            .cloned();
        if let Some(files) = known {
            return Ok(files);
        }
        let files = Rc::new(kernel::ready(&self.cache, kernel)?);
        self.kernels.borrow_mut().push(Rc::clone(&files));
        Ok(files)
    }

    fn empty_dir(&self, name: &str) -> Result<PathBuf> {
        let dir = crate::target().join("vm").join(name);
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        Ok(dir)
    }
}

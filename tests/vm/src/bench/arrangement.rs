// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the machine looks like to each subject.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::measured::Subject;
use crate::plan::Kernel;

/// The empty program.
const EMPTY: &str = "/usr/lib/umh-bench/empty";

/// The program of four names that does the least.
const LEAST: &str = "/usr/lib/umh-bench/least";

/// The dispatcher that reads a TOML file.
const DISPATCHER: &str = "/usr/lib/umh-bench/dispatcher";

/// usermode-helper under a name that no rule lists.
const UNLISTED: &str = "/usr/lib/umh-bench/unlisted";

/// usermode-helper under the name by which its rule for modprobe knows it.
const LISTED: &str = "/usr/lib/umh/modprobe";

/// kmod's program, or the empty one in its place.
const MODPROBE: &str = "/sbin/modprobe";

/// Where `CONFIG_STATIC_USERMODEHELPER` has its program.
const STATIC: &str = "/usr/sbin/usermode-helper";

/// The administrator's policy, for the subjects that run a program.
const POLICY: &str = "/etc/umh/policy.d/50-bench.toml";

/// Makes what all rounds use.
pub(super) fn prepare_files() -> Result<()> {
    fs::hard_link(STATIC, UNLISTED).context(UNLISTED)?;
    for last in ["r", "e", "c", "w"] {
        fs::hard_link(LEAST, format!("{LEAST}-{last}")).context(LEAST)?;
    }
    Ok(())
}

/// Points the kernel at `subject`, and `subject` at what it is to run.
pub(super) fn arrange(subject: Subject, kernel: Kernel) -> Result<()> {
    // The path that is asked for, and the file that has to answer.
    let (asked, answers) = match subject {
        Subject::Empty => (EMPTY, EMPTY),
        Subject::LeastRefusal => ("/usr/lib/umh-bench/least-r", LEAST),
        Subject::LeastExec => ("/usr/lib/umh-bench/least-e", LEAST),
        Subject::LeastConfined => ("/usr/lib/umh-bench/least-c", LEAST),
        Subject::LeastWait => ("/usr/lib/umh-bench/least-w", LEAST),
        Subject::Denied => (UNLISTED, UNLISTED),
        Subject::BuiltIn | Subject::Supervised | Subject::HandedOver | Subject::SupervisedKmod => {
            (LISTED, UNLISTED)
        }
        Subject::Dispatcher => (DISPATCHER, DISPATCHER),
        Subject::Kmod => (MODPROBE, "/usr/bin/kmod"),
    };
    fs::write("/proc/sys/kernel/modprobe", asked).context("kernel.modprobe")?;
    if kernel.has_option() {
        fs::remove_file(STATIC)?;
        fs::hard_link(answers, STATIC)?;
    }

    let real = matches!(subject, Subject::Kmod | Subject::SupervisedKmod);
    let target = if real { "../bin/kmod" } else { EMPTY };
    fs::remove_file(MODPROBE)?;
    symlink(target, MODPROBE)?;

    let runs = "version = 1\n\n[helper.modprobe]\nrun = \"/sbin/modprobe\"\nwiden = true\n";
    let folder = Path::new(POLICY).parent().context("a folder")?;
    match subject {
        Subject::Supervised | Subject::SupervisedKmod | Subject::HandedOver => {
            fs::create_dir_all(folder)?;
            let handed_over = subject == Subject::HandedOver;
            let last = if handed_over {
                "supervise = false\n"
            } else {
                ""
            };
            fs::write(POLICY, [runs, last].concat())?;
        }
        // Not even the folder, as on most machines.
        _ if folder.exists() => fs::remove_dir_all("/etc/umh")?,
        _ => {}
    }
    Ok(())
}

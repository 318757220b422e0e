// SPDX-License-Identifier: MIT OR Apache-2.0

//! PID 1: from the kernel's exec to the end of the machine.

use std::ffi::CString;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use rustix::io::Errno;
use rustix::mount::MountFlags;
use rustix::system::RebootCommand;

use super::Machine;
use super::channel::Channel;
use super::watchdog::Watchdog;
use crate::cases::{self, Case};
use crate::plan::{Kernel, Suite};
use crate::protocol::Line;

/// Runs the suite that the kernel's command line names. Never returns: the
/// machine goes down.
pub fn run() -> ! {
    if let Err(error) = boot() {
        // The channel may be what failed: the console has it too.
        #[expect(
            clippy::print_stderr,
            reason = "the last word of a guest whose set-up failed"
        )]
        {
            eprintln!("umh-vm: {error:#}");
        }
    }
    rustix::fs::sync();
    loop {
        let _refused = rustix::system::reboot(RebootCommand::PowerOff);
        std::thread::park();
    }
}

fn boot() -> Result<()> {
    let channel = Arc::new(Channel::open()?);
    let result = suite(&channel);
    if let Err(error) = &result {
        channel.send(&Line::Note(format!("the guest's set-up failed: {error:#}")))?;
    }
    result
}

fn suite(channel: &Arc<Channel>) -> Result<()> {
    // The kernel makes words of its command line PID 1's environment.
    let word = |name: &str| std::env::var(name).unwrap_or_default();
    let suite =
        Suite::named(&word("umh_suite")).context("umh_suite= on the kernel's command line")?;
    let kernel =
        Kernel::named(&word("umh_kernel")).context("umh_kernel= on the kernel's command line")?;
    let wanted = word("umh_case");

    channel.send(&Line::Begin(suite.name().into()))?;
    if suite == Suite::Bare {
        cases::bare::boot()?;
        return channel.send(&Line::End(suite.name().into()));
    }
    mount("proc", "/proc", "proc", "")?;
    set_up(kernel)?;
    if suite.is_bench() {
        match suite {
            Suite::BenchEngine => crate::bench::engine::run(channel)?,
            Suite::BenchModules => crate::bench::modules::run(channel)?,
            _ => crate::bench::run(kernel, channel)?,
        }
        return channel.send(&Line::End(suite.name().into()));
    }
    cases::lsm::set_up(suite)?;
    let machine = Machine::new(kernel, Arc::clone(channel))?;
    let watchdog = Watchdog::start(Arc::clone(channel));
    for case in cases::of(suite, kernel).filter(|case| case.name.contains(&wanted)) {
        let slow = suite.has_long_cases() || kernel.is_watched();
        watchdog.running((!slow).then_some(case.name));
        run_case(case, &machine, channel)?;
        watchdog.running(None);
    }
    channel.send(&Line::End(suite.name().into()))
}

/// Runs one case and reports it.
pub fn run_case(case: &Case, machine: &Machine, channel: &Channel) -> Result<()> {
    channel.send(&Line::Case(case.name.into()))?;
    let begin = Instant::now();
    let result = machine.begin().and_then(|()| (case.run)(machine));
    let tidied = machine.end().context("tidying up");
    let name = case.name.to_owned();
    let milliseconds = u64::try_from(begin.elapsed().as_millis())?;
    channel.send(&match result.and(tidied) {
        Ok(()) => Line::Ok(name, milliseconds),
        Err(error) => match error.downcast_ref::<cases::Skip>() {
            Some(skip) => Line::Skip(name, skip.to_string()),
            None => Line::Fail(name, format!("{error:#}")),
        },
    })
}

/// Mounts what a running system has besides `/proc`, and points the settings at the helper.
pub fn set_up(kernel: Kernel) -> Result<()> {
    mount("sysfs", "/sys", "sysfs", "")?;
    mount("devtmpfs", "/dev", "devtmpfs", "")?;
    mount("tmpfs", "/run", "tmpfs", "mode=0755")?;
    std::fs::create_dir_all("/run/probe")?;
    let quiet = Path::new("/proc/sys/kernel/printk_devkmsg");
    // Lines of /dev/kmsg are counted by cases: the kernel must not drop any.
    std::fs::write(quiet, "on\n").context("printk_devkmsg")?;
    load_test_module()?;
    // `umh install` makes these links where a suite begins without umh.
    if !kernel.has_option() && Path::new("/usr/lib/umh/modprobe").exists() {
        std::fs::write("/proc/sys/kernel/modprobe", "/usr/lib/umh/modprobe")?;
        std::fs::write("/proc/sys/kernel/poweroff_cmd", "/usr/lib/umh/poweroff")?;
    }
    std::fs::write("/proc/sys/kernel/core_pattern", "core")?;
    Ok(())
}

/// Mounts; the name of what failed is in the error. What is there already is
/// there: some inits mount by themselves.
pub fn mount(source: &str, target: &str, kind: &str, data: &str) -> Result<()> {
    let data = CString::new(data)?;
    let flags = MountFlags::empty();
    match rustix::mount::mount(source, target, kind, flags, Some(data.as_c_str())) {
        Ok(()) | Err(Errno::BUSY) => Ok(()),
        Err(errno) => Err(errno).with_context(|| format!("mounting {kind} on {target}")),
    }
}

/// Loads `umh_test`, where the host could build it.
pub fn load_test_module() -> Result<()> {
    match std::fs::File::open("/usr/lib/umh-vm.ko") {
        Ok(file) => rustix::system::finit_module(&file, c"", 0).context("umh_test.ko"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).context("umh_test.ko"),
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! Where usermode-helper keeps its records, and what is left without: the
//! decision stands, and the kernel's log has what the ring cannot.

use anyhow::{Context as _, Result, ensure};
use rustix::mount::MountFlags;

use super::attacks::settings::{MODPROBE, UNKNOWN_FAMILY};
use super::external::needs_module;
use super::modprobe::unload;
use super::{Case, on_option};
use crate::guest::{Machine, module, trigger};

pub(super) const CASES: &[Case] = &[
    on_option("a_full_run_costs_the_ring_and_no_decision", full),
    on_option("a_read_only_run_costs_the_ring_and_no_decision", read_only),
    on_option("a_run_on_a_disk_gets_no_ring", on_disk),
    on_option("a_run_on_ramfs_has_the_ring", ramfs),
];

const RING: &str = "/run/umh/ring";

/// An attack under this `/run` is denied. Gives what the line says after
/// the call.
fn denied(machine: &Machine) -> Result<String> {
    machine.lines()?;
    trigger::socket(UNKNOWN_FAMILY)?;
    let lines = machine.lines()?;
    let [line] = lines.as_slice() else {
        anyhow::bail!("{lines:?}");
    };
    let call =
        "umh: deny caller=modprobe rule=- argv0=\"/tmp/evil\" why=path args=\"-q -- net-pf-9\"";
    let rest = line.text.strip_prefix(call).context("another line")?;
    ensure!(line.priority == 4, "{line:?}");
    // The program would have ended with 0.
    let result = module::request_module("net-pf-9", true)?;
    ensure!(result == 1 << 8, "the caller got {result}");
    machine.lines()?;
    Ok(rest.to_owned())
}

/// A module is loaded under this `/run`.
fn loads(machine: &Machine) -> Result<()> {
    unload(&["minix"])?;
    let attack = std::fs::read(MODPROBE)?;
    std::fs::write(MODPROBE, "/sbin/modprobe")?;
    let result = module::request_module("fs-minix", true)?;
    std::fs::write(MODPROBE, attack)?;
    ensure!(result == 0 && trigger::is_loaded("minix")?, "{result}");
    let lines = machine.lines()?;
    ensure!(lines.is_empty(), "{lines:?}");
    unload(&["minix"])
}

/// Whoever may write modprobe's path wrote it.
fn attacked(machine: &Machine) -> Result<()> {
    needs_module()?;
    machine.probe("/tmp/evil")?;
    machine.set(MODPROBE, "/tmp/evil")
}

/// The ring that was there before is counted on no more.
fn is_recorded(machine: &Machine) -> Result<()> {
    ensure!(denied(machine)?.is_empty(), "the line speaks of the ring");
    let answers = machine.answers(2)?;
    ensure!(
        answers.len() == 2 && answers.iter().all(|answer| answer.reason == "path"),
        "{answers:?}"
    );
    Ok(())
}

fn full(machine: &Machine) -> Result<()> {
    attacked(machine)?;
    machine.mount("none", "/run", "tmpfs", "size=3m,mode=0755")?;
    std::fs::create_dir("/run/umh")?;
    let filled = std::fs::write("/run/filler", vec![1; 4 << 20]);
    let filled = filled.err().and_then(|error| error.raw_os_error());
    ensure!(filled == Some(28), "/run is not full: {filled:?}");

    let said = denied(machine)?;
    ensure!(said == " ring=errno-28", "the line says{said}");
    loads(machine)?;
    let left: Vec<_> = std::fs::read_dir("/run/umh")?.collect();
    ensure!(left.is_empty(), "{left:?}");

    std::fs::remove_file("/run/filler")?;
    is_recorded(machine)
}

fn read_only(machine: &Machine) -> Result<()> {
    attacked(machine)?;
    machine.mount("none", "/run", "tmpfs", "mode=0755")?;
    let remount = |flags| rustix::mount::mount_remount("/run", flags, c"");
    remount(MountFlags::RDONLY)?;
    ensure!(denied(machine)?.is_empty(), "no /run is no trouble");
    loads(machine)?;
    ensure!(
        !std::path::Path::new("/run/umh").exists(),
        "/run was written"
    );

    // With a ring from before, which nobody can write any more.
    remount(MountFlags::empty())?;
    is_recorded(machine)?;
    remount(MountFlags::RDONLY)?;
    ensure!(denied(machine)?.is_empty(), "no /run is no trouble");
    loads(machine)?;
    let answers = machine.answers_so_far()?;
    ensure!(answers.len() == 2, "{answers:?}");
    Ok(())
}

/// What is written there would be found again after the next boot.
fn on_disk(machine: &Machine) -> Result<()> {
    attacked(machine)?;
    machine.mount("none", "/mnt", "tmpfs", "mode=0755")?;
    for directory in ["/mnt/upper", "/mnt/work"] {
        std::fs::create_dir(directory)?;
    }
    let layers = "lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work";
    machine.mount("none", "/run", "overlay", layers)?;
    std::fs::write("/run/writable", "x")?;
    ensure!(denied(machine)?.is_empty(), "no ring is no trouble");
    loads(machine)?;
    ensure!(
        !std::path::Path::new("/run/umh").exists(),
        "/run was written"
    );
    Ok(())
}

fn ramfs(machine: &Machine) -> Result<()> {
    attacked(machine)?;
    machine.mount("none", "/run", "ramfs", "mode=0755")?;
    is_recorded(machine)?;
    loads(machine)?;
    let answers = machine.answers(3)?;
    ensure!(
        answers.len() == 3
            && answers
                .last()
                .is_some_and(|answer| answer.end == "answered 0"),
        "{answers:?}"
    );
    let ring = std::fs::metadata(RING)?;
    ensure!(ring.len() == 1 << 20, "a ring of {} bytes", ring.len());
    Ok(())
}

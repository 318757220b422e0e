// SPDX-License-Identifier: MIT OR Apache-2.0

//! LoadPin (security/loadpin): the kernel takes modules as files of the file
//! system that the first one came from, here the guest's root, and no bytes.
//! So a packed module loads only if the kernel unpacks it.

use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Result, ensure};
use lzma_rust2::CheckType;

use super::builtin::{file_of, unpacked, with_crc64, xz};
use super::causes::fails;
use super::{needs_module, unload};
use crate::cases::{Case, alone};
use crate::guest::umh::tool;
use crate::guest::{Machine, module, trigger};
use crate::plan::Suite;

pub(in crate::cases) const CASES: &[Case] = &[
    alone(
        Suite::Loadpin,
        "a_packed_module_reaches_loadpin_as_the_file_that_it_is",
        packed,
    ),
    alone(
        Suite::Loadpin,
        "a_module_that_the_kernel_cannot_unpack_is_refused_by_loadpin",
        bytes,
    ),
    alone(
        Suite::Loadpin,
        "a_module_of_another_file_system_is_refused_by_loadpin",
        elsewhere,
    ),
];

/// Has the kernel say yes or no, and a module in reach that is not loaded.
fn ready() -> Result<String> {
    needs_module()?;
    let switch = std::fs::read_to_string("/proc/sys/kernel/loadpin/enforce")?;
    ensure!(switch == "1\n", "LoadPin enforces nothing: {switch:?}");
    unload(&["minix"])?;
    file_of("minix")
}

/// By the helper and by hand.
fn packed(machine: &Machine) -> Result<()> {
    let path = ready()?;
    let module = xz(&unpacked(&path)?, CheckType::Crc32)?;
    machine.file(&path, 0o644, module)?;
    let result = module::request_module("fs-minix", true)?;
    ensure!(
        result == 0 && trigger::is_loaded("minix")?,
        "the caller got {result}: {:?}",
        machine.lines()?
    );
    unload(&["minix"])?;
    tool(&["modprobe", "minix"])?.ended(0)?;
    ensure!(trigger::is_loaded("minix")?, "umh modprobe did nothing");
    unload(&["minix"])
}

fn bytes(machine: &Machine) -> Result<()> {
    let path = ready()?;
    machine.file(&path, 0o644, with_crc64(&unpacked(&path)?)?)?;
    let words = [
        &path,
        "LoadPin takes no module that is not the file itself",
        "errno 1)",
        "xz --check=crc32",
        "the kernel says: LoadPin: kernel-module old-api-denied",
    ];
    fails(machine, "minix", &words)
}

/// A plain file, by a link out of the tree, as with weak-updates.
fn elsewhere(machine: &Machine) -> Result<()> {
    const OTHER: &str = "/mnt/other/minix.ko";
    let path = ready()?;
    machine.mount("tmpfs", "/mnt/other", "tmpfs", "")?;
    std::fs::write(OTHER, unpacked(&path)?)?;
    machine.place(&path, |path: &Path| symlink(OTHER, path))?;
    let words = [
        &path,
        "LoadPin takes modules of one file system",
        "errno 1)",
        "the kernel says: LoadPin: kernel-module denied obj=\"/mnt/other/minix.ko\"",
    ];
    fails(machine, "minix", &words)
}

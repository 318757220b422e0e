// SPDX-License-Identifier: MIT OR Apache-2.0

//! Why a module was not loaded: the kernel's error number, made plain, with
//! the kernel's own line. Two more are in [`super::builtin`]: `ENOEXEC` and
//! unknown symbols.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::builtin::{conf, file_of, tells, tree, unpacked};
use super::{needs_module, of_modules, unload};
use crate::cases::Case;
use crate::guest::umh::tool;
use crate::guest::{Machine, module, trigger};

/// The last two are for good.
pub(in crate::cases) const CASES: &[Case] = &[
    of_modules("a_module_whose_device_is_taken_is_told", busy),
    of_modules("a_module_that_finds_its_own_things_taken_is_told", exists),
    of_modules("a_module_whose_file_is_gone_is_told", gone),
    of_modules("a_module_that_was_altered_is_told", altered),
    of_modules(
        "an_unsigned_module_is_told_where_signatures_count",
        unsigned,
    ),
    of_modules("a_kernel_that_takes_no_more_modules_is_told", disabled),
];

/// The test module under another name, which refuses with the error number of
/// its option.
const REFUSING: &str = "umh_fail";

/// Its file, as messages begin.
const FILE: &str = "/updates/umh_fail.ko: ";

/// The kernel's line of it.
const ITS_LINE: &str = "the kernel says: umh_fail: refuses as it is told";

fn refusing(machine: &Machine, option: &str) -> Result<()> {
    needs_module()?;
    let mut module = std::fs::read("/usr/lib/umh-vm.ko")?;
    let old = b"umh_test";
    for at in 0..module.len().saturating_sub(old.len()) {
        let place = module.get_mut(at..at + old.len()).context("its end")?;
        if place == old {
            place.copy_from_slice(REFUSING.as_bytes());
        }
    }
    machine.file(&format!("{}/updates/umh_fail.ko", tree()?), 0o644, module)?;
    tool(&["depmod"])?.ended(0)?;
    conf(machine, &format!("options {REFUSING} {option}\n"))
}

/// That a request of `module` fails with exit status 1, and that the helper
/// and `umh modprobe` each tell all of `words`.
pub(super) fn fails(machine: &Machine, module: &str, words: &[&str]) -> Result<()> {
    let result = module::request_module(module, true)?;
    ensure!(result == 1 << 8, "the caller got {result}");
    tells(machine, words)?;
    let said = tool(&["modprobe", module])?.ended(1)?;
    ensure!(
        words.iter().all(|word| said.errors.contains(word)),
        "{words:?}: {said:?}"
    );
    ensure!(!trigger::is_loaded(module)?, "{module} is there");
    Ok(())
}

fn busy(machine: &Machine) -> Result<()> {
    refusing(machine, "refuse=16")?;
    let words = [FILE, "it found its device taken", "errno 16", ITS_LINE];
    fails(machine, REFUSING, &words)
}

/// `EEXIST`, which the kernel also says of a module that is there: that is no
/// failure.
fn exists(machine: &Machine) -> Result<()> {
    refusing(machine, "refuse=17")?;
    let words = [FILE, "has what it registers", "errno 17", ITS_LINE];
    fails(machine, REFUSING, &words)?;
    conf(machine, "")?;
    for _ in 0..2 {
        let result = module::request_module(REFUSING, true)?;
        ensure!(result == 0, "the caller got {result}");
    }
    ensure!(Path::new("/proc/umh_fail").exists(), "it did not start");
    unload(&[REFUSING])
}

fn gone(machine: &Machine) -> Result<()> {
    needs_module()?;
    unload(&["minix"])?;
    let path = file_of("minix")?;
    machine.take_away(&path)?;
    let words = [&path, "is missing, though depmod lists it", "errno 2"];
    fails(machine, "minix", &words)
}

/// `EKEYREJECTED`, also where the kernel takes modules without signature.
fn altered(machine: &Machine) -> Result<()> {
    needs_module()?;
    unload(&["minix"])?;
    let path = file_of("minix")?;
    let mut module = unpacked(&path)?;
    let mut texts = module.windows(8).enumerate();
    let (at, _) = texts
        .find(|(_, text)| text == b"license=")
        .context("no licence")?;
    // GPL becomes GPM.
    *module.get_mut(at + 10).context("no licence")? += 1;
    machine.file(&path, 0o644, module)?;
    let words = [&path, "its signature does not fit its content", "errno 129"];
    fails(machine, "minix", &words)
}

/// `EKEYREJECTED` once more, for another reason.
fn unsigned(machine: &Machine) -> Result<()> {
    refusing(machine, "refuse=0")?;
    std::fs::write("/sys/module/module/parameters/sig_enforce", "Y")?;
    let words = [
        FILE,
        "signatures are enforced",
        "errno 129",
        "the kernel says: Loading of unsigned module is rejected",
    ];
    fails(machine, REFUSING, &words)?;
    unload(&["minix"])?;
    let result = module::request_module("minix", true)?;
    ensure!(result == 0, "what is signed: the caller got {result}");
    unload(&["minix"])
}

/// `EPERM`, until the next boot.
fn disabled(machine: &Machine) -> Result<()> {
    needs_module()?;
    unload(&["minix"])?;
    std::fs::write("/proc/sys/kernel/modules_disabled", "1")?;
    let words = ["minix.ko.xz: ", "kernel.modules_disabled", "errno 1)"];
    fails(machine, "minix", &words)
}

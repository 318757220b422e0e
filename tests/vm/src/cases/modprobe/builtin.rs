// SPDX-License-Identifier: MIT OR Apache-2.0

//! The built-in answer: what modprobe.d(5) says, how modules are packed, and
//! what is told of a failure.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use lzma_rust2::{CheckType, XzOptions, XzWriter};
use umh_modules::compressed;

use super::{LLC, needs_module, unload};
use crate::cases::{Case, on_all};
use crate::guest::{Machine, module, trigger};

pub(in crate::cases) const CASES: &[Case] = &[
    on_all("options_of_modprobe_d_reach_the_module", options),
    on_all("a_soft_dependency_of_modprobe_d_is_loaded_too", softdep),
    on_all(
        "a_module_whose_install_line_is_false_is_not_loaded",
        install_false,
    ),
    on_all(
        "an_install_line_that_takes_a_shell_is_refused",
        install_shell,
    ),
    on_all(
        "an_install_line_runs_its_program_where_the_policy_lets_it",
        install_runs,
    ),
    on_all("a_blacklisted_module_is_loaded_by_name_alone", blacklist),
    on_all("a_forbidden_module_takes_what_needs_it_with_it", forbid),
    on_all("a_filter_holds_for_what_modprobe_d_adds", filter),
    on_all("a_module_that_the_kernel_cannot_unpack_is_loaded", crc64),
    on_all("a_damaged_module_is_told_with_cause_and_remedy", damaged),
    on_all("the_kernels_own_line_is_quoted", quoted),
    on_all("a_rule_can_still_run_kmod", kmod),
];

pub(super) fn conf(machine: &Machine, text: &str) -> Result<()> {
    machine.file("/etc/modprobe.d/case.conf", 0o644, text)
}

/// Takes `llc` out, and whatever of earlier cases needs it.
fn without_llc() -> Result<()> {
    unload(&["llc2", "bridge", "stp", "llc"])
}

/// That a line of the helper's says all of `words`.
pub(super) fn tells(machine: &Machine, words: &[&str]) -> Result<()> {
    let lines = machine.lines()?;
    let says = |text: &str| words.iter().all(|word| text.contains(word));
    ensure!(
        lines
            .iter()
            .any(|line| line.priority == 4 && says(&line.text)),
        "{words:?}: {lines:?}"
    );
    Ok(())
}

fn options(machine: &Machine) -> Result<()> {
    needs_module()?;
    conf(machine, "options dummy numdummies=3\n")?;
    ensure!(module::request_module("dummy", true)? == 0, "it failed");
    let made = Path::new("/sys/class/net/dummy2").exists();
    unload(&["dummy"])?;
    ensure!(made, "the module did not get its options");
    let answer = machine.answer()?;
    ensure!(
        answer.target == "builtin" && answer.end == "answered 0",
        "{answer:?}"
    );
    Ok(())
}

fn softdep(machine: &Machine) -> Result<()> {
    unload(&["minix"])?;
    without_llc()?;
    conf(machine, "softdep minix pre: llc2 post: no-such-module\n")?;
    trigger::mount("minix");
    ensure!(
        trigger::is_loaded("minix")? && trigger::is_loaded("llc2")?,
        "{:?}",
        machine.answers_so_far()?
    );
    unload(&["minix", "llc2"])
}

fn install_false(machine: &Machine) -> Result<()> {
    without_llc()?;
    conf(machine, "install llc2 /bin/false\n")?;
    trigger::socket(LLC)?;
    ensure!(!trigger::is_loaded("llc")?, "its dependency was loaded");
    let answer = machine.answer()?;
    ensure!(
        answer.decision == "allow" && answer.end == "answered 1",
        "{answer:?}"
    );
    tells(
        machine,
        &["llc2 is not loaded", "/etc/modprobe.d/case.conf line 1"],
    )
}

fn install_shell(machine: &Machine) -> Result<()> {
    unload(&["minix"])?;
    conf(machine, "install minix touch /run/shell; /bin/true\n")?;
    trigger::mount("minix");
    ensure!(!Path::new("/run/shell").exists(), "a shell ran");
    ensure!(!trigger::is_loaded("minix")?, "it was loaded");
    tells(machine, &["takes a shell", "softdep"])
}

fn install_runs(machine: &Machine) -> Result<()> {
    const PROGRAM: &str = "/usr/lib/umh-vm-install";
    unload(&["minix"])?;
    machine.probe(PROGRAM)?;
    conf(machine, "install minix /usr/lib/umh-vm-install a=1\n")?;
    machine.policy("version = 1\n[modules]\ninstall = \"run\"\nwiden = true\n")?;
    trigger::mount("minix");
    let record = machine.started(PROGRAM)?;
    let environment = record.words("env");
    ensure!(
        environment.contains(&b"MODPROBE_MODULE=minix".to_vec()),
        "{environment:?}"
    );
    // CAP_NET_ADMIN and CAP_SYS_MODULE, and no more to be had.
    for set in ["caps", "caps-bounding"] {
        ensure!(
            record.one(set)? == "0000000000011000",
            "{set}: {}",
            record.one(set)?
        );
    }
    Ok(())
}

fn blacklist(machine: &Machine) -> Result<()> {
    needs_module()?;
    without_llc()?;
    conf(machine, "blacklist llc2\n")?;
    ensure!(
        module::request_module("net-pf-26", true)? == 0,
        "the blacklist is a failure"
    );
    ensure!(!trigger::is_loaded("llc2")?, "the alias loaded it");
    ensure!(module::request_module("llc2", true)? == 0, "it failed");
    ensure!(trigger::is_loaded("llc2")?, "the name did not load it");
    machine.answers(2)?;
    unload(&["llc2"])
}

fn forbid(machine: &Machine) -> Result<()> {
    without_llc()?;
    conf(machine, "forbid llc\n")?;
    trigger::socket(LLC)?;
    ensure!(!trigger::is_loaded("llc2")?, "llc2 was loaded");
    ensure!(!trigger::is_loaded("llc")?, "llc was loaded");
    ensure!(
        machine.answer()?.end == "answered 1",
        "{:?}",
        machine.answer()?
    );
    tells(machine, &["llc is forbidden by"])
}

/// The policy forbids what only modprobe.d leads to.
fn filter(machine: &Machine) -> Result<()> {
    unload(&["minix"])?;
    without_llc()?;
    conf(machine, "softdep minix pre: llc2\n")?;
    machine.policy("version = 1\n[modules]\ndeny = [\"llc*\"]\n")?;
    trigger::mount("minix");
    let answer = machine.answer()?;
    ensure!(
        answer.decision == "deny" && answer.reason == "module",
        "{answer:?}"
    );
    ensure!(!trigger::is_loaded("minix")?, "it was loaded");
    tells(machine, &["detail=\"llc (llc*)\""])
}

/// The file of a module, as the running kernel has it.
pub(super) fn file_of(module: &str) -> Result<String> {
    let tree = tree()?;
    let list = std::fs::read_to_string(format!("{tree}/modules.dep"))?;
    let mut paths = list.lines().filter_map(|line| line.split(':').next());
    let wanted = format!("/{module}.ko");
    let path = paths.find(|path| path.contains(&wanted));
    Ok(format!("{tree}/{}", path.context("no such module")?))
}

/// The modules of the running kernel.
pub(super) fn tree() -> Result<String> {
    let release = rustix::system::uname();
    Ok(format!("/lib/modules/{}", release.release().to_str()?))
}

/// The module in a file, unpacked.
pub(super) fn unpacked(path: &str) -> Result<Vec<u8>> {
    let module = compressed::decode(&std::fs::read(path)?, compressed::LIMIT);
    module.map_err(|error| anyhow::anyhow!("{path}: {error}"))
}

/// As `xz` packs by itself.
pub(super) fn with_crc64(module: &[u8]) -> Result<Vec<u8>> {
    xz(module, CheckType::Crc64)
}

pub(super) fn xz(module: &[u8], check: CheckType) -> Result<Vec<u8>> {
    let mut options = XzOptions::with_preset(1);
    options.set_check_sum_type(check);
    let mut writer = XzWriter::new(Vec::new(), options)?;
    writer.write_all(module)?;
    Ok(writer.finish()?)
}

/// A kernel that unpacks xz takes no CRC64, one that unpacks nothing no xz.
fn crc64(machine: &Machine) -> Result<()> {
    unload(&["minix"])?;
    let path = file_of("minix")?;
    let packed = with_crc64(&unpacked(&path)?)?;
    ensure!(compressed::kernel_refuses(&packed).is_some());
    machine.file(&path, 0o644, packed)?;
    trigger::mount("minix");
    ensure!(
        trigger::is_loaded("minix")?,
        "{:?} {:?}",
        machine.answers_so_far()?,
        machine.lines()?
    );
    unload(&["minix"])
}

fn damaged(machine: &Machine) -> Result<()> {
    unload(&["minix"])?;
    let path = file_of("minix")?;
    machine.file(&path, 0o644, [0x7f; 5000])?;
    trigger::mount("minix");
    let answer = machine.answer()?;
    ensure!(answer.end.starts_with("failed: Exec format"), "{answer:?}");
    tells(
        machine,
        &[&path, "errno 8", "install the one for this kernel"],
    )
}

/// Without what it needs, the module has unknown symbols.
fn quoted(machine: &Machine) -> Result<()> {
    without_llc()?;
    conf(machine, "install llc /bin/true\n")?;
    trigger::socket(LLC)?;
    let answer = machine.answer()?;
    ensure!(answer.end.starts_with("failed: No such file"), "{answer:?}");
    tells(
        machine,
        &[
            "uses a symbol",
            "the kernel says: llc2: Unknown symbol llc_",
        ],
    )
}

fn kmod(machine: &Machine) -> Result<()> {
    unload(&["minix"])?;
    machine.policy("version = 1\n[helper.modprobe]\nrun = \"/sbin/modprobe\"\nwiden = true\n")?;
    trigger::mount("minix");
    let answer = machine.answer()?;
    ensure!(
        answer.target == "/usr/bin/kmod" && answer.end == "exited 0",
        "{answer:?}"
    );
    ensure!(trigger::is_loaded("minix")?, "kmod did not load it");
    unload(&["minix"])
}

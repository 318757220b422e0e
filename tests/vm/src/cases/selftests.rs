// SPDX-License-Identifier: MIT OR Apache-2.0

//! Linux's own tests of its calls: `tools/testing/selftests/{kmod,firmware}`,
//! script by script. What counts is that both kernels say the same; and where
//! every call comes to us, that umh passes as kmod does.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use umh_abi::Caller;
use umh_helper::verdict::Decision;

use self::forgotten::Watch;
use super::Case;
use super::attacks::settings::MODPROBE;
use crate::guest::{Machine, answers};
use crate::plan::{Kernel, Suite};
use crate::protocol::Line;

mod forgotten;

/// With the shell and the programs of the scripts; umh's tools before kmod's,
/// where the guest has them.
const PATH: &str = "/opt/umh:/usr/sbin:/usr/bin:/tmp/busybox";

const COMPARED: &[Kernel] = &[Kernel::C612, Kernel::Rust612];

/// A case of the suite whose name and body say the same thing once.
macro_rules! cases {
    ($suite:ident on $kernels:expr; $($name:literal => $run:expr),+ $(,)?) => {
        &[$(Case::new($name, Suite::$suite, $kernels, $run)),+]
    };
}

pub(super) const KMOD: &[Case] = cases! { KmodSelftest on Suite::KmodSelftest.kernels();
    "kmod_0001_a_thread_asks_for_no_name" => |machine| kmod(machine, &["-t", "0001"]),
    "kmod_0002_a_thread_asks_for_what_does_not_exist" => |machine| kmod(machine, &["-t", "0002"]),
    "kmod_0003_a_thread_gets_a_file_system" => |machine| kmod(machine, &["-t", "0003"]),
    "kmod_0004_two_threads_get_a_file_system" => |machine| kmod(machine, &["-t", "0004"]),
    "kmod_0005_fifty_threads_request_a_module" => |machine| kmod(machine, &["-t", "0005"]),
    "kmod_0006_fifty_threads_get_a_file_system" => |machine| kmod(machine, &["-t", "0006"]),
    "kmod_0007_fifty_threads_do_both" => |machine| kmod(machine, &["-t", "0007"]),
    // Of 150 times, which are a suite of their own.
    "kmod_0008_more_threads_than_slots_request_a_module" => |machine| kmod(machine, &["-c", "0008", "5"]),
    "kmod_0009_more_threads_than_slots_get_a_file_system" => |machine| kmod(machine, &["-c", "0009", "5"]),
    "kmod_0011_autoloading_is_off" => |machine| kmod_sh(machine, &["-t", "0011"]),
    "kmod_0012_addresses_in_proc_modules_are_hidden" => |machine| kmod_sh(machine, &["-t", "0012"]),
    "kmod_0013_addresses_of_sections_are_hidden" => |machine| kmod_sh(machine, &["-t", "0013"]),
};

pub(super) const KMOD_MISSING: &[Case] = cases! { KmodSelftest on COMPARED;
    "kmod_0010_modprobe_is_missing" => |machine| kmod_sh(machine, &["-t", "0010"]),
};

pub(super) const KMOD_REFUSED: &[Case] = cases! { KmodSelftest on &[Kernel::Option612];
    "kmod_0010_a_modprobe_of_any_other_path_is_refused" => refused,
};

pub(super) const KMOD_WHOLE: &[Case] = cases! { KmodSelftestWhole on Suite::KmodSelftestWhole.kernels();
    "kmod_0008_a_hundred_and_fifty_times" => |machine| kmod(machine, &["-t", "0008"]),
    "kmod_0009_a_hundred_and_fifty_times" => |machine| kmod(machine, &["-t", "0009"]),
};

pub(super) const FIRMWARE: &[Case] = cases! { FirmwareSelftest on COMPARED;
    "firmware_comes_from_the_namespace_of_init" => namespace,
    "firmware_files_without_fallback" => |machine| firmware(machine, "filesystem", "0", "1"),
    "firmware_fallback_without_fallback" => |machine| firmware(machine, "fallback", "0", "1"),
    "firmware_upload_without_fallback" => |machine| firmware(machine, "upload", "0", "1"),
    "firmware_files_with_fallback_as_asked" => |machine| firmware(machine, "filesystem", "0", "0"),
    "firmware_fallback_as_asked" => |machine| firmware(machine, "fallback", "0", "0"),
    "firmware_upload_with_fallback_as_asked" => |machine| firmware(machine, "upload", "0", "0"),
    "firmware_files_with_fallback_forced" => |machine| firmware(machine, "filesystem", "1", "0"),
    "firmware_fallback_forced" => |machine| firmware(machine, "fallback", "1", "0"),
    "firmware_upload_with_fallback_forced" => |machine| firmware(machine, "upload", "1", "0"),
    "a_firmware_load_that_a_script_forgets_is_cancelled" => forgotten_load,
};

/// A test in which modules are requested.
fn kmod(machine: &Machine, words: &[&str]) -> Result<()> {
    kmod_sh(machine, words)?;
    if machine.kernel.has_option() {
        let answered = answers::totals()?.map_or(0, |totals| {
            totals.calls(Some(Caller::Modprobe), Decision::Allow)
        });
        ensure!(answered > 0, "nobody asked usermode-helper");
    }
    Ok(())
}

fn kmod_sh(machine: &Machine, words: &[&str]) -> Result<()> {
    machine.set(MODPROBE, "/sbin/modprobe")?;
    script(machine, "/usr/lib/selftests/kmod/kmod.sh", words)
}

/// The test wants the kernel not to find the program. With the option it
/// always finds one, which lets no program be asked for that no rule lists:
/// the caller hears that there is no such module.
fn refused(machine: &Machine) -> Result<()> {
    let failed = kmod_sh(machine, &["-t", "0010"]);
    let failed = failed
        .err()
        .context("the kernel did not find the program")?;
    let text = format!("{failed:#}");
    ensure!(
        text.contains("expects -ENOENT (-2) - got MODULE_NOT_FOUND (256)"),
        "{text}"
    );
    let answer = machine.answer()?;
    ensure!(
        answer.decision == "deny" && answer.reason == "path",
        "{answer:?}"
    );
    Ok(())
}

/// One of the scripts in one of the configurations of `fw_run_tests.sh`.
fn firmware(machine: &Machine, script: &str, force: &str, ignore: &str) -> Result<()> {
    load_test_firmware(machine)?;
    fallback(machine, force, ignore)?;
    let path = format!("/usr/lib/selftests/firmware/fw_{script}.sh");
    let watch = Watch::start(forgotten::LIMIT);
    let result = self::script(machine, &path, &[]);
    let cancelled = watch.stop()?;
    result.with_context(|| format!("{cancelled} forgotten loads cancelled"))
}

fn fallback(machine: &Machine, force: &str, ignore: &str) -> Result<()> {
    let config = "/proc/sys/kernel/firmware_config";
    machine.set(&format!("{config}/force_sysfs_fallback"), force)?;
    machine.set(&format!("{config}/ignore_sysfs_fallback"), ignore)
}

/// What would wait for ever, in C and in Rust.
fn forgotten_load(machine: &Machine) -> Result<()> {
    load_test_firmware(machine)?;
    fallback(machine, "0", "0")?;
    let set = |file: &str, value: &str| {
        let path = format!("{}/{file}", forgotten::DEVICE);
        std::fs::write(&path, value).context(path)
    };
    set("reset", "1")?;
    set("config_send_uevent", "0")?;
    set("config_name", "forgotten")?;
    let watch = Watch::start(Duration::from_secs(1));
    let ended = set("trigger_batched_requests_async", "1");
    let cancelled = watch.stop()?;
    ended?;
    set("release_all_firmware", "1")?;
    ensure!(cancelled > 0, "the load ended by itself");
    Ok(())
}

fn namespace(machine: &Machine) -> Result<()> {
    load_test_firmware(machine)?;
    let trigger = format!("{}/trigger_request", forgotten::DEVICE);
    std::fs::create_dir_all("/lib/firmware")?;
    script(
        machine,
        "/usr/lib/selftests/firmware/fw_namespace",
        &[&trigger],
    )
}

fn load_test_firmware(machine: &Machine) -> Result<()> {
    machine.set(MODPROBE, "/sbin/modprobe")?;
    let status = Command::new("/sbin/modprobe")
        .arg("test_firmware")
        .status()?;
    ensure!(status.success(), "test_firmware does not load");
    Ok(())
}

/// Runs a script, and tells how many of its steps went well.
fn script(machine: &Machine, path: &str, words: &[&str]) -> Result<()> {
    if !std::path::Path::new("/tmp/busybox").exists() {
        std::fs::create_dir("/tmp/busybox")?;
        let install = ["--install", "-s", "/tmp/busybox"];
        Command::new("/bin/busybox").args(install).status()?;
    }
    let output = Command::new(path)
        .args(words)
        .env_clear()
        .env("PATH", PATH)
        // The configuration has no larger one.
        .env("DEFAULT_KMOD_FS", "minix")
        .env("TMPDIR", "/tmp")
        .stdin(Stdio::null())
        .output()
        .with_context(|| path.to_owned())?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let well = text
        .lines()
        .filter(|line| line.contains("OK") || line.ends_with(" works"));
    machine.tell(&Line::Note(format!("{} steps went well", well.count())))?;
    ensure!(output.status.success(), "{}\n{text}", output.status);
    Ok(())
}

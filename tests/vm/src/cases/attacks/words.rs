// SPDX-License-Identifier: MIT OR Apache-2.0

//! Argument lists and environments that somebody else wrote (rows 13 to 15).

use anyhow::{Result, ensure};
use umh_abi::Wait;

use super::attack;
use crate::cases::Case;
use crate::cases::external::{HELPER, needs_module};
use crate::guest::{Machine, module};

pub(in crate::cases) const CASES: &[Case] = &[
    attack(
        "attack_13_variables_in_the_kernels_own_environment_list",
        hostile_environment,
    ),
    attack("attack_14_a_uevent_at_the_limits", uevent_at_the_limits),
    attack("attack_15_argument_lists_of_any_bytes", odd_arguments),
];

const MODPROBE: &str = "/sbin/modprobe";

/// A write to kernel memory can leave path and arguments as they were
/// (security.md 0.4): `envp` of `call_modprobe` is static.
fn hostile_environment(machine: &Machine) -> Result<()> {
    needs_module()?;
    machine.probe(MODPROBE)?;
    let hostile: [&[u8]; 3] = [
        b"LD_PRELOAD=/tmp/evil.so",
        b"GLIBC_TUNABLES=glibc.malloc.check=3",
        b"PATH=/tmp",
    ];
    let options: [&[u8]; 3] = [
        b"LD_AUDIT=/tmp/evil.so",
        b"MODPROBE_OPTIONS=-C /tmp",
        b"PATH=/tmp",
    ];
    for envp in [hostile, options] {
        machine.begin()?;
        let argv: [&[u8]; 4] = [MODPROBE.as_bytes(), b"-q", b"--", b"net-pf-9"];
        module::call(HELPER, &argv, &envp, Wait::Proc)?;
        let mut environment = machine.started(MODPROBE)?.words("env");
        environment.sort();
        let constants: [&[u8]; 3] = [
            b"HOME=/",
            b"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            b"TERM=linux",
        ];
        ensure!(environment == constants, "{environment:?}");
    }
    Ok(())
}

fn uevent_at_the_limits(machine: &Machine) -> Result<()> {
    needs_module()?;
    let helper = "/sbin/mdev";
    machine.probe(helper)?;
    let head: [&[u8]; 3] = [b"ACTION=add", b"DEVPATH=/devices/x", b"SUBSYSTEM=umh"];
    let odd: [&[u8]; 6] = [
        b"NO_EQUALS",
        b"=empty name",
        b"lower=1",
        b"TWICE=1",
        b"TWICE=2",
        b"SYNTH_ARG_A=\xff\x1b\n",
    ];
    // 64 in all, with HOME, PATH and the number.
    let filling: Vec<Vec<u8>> = (0..52)
        .map(|number| format!("FILL_{number}=0123456789").into_bytes())
        .collect();
    let tail: [&[u8]; 3] = [
        b"SEQNUM=7",
        b"HOME=/",
        b"PATH=/sbin:/bin:/usr/sbin:/usr/bin",
    ];
    let mut envp: Vec<&[u8]> = head.to_vec();
    envp.extend(odd);
    envp.extend(filling.iter().map(Vec::as_slice));
    envp.extend(tail);
    ensure!(envp.len() == 64, "{} variables", envp.len());
    module::call(HELPER, &[helper.as_bytes(), b"umh"], &envp, Wait::No)?;

    let environment = machine.started(helper)?.words("env");
    let count = |start: &[u8]| {
        environment
            .iter()
            .filter(|word| word.starts_with(start))
            .count()
    };
    ensure!(count(b"FILL_") == filling.len(), "{environment:?}");
    ensure!(
        environment
            .iter()
            .filter(|word| *word == b"TWICE=1")
            .count()
            == 1,
        "{environment:?}"
    );
    for dropped in [&b"NO_EQUALS"[..], b"=", b"lower", b"TWICE=2"] {
        ensure!(
            count(dropped) == 0,
            "{}: {environment:?}",
            dropped.escape_ascii()
        );
    }
    ensure!(
        count(b"HOME=") == 1 && count(b"PATH=") == 1 && count(b"SEQNUM=7") == 1,
        "{environment:?}"
    );
    Ok(())
}

fn odd_arguments(machine: &Machine) -> Result<()> {
    needs_module()?;
    let long = vec![b'x'; 4096];
    let lists: &[&[&[u8]]] = &[
        &[b"/sbin/\xff\xfe", b"-q", b"--", b"x"],
        &[b"/sbin/mod\nprobe why=rule", b"\x1b[2J"],
        &[&long],
        &[b"/x", &long, &long],
        &[b"", b"-q", b"--", b"x"],
        &[MODPROBE.as_bytes(), b"-q", b"--", b"bad\nname\x1b[31m"],
        &[MODPROBE.as_bytes(), b"-q", b"--", b""],
        &[MODPROBE.as_bytes(), b"-q", b"--", b"-r"],
        &[b"modprobe", b"-q", b"--", b"x"],
        &[b"//sbin/modprobe", b"-q", b"--", b"x"],
        &[b"/sbin/../sbin/modprobe", b"-q", b"--", b"x"],
    ];
    for argv in lists {
        machine.begin()?;
        let result = module::call(
            HELPER,
            argv,
            &[b"HOME=/", b"TERM=linux", b"PATH=/"],
            Wait::Proc,
        )?;
        let exited = result & 0x7f == 0 && (1..=127).contains(&(result >> 8));
        ensure!(exited, "{argv:?}: the caller got {result}");
        for line in machine.lines()? {
            // The kernel itself escapes what is not printable, with `\x`.
            ensure!(
                line.text.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
                "{line:?}"
            );
            ensure!(
                line.text.len() <= 600,
                "a line of {} bytes",
                line.text.len()
            );
            ensure!(!line.text.contains("allow"), "{line:?}");
        }
    }
    // argc 0 the kernel refuses by itself.
    ensure!(
        module::call(HELPER, &[], &[], Wait::Proc)? == -22,
        "argc 0 reached us"
    );
    Ok(())
}

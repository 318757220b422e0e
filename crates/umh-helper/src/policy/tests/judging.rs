// SPDX-License-Identifier: MIT OR Apache-2.0

//! The attacks of SECURITY.md that the policy alone stops, and the calls that
//! it must let through.

use rustix::io::Errno;
use umh_abi::{Fingerprint, Message, Unrecognised};

use super::super::{Mode, Policy, Target};
use super::{CORE, Call, kernel_calls};
use crate::modules::Modules;
use crate::sys::Root;
use crate::verdict::{Decision, Reason};

const BUILTIN: &Policy<'static> = &Policy::builtin();
const AUDIT: &Policy<'static> = &Policy {
    mode: Mode::Audit,
    ..Policy::builtin()
};

#[test]
fn every_call_of_the_kernel_is_allowed() {
    for call in kernel_calls() {
        assert_eq!(
            call.under(BUILTIN),
            (Decision::Allow, Reason::Rule),
            "{call:?}"
        );
    }
}

#[test]
fn a_program_that_no_rule_lists_is_refused() {
    for program in [
        "/tmp/evil",
        "/tmp/sbin/modprobe",
        "/sbin/modprobe2",
        "/bin/sh",
    ] {
        assert_eq!(
            Call::modprobe(program, "net-pf-9").under(BUILTIN),
            (Decision::Deny, Reason::Path)
        );
    }
}

#[test]
fn a_program_of_another_caller_is_refused() {
    for program in [
        "/sbin/poweroff",
        "/sbin/reboot",
        "/sbin/request-key",
        "/sbin/bridge-stp",
    ] {
        assert_eq!(
            Call::modprobe(program, "x").under(BUILTIN),
            (Decision::Deny, Reason::Caller)
        );
    }
    for pattern in [
        &["/sbin/modprobe", "-q", "--", "x"][..],
        &["/sbin/poweroff"],
    ] {
        assert_eq!(
            Call::core(pattern).under(BUILTIN),
            (Decision::Deny, Reason::Caller)
        );
    }
}

#[test]
fn a_program_that_is_not_in_plain_absolute_form_is_refused_in_every_mode() {
    for program in [
        "-f",
        "modprobe",
        "!sbin!poweroff",
        "/sbin/../tmp/x",
        "//sbin/modprobe",
        "/sbin/modprobe\n",
    ] {
        assert_eq!(
            Call::core(&[program]).under(AUDIT),
            (Decision::Deny, Reason::Name)
        );
        assert_eq!(
            Call::modprobe(program, "x").under(BUILTIN),
            (Decision::Deny, Reason::Name)
        );
    }
    let long = "x".repeat(70_000);
    assert_eq!(
        Call::core(&["/bin/x", &long]).under(AUDIT),
        (Decision::Deny, Reason::Name)
    );
}

#[test]
fn a_file_of_another_process_is_refused_in_every_mode() {
    let call = Call::core(&["/proc/1234/fd/666", "1234"]);
    assert_eq!(call.under(BUILTIN), (Decision::Deny, Reason::Path));
    assert_eq!(call.under(AUDIT), (Decision::Deny, Reason::Path));
}

#[test]
fn audit_mode_lets_the_other_attacks_through_and_says_why() {
    let call = Call::modprobe("/tmp/evil", "x");
    assert_eq!(call.under(AUDIT), (Decision::Audit, Reason::Path));
    call.judged(AUDIT, |verdict| {
        assert_eq!(verdict.target, Target::Program(b"/tmp/evil"));
        assert_eq!(verdict.rule_name(), "-");
    });
    assert_eq!(
        Call::modprobe("/sbin/poweroff", "x").under(AUDIT),
        (Decision::Audit, Reason::Caller)
    );
    assert_eq!(
        Call::core(&["/usr/lib/umh/core", "x"]).under(AUDIT),
        (Decision::Audit, Reason::Args)
    );
    assert_eq!(
        Call::modprobe("/sbin/modprobe", "x").under(AUDIT),
        (Decision::Allow, Reason::Rule)
    );
}

#[test]
fn audit_mode_of_one_rule_is_of_that_rule_alone() {
    let text = b"version = 1\n[helper.systemd-coredump]\nmode = \"audit\"\nwiden = true\n";
    let policy = BUILTIN
        .with_file(text, super::super::Origin::Admin)
        .unwrap();
    assert_eq!(
        Call::core(&["/usr/lib/umh/core", "x"]).under(&policy),
        (Decision::Audit, Reason::Args)
    );
    assert_eq!(
        Call::core(&["/tmp/evil"]).under(&policy),
        (Decision::Deny, Reason::Path)
    );
    assert_eq!(
        Call::modprobe("/tmp/evil", "x").under(&policy),
        (Decision::Deny, Reason::Path)
    );
}

#[test]
fn every_pattern_that_systemd_has_set_is_allowed() {
    for more in [&[][..], &["1"], &["1", "3"], &["1", "3", "124"]] {
        let words = [&CORE[..], more].concat();
        assert_eq!(
            Call::core(&words).under(BUILTIN),
            (Decision::Allow, Reason::Rule),
            "{words:?}"
        );
    }
}

#[test]
fn arguments_of_another_shape_are_refused_and_named() {
    let mut words = CORE;
    words[4] = "99";
    Call::core(&words).judged(BUILTIN, |verdict| {
        assert_eq!(
            (verdict.decision, verdict.reason),
            (Decision::Deny, Reason::Args)
        );
        assert_eq!(
            (verdict.detail, verdict.rule_name()),
            (&b"99"[..], "systemd-coredump")
        );
    });
    Call::poweroff(&["/sbin/poweroff", "--reboot"]).judged(BUILTIN, |verdict| {
        assert_eq!(
            (verdict.reason, verdict.detail),
            (Reason::Args, &b"--reboot"[..])
        );
    });
}

#[test]
fn a_link_leads_to_the_program_that_does_the_work() {
    let mut words = CORE;
    words[0] = "/usr/lib/umh/core";
    Call::core(&words).judged(BUILTIN, |verdict| {
        assert_eq!(verdict.target, Target::Program(CORE[0].as_bytes()));
    });
    Call::modprobe("/usr/lib/umh/modprobe", "x").judged(BUILTIN, |verdict| {
        assert_eq!(verdict.target, Target::Builtin);
    });
    let call = Call::new(
        &["/usr/lib/umh/release-agent", "/a"],
        super::ENV_B,
        Fingerprint::EXEC,
    );
    call.judged(BUILTIN, |verdict| {
        assert_eq!(verdict.target, Target::Builtin)
    });
}

#[test]
fn an_unknown_call_of_the_kernel_is_let_through_only_in_audit_mode() {
    // ZFS, out of tree, mounts snapshots this way.
    let call = Call::new(
        &["/usr/bin/env", "mount", "-t", "zfs"],
        &[],
        Fingerprint::PROC,
    );
    let invocation = call.invocation();
    assert_eq!(Message::parse(&invocation), Err(Unrecognised::NoSuchCall));
    assert_eq!(call.under(BUILTIN), (Decision::Deny, Reason::Caller));
    assert_eq!(call.under(AUDIT), (Decision::Audit, Reason::Caller));
    let person = AUDIT.judge_unrecognised(Unrecognised::NotTheKernel, &invocation);
    assert_eq!(person.decision, Decision::Deny);
}

#[test]
fn the_checks_are_told_in_order() {
    let told = |call: &Call| {
        let invocation = call.invocation();
        let message = Message::parse(&invocation).unwrap();
        let mut told = Vec::new();
        BUILTIN.judge_with(
            &Modules::running(&Root::System, || Err(Errno::NOMEM)),
            &message,
            &invocation,
            &mut |_| {},
            &mut |check| {
                told.push((
                    check.about,
                    check.rule.unwrap_or("-").to_owned(),
                    check.passed,
                ));
            },
        );
        told
    };
    let own = "modprobe".to_owned();
    let none = || "-".to_owned();
    assert_eq!(
        told(&Call::modprobe("/sbin/modprobe", "x")),
        [
            (Reason::Name, none(), true),
            (Reason::Caller, own.clone(), true),
            (Reason::Disabled, own.clone(), true),
            (Reason::Args, own, true),
            (Reason::Module, none(), true),
        ]
    );
    assert_eq!(
        told(&Call::modprobe("/sbin/poweroff", "x")),
        [
            (Reason::Name, none(), true),
            (Reason::Caller, "poweroff".to_owned(), false),
        ]
    );
    assert_eq!(
        told(&Call::modprobe("/tmp/x", "x")),
        [(Reason::Name, none(), true), (Reason::Path, none(), false)]
    );
}

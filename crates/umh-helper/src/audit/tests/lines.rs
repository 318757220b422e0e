// SPDX-License-Identifier: MIT OR Apache-2.0

//! Which calls get a line in the kernel's log, and when.

use super::*;

const ALLOWED: Decision = Decision::Allow;

fn lines_of(decision: Decision, log: Level, end: End) -> (usize, Vec<String>) {
    let machine = Machine::new();
    let opened = machine.log();
    let record = opened.begin(&Entry {
        decision,
        log,
        ..entry(b"/sbin/modprobe\0")
    });
    let before_the_answer = machine.lines().len();
    record.close(end);
    (before_the_answer, machine.lines())
}

#[test]
fn a_denial_is_told_at_once_and_only_once() {
    for log in [Level::Denials, Level::All] {
        let (before, lines) = lines_of(Decision::Deny, log, End::Answered(126));
        assert_eq!((before, lines.len()), (1, 1));
        assert!(
            lines[0].starts_with("<4>umh: deny caller=modprobe rule=rule "),
            "{}",
            lines[0]
        );
    }
}

#[test]
fn what_audit_mode_lets_through_is_told_before_it_happens() {
    let (before, lines) = lines_of(Decision::Audit, Level::Denials, End::Exited(0));
    assert_eq!((before, lines.len()), (1, 1));
    assert!(lines[0].starts_with("<4>umh: audit "));
}

#[test]
fn an_allowed_call_is_told_at_its_end_and_only_if_all_are() {
    assert_eq!(
        lines_of(ALLOWED, Level::Denials, End::Exited(1)),
        (0, vec![])
    );
    let (before, lines) = lines_of(ALLOWED, Level::All, End::Exited(1));
    assert_eq!((before, lines.len()), (0, 1));
    assert!(
        lines[0].starts_with("<6>umh: allow ") && lines[0].contains(" end=exited status=1 us=")
    );
}

#[test]
fn an_allowed_call_that_came_to_nothing_is_told_as_a_denial_is() {
    let (_, lines) = lines_of(ALLOWED, Level::Denials, End::Failed(Errno::NOEXEC));
    assert!(lines[0].starts_with("<4>umh: allow ") && lines[0].contains(" end=failed errno=8 us="));
    assert_eq!(lines_of(ALLOWED, Level::Denials, End::TimedOut).1.len(), 1);
}

#[test]
fn log_none_means_no_line_but_the_record_is_there() {
    for decision in Decision::ALL {
        assert_eq!(lines_of(*decision, Level::None, End::TimedOut), (0, vec![]));
    }
    let machine = Machine::new();
    let log = machine.log();
    log.begin(&Entry {
        log: Level::None,
        ..entry(b"x\0")
    })
    .close(End::Answered(126));
    assert_eq!(machine.whole_records().len(), 1);
}

#[test]
fn an_untrusted_program_is_critical() {
    let machine = Machine::new();
    let log = machine.log();
    let _ = log.begin(&Entry {
        reason: Reason::Trust,
        ..entry(b"x\0")
    });
    assert!(machine.lines()[0].starts_with("<2>umh: deny "));
}

#[test]
fn denials_without_end_do_not_hide_a_complaint() {
    let machine = Machine::new();
    for _ in 0..100 {
        machine.log().begin(&entry(b"x\0")).close(End::Answered(1));
    }
    machine.log().complain(format_args!("a broken policy"));
    let lines = machine.lines();
    assert_eq!(lines.last().unwrap(), "<2>umh: a broken policy");
    assert_eq!(lines.len(), 11);
    assert_eq!(machine.reader().totals().unwrap().suppressed(), 90);
}

#[test]
fn denials_that_anyone_can_cause_hide_none_of_an_attack() {
    let machine = Machine::new();
    let refuse = |reason| {
        let log = machine.log();
        log.begin(&Entry {
            reason,
            ..entry(b"x\0")
        })
        .close(End::Answered(1));
    };
    for reason in [Reason::Module, Reason::Args, Reason::Missing] {
        (0..20).for_each(|_| refuse(reason));
    }
    let log = machine.log();
    let came_to_nothing = Entry {
        decision: ALLOWED,
        ..entry(b"x\0")
    };
    log.begin(&came_to_nothing).close(End::TimedOut);
    assert_eq!(machine.lines().len(), 10);

    let attacks = [Reason::Path, Reason::Caller, Reason::Trust, Reason::Name];
    attacks.iter().copied().for_each(refuse);
    for (line, reason) in machine.lines().iter().skip(10).zip(attacks) {
        let why = format!(" why={}", reason.name());
        assert!(line.contains(&why), "{line}");
    }
    assert_eq!(machine.lines().len(), 14);
}

#[test]
fn a_missing_program_is_no_news_before_run_is_there() {
    let machine = Machine::new();
    let missing = Entry {
        reason: Reason::Missing,
        ..entry(b"x\0")
    };
    fs::remove_dir(machine.path("run")).unwrap();
    machine.log().begin(&missing).close(End::Answered(1));
    assert!(machine.lines().is_empty());
    machine.log().begin(&entry(b"x\0")).close(End::Answered(1));
    assert_eq!(machine.lines().len(), 1);
    // A ring that cannot be used is another matter.
    fs::create_dir(machine.path("run")).unwrap();
    rustix::fs::chmod(machine.path("run"), Mode::from_raw_mode(0o777)).unwrap();
    machine.log().begin(&missing).close(End::Answered(1));
    assert_eq!(machine.lines().len(), 2);
}

#[test]
fn without_run_a_process_says_one_line_and_without_kmsg_none() {
    let machine = Machine::new();
    fs::remove_dir(machine.path("run")).unwrap();
    let log = machine.log();
    log.complain(format_args!("first"));
    log.begin(&entry(b"x\0")).close(End::Answered(1));
    assert_eq!(machine.lines(), ["<2>umh: first"]);
    fs::remove_file(machine.path("dev/kmsg")).unwrap();
    machine.log().begin(&entry(b"x\0")).close(End::Answered(1));
    assert!(!machine.path("dev/kmsg").exists());
}

#[test]
fn an_unusable_ring_is_named_in_the_line_of_the_denial() {
    let machine = Machine::new();
    rustix::fs::chmod(machine.path("run"), Mode::from_raw_mode(0o777)).unwrap();
    let _ = machine.log().begin(&entry(b"x\0"));
    assert!(machine.lines()[0].ends_with(" ring=untrusted"));
}

#[test]
fn the_logs_device_is_not_left_open_where_something_runs_for_the_call() {
    for decision in [Decision::Allow, Decision::Audit] {
        let machine = Machine::new();
        let log = machine.log();
        log.complain(format_args!("opens the kernel's log"));
        let record = log.begin(&Entry {
            decision,
            log: Level::All,
            ..entry(b"x\0")
        });
        assert!(log.kmsg.take().is_none());
        log.complain(format_args!("a sandbox that the kernel lacks"));
        assert!(log.kmsg.take().is_none());
        record.close(End::Exited(0));
        assert!(log.kmsg.take().is_none());
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module is wanted.

#![cfg(not(loom))]

mod scripted;

use std::cell::{Cell, RefCell};

use scripted::{Script, Scripted, TestCall, exits_with, noted, requested};
use umh_core::errno::Errno;
use umh_core::host::Jiffies;
use umh_core::request_module::{
    Duplicates, Join, Kmod, Name, Notice, request_module, try_then_request_module,
};
use umh_core::wait::{Retval, Status};

thread_local! {
    static STATE: State = const {
        State {
            off: Cell::new(false),
            security: Cell::new(0),
            slots: Cell::new(true),
            table: RefCell::new(None),
            now: Cell::new(0),
            notices: RefCell::new(Vec::new()),
        }
    };
}

/// What this caller needs of the host; one a test, as tests are threads.
struct State {
    off: Cell<bool>,
    security: Cell<i32>,
    slots: Cell<bool>,
    table: RefCell<Option<Duplicates>>,
    now: Cell<Jiffies>,
    notices: RefCell<Vec<&'static str>>,
}

fn state<R>(work: impl FnOnce(&State) -> R) -> R {
    STATE.with(work)
}

impl Kmod for Scripted {
    type Slot<'a> = ();

    fn is_off(&self) -> bool {
        state(|state| state.off.get())
    }

    fn may_request(&self, _name: Name<'_>) -> Retval {
        Retval::from_raw(state(|state| state.security.get()))
    }

    fn slot(&self, timeout: Jiffies) -> Result<(), Errno> {
        assert_eq!(timeout, 500, "five seconds of a hundred ticks");
        if state(|state| state.slots.get()) {
            Ok(())
        } else {
            Err(Errno::ETIME)
        }
    }

    fn modprobe(&self, name: Name<'_>, wait: umh_abi::Wait) -> Option<TestCall> {
        noted(format!("{} {wait:?}", name.as_bytes().escape_ascii()));
        self.call(Some("/sbin/modprobe"))
    }

    fn duplicates<R>(&self, work: impl FnOnce(&mut Duplicates) -> R) -> Option<R> {
        state(|state| state.table.borrow_mut().as_mut().map(work))
    }

    fn now(&self) -> Jiffies {
        state(|state| state.now.get())
    }

    fn is_async_worker(&self) -> bool {
        false
    }

    fn notice(&self, notice: Notice<'_>) {
        let word = match notice {
            Notice::AsyncWait => "async",
            Notice::Busy(_) => "busy",
            Notice::Request { .. } => "request",
            Notice::Duplicate(_) => "duplicate",
        };
        state(|state| state.notices.borrow_mut().push(word));
    }
}

#[test]
fn modprobes_exit_code_comes_back_as_a_wait_status() {
    let result = request_module(&exits_with(1), b"nope", true);
    assert_eq!(result.map(Status::as_raw), Ok(256));
    // Who does not wait learns only that it started.
    let result = request_module(&exits_with(1), b"nope", false);
    assert_eq!(result, Ok(Status::SUCCESS));
    assert_eq!(requested(), ["nope Proc", "nope Exec"]);
}

#[test]
fn the_name_may_be_empty_and_has_a_limit() {
    let host = exits_with(0);
    assert_eq!(request_module(&host, b"", true), Ok(Status::SUCCESS));
    let longest = [b'n'; 55];
    assert_eq!(request_module(&host, &longest, true), Ok(Status::SUCCESS));
    assert_eq!(
        request_module(&host, &[b'n'; 56], true),
        Err(Errno::ENAMETOOLONG)
    );
    assert_eq!(request_module(&host, b"a\0b", true), Err(Errno::EINVAL));
}

#[test]
fn off_comes_before_the_security_modules_and_those_before_the_slots() {
    state(|state| {
        state.off.set(true);
        state.security.set(-22);
        state.slots.set(false);
    });
    let host = exits_with(0);
    assert_eq!(request_module(&host, &[b'n'; 99], true), Err(Errno::ENOENT));
    state(|state| state.off.set(false));
    assert_eq!(request_module(&host, b"a", true), Err(Errno::EINVAL));
    state(|state| state.security.set(0));
    assert_eq!(request_module(&host, b"a", true), Err(Errno::ETIME));
    state(|state| state.slots.set(true));
    assert_eq!(request_module(&host, b"a", true), Ok(Status::SUCCESS));
    let notices = state(|state| state.notices.take());
    assert_eq!(notices, ["busy", "request"]);
}

#[test]
fn a_missing_modprobe_looks_like_autoloading_switched_off() {
    let host = Scripted::new(Script {
        execve: Err(Errno::ENOENT),
        ..Script::default()
    });
    assert_eq!(request_module(&host, b"a", true), Err(Errno::ENOENT));
}

#[test]
fn a_second_request_shares_the_answer_of_the_first() {
    state(|state| state.table.replace(Some(Duplicates::new())));
    let host = exits_with(1);
    let failed = Ok(Status::exited(1));
    assert_eq!(request_module(&host, b"a", true), failed);
    // A failure is remembered, too, and nobody is started for it.
    assert_eq!(request_module(&host, b"a", true), failed);
    assert_eq!(request_module(&host, b"a", false), Ok(Status::SUCCESS));
    assert_eq!(requested(), ["a Proc"]);

    state(|state| state.now.set(6000));
    assert_eq!(request_module(&host, b"a", true), failed);
    assert_eq!(requested(), ["a Proc"]);
}

#[test]
fn a_duplicate_sleeps_until_the_first_has_its_answer() {
    state(|state| state.table.replace(Some(Duplicates::new())));
    let host = exits_with(0);
    let first = host.duplicates(|table| table.join(Name::new(b"a").unwrap(), true, 0, 100));
    let Some(Join::First(ticket)) = first else {
        panic!("{first:?}");
    };
    host.on_sleep(|_| {});
    host.on_sleep(move |host| {
        let answer = Retval::from(Status::exited(3));
        host.duplicates(|table| table.announce(ticket, answer, 1));
    });
    assert_eq!(request_module(&host, b"a", true), Ok(Status::exited(3)));
    assert_eq!(host.slept.get(), 2);
}

#[test]
fn a_service_is_looked_for_before_and_after() {
    let host = exits_with(1);
    let mut looks = 0;
    let found = try_then_request_module(&host, b"svc", || {
        looks += 1;
        (looks == 2).then_some("found")
    });
    assert_eq!((found, looks), (Some("found"), 2));
    assert_eq!(requested(), ["svc Proc"]);
    let found = try_then_request_module(&host, b"svc", || Some("there"));
    assert_eq!((found, requested().len()), (Some("there"), 0));
}

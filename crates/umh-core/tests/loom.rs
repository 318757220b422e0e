// SPDX-License-Identifier: MIT OR Apache-2.0

//! The hand-over and the gate in every order of their threads:
//! `RUSTFLAGS="--cfg loom" cargo test -p umh-core --release --test loom`.

#![cfg(loom)]
#![expect(clippy::unwrap_used, reason = "a poisoned lock is a failed model")]

mod modelled;

use std::sync::Mutex;
use std::sync::atomic::Ordering;

use loom::thread;
use modelled::Modelled;
use umh_core::errno::Errno;
use umh_core::exec::exec;
use umh_core::gate::{self, Depth};
use umh_core::wait::{Status, Wait};

type Outcome = Result<Status, Errno>;

/// Explores `model`, and gives every outcome that some order led to.
fn explore(model: impl Fn() -> Outcome + Send + Sync + 'static) -> Vec<Outcome> {
    static SEEN: Mutex<Vec<Outcome>> = Mutex::new(Vec::new());
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    // A failed test says so itself.
    let _alone = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    SEEN.lock().unwrap().clear();
    let mut builder = loom::model::Builder::new();
    // At most so many switches away from a thread that could go on. Loom's own
    // advice is two to three; without a bound the models take hours.
    builder.preemption_bound = Some(5);
    builder.check(move || {
        let outcome = model();
        let mut seen = SEEN.lock().unwrap();
        if !seen.contains(&outcome) {
            seen.push(outcome);
        }
    });
    std::mem::take(&mut *SEEN.lock().unwrap())
}

fn one_call(killed: bool, wait: Wait) -> Vec<Outcome> {
    explore(move || {
        let host = Modelled::new(killed);
        let outcome = exec(&host, host.call(), wait);
        host.join();
        assert_eq!(host.cleanups.load(Ordering::SeqCst), 1);
        assert_eq!(host.gate.running(), 0);
        outcome
    })
}

#[test]
fn a_waiter_always_wakes() {
    assert_eq!(one_call(false, Wait::EXEC), [Ok(Status::SUCCESS)]);
    assert_eq!(one_call(false, Wait::PROC), [Ok(Status::exited(5))]);
    let killable = Wait::PROC | Wait::KILLABLE;
    assert_eq!(one_call(false, killable), [Ok(Status::exited(5))]);
}

#[test]
fn a_call_that_nobody_waits_for_is_freed_by_its_worker() {
    assert_eq!(one_call(false, Wait::NO), [Ok(Status::SUCCESS)]);
}

#[test]
fn a_killed_waiter_and_a_completing_worker_free_the_call_once() {
    for (wait, done) in [
        (Wait::EXEC, Status::SUCCESS),
        (Wait::PROC, Status::exited(5)),
    ] {
        let seen = one_call(true, wait | Wait::KILLABLE);
        // Both orders were there.
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert!(seen.contains(&Ok(done)));
        assert!(seen.contains(&Err(Errno::ERESTARTSYS)));
    }
}

#[test]
fn whoever_closes_the_gate_and_a_caller_do_not_miss_each_other() {
    let seen = explore(|| {
        let host = Modelled::new(false);
        let caller = host.clone();
        let caller = thread::spawn(move || exec(&caller, caller.call(), Wait::EXEC));
        gate::disable(&host, Depth::Disabled).unwrap();
        // From here on `queue` panics; a caller that came through has left.
        host.closed.store(true, Ordering::SeqCst);
        let outcome = caller.join().unwrap();
        host.join();
        assert_eq!(host.cleanups.load(Ordering::SeqCst), 1);
        outcome
    });
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen.contains(&Ok(Status::SUCCESS)));
    assert!(seen.contains(&Err(Errno::EBUSY)));
}

#[test]
fn two_callers_and_one_who_closes_the_gate_all_come_through() {
    let seen = explore(|| {
        let host = Modelled::new(false);
        let callers = [(); 2].map(|()| {
            let host = host.clone();
            thread::spawn(move || drop(gate::enter(&host)))
        });
        gate::disable(&host, Depth::Freezing).unwrap();
        for caller in callers {
            caller.join().unwrap();
        }
        assert_eq!(host.gate.running(), 0);
        Ok(Status::SUCCESS)
    });
    assert_eq!(seen, [Ok(Status::SUCCESS)]);
}

#[test]
fn a_reader_that_waits_out_the_freezer_always_wakes() {
    for (depth, outcome) in [
        (Depth::Enabled, Ok(Status::SUCCESS)),
        (Depth::Disabled, Err(Errno::EAGAIN)),
    ] {
        let seen = explore(move || {
            let host = Modelled::new(false);
            gate::set_depth(&host, Depth::Freezing);
            let reader = host.clone();
            let reader =
                thread::spawn(move || gate::read_trylock(&reader).map(|_read| Status::SUCCESS));
            gate::set_depth(&host, depth);
            reader.join().unwrap()
        });
        assert_eq!(seen, [outcome]);
    }
}

#[test]
fn a_reader_keeps_the_gate_open() {
    let seen = explore(|| {
        let host = Modelled::new(false);
        let reader = host.clone();
        let reader = thread::spawn(move || {
            let read = gate::read_trylock(&reader)?;
            assert_eq!(reader.gate.depth(), Depth::Enabled);
            thread::yield_now();
            assert_eq!(reader.gate.depth(), Depth::Enabled);
            drop(read);
            Ok(Status::SUCCESS)
        });
        gate::disable(&host, Depth::Disabled).unwrap();
        reader.join().unwrap()
    });
    assert!(seen.contains(&Ok(Status::SUCCESS)));
    assert!(seen.contains(&Err(Errno::EAGAIN)));
}

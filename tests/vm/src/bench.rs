// SPDX-License-Identifier: MIT OR Apache-2.0

//! The suite `bench`: what one call costs, from its trigger to its return.
//!
//! The trigger is a socket(2) of a family that the kernel lacks, which waits
//! for `kernel.modprobe` to end. All subjects take turns in each round, so
//! that whatever disturbs the machine disturbs all of them.

mod arrangement;
pub mod engine;
pub mod modules;
mod trace;

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::time::{ClockId, clock_gettime};

use crate::guest::answers::Answers;
use crate::guest::channel::Channel;
use crate::guest::module;
use crate::measured::{Measured, Subject};
use crate::plan::Kernel;
use crate::protocol::Line;
use arrangement::{arrange, prepare_files};

/// The rounds that count.
const ROUNDS: usize = 200;

/// Rounds before them, in which caches fill.
const WARM_UP: usize = 5;

/// AF_X25, of which the guest has no module.
const UNKNOWN_FAMILY: u16 = 9;

/// How long the kernel is given to clear up after a process.
const SETTLE: Duration = Duration::from_millis(5);

/// Measures everything, and sends one file a subject.
pub fn run(kernel: Kernel, channel: &Channel) -> Result<()> {
    prepare_files()?;
    for &subject in Subject::ALL {
        verify(subject, kernel).context(subject.name())?;
    }
    let mut measured = vec![Measured::default(); Subject::ALL.len()];
    for round in 0..WARM_UP + ROUNDS {
        for (measured, &subject) in measured.iter_mut().zip(Subject::ALL) {
            let time = timed(subject, kernel)?;
            if round >= WARM_UP {
                measured.times.push(time);
            }
        }
        if round % 50 == 0 {
            let of = WARM_UP + ROUNDS;
            channel.send(&Line::Note(format!("round {round} of {of}")))?;
        }
    }
    if trace::begin()? {
        for (measured, &subject) in measured.iter_mut().zip(Subject::ALL) {
            ready(subject, kernel)?;
            measured.traced = Some(trace::of(trigger).context(subject.name())?);
        }
    }
    for (measured, &subject) in measured.iter().zip(Subject::ALL) {
        let bytes = measured.to_string().into_bytes();
        channel.send(&Line::File(subject.name().into(), bytes))?;
    }
    Ok(())
}

/// The time of one call.
fn timed(subject: Subject, kernel: Kernel) -> Result<u64> {
    ready(subject, kernel)?;
    std::thread::sleep(SETTLE);
    let begin = now()?;
    trigger();
    Ok(now()? - begin)
}

/// Puts everything in place for one call of `subject`.
fn ready(subject: Subject, kernel: Kernel) -> Result<()> {
    arrange(subject, kernel)?;
    if subject == Subject::Denied {
        // A new ring lets ten lines pass, the first for the call that makes
        // it: the one that is measured writes its line and makes no ring.
        Answers::forget()?;
        trigger();
    }
    Ok(())
}

/// Makes the kernel call, and waits for the end of what it started.
fn trigger() {
    let family = AddressFamily::from_raw(UNKNOWN_FAMILY);
    let _refused = rustix::net::socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None);
}

/// Nanoseconds of a clock that only goes forward.
fn now() -> Result<u64> {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec)?;
    Ok(seconds * 1_000_000_000 + u64::try_from(now.tv_nsec)?)
}

/// That the subject does what its figures will be said to be of.
fn verify(subject: Subject, kernel: Kernel) -> Result<()> {
    if subject == Subject::LeastRefusal {
        // It writes to a ring, and makes none.
        arrange(Subject::Denied, kernel)?;
        trigger();
        arrange(subject, kernel)?;
    } else {
        arrange(subject, kernel)?;
        Answers::forget()?;
    }
    let status = module::request_module("net-pf-9", true)?;
    ensure!(status == 1 << 8, "the kernel was told {status}");
    if subject == Subject::LeastRefusal {
        return Ok(());
    }
    let answers = Answers::so_far()?;
    let answers: Vec<_> = answers
        .iter()
        .map(|answer| (answer.decision, answer.reason, answer.end.as_str()))
        .collect();
    let well = match (subject, answers.as_slice()) {
        (Subject::Denied, [("deny", "path", _)]) => true,
        (Subject::BuiltIn, [("allow", _, end)]) => *end == "answered 1",
        (Subject::Supervised | Subject::SupervisedKmod, [("allow", _, end)]) => *end == "exited 1",
        (Subject::HandedOver, [("allow", _, end)]) => *end == "handed-over",
        (Subject::Empty | Subject::Dispatcher | Subject::Kmod, []) => true,
        (Subject::LeastExec | Subject::LeastConfined | Subject::LeastWait, []) => true,
        _ => false,
    };
    ensure!(well, "usermode-helper says {answers:?}");
    Ok(())
}

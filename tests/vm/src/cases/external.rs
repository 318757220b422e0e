// SPDX-License-Identifier: MIT OR Apache-2.0

//! What holds for every call that a program answers, made through the test
//! module because nothing in a guest triggers the call itself.

use anyhow::{Context as _, Result, ensure};
use umh_abi::{Block, Message, Wait};

use super::Skip;
use crate::guest::{Machine, module};

/// Where our program is.
pub(super) const HELPER: &[u8] = b"/sbin/usermode-helper";

/// A call, and what its caller gets when nothing answers.
pub(super) struct External<'a> {
    /// The call.
    pub message: Message<'a>,
    /// The environment that the program gets besides `HOME`, `PATH`, `TERM`.
    pub keys: &'a [&'a str],
    /// The exit status of a refused call.
    pub denied: i64,
    /// The exit status when the program is not installed.
    pub missing: i64,
}

/// The constants that every program gets (security.md 2.5.7).
const CONSTANTS: [&str; 3] = ["HOME=/", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TERM=linux"];

/// A status that no program or shell gives by accident.
const STATUS: i64 = 37;

impl External<'_> {
    /// The program runs with the kernel's words and a clean environment, and
    /// its status reaches the caller that waits for it.
    pub(super) fn is_answered(&self, machine: &Machine) -> Result<()> {
        let program = std::str::from_utf8(self.message.program())?;
        machine.probe(program)?;
        let name = program.rsplit('/').next().unwrap_or(program);
        machine.order(name, &format!("exit {STATUS}"))?;
        let result = self.call()?;

        let record = machine.started(program)?;
        let mut block = Block::<8192>::new();
        let asked = self
            .message
            .write_to(&mut block)
            .context("the call does not fit")?;
        ensure!(
            record
                .words("argv")
                .iter()
                .map(Vec::as_slice)
                .eq(asked.argv.iter()),
            "{:?}",
            record.lines
        );
        let mut given: Vec<String> = record
            .words("env")
            .iter()
            .map(|word| word.escape_ascii().to_string())
            .collect();
        let mut expected: Vec<String> = CONSTANTS
            .iter()
            .chain(self.keys)
            .map(ToString::to_string)
            .collect();
        given.sort();
        expected.sort();
        ensure!(given == expected, "the environment is {given:?}");
        ensure!(
            record.all("fd") == ["0 \"/dev/null\"", "1 \"/dev/null\"", "2 \"/dev/null\""],
            "{:?}",
            record.all("fd")
        );

        let answer = machine.answer()?;
        ensure!(
            answer.caller == self.message.caller().name() && answer.decision == "allow",
            "{answer:?}"
        );
        if self.wait() == Wait::Proc {
            ensure!(result == STATUS << 8, "the caller got {result}");
            ensure!(answer.end == format!("exited {STATUS}"), "{answer:?}");
        } else {
            ensure!(result == 0, "the caller got {result}");
        }
        Ok(())
    }

    /// Without the program the caller gets the status that serves it best.
    pub(super) fn is_missed(&self, machine: &Machine) -> Result<()> {
        let program = std::str::from_utf8(self.message.program())?;
        machine.take_away(program)?;
        let result = self.call()?;
        let answer = machine.answer()?;
        ensure!(answer.reason == "missing", "{answer:?}");
        self.was_told(result, self.missing)?;
        machine.nothing_started()
    }

    /// The same call for a program that no rule lists runs nothing.
    pub(super) fn is_denied(&self, machine: &Machine) -> Result<()> {
        machine.probe("/tmp/evil")?;
        let mut block = Block::<8192>::new();
        let asked = self
            .message
            .write_to(&mut block)
            .context("the call does not fit")?;
        let mut argv: Vec<&[u8]> = asked.argv.iter().collect();
        if let Some(program) = argv.first_mut() {
            *program = b"/tmp/evil";
        }
        let envp: Vec<&[u8]> = asked.envp.iter().collect();
        needs_module()?;
        let result = module::call(HELPER, &argv, &envp, self.wait())?;
        let answer = machine.answer()?;
        ensure!(answer.decision == "deny", "{answer:?}");
        self.was_told(result, self.denied)?;
        machine.nothing_started()?;
        let lines = machine.lines()?;
        ensure!(
            lines
                .iter()
                .any(|line| line.priority == 4 && line.text.starts_with("umh: deny ")),
            "{lines:?}"
        );
        Ok(())
    }

    fn call(&self) -> Result<i64> {
        needs_module()?;
        let mut block = Block::<8192>::new();
        let asked = self
            .message
            .write_to(&mut block)
            .context("the call does not fit")?;
        let argv: Vec<&[u8]> = asked.argv.iter().collect();
        let envp: Vec<&[u8]> = asked.envp.iter().collect();
        // With the option the path is ours whatever is asked for; without,
        // this is what the option would do.
        module::call(HELPER, &argv, &envp, self.wait())
    }

    fn wait(&self) -> Wait {
        self.message.caller().contract().wait
    }

    fn was_told(&self, result: i64, status: i64) -> Result<()> {
        let expected = if self.wait() == Wait::Proc {
            status << 8
        } else {
            0
        };
        ensure!(
            result == expected,
            "the caller got {result}, not {expected}"
        );
        Ok(())
    }
}

/// Leaves the case where the test module could not be built.
pub(super) fn needs_module() -> Result<()> {
    if module::is_loaded() {
        Ok(())
    } else {
        Err(Skip("no umh_test.ko for this kernel").into())
    }
}

/// The three cases of a call with one form.
macro_rules! external_cases {
    ($answered:literal, $missed:literal, $denied:literal, $call:expr) => {
        pub(super) const CASES: &[super::Case] = &[
            super::on_all($answered, |machine| $call.is_answered(machine)),
            super::on_all($missed, |machine| $call.is_missed(machine)),
            super::on_all($denied, |machine| $call.is_denied(machine)),
        ];
    };
}

pub(super) use external_cases;

// SPDX-License-Identifier: MIT OR Apache-2.0

//! A call that an attacker makes and that is to be refused; in audit mode it
//! is let through and logged, but for what that mode never relaxes.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::refused;
use crate::guest::machine::PATIENCE;
use crate::guest::{Machine, records};

/// One row of the table, told so that both modes can be derived from it.
pub(super) struct Refusal {
    /// Each makes the kernel call once.
    pub calls: &'static [fn(&Machine) -> Result<()>],
    /// Why none of them is allowed.
    pub reason: &'static str,
    /// What becomes of them in audit mode.
    pub audit: Audit,
    /// Whether the attacker has what he wanted.
    pub reached: fn() -> Result<bool>,
}

/// What audit mode does with a call.
pub(super) enum Audit {
    /// Lets it through, and logs the reason of the denial.
    LetsThrough,
    /// Denies it all the same, for this reason.
    Denies(&'static str),
}

impl Refusal {
    /// With the policy enforced.
    pub(super) fn is_refused(&self, machine: &Machine) -> Result<()> {
        self.each(machine, || self.denied(machine, self.reason))
    }

    /// With `umh.mode=audit`.
    pub(super) fn is_audited(&self, machine: &Machine) -> Result<()> {
        self.each(machine, || match self.audit {
            Audit::LetsThrough => self.let_through(machine),
            Audit::Denies(reason) => self.denied(machine, reason),
        })
    }

    fn each(&self, machine: &Machine, judge: impl Fn() -> Result<()>) -> Result<()> {
        for call in self.calls {
            machine.begin()?;
            call(machine)?;
            judge()?;
            machine.end()?;
        }
        Ok(())
    }

    fn denied(&self, machine: &Machine, reason: &str) -> Result<()> {
        let answer = refused(machine, reason)?;
        let status = match answer.caller {
            "modprobe" | "bridge-stp" => 1,
            _ => 126,
        };
        ensure!(answer.end == format!("answered {status}"), "{answer:?}");
        ensure!(!(self.reached)()?, "{answer:?}");
        Ok(())
    }

    fn let_through(&self, machine: &Machine) -> Result<()> {
        let begin = Instant::now();
        while !(self.reached)()? {
            ensure!(
                begin.elapsed() < PATIENCE,
                "nothing came of it: {:?}",
                machine.answers_so_far()?
            );
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let answer = machine.answer()?;
        ensure!(
            answer.decision == "audit" && answer.reason == self.reason,
            "{answer:?}"
        );
        let lines = machine.lines()?;
        let why = format!(" why={} ", self.reason);
        let told = lines.iter().any(|line| {
            line.text.starts_with("umh: audit ") && format!("{} ", line.text).contains(&why)
        });
        ensure!(told, "no line says {why}: {lines:?}");
        Ok(())
    }
}

/// The probe stands where the attacker's program would.
pub(super) fn a_program_ran() -> Result<bool> {
    Ok(!records::all()?.is_empty())
}

/// The cases of a table, in both modes: `attack_NAME` and `attack_37_NAME`.
macro_rules! refusals {
    ($($name:literal => $refusal:expr,)*) => {
        pub(in crate::cases) const REFUSALS: &[crate::cases::Case] = &[
            $(
                super::attack(concat!("attack_", $name), |machine| {
                    const REFUSAL: Refusal = $refusal;
                    REFUSAL.is_refused(machine)
                }),
                crate::cases::audit::audit(concat!("attack_37_", $name), |machine| {
                    const REFUSAL: Refusal = $refusal;
                    REFUSAL.is_audited(machine)
                }),
            )*
        ];
    };
}

pub(super) use refusals;

// SPDX-License-Identifier: MIT OR Apache-2.0

//! The figures of one boot, and what follows from them.

use anyhow::{Context, Result, bail};
use umh_vm::measured::{Measured, Subject, Traced};
use umh_vm::plan::{Boot, Kernel, Suite};
use umh_vm::protocol::Line;

use crate::say;
use crate::vm::report::{Report, Verdict};
use crate::vm::rig::{Rig, Seen};

/// What one boot measured.
pub(crate) struct Figures(Vec<(Subject, Measured)>);

impl Figures {
    /// Boots `kernel` and measures every subject.
    pub(crate) fn of(rig: &Rig, kernel: Kernel) -> Result<Self> {
        let suite = Suite::Bench;
        let report = rig.boot(&Boot::of(kernel, suite), |line| {
            if let Seen::Line(Line::Note(text)) = line {
                say::progress(format_args!("  {text}"));
            }
        })?;
        Self::read(&report).with_context(|| format!("the bench of {}", kernel.name()))
    }

    fn read(report: &Report) -> Result<Self> {
        let of = |&subject: &Subject| Ok((subject, measured(report, subject.name())?));
        Subject::ALL.iter().map(of).collect::<Result<_>>().map(Self)
    }

    /// Figures that no guest measured.
    pub(super) const fn from(measured: Vec<(Subject, Measured)>) -> Self {
        Self(measured)
    }

    fn measured(&self, subject: Subject) -> Option<&Measured> {
        let mut all = self.0.iter();
        all.find(|(other, _)| *other == subject)
            .map(|(_, measured)| measured)
    }

    /// The rounds.
    pub(crate) fn rounds(&self) -> usize {
        self.0
            .first()
            .map_or(0, |(_, measured)| measured.times.len())
    }

    /// The median of one subject: instructions or nanoseconds.
    pub(crate) fn median(&self, subject: Subject) -> u64 {
        self.measured(subject)
            .map_or(0, |measured| median(measured.times.clone()))
    }

    /// The median, over the rounds, of `subject` in times of `base`.
    pub(crate) fn ratio(&self, subject: Subject, base: Subject) -> f64 {
        let (Some(over), Some(base)) = (self.measured(subject), self.measured(base)) else {
            return f64::NAN;
        };
        let pairs = over.times.iter().zip(&base.times);
        let mut ratios: Vec<f64> = pairs
            .map(|(over, base)| *over as f64 / *base as f64)
            .collect();
        ratios.sort_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// What the kernel saw of one call; nothing where it cannot trace.
    pub(crate) fn traced(&self, subject: Subject) -> Option<&Traced> {
        self.measured(subject)?.traced.as_ref()
    }
}

/// What a guest sent of `name`.
pub(crate) fn measured(report: &Report, name: &str) -> Result<Measured> {
    for case in &report.cases {
        if let Verdict::Failed(reason) = &case.verdict {
            bail!("{reason}");
        }
    }
    let mut files = report.files.iter();
    let (_, bytes) = files
        .find(|(file, _)| file == name)
        .with_context(|| format!("no figures of {name}"))?;
    let measured = Measured::parse(std::str::from_utf8(bytes)?);
    let measured = measured.filter(|measured| !measured.times.is_empty());
    measured.with_context(|| format!("what the guest says of {name}"))
}

/// The middle of the values.
pub(crate) fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! `cargo xtask bench helper`: what it costs that usermode-helper answers.
//!
//! A guest's kernel makes the same call again and again, and another program
//! answers each time. First QEMU counts the instructions, of the kernel and
//! of the programs, from the trigger to its return; then an ordinary boot
//! compares times.

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;
use umh_vm::measured::{ANONYMOUS, Subject};
use umh_vm::plan::Kernel;

use super::aims::{self, Aim};
use super::figures::Figures;
use super::{native, peers, table};
use crate::vm::rig::Rig;
use crate::{say, setup};

/// How the figures are told.
#[derive(Args)]
pub(crate) struct Options {
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

/// Everything that was measured.
pub(super) struct Results {
    /// Instructions under Debian's own kernel.
    pub(super) stock: Figures,
    /// Instructions with `CONFIG_STATIC_USERMODEHELPER`.
    pub(super) option: Figures,
    /// Nanoseconds under Debian's own kernel, emulated.
    pub(super) emulated: Figures,
    /// Nanoseconds in which the host starts the empty program.
    pub(super) native_start: u64,
    /// Bytes of the program.
    pub(super) bytes: u64,
}

impl Results {
    fn take() -> Result<Self> {
        setup::run()?;
        let mut rig = Rig::new()?;
        rig.counts = true;
        let stock = Figures::of(&rig, Kernel::Stock612)?;
        let option = Figures::of(&rig, Kernel::Option612)?;
        rig.counts = false;
        Ok(Self {
            stock,
            option,
            emulated: Figures::of(&rig, Kernel::Stock612)?,
            native_start: native::start(&peers::build("empty")?)?,
            bytes: std::fs::metadata(rig.helper())
                .context("usermode-helper")?
                .len(),
        })
    }

    /// Nanoseconds of this machine for one instruction of a guest.
    pub(super) fn rate(&self) -> f64 {
        self.native_start as f64 / self.stock.median(Subject::Spawned) as f64
    }

    /// Instructions that `subject` takes beyond those of `base`.
    pub(super) fn adds(&self, subject: Subject, base: Subject) -> u64 {
        let more = self.stock.median(subject);
        more.saturating_sub(self.stock.median(base))
    }
}

/// Measures and prints; whether every aim is reached.
pub(super) fn run(options: &Options) -> Result<bool> {
    let results = Results::take()?;
    let aims = aims::of(&results);
    if options.json {
        let text = serde_json::to_string_pretty(&as_json(&results, &aims))?;
        say::line(format_args!("{text}"));
    } else {
        table::print(&results, &aims);
    }
    Ok(aims.iter().all(|aim| aim.reached))
}

fn as_json(results: &Results, aims: &[Aim]) -> serde_json::Value {
    let subject = |&subject: &Subject| {
        let traced = results.stock.traced(subject);
        let body = json!({
            "instructions": {
                "stock-6.12": results.stock.median(subject),
                "option-6.12": results.option.median(subject),
            },
            "times_empty": results.stock.ratio(subject, Subject::Empty),
            "emulated_nanoseconds": results.emulated.median(subject),
            "emulated_times_empty": results.emulated.ratio(subject, Subject::Empty),
            "system_calls": traced.map(|traced| {
                let lists = traced.processes.iter().map(|process| process.calls.clone());
                lists.collect::<Vec<_>>()
            }),
            "anonymous_mappings": traced
                .map(|traced| traced.calls().filter(|call| *call == ANONYMOUS).count()),
            "page_faults": traced.map(|traced| traced.faults()),
            "peak_bytes": traced.map(|traced| traced.peak),
        });
        (subject.name().to_owned(), body)
    };
    let subjects: serde_json::Map<_, _> = Subject::ALL.iter().map(subject).collect();
    let aims: Vec<_> = aims.iter().map(Aim::as_json).collect();
    json!({
        "rounds": results.stock.rounds(),
        "subjects": subjects,
        "native_start_nanoseconds": results.native_start,
        "native_nanoseconds_per_instruction": results.rate(),
        "binary_bytes": results.bytes,
        "aims": aims,
    })
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! `cargo xtask bench helper`: what it costs that usermode-helper answers.
//!
//! A guest's kernel makes the same call again and again, and another program
//! answers each time. First QEMU counts the instructions, of the kernel and
//! of the programs, from the trigger to its return; then the same programs
//! are timed on this very machine.

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;
use umh_vm::measured::{ANONYMOUS, Subject};
use umh_vm::plan::Kernel;

use super::aims::{self, Aim};
use super::figures::Figures;
use super::{native, table};
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
    /// Nanoseconds on this machine, where that is allowed.
    pub(super) native: Option<Figures>,
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
        let native = native::measure(rig.helper()).inspect_err(|error| {
            say::progress(format_args!("no times of this machine: {error:#}"));
        });
        Ok(Self {
            stock,
            option,
            native: native.ok(),
            bytes: std::fs::metadata(rig.helper())
                .context("usermode-helper")?
                .len(),
        })
    }

    /// How many nanoseconds `subject` takes here beyond those of `base`.
    pub(super) fn adds(&self, subject: Subject, base: Subject) -> Option<u64> {
        let native = self.native.as_ref()?;
        Some(native.median(subject).saturating_sub(native.median(base)))
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
        let native = results.native.as_ref();
        let body = json!({
            "instructions": {
                "stock-6.12": results.stock.median(subject),
                "option-6.12": results.option.median(subject),
            },
            "times_empty": results.stock.ratio(subject, Subject::Empty),
            "native_nanoseconds": native.map(|native| native.median(subject)),
            "native_times_empty": native.map(|native| native.ratio(subject, Subject::Empty)),
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
        "binary_bytes": results.bytes,
        "aims": aims,
    })
}

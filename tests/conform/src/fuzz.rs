// SPDX-License-Identifier: MIT OR Apache-2.0

//! Whole programs and damaged input: indexes, modules, compressed files,
//! configuration, command lines. Whatever they are given they end by
//! themselves, soon and without much memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, anyhow};
use fastrand::Rng;

use crate::case::{Case, Run};
use crate::judge::{readable, status};
use crate::subject::Subject;
use crate::supervise::{Outcome, supervise};
use crate::world::World;

mod input;
mod mutate;

use input::{Input, Kind};

/// The most that a run may take, of processors.
const TIME: Duration = Duration::from_secs(1);
/// The most that a run may have, of memory.
const MEMORY: u64 = 64 << 20;

/// What is to be done.
pub struct Fuzz {
    /// What is given damaged input.
    pub subject: Subject,
    /// Makes the indexes that are damaged then.
    pub depmod: PathBuf,
    /// Which inputs there are.
    pub seed: u64,
    /// The first of them, and how many.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// Where inputs are kept that a program fails by.
    pub kept: PathBuf,
}

/// What became of the inputs of one kind.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How many.
    pub runs: u64,
    /// How many were refused, with status 1 or another.
    pub refused: u64,
    /// The most that one took of processors.
    pub time: Duration,
    /// The most that one had of memory, with this program's share at its
    /// start.
    pub memory: u64,
    /// What was wrong, and by which input.
    pub faults: Vec<String>,
}

impl Fuzz {
    /// Runs them all on all processors; what became of each kind.
    pub fn run(&self) -> Result<Vec<(&'static str, Tally)>> {
        let case = input::world()?;
        let world = World::new(&case, &self.subject, &self.depmod)?;
        let tallies = Mutex::new(vec![Tally::default(); Kind::ALL.len()]);
        let next = AtomicU64::new(self.first);
        let failed = Mutex::new(None);
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(|| {
                    if let Err(error) = self.work(&case, &world, &next, &tallies)
                        && let Ok(mut failed) = failed.lock()
                    {
                        *failed = Some(error);
                    }
                });
            }
        });
        if let Ok(Some(error)) = failed.into_inner() {
            return Err(error);
        }
        let tallies = tallies
            .into_inner()
            .map_err(|_| anyhow!("a thread failed"))?;
        let names = Kind::ALL.iter().map(|kind| kind.name());
        Ok(names.zip(tallies).collect())
    }

    fn work(
        &self,
        case: &Case,
        pristine: &World,
        next: &AtomicU64,
        tallies: &Mutex<Vec<Tally>>,
    ) -> Result<()> {
        let mut world = pristine.copy()?;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= self.first + self.count {
                return Ok(());
            }
            let mut rng = Rng::with_seed(self.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let input = Input::new(&mut rng, case, world.root())?;
            let outcome = one(case, &input, world.root())?;
            if input.may_write() {
                world = pristine.copy()?;
            }
            let fault = fault(&outcome);
            if let Some(fault) = &fault {
                self.keep(number, &input, fault, &outcome)?;
            }
            let mut tallies = tallies.lock().map_err(|_| anyhow!("a thread failed"))?;
            if let Some(tally) = tallies.get_mut(input.kind.number()) {
                tally.runs += 1;
                let good = outcome.status.is_some_and(|status| status.success());
                tally.refused += u64::from(!good);
                tally.time = tally.time.max(outcome.cpu);
                tally.memory = tally.memory.max(outcome.memory);
                tally
                    .faults
                    .extend(fault.map(|fault| format!("input {number}: {fault}")));
            }
        }
    }

    /// Keeps what led to a fault: the file as it was and the command.
    fn keep(&self, number: u64, input: &Input, fault: &str, outcome: &Outcome) -> Result<()> {
        let dir = self.kept.join(format!("{}-{number}", self.seed));
        fs::create_dir_all(&dir)?;
        let command = input.argv.join(" ");
        let (path, err) = (&input.path, readable(&outcome.err));
        let text = format!("{fault}\n{command}\n{path}\n\n{err}");
        fs::write(dir.join("about"), text)?;
        Ok(fs::write(dir.join("file"), &input.content)?)
    }
}

/// Runs one input and puts back what it changed.
fn one(case: &Case, input: &Input, root: &Path) -> Result<Outcome> {
    let path = root.join(case.place(&input.path));
    let before = fs::read(&path)?;
    fs::write(&path, &input.content)?;
    let run = Run {
        argv: input.argv.clone(),
        ..Run::default()
    };
    let outcome = supervise(case, &run, root);
    if path.parent().is_some_and(Path::exists) {
        fs::write(&path, before)?;
    }
    outcome
}

/// What is wrong with how a run went.
fn fault(outcome: &Outcome) -> Option<String> {
    match outcome.status.map(|status| status.code()) {
        // Rust's panic has a status of its own; 128 and more are a shell's.
        Some(Some(code)) if code != 101 && code < 128 => {}
        _ => return Some(format!("ended by {}", status(outcome))),
    }
    if outcome.cpu > TIME {
        return Some(format!("took {} ms", outcome.cpu.as_millis()));
    }
    let memory = outcome.memory;
    (memory > MEMORY).then(|| format!("had {} MiB", memory >> 20))
}

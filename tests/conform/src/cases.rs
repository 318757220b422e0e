// SPDX-License-Identifier: MIT OR Apache-2.0

//! Holds one subject against cases, on all processors.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;

use crate::case::{Case, Run};
use crate::difference::Differences;
use crate::judge::judge;
use crate::subject::Subject;
use crate::supervise::supervise;
use crate::world::World;

/// What became of one run.
pub struct Verdict {
    /// `file: name of the run`
    pub run: String,
    /// How it went.
    pub end: End,
}

/// How a run went.
pub enum End {
    /// As it should.
    Passed,
    /// Not so, and allowed for that reason.
    Differs(String),
    /// As it should, where the list of differences says otherwise.
    NoLongerDiffers(String),
    /// Not as it should.
    Failed(Vec<String>),
}

impl End {
    /// Whether nothing is to be done about it.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Passed | Self::Differs(_))
    }
}

/// With what cases are run.
pub struct Bench {
    /// What is held against them.
    pub subject: Subject,
    /// Makes the indexes.
    pub depmod: PathBuf,
    /// What may differ.
    pub differences: Differences,
}

impl Bench {
    /// Runs what has one of `names` in its name (all if there are none) and
    /// calls `done` for each.
    pub fn hold(
        &self,
        cases: &[Case],
        names: &[String],
        done: impl Fn(Verdict) + Sync,
    ) -> Result<()> {
        let next = AtomicUsize::new(0);
        let failed = Mutex::new(None);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if let Err(error) = self.hold_one(case, names, &done)
                            && let Ok(mut failed) = failed.lock()
                        {
                            *failed = Some(error.context(case.name.clone()));
                        }
                    }
                });
            }
        });
        match failed.into_inner() {
            Ok(Some(error)) => Err(error),
            _ => Ok(()),
        }
    }

    fn hold_one(&self, case: &Case, names: &[String], done: impl Fn(Verdict)) -> Result<()> {
        let chosen = |run: &&Run| {
            let name = case.full_name(run);
            names.is_empty() || names.iter().any(|wanted| name.contains(wanted.as_str()))
        };
        let mut runs = case.run.iter().filter(chosen).peekable();
        if runs.peek().is_none() {
            return Ok(());
        }
        let world = World::new(case, &self.subject, &self.depmod)?;
        for run in runs {
            let name = case.full_name(run);
            let faults = self.faults(case, run, &world)?;
            let allowed = self.differences.allowed(&self.subject.name, &name);
            let end = match (faults.is_empty(), allowed) {
                (true, None) => End::Passed,
                (true, Some(why)) => End::NoLongerDiffers(why),
                (false, Some(why)) => End::Differs(why),
                (false, None) => End::Failed(faults),
            };
            done(Verdict { run: name, end });
        }
        Ok(())
    }

    fn faults(&self, case: &Case, run: &Run, world: &World) -> Result<Vec<String>> {
        let world = world.for_run(case, run)?;
        let outcome = supervise(case, run, world.root())?;
        Ok(judge(case, run, &outcome, world.root()))
    }
}

/// The cases of this project.
pub const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cases");

/// Its list of allowed differences.
pub const DIFFERENCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/differences.toml");

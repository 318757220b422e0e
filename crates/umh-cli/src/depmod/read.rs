// SPDX-License-Identifier: MIT OR Apache-2.0

//! Reads the modules' files: on all processors, the largest first, and only
//! those of which it is not known what they say.

use std::cmp::Reverse;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::facts::{Clerk, Facts};
use super::image::Reader;
use super::kept::Kept;
use super::names::Names;
use super::search::Found;
use super::stamp::Stamp;
use crate::kmod::parts::Unreadable;

/// What all files say.
pub(super) struct Reading {
    pub(super) names: Names,
    /// As the modules stand.
    pub(super) facts: Vec<Facts>,
    /// Which files were read, and in which state; nothing for those that
    /// could not be.
    pub(super) stamps: Vec<Option<Stamp>>,
    pub(super) unreadable: Vec<(usize, Unreadable)>,
    /// How many did not have to be read.
    pub(super) known: usize,
}

/// How many files keep a processor busy long enough to be worth a thread.
const WORTH: usize = 16;
/// How many of one directory are read in one go at most.
const RUN: usize = 16;
/// From how many files on people want to see that something goes on.
const LONG: usize = 500;

/// Reads what `kept` does not know; `checksums` too if asked.
pub(super) fn all(found: &[Found], mut kept: Kept, checksums: bool) -> Reading {
    let mut facts: Vec<Option<(Facts, Stamp)>> = Vec::new();
    facts.extend(found.iter().map(|module| {
        let facts = kept.take(module)?;
        Some((facts, module.stamp?))
    }));
    let known = facts.iter().flatten().count();
    let mut wanted: Vec<usize> = (0..found.len())
        .filter(|at| matches!(facts.get(*at), Some(None)))
        .collect();
    // Those that are not packed take no time to speak of, and stay together
    // with their neighbours.
    let size = |at: &usize| found.get(*at)?.stamp.map(|stamp| stamp.size());
    wanted.sort_by_key(|at| Reverse(size(at)));

    let mut names = kept.into_names();
    let mut unreadable = Vec::new();
    for (mut worker, results) in workers(found, &wanted, &names, checksums) {
        // The first worker's numbers can stay if there are no others.
        let ids = if names.count() == 0 {
            std::mem::swap(&mut names, &mut worker);
            None
        } else {
            Some(names.take(&worker))
        };
        for (at, result) in results {
            match (result, facts.get_mut(at)) {
                (Ok((mut read, stamp)), Some(slot)) => {
                    ids.iter().for_each(|ids| read.renumber(ids));
                    *slot = Some((read, stamp));
                }
                (Err(error), _) => unreadable.push((at, error)),
                (Ok(_), None) => {}
            }
        }
    }
    unreadable.sort_by_key(|(at, _)| *at);

    let both = facts.into_iter().map(|both| match both {
        Some((facts, stamp)) => (facts, Some(stamp)),
        None => (Facts::default(), None),
    });
    let (facts, stamps) = both.unzip();
    Reading {
        names,
        facts,
        stamps,
        unreadable,
        known,
    }
}

type Results = Vec<(usize, Result<(Facts, Stamp), Unreadable>)>;

fn workers(
    found: &[Found],
    wanted: &[usize],
    names: &Names,
    checksums: bool,
) -> Vec<(Names, Results)> {
    let bar = bar(wanted.len());
    // Files of one directory are read by one.
    let directory = |at: &usize| found.get(*at).and_then(|module| module.path.parent());
    let runs = wanted.chunk_by(|a, b| directory(a) == directory(b));
    let runs = runs.flat_map(|run| run.chunks(RUN)).collect::<Vec<_>>();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut reader = Reader::new(Clerk::new(names.other(), checksums));
        let mut results = Vec::new();
        while let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
            for at in *run {
                if let Some(module) = found.get(*at) {
                    results.push((*at, reader.read(&module.path)));
                }
            }
            bar.inc(run.len() as u64);
        }
        (reader.clerk.names, results)
    };
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let count = processors.min(wanted.len() / WORTH).max(1);
    let all = thread::scope(|scope| {
        // Where no more threads may be started, fewer do the work.
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..count).filter_map(spawn).collect();
        let own = work();
        let others = others.into_iter().filter_map(|worker| worker.join().ok());
        std::iter::once(own).chain(others).collect()
    });
    bar.finish_and_clear();
    all
}

/// A bar on a terminal that somebody may look at for long enough.
fn bar(count: usize) -> ProgressBar {
    if count < LONG || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(count as u64), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("depmod: {bar:40} {pos}/{len} modules, {eta} left");
    style.map_or_else(|_| ProgressBar::hidden(), |style| bar.with_style(style))
}

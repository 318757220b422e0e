// SPDX-License-Identifier: MIT OR Apache-2.0

//! modprobe: what a name resolves to, what would be loaded, the configuration.

use std::path::Path;
use std::process::Output;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, anyhow};

use super::names::Names;
use super::{Differential, Tally};
use crate::judge::readable;

/// Configurations that names are looked up with, by turns.
const CONFIGURATIONS: [&str; 2] = [
    "/dev/null",
    concat!(env!("CARGO_MANIFEST_DIR"), "/differential/modprobe.d"),
];

/// All questions about all names.
pub(super) fn all(all: &Differential, root: &Path, names: &Names) -> Result<Vec<Tally>> {
    let mut tallies = vec![configuration(all, root)?];
    for options in [["-R"].as_slice(), &["-D"], &["-n", "-v"]] {
        tallies.push(lookups(all, root, names, options)?);
    }
    Ok(tallies)
}

fn configuration(all: &Differential, root: &Path) -> Result<Tally> {
    let mut tally = Tally::new("modprobe -c");
    for configuration in CONFIGURATIONS {
        let words = words(all, root, configuration, &["-c"]);
        tally.compared += 1;
        let [ours, theirs] = ask(all, &words)?;
        if let Some(difference) = difference(&ours, &theirs) {
            tally
                .differ
                .push(format!("-C {configuration}: {difference}"));
        }
    }
    Ok(tally)
}

fn lookups(all: &Differential, root: &Path, names: &Names, options: &[&str]) -> Result<Tally> {
    let tally = Mutex::new(Tally::new(format!("modprobe {}", options.join(" "))));
    let failed = Mutex::new(None);
    let next = AtomicUsize::new(0);
    let work = || -> Result<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(name) = names.all.get(number) else {
                return Ok(());
            };
            let configuration = CONFIGURATIONS.get(number % 2).copied().unwrap_or_default();
            let mut words = words(all, root, configuration, options);
            words.push(b"--");
            words.push(name.as_bytes());
            let [ours, theirs] = ask(all, &words)?;
            let difference = difference(&ours, &theirs);
            let mut tally = tally.lock().map_err(|_| anyhow!("another thread failed"))?;
            tally.compared += 1;
            match difference {
                None => {}
                Some(_) if is_allowed(&ours, &theirs, names) => tally.allowed += 1,
                Some(difference) => {
                    let line = format!("{name} (-C {configuration}): {difference}");
                    tally.differ.push(line);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                if let Err(error) = work()
                    && let Ok(mut failed) = failed.lock()
                {
                    *failed = Some(error);
                }
            });
        }
    });
    match failed.into_inner() {
        Ok(None) => {}
        Ok(Some(error)) => return Err(error),
        Err(_) => return Err(anyhow!("a thread failed")),
    }
    tally.into_inner().map_err(|_| anyhow!("a thread failed"))
}

fn words<'a>(
    all: &'a Differential,
    root: &'a Path,
    configuration: &'a str,
    options: &[&'a str],
) -> Vec<&'a [u8]> {
    let mut words: Vec<&[u8]> = vec![b"-d", root.as_os_str().as_encoded_bytes()];
    words.extend([b"-S".as_slice(), all.release.as_bytes()]);
    words.extend([b"-C".as_slice(), configuration.as_bytes()]);
    words.extend(options.iter().map(|option| option.as_bytes()));
    words
}

fn ask(all: &Differential, words: &[&[u8]]) -> Result<[Output; 2]> {
    Ok([
        all.ours.ask("modprobe", words)?,
        all.reference.ask("modprobe", words)?,
    ])
}

/// How the answers differ: in status, in output, or by a line of an error.
pub(super) fn difference(ours: &Output, theirs: &Output) -> Option<String> {
    let (expected, found) = (&theirs.stdout, &ours.stdout);
    if expected != found {
        let alike = expected
            .split(|b| *b == b'\n')
            .zip(found.split(|b| *b == b'\n'));
        let at = alike.take_while(|(one, other)| one == other).count();
        let line = |text: &[u8]| {
            let line = text.split(|b| *b == b'\n').nth(at).map(readable);
            line.unwrap_or_else(|| "(nothing)".into())
        };
        return Some(format!(
            "line {}: {:?} instead of {:?}",
            at + 1,
            line(found),
            line(expected)
        ));
    }
    if ours.status != theirs.status {
        return Some(format!("{} instead of {}", ours.status, theirs.status));
    }
    // Hints may follow a message, and lines of them a line.
    let said = readable(&ours.stderr);
    let wanted = readable(&theirs.stderr);
    let is_said = |wanted: &str| said.lines().any(|line| line.starts_with(wanted));
    match wanted.lines().find(|line| !is_said(line)) {
        Some(line) => Some(format!("standard error lacks {line:?}")),
        None if wanted.is_empty() && !said.is_empty() => Some(format!("says {said:?}")),
        None => None,
    }
}

/// kmod-project/kmod#33: of a module's softdeps kmod takes the first line. The
/// answers may differ by modules more where one of them is of that kind.
fn is_allowed(ours: &Output, theirs: &Output, names: &Names) -> bool {
    let lines = |output: &Output| -> Vec<String> {
        readable(&output.stdout)
            .lines()
            .map(str::to_owned)
            .collect()
    };
    let (found, expected) = (lines(ours), lines(theirs));
    let module = |line: &String| line.split(' ').nth(1).map(crate::world::stem);
    let softer = |line: &String| module(line).is_some_and(|name| names.softer.contains(&name));
    ours.status == theirs.status
        && found.iter().any(softer)
        && expected.iter().all(|line| found.contains(line))
}

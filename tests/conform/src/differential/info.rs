// SPDX-License-Identifier: MIT OR Apache-2.0

//! modinfo: all that every module says of itself.

use std::path::Path;

use anyhow::Result;

use super::lookups::difference;
use super::{Differential, Tally};

/// How many names one command has.
const BATCH: usize = 100;

/// All fields of all `modules`, and those that have options of their own.
pub(super) fn all(all: &Differential, root: &Path, modules: &[String]) -> Result<Vec<Tally>> {
    let mut tallies = Vec::new();
    for options in [
        [].as_slice(),
        &["-0"],
        &["-p"],
        &["-F", "firmware"],
        &["-n"],
    ] {
        let what = ["modinfo"].iter().chain(options).copied();
        let mut tally = Tally::new(what.collect::<Vec<_>>().join(" "));
        for batch in modules.chunks(BATCH) {
            if ask(all, root, options, batch)?.is_some() {
                one_by_one(all, root, options, batch, &mut tally)?;
            }
            tally.compared += batch.len();
        }
        tallies.push(tally);
    }
    tallies.push(versions(all, root, modules)?);
    Ok(tallies)
}

fn one_by_one(
    all: &Differential,
    root: &Path,
    options: &[&str],
    modules: &[String],
    tally: &mut Tally,
) -> Result<()> {
    for module in modules {
        let alone = std::slice::from_ref(module);
        if let Some(difference) = ask(all, root, options, alone)? {
            tally.differ.push(format!("{module}: {difference}"));
        }
    }
    Ok(())
}

fn ask(
    all: &Differential,
    root: &Path,
    options: &[&str],
    modules: &[String],
) -> Result<Option<String>> {
    let mut words: Vec<&[u8]> = vec![b"-b", root.as_os_str().as_encoded_bytes()];
    words.extend([b"-k".as_slice(), all.release.as_bytes()]);
    words.extend(options.iter().map(|option| option.as_bytes()));
    words.extend(modules.iter().map(|module| module.as_bytes()));
    Ok(difference(
        &all.ours.ask("modinfo", &words)?,
        &all.reference.ask("modinfo", &words)?,
    ))
}

/// What every tenth module wants and offers: `modprobe --show-modversions`.
fn versions(all: &Differential, root: &Path, modules: &[String]) -> Result<Tally> {
    let mut tally = Tally::new("modprobe --show-modversions, --show-exports");
    for module in modules.iter().step_by(10) {
        let words: [&[u8]; 6] = [
            b"-b",
            root.as_os_str().as_encoded_bytes(),
            b"-k",
            all.release.as_bytes(),
            b"-n",
            module.as_bytes(),
        ];
        let path = all.reference.ask("modinfo", &words)?.stdout;
        for option in [b"--show-modversions".as_slice(), b"--show-exports"] {
            let words = [option, path.trim_ascii_end()];
            let (ours, theirs) = (
                all.ours.ask("modprobe", &words)?,
                all.reference.ask("modprobe", &words)?,
            );
            tally.compared += 1;
            // Words about a module without any are each program's own.
            let same_failure = ours.status == theirs.status && !ours.status.success();
            if let Some(difference) = difference(&ours, &theirs).filter(|_| !same_failure) {
                tally.differ.push(format!("{module}: {difference}"));
            }
        }
    }
    Ok(tally)
}

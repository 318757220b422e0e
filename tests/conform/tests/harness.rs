// SPDX-License-Identifier: MIT OR Apache-2.0

//! The harness itself, shown on programs that this machine may have: one that
//! is right, and one that is known to be wrong.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Result;
use umh_conform::case::Case;
use umh_conform::cases::{self, Bench, End, Verdict};
use umh_conform::difference::Differences;
use umh_conform::subject::Subject;

#[test]
fn kmod_of_this_machine_loads_what_it_should() {
    let results = hold("/sbin/modprobe", "modprobe/names: ").unwrap();
    for run in [
        "modprobe/names: a module is loaded after what it needs",
        "modprobe/names: as the kernel asks",
        "modprobe/names: a module of the kernel itself is there already",
    ] {
        assert_ne!(results.get(run), Some(&false), "{run}");
    }
}

#[test]
fn busybox_fails_where_it_is_known_to_and_nowhere_else() {
    let results = hold("/bin/busybox", "modprobe/").unwrap();
    for (run, expected) in [
        ("modprobe/softdeps: they are loaded in that order", false),
        ("modprobe/force: both checks of both modules", false),
        (
            "modprobe/names: a module is loaded after what it needs",
            true,
        ),
        ("modprobe/names: as the kernel asks", true),
    ] {
        assert_ne!(results.get(run), Some(&!expected), "{run}");
    }
}

/// Whether each run called `name` was as it should be for `program`: of no
/// run, on a machine that has no such program or no depmod.
fn hold(program: &str, name: &str) -> Result<BTreeMap<String, bool>> {
    let results = Mutex::new(BTreeMap::new());
    let depmod = Path::new("/sbin/depmod");
    if Path::new(program).exists() && depmod.exists() {
        let bench = Bench {
            subject: Subject::new("other", Path::new(program), &[])?,
            depmod: PathBuf::from(depmod),
            differences: Differences::default(),
        };
        let all = Case::all(Path::new(cases::DIRECTORY))?;
        bench.hold(&all, &[name.to_owned()], |verdict: Verdict| {
            if let Ok(mut results) = results.lock() {
                results.insert(verdict.run, matches!(verdict.end, End::Passed));
            }
        })?;
    }
    Ok(results.into_inner().unwrap_or_default())
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! The same names looked up by usermode-helper, started on this very machine
//! as its kernel would start it (`bench/peers/imitator`), and what a program
//! costs that does nothing.
//!
//! What is counted is all of a call, from its start to its end, judged and
//! recorded. Every module counts as loaded already by the files of the tree,
//! which holds depmod's lists and no module: none can be loaded.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::super::figures::median;
use super::super::peers;
use super::aims::Aim;
use super::lookups::{MISS, NAMES};
use crate::cache::Cache;
use crate::debian::Debian;
use crate::run::Run;
use crate::trees::{Form, Tree};
use crate::vm::programs;
use crate::{say, setup};

/// How many lookups of a name make one round.
const EACH: usize = 100;

/// The most microseconds of a lookup.
const AIM: u64 = 150;

/// Programs of `bench/peers`, and what they are the cost of.
const FLOORS: &[(&str, &str, &str)] = &[
    ("empty", "empty", "an empty program without libc"),
    ("floor", "empty-libc", "an empty program with libc"),
    ("floor", "empty-std", "an empty program in Rust"),
];

/// Microseconds of processor time, by what they are of.
pub(super) struct Native {
    lookups: Vec<(&'static str, u64)>,
    floors: Vec<(&'static str, u64)>,
}

impl Native {
    /// Measures all names. Takes root, and a machine that lets it have
    /// namespaces.
    pub(super) fn measure(umh: &Path, rounds: usize) -> Result<Self> {
        ensure!(setup::is_root(), "only root can imitate the kernel");
        let tree = tree(umh)?;
        let text = say::step("look names up as the kernel asks", || {
            let unshare = Run::new("unshare");
            let unshare = unshare.args(["--mount", "--pid", "--fork", "--kill-child"]);
            let imitator = unshare.arg(tree.join("imitator")).arg(&tree);
            let rounds = (rounds * EACH).to_string();
            imitator.args(["lookups", &rounds]).read()
        })?;
        let of = |name: &str| -> Result<u64> {
            let lines = text.lines().filter_map(|line| line.rsplit_once(' '));
            let times = lines.filter(|(other, _)| *other == name);
            let times = times.map(|(_, time)| Ok(time.parse::<u64>()? / 1000));
            Ok(median(times.collect::<Result<_>>()?))
        };
        let lookups = NAMES.iter().map(|(task, name)| Ok((*task, of(name)?)));
        let floors = FLOORS.iter().map(|(_, name, what)| Ok((*what, of(name)?)));
        Ok(Self {
            lookups: lookups.collect::<Result<_>>()?,
            floors: floors.collect::<Result<_>>()?,
        })
    }

    /// The figures for people.
    pub(super) fn print(&self) {
        say::line(format_args!(
            "\nBy usermode-helper, as the kernel starts it, judged and recorded; and the start of\n\
             programs that do nothing. CPU ms:\n"
        ));
        for (what, time) in self.lookups.iter().chain(&self.floors) {
            say::line(format_args!("{what:<42} {:>9.2}", *time as f64 / 1000.0));
        }
    }

    /// The same for programs.
    pub(super) fn as_json(&self) -> Value {
        let all = |all: &[(&str, u64)]| {
            let each = all.iter();
            let each = each.map(|(what, time)| json!({ "what": what, "cpu_microseconds": time }));
            each.collect::<Vec<_>>()
        };
        json!({ "lookups": all(&self.lookups), "floors": all(&self.floors) })
    }

    /// What each lookup may cost.
    pub(super) fn aims(&self) -> impl Iterator<Item = Aim> {
        self.lookups.iter().map(|(task, time)| Aim {
            what: format!("{task}, by usermode-helper: CPU"),
            limit: format!("{AIM} us"),
            found: format!("{time} us"),
            reached: *time <= AIM,
        })
    }
}

/// Lays out a small system below the target directory, with the lists of
/// Debian's 6.12 kernel and the modprobe.d of its kmod.
fn tree(umh: &Path) -> Result<PathBuf> {
    let cache = Cache::open()?;
    let tree = crate::target().join("bench-lookups");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    for folder in [
        "dev",
        "etc/modprobe.d",
        "proc",
        "run",
        "usr/lib/modprobe.d",
        "usr/lib/umh",
        "usr/lib/umh-bench",
    ] {
        fs::create_dir_all(tree.join(folder))?;
    }
    symlink("usr/lib", tree.join("lib"))?;
    fs::write(tree.join("dev/null"), "")?;
    fs::copy(peers::build("imitator")?, tree.join("imitator"))?;
    for (package, name, _) in FLOORS {
        let floor = peers::program_of(package, name)?;
        fs::copy(floor, tree.join("usr/lib/umh-bench").join(name))?;
    }
    let helper = tree.join("usr/lib/umh/modprobe");
    fs::copy(programs::build_helper()?, &helper)?;
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o700))?;
    let aliases = "usr/lib/modprobe.d/aliases.conf";
    let kmod = Debian::of(&cache, "trixie").tree("kmod")?;
    fs::copy(kmod.join(aliases), tree.join(aliases)).context(aliases)?;

    let modules = Tree::of(&cache, Form::Raw)?;
    let depmod = Run::new(umh).args(["depmod", "-C", "/dev/null", "-b"]);
    let depmod = depmod.arg(&modules.base).arg("-o").arg(&tree);
    depmod.arg(&modules.release).read()?;
    let mut names = String::new();
    for (task, name) in NAMES {
        let found = *task != MISS;
        names += &format!("{name} {}\n", if found { 0 } else { 1 });
        if found {
            let modprobe = Run::new(umh).args(["modprobe", "-S", &modules.release, "-d"]);
            for module in modprobe.arg(&tree).args(["-R", name]).read()?.lines() {
                let state = tree.join("sys/module").join(module);
                fs::create_dir_all(&state)?;
                fs::write(state.join("initstate"), "live\n")?;
            }
        }
    }
    fs::write(tree.join("names"), names)?;
    // As the kernel that runs names itself, which is asked for its modules.
    let lists = tree.join("lib/modules");
    let running = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    fs::rename(lists.join(&modules.release), lists.join(running.trim_end()))?;
    Ok(tree)
}

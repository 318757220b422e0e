// SPDX-License-Identifier: MIT OR Apache-2.0

//! depmod: all modules, in every form, and one that changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::cost::Cost;
use super::{Bench, Row};
use crate::run::Run;
use crate::say;
use crate::trees::{Form, Tree};

/// The tasks, for those who look for their rows.
pub(super) const RAW: &str = "depmod, raw";
pub(super) const RAW_ONE: &str = "depmod, raw, one processor";
pub(super) const GZIP: &str = "depmod, .gz";
pub(super) const XZ: &str = "depmod, .xz";
pub(super) const ZSTD: &str = "depmod, .zst";
pub(super) const CHANGED: &str = "depmod, .xz, one module changed";
pub(super) const QUICK: &str = "depmod -A, nothing to do";

/// The program whose bytes ours must equal, in rows.
pub(super) const KMOD: &str = "kmod 34.2";
pub(super) const OURS: &str = "umh";

/// How often busybox does a task.
const SLOW_ROUNDS: usize = 3;

/// A program with a copy of the tree for itself.
struct Subject<'a> {
    name: String,
    run: Box<dyn Fn() -> Run + 'a>,
    /// Whether it takes all of kmod's options.
    whole: bool,
    base: PathBuf,
    costs: Vec<Cost>,
}

impl Subject<'_> {
    /// What it costs to do it once.
    fn once(&self, tree: &Tree) -> Result<Cost> {
        let run = (self.run)().arg("-b").arg(&self.base);
        let run = if self.whole {
            run.args(["-C", "/dev/null"])
        } else {
            run
        };
        Cost::of(run.arg(&tree.release))
    }
}

/// Measures all tasks.
pub(super) fn measure(bench: &Bench<'_>, rows: &mut Vec<Row>) -> Result<()> {
    let scratch = crate::target().join("bench-modules");
    for (task, form) in [
        (RAW, Form::Raw),
        (RAW_ONE, Form::Raw),
        (GZIP, Form::Gzip),
        (XZ, Form::Xz),
        (ZSTD, Form::Zstd),
    ] {
        let tree = Tree::of(bench.cache, form)?;
        if scratch.exists() {
            fs::remove_dir_all(&scratch)?;
        }
        let subjects = say::step(&format!("{task}, {} times", bench.rounds), || {
            full(bench, &tree, &scratch, (task == RAW_ONE).then_some("0"))
        })?;
        rows.extend(subjects.into_iter().map(|subject| Row {
            task,
            program: subject.name,
            cost: Cost::median(&subject.costs),
        }));
        if task == RAW_ONE {
            super::floor::measure(task, &tree, bench.rounds, rows)?;
        }
    }
    fs::remove_dir_all(&scratch)?;
    let tree = Tree::of(bench.cache, Form::Xz)?;
    say::step(CHANGED, || changed(bench, &tree, &scratch, rows))?;
    fs::remove_dir_all(&scratch)?;
    Ok(())
}

/// All modules, by everybody who can read them; the results must be the same.
fn full<'a>(
    bench: &'a Bench<'_>,
    tree: &Tree,
    scratch: &Path,
    processor: Option<&'static str>,
) -> Result<Vec<Subject<'a>>> {
    // Without zlib Debian's kmod writes empty indexes and reports success;
    // busybox does that with zstd, and has no binary indexes at all.
    let pinned = move |program: &Path| match processor {
        Some(number) => Run::new("taskset")
            .args(["--cpu-list", number])
            .arg(program),
        None => Run::new(program),
    };
    let mut subjects = Vec::new();
    let mut add = |name: &str, whole, run: Box<dyn Fn() -> Run + 'a>| -> Result<()> {
        let base = scratch.join(name.replace(' ', "-"));
        fs::create_dir_all(&base)?;
        tree.copy(&base)?;
        subjects.push(Subject {
            name: name.to_owned(),
            run,
            whole,
            base,
            costs: Vec::new(),
        });
        Ok(())
    };
    add(
        OURS,
        true,
        Box::new(move || pinned(bench.umh).arg("depmod")),
    )?;
    if tree.form != Form::Gzip {
        for kmod in &bench.kmods {
            let name = format!("kmod {}", kmod.version);
            add(
                &name,
                true,
                Box::new(move || kmod.pinned("depmod", processor)),
            )?;
        }
    }
    if tree.form == Form::Raw {
        let busybox = move || pinned(Path::new("busybox")).arg("depmod");
        add("busybox", false, Box::new(busybox))?;
    }

    // Once for nothing: all are to find the modules in memory.
    if let Some(first) = subjects.first() {
        first.once(tree)?;
    }
    for round in 0..bench.rounds {
        // Ten times as slow, and not what aims are about.
        let not_again = |subject: &Subject<'_>| !subject.whole && round >= SLOW_ROUNDS;
        for subject in &mut subjects {
            if not_again(subject) {
                continue;
            }
            subject.costs.push(subject.once(tree)?);
        }
    }
    let of = |name: &str| subjects.iter().find(|subject| subject.name == name);
    if let (Some(ours), Some(theirs)) = (of(OURS), of(KMOD)) {
        same(&ours.base, &theirs.base, &tree.release)?;
    }
    Ok(subjects)
}

/// One of many modules changed: ours remembers the others.
fn changed(bench: &Bench<'_>, tree: &Tree, scratch: &Path, rows: &mut Vec<Row>) -> Result<()> {
    let base = scratch.join("tree");
    fs::create_dir_all(&base)?;
    let copy = tree.copy(&base)?;
    let module = copy.modules().join("kernel/fs/fat/vfat.ko.xz");
    let bytes = fs::read(&module).with_context(|| format!("cannot read {}", module.display()))?;
    let memory = scratch.join("memory");
    let arguments = |run: Run| run.arg("-b").arg(&base).args(["-C", "/dev/null"]);
    let ours = || {
        let run = arguments(Run::new(bench.umh).arg("depmod"));
        run.arg("--remember").arg(&memory).arg(&tree.release)
    };
    // Nothing is remembered of files that changed a moment ago, as links to
    // all of them just have.
    thread::sleep(Duration::from_secs(4));
    Cost::of(ours())?;

    let (mut costs, mut quick, mut kmod_quick) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.rounds {
        fs::remove_file(&module)?;
        fs::write(&module, &bytes)?;
        costs.push(Cost::of(ours())?);
        let run = arguments(Run::new(bench.umh).arg("depmod")).arg("-A");
        quick.push(Cost::of(run.arg(&tree.release))?);
        for kmod in bench
            .kmods
            .iter()
            .filter(|kmod| KMOD.ends_with(&kmod.version))
        {
            let run = arguments(kmod.run("depmod")).arg("-A");
            kmod_quick.push(Cost::of(run.arg(&tree.release))?);
        }
    }
    for (task, program, costs) in [
        (CHANGED, OURS, costs),
        (QUICK, OURS, quick),
        (QUICK, KMOD, kmod_quick),
    ] {
        rows.push(Row {
            task,
            program: program.to_owned(),
            cost: Cost::median(&costs),
        });
    }

    // As if nothing had been remembered.
    let full = scratch.join("full");
    Cost::of(
        arguments(Run::new(bench.umh).arg("depmod"))
            .arg("-o")
            .arg(&full)
            .args(["--full"])
            .arg(&tree.release),
    )?;
    same(&base, &full, &tree.release)
}

/// Whether two trees have the same indexes.
fn same(ours: &Path, theirs: &Path, release: &str) -> Result<()> {
    let directory = |base: &Path| base.join("lib/modules").join(release);
    for name in INDEXES {
        let [ours, theirs] = [ours, theirs].map(|base| directory(base).join(name));
        let read =
            |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        ensure!(
            read(&ours)? == read(&theirs)?,
            "{} and {} differ",
            ours.display(),
            theirs.display()
        );
    }
    Ok(())
}

/// What depmod makes.
const INDEXES: &[&str] = &[
    "modules.dep",
    "modules.dep.bin",
    "modules.alias",
    "modules.alias.bin",
    "modules.softdep",
    "modules.weakdep",
    "modules.symbols",
    "modules.symbols.bin",
    "modules.builtin.bin",
    "modules.builtin.alias.bin",
    "modules.devname",
];

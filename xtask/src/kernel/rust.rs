// SPDX-License-Identifier: MIT OR Apache-2.0

//! `c-6.12`, `rust-6.12` and their like: Debian's source of Linux with
//! `kernel/`, from one tree by one option each.
//!
//! The tree stays in the cache with its objects, so that a change of `kernel/`
//! or of the crates it brings along costs one object and a link.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};
use umh_vm::plan::Kernel;

use crate::cache::{self, Cache};
use crate::debian::Debian;
use crate::kernel::overlay::Overlay;
use crate::kernel::source::{Source, check, drop_selects};
use crate::kernel::toolchain::{BUILD, Toolchain};
use crate::kernel::tree::{Tree, variant};
use crate::kernel::{Files, Outside, SELFTESTS, depmod, release_in};
use crate::run::Run;
use crate::say;

/// A new value makes everyone build again: for changes to [`prepare`].
const RECIPE: &[u8] = b"1";

/// Where in a tree make(1) builds.
const OBJECTS: &str = "o";

/// The files of `kernel`, built when what goes into them has changed.
pub(super) fn ready(cache: &Cache, debian: &Debian<'_>, kernel: Kernel) -> Result<Files> {
    let tree = Tree::of(kernel);
    let toolchain = Toolchain::ready(cache)?;
    let source = tree.source(cache, debian)?;
    let overlay = Overlay::read(crate::root(), &source.name, tree.patch)?;
    let fragments = tree.fragments.iter().map(|name| {
        let path = crate::root().join("tests/vm/kernels").join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    });
    let fragment = fragments.collect::<Result<String>>()?;

    let tree_key = cache::key(&[source.key()?, overlay.patch(), toolchain.name()?, RECIPE]);
    let dir = cache.entry(&format!("{}-tree-{tree_key}", tree.name), |partial| {
        prepare(&source, &overlay, partial)
    })?;

    let key = cache::key(&[tree_key.as_bytes(), fragment.as_bytes(), &overlay.key()]);
    let make = Make {
        toolchain: &toolchain,
        tree,
        linux: &source.name,
        dir: &dir,
        fragment: &fragment,
    };
    let name = |kernel: Kernel| format!("{}-{key}", kernel.name());
    let base = cache.entry(&name(tree.main), |partial| {
        let step = format!("build {} (about 10 minutes on 2 cores, once)", tree.name);
        say::step(&step, || build(&make, tree.main, &overlay, partial))
    })?;
    let image = cache.entry(&name(kernel), |partial| {
        let step = format!("build {} (2 minutes on 2 cores, once)", kernel.name());
        say::step(&step, || image(&make, kernel, &overlay, partial))
    })?;
    Ok(Files {
        kernel,
        image: image.join(tree.machine.image().0),
        release: release_in(&base)?,
        outside: Outside::Built(base.clone()),
        base,
    })
}

/// A tree with our changes, in which nothing was built yet.
fn prepare(source: &Source, overlay: &Overlay, dir: &Path) -> Result<()> {
    let source = source.unpack(dir)?;
    drop_selects(&source.join("lib/Kconfig.debug"))?;
    overlay.apply(&source)?;
    Ok(fs::create_dir(dir.join(OBJECTS))?)
}

/// A kernel of the tree.
fn image(make: &Make<'_>, kernel: Kernel, overlay: &Overlay, into: &Path) -> Result<()> {
    // Another state of `kernel/` may be built in it by another process.
    let _locked = make.lock()?;
    overlay.copy(make.dir)?;
    make.configure(variant(kernel))?;
    let (target, image) = make.tree.machine.image();
    make.run(&[&jobs(), target])?;
    let image = make.dir.join(OBJECTS).join(image);
    fs::copy(image, into.join(target)).map(drop)?;
    Ok(())
}

/// The main kernel, its modules, which serve the others too (no symbols have
/// versions), and what tests them.
fn build(make: &Make<'_>, kernel: Kernel, overlay: &Overlay, into: &Path) -> Result<()> {
    image(make, kernel, overlay, into)?;
    let _locked = make.lock()?;
    make.run(&[&jobs(), "modules"])?;
    let out = make.dir.join("out");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    let install = format!("INSTALL_MOD_PATH={BUILD}/out");
    make.run(&["-s", &install, "DEPMOD=true", "modules_install"])?;
    fs::rename(out.join("lib"), into.join("lib"))?;
    let release = release_in(into)?;
    fs::remove_file(into.join("lib/modules").join(&release).join("build"))?;
    depmod(into, &release)?;

    make.run(&[&format!("M={BUILD}/module"), "modules"])?;
    let module = make.dir.join("module/umh_test.ko");
    fs::copy(module, into.join("umh_test.ko"))?;
    selftests(make, into)
}

fn jobs() -> String {
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    format!("-j{jobs}")
}

/// Linux's own, as scripts, with the one program that they need.
fn selftests(make: &Make<'_>, into: &Path) -> Result<()> {
    let dir = make.dir;
    let folder = format!("{}/tools/testing/selftests", make.linux);
    let to = into.join(SELFTESTS);
    fs::create_dir(&to)?;
    for name in ["kmod", "firmware"] {
        let from = dir.join(&folder).join(name);
        Run::new("cp").arg("-r").arg(from).arg(&to).read()?;
    }
    let source = format!("{BUILD}/{folder}/firmware/fw_namespace");
    let gcc = make
        .toolchain
        .run(dir, "gcc")
        .args(["-static", "-O2", "-o"]);
    gcc.args([&source, &format!("{source}.c")]).read()?;
    let program = dir.join(folder).join("firmware/fw_namespace");
    fs::copy(program, to.join("firmware/fw_namespace")).map(drop)?;
    Ok(())
}

/// make(1) in a tree.
struct Make<'a> {
    toolchain: &'a Toolchain,
    tree: &'a Tree,
    /// The folder of Linux in it.
    linux: &'a str,
    dir: &'a Path,
    /// What all kernels of the tree have.
    fragment: &'a str,
}

impl Make<'_> {
    fn lock(&self) -> Result<File> {
        let lock = File::create(self.dir.join("lock"))?;
        lock.lock()?;
        Ok(lock)
    }

    fn run(&self, words: &[&str]) -> Result<()> {
        let make = self.toolchain.run(self.dir, "make");
        let make = make.args(self.tree.machine.words());
        let make = make.args(["-C", &format!("{BUILD}/{}", self.linux)]);
        let make = make.arg(format!("O={BUILD}/{OBJECTS}"));
        make.args(words).logged(&self.dir.join("build.log"))
    }

    /// `make tinyconfig` and what is wanted over it; each line must take.
    fn configure(&self, variant: &str) -> Result<()> {
        self.run(&["-s", "tinyconfig"])?;
        let path = self.dir.join(OBJECTS).join(".config");
        let fragment = [self.fragment, variant].concat();
        // Of two lines for one symbol the later one counts.
        fs::write(&path, fs::read_to_string(&path)? + &fragment)?;
        self.run(&["-s", "olddefconfig"])?;
        check(&fragment, &fs::read_to_string(&path)?)
    }
}

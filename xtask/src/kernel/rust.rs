// SPDX-License-Identifier: MIT OR Apache-2.0

//! `c-6.12`, `rust-6.12` and their like: Debian's linux-source-6.12 with
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
use crate::kernel::source::{SOURCE, check, drop_selects, unpack};
use crate::kernel::toolchain::{BUILD, Toolchain};
use crate::kernel::{Files, Outside, SELFTESTS, depmod, release_in};
use crate::run::Run;
use crate::say;

/// A new value makes everyone build again: for changes to [`prepare`].
const RECIPE: &[u8] = b"1";

/// Where in a tree make(1) builds.
const OBJECTS: &str = "o";

/// A tree, and the kernels that come from it.
struct Tree {
    name: &'static str,
    /// Over `make tinyconfig`, in `tests/vm/kernels`.
    fragments: &'static [&'static str],
    /// The kernel that its modules are built with.
    main: Kernel,
}

const PLAIN: Tree = Tree {
    name: "rust-6.12",
    fragments: &["option-6.12.config", "rust-6.12.config"],
    main: Kernel::Rust612,
};

const DEBUG: Tree = Tree {
    name: "rust-debug-6.12",
    fragments: &[
        "option-6.12.config",
        "rust-6.12.config",
        "rust-debug-6.12.config",
    ],
    main: Kernel::RustDebug612,
};

/// The files of `kernel`, built when what goes into them has changed.
pub(super) fn ready(cache: &Cache, debian: &Debian<'_>, kernel: Kernel) -> Result<Files> {
    let tree = match kernel {
        Kernel::RustDebug612 => &DEBUG,
        _ => &PLAIN,
    };
    let toolchain = Toolchain::ready(cache)?;
    let overlay = Overlay::read(crate::root())?;
    let fragments = tree.fragments.iter().map(|name| {
        let path = crate::root().join("tests/vm/kernels").join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    });
    let fragment = fragments.collect::<Result<String>>()?;

    let package = debian.tree(SOURCE)?;
    let version = package.file_name().context("a package's tree has a name")?;
    let tree_key = cache::key(&[
        version.as_encoded_bytes(),
        overlay.patch(),
        toolchain.name()?,
        RECIPE,
    ]);
    let dir = cache.entry(&format!("{}-tree-{tree_key}", tree.name), |partial| {
        prepare(&package, &overlay, partial)
    })?;

    let key = cache::key(&[tree_key.as_bytes(), fragment.as_bytes(), &overlay.key()]);
    let make = Make {
        toolchain: &toolchain,
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
        image: image.join(IMAGE),
        release: release_in(&base)?,
        outside: Outside::Built(base.clone()),
        base,
    })
}

/// What QEMU loads.
const IMAGE: &str = "bzImage";

/// A tree with our changes, in which nothing was built yet.
fn prepare(package: &Path, overlay: &Overlay, dir: &Path) -> Result<()> {
    let source = unpack(package, dir)?;
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
    make.run(&[&jobs(), IMAGE])?;
    let image = make.dir.join(OBJECTS).join("arch/x86/boot").join(IMAGE);
    fs::copy(image, into.join(IMAGE)).map(drop)?;
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
    selftests(make.toolchain, make.dir, into)
}

fn jobs() -> String {
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    format!("-j{jobs}")
}

/// What a kernel of the tree has and others have not.
fn variant(kernel: Kernel) -> &'static str {
    match kernel {
        Kernel::C612 => "# CONFIG_RUST_UMH is not set\n# CONFIG_STATIC_USERMODEHELPER is not set\n",
        Kernel::RustOption612 => concat!(
            "CONFIG_RUST_UMH=y\nCONFIG_RUST_UMH_KUNIT_TEST=y\n",
            "CONFIG_STATIC_USERMODEHELPER=y\n",
            "CONFIG_STATIC_USERMODEHELPER_PATH=\"/sbin/usermode-helper\"\n",
        ),
        _ => concat!(
            "CONFIG_RUST_UMH=y\nCONFIG_RUST_UMH_KUNIT_TEST=y\n",
            "# CONFIG_STATIC_USERMODEHELPER is not set\n",
        ),
    }
}

/// Linux's own, as scripts, with the one program that they need.
fn selftests(toolchain: &Toolchain, dir: &Path, into: &Path) -> Result<()> {
    let folder = format!("{SOURCE}/tools/testing/selftests");
    let to = into.join(SELFTESTS);
    fs::create_dir(&to)?;
    for name in ["kmod", "firmware"] {
        let from = dir.join(&folder).join(name);
        Run::new("cp").arg("-r").arg(from).arg(&to).read()?;
    }
    let source = format!("{BUILD}/{folder}/firmware/fw_namespace");
    let gcc = toolchain.run(dir, "gcc").args(["-static", "-O2", "-o"]);
    gcc.args([&source, &format!("{source}.c")]).read()?;
    let program = dir.join(folder).join("firmware/fw_namespace");
    fs::copy(program, to.join("firmware/fw_namespace")).map(drop)?;
    Ok(())
}

/// make(1) in a tree.
struct Make<'a> {
    toolchain: &'a Toolchain,
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
        let make = self.toolchain.run(self.dir, "make").arg("LLVM=1");
        let make = make.args(["-C", &format!("{BUILD}/{SOURCE}")]);
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

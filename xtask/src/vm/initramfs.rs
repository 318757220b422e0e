// SPDX-License-Identifier: MIT OR Apache-2.0

//! The first root of a guest, from the list of `umh_vm::contents`: an archive
//! or, for the calls that only an initrd brings, a file system image.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use umh_vm::contents::{Entry, Origin};
use umh_vm::plan::Boot;

use crate::bench::peers;
use crate::cache::Cache;
use crate::debian::Debian;
use crate::kernel::{self, Files};
use crate::kmod::Kmod;
use crate::run::Run;
use crate::vm::image::Image;
use crate::vm::newc::Archive;
use crate::vm::programs::{self, Programs};
use crate::vm::romfs::Romfs;
use crate::vm::{libraries, modules, system};

/// The root of one boot. `scratch` is an empty directory to work in.
pub(crate) fn build(
    cache: &Cache,
    files: &Files,
    programs: &Programs,
    boot: &Boot,
    scratch: &Path,
) -> Result<Vec<u8>> {
    let mut archive: Box<dyn Image> = match boot.suite.has_image() {
        true => Box::<Romfs>::default(),
        false => Box::<Archive>::default(),
    };
    for entry in boot.contents() {
        match entry {
            Entry::Directory { path, mode } => archive.directory(path, mode),
            Entry::Link { path, target } => archive.link(path, target),
            Entry::Node { path, device } => archive.node(path, 0o600, device),
            Entry::Modules(which) => modules::add(&mut *archive, files, which, scratch)?,
            Entry::System {
                release,
                packages,
                umh,
            } => {
                let umh = umh.then_some(programs);
                system::add(&mut *archive, cache, (release, packages), umh, scratch)?;
            }
            Entry::Kmod { release, folder } => {
                for (path, source) in Kmod::of(cache, release)?.files()? {
                    let contents = fs::read(&source)
                        .with_context(|| format!("cannot read {}", source.display()))?;
                    archive.file(&format!("{folder}/{path}"), 0o755, &contents);
                }
            }
            Entry::Configuration => {
                let name = format!("config-{}", files.release);
                let source = files.image.with_file_name(&name);
                let contents = fs::read(&source)
                    .with_context(|| format!("cannot read {}", source.display()))?;
                archive.file(&format!("/boot/{name}"), 0o644, &contents);
            }
            Entry::File { path, mode, origin } => {
                let source = match origin {
                    Origin::Text(text) => {
                        archive.file(path, mode, text.as_bytes());
                        continue;
                    }
                    Origin::SelinuxPolicy(sources) => selinux_policy(sources, scratch)?,
                    Origin::Guest => programs.guest.clone(),
                    Origin::Probe => programs.probe.clone(),
                    Origin::Helper => programs.helper.clone(),
                    Origin::Umh => programs::build_umh()?,
                    Origin::Peer(name) => peers::build(name)?,
                    Origin::Selftest(name) => kernel::selftests(cache, files)?.join(name),
                    Origin::TestModule => kernel::module::build(cache, files)?,
                    Origin::Program { name, package } => libraries::program(name)
                        .with_context(|| format!("{name} of package {package} is not installed; see cargo xtask setup"))?,
                    Origin::Package { package, path } => in_package(cache, package, path)?,
                };
                let packages = match origin {
                    Origin::Package { package, .. } => Debian::new(cache).libraries(package)?,
                    _ => Vec::new(),
                };
                let contents = fs::read(&source);
                let contents =
                    contents.with_context(|| format!("cannot read {}", source.display()))?;
                archive.file(path, mode, &contents);
                if matches!(origin, Origin::Program { .. } | Origin::Package { .. }) {
                    add_libraries(&mut *archive, &source, &packages)?;
                }
            }
        }
    }
    Ok(archive.finish())
}

fn selinux_policy(sources: &[&str], scratch: &Path) -> Result<PathBuf> {
    let policy = scratch.join("policy");
    let run = Run::new("secilc").args(["--filecontext=/dev/null", "--output"]);
    let sources = sources.iter().map(|source| crate::root().join(source));
    run.arg(&policy).args(sources).read()?;
    Ok(policy)
}

fn in_package(cache: &Cache, package: &str, path: &str) -> Result<PathBuf> {
    let tree = Debian::new(cache).tree(package)?;
    Ok(tree.join(path.trim_start_matches('/')))
}

/// With what is not the host's from `packages`, unpacked.
fn add_libraries(archive: &mut dyn Image, program: &Path, packages: &[PathBuf]) -> Result<()> {
    let folders = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"];
    let within = |tree: &PathBuf| folders.map(|folder| tree.join(folder));
    let folders: Vec<_> = packages.iter().flat_map(within).collect();
    for library in libraries::of(program, &folders)? {
        let tree = packages.iter().find(|tree| library.starts_with(tree));
        let inside = tree.map_or(Ok(library.as_path()), |tree| library.strip_prefix(tree))?;
        let path = Path::new("/").join(inside);
        let path = path.to_str().context("a library's path is no text")?;
        if !archive.contains(path) {
            let mode = fs::metadata(&library)?.permissions().mode() & 0o777;
            archive.file(path, mode, &fs::read(&library)?);
        }
    }
    Ok(())
}

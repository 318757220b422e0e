// SPDX-License-Identifier: MIT OR Apache-2.0

//! Debian's kernel packages, unmodified, and their headers.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use umh_vm::plan::Kernel;

use crate::cache::Cache;
use crate::debian::Debian;
use crate::kernel::{Files, Outside, depmod, release_in};
use crate::run::Run;

/// The newest kernel of `branch`, such as `6.12`.
pub(super) fn ready(
    cache: &Cache,
    debian: &Debian<'_>,
    kernel: Kernel,
    branch: &str,
) -> Result<Files> {
    // A release's own kernel is `linux-image-amd64`; a newer one that it also
    // offers has the branch in its name.
    let branched = format!("linux-image-{branch}-amd64");
    let metas = [branched.as_str(), "linux-image-amd64"];
    let image_package = debian.dependency(&metas, &format!("linux-image-{branch}."))?;
    let headers_package = image_package.replace("linux-image-", "linux-headers-");
    let common = debian.dependency(&[&headers_package], "linux-headers-")?;
    let kbuild = debian.dependency(&[&headers_package], "linux-kbuild-")?;

    let image = debian.tree(&image_package)?;
    let headers = [&headers_package, &common, &kbuild].map(|package| debian.tree(package));
    let headers = headers.into_iter().collect::<Result<Vec<_>>>()?;

    // The versions are in the names of the trees.
    let mut key = vec![name(&image)?];
    key.extend(
        headers
            .iter()
            .map(|tree| name(tree))
            .collect::<Result<Vec<_>>>()?,
    );
    let key: Vec<&[u8]> = key.iter().map(|name| name.as_bytes()).collect();
    let entry = format!("{}-{}", kernel.name(), crate::cache::key(&key));
    let base = cache.entry(&entry, |partial| assemble(partial, &image, &headers))?;

    let release = release_in(&base)?;
    Ok(Files {
        kernel,
        image: image.join(format!("boot/vmlinuz-{release}")),
        outside: Outside::Headers(base.join(format!("usr/src/linux-headers-{release}"))),
        release,
        base,
    })
}

/// One tree of links and copies: `lib/modules` with indexes, and headers that
/// refer to each other where they now are.
fn assemble(dir: &Path, image: &Path, headers: &[PathBuf]) -> Result<()> {
    // Merged into /usr or not, depending on the release.
    let modules = [image.join("usr/lib/modules"), image.join("lib/modules")];
    let modules = modules.iter().find(|path| path.exists());
    let modules = modules.with_context(|| format!("{} holds no modules", image.display()))?;
    fs::create_dir(dir.join("lib"))?;
    copy(modules, &dir.join("lib/modules"))?;
    depmod(dir, &release_in(dir)?)?;

    for tree in headers {
        copy(&tree.join("usr"), dir)?;
    }
    // Debian's headers include each other by absolute path.
    let makefile = dir.join(format!(
        "usr/src/linux-headers-{}/Makefile",
        release_in(dir)?
    ));
    let text = fs::read_to_string(&makefile)?;
    // The file is a hard link into the package's own tree.
    fs::remove_file(&makefile)?;
    fs::write(
        &makefile,
        text.replace("/usr/src/", "$(dir $(lastword $(MAKEFILE_LIST)))../"),
    )?;
    Ok(())
}

/// Hard links where the file system has them: 400 MB are not copied twice.
fn copy(from: &Path, to: &Path) -> Result<()> {
    Run::new("cp").arg("-al").arg(from).arg(to).read().map(drop)
}

fn name(tree: &Path) -> Result<String> {
    let name = tree.file_name().and_then(|name| name.to_str());
    Ok(name.context("a tree in the cache has a name")?.to_owned())
}

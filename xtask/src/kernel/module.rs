// SPDX-License-Identifier: MIT OR Apache-2.0

//! `tests/vm/module/`, built outside the tree of the kernel that loads it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::cache::{self, Cache};
use crate::kernel::{Files, Outside};
use crate::run::Run;

/// The module's file for `files`, built when its source has changed.
pub(crate) fn build(cache: &Cache, files: &Files) -> Result<PathBuf> {
    let headers = match &files.outside {
        Outside::Headers(headers) => headers,
        Outside::Built(folder) => return Ok(folder.join("umh_test.ko")),
    };
    let folder = crate::root().join("tests/vm/module");
    let mut sources: Vec<PathBuf> = fs::read_dir(&folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.ends_with("Kbuild") || path.extension().is_some_and(|end| end == "c"))
        .collect();
    sources.sort();
    let texts = sources
        .iter()
        .map(fs::read)
        .collect::<Result<Vec<_>, _>>()?;

    let mut parts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
    parts.push(files.base.as_os_str().as_encoded_bytes());
    let entry = format!("module-{}-{}", files.release, cache::key(&parts));
    let built = cache.entry(&entry, |partial| {
        for source in &sources {
            let name = source.file_name().context("a source file has a name")?;
            fs::copy(source, partial.join(name))?;
        }
        // Debian's headers ask for the compiler of their own release by
        // version; any will do, since the module is loaded by no one else.
        let make = Run::new("make").arg("-C").arg(headers).arg("CC=gcc");
        // Type information for BPF needs one more tool and helps no case.
        let make = make.arg("CONFIG_DEBUG_INFO_BTF_MODULES=");
        let make = make.arg(format!("M={}", partial.display()));
        make.arg("modules").logged(&partial.join("build.log"))
    })?;
    Ok(built.join("umh_test.ko"))
}

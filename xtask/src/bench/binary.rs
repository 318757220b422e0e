// SPDX-License-Identifier: MIT OR Apache-2.0

//! The kernel-facing program as a file.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::run::Run;
use crate::vm::programs::TARGET;

/// What is asked of it.
pub(crate) struct Binary {
    /// Its size, stripped.
    pub(crate) bytes: u64,
    /// Functions of a heap that are linked in.
    pub(crate) allocators: Vec<String>,
}

impl Binary {
    /// Looks at `helper`, and at a build of it that has its symbols.
    pub(crate) fn of(helper: &Path) -> Result<Self> {
        let bytes = fs::metadata(helper)
            .with_context(|| format!("cannot read {}", helper.display()))?
            .len();

        let target = crate::target().join("symbols");
        let cargo = Run::cargo().args(["build", "--quiet", "--package", "umh-helper"]);
        let cargo = cargo.args(["--bin", "usermode-helper", "--profile", "helper"]);
        let cargo = cargo.args(["--target", TARGET, "--config"]);
        let cargo = cargo.arg(r#"profile.helper.strip="none""#);
        let built = cargo.arg("--target-dir").arg(&target).shown()?;
        ensure!(built.success(), "usermode-helper does not build");
        let program = target.join(TARGET).join("helper/usermode-helper");
        let symbols = Run::new("nm").arg("--demangle").arg(program).read()?;
        ensure!(symbols.contains("_start"), "nm lists no symbols");
        Ok(Self {
            bytes,
            allocators: allocators(&symbols),
        })
    }
}

/// The lines of nm that name a heap, of Rust or of C.
fn allocators(symbols: &str) -> Vec<String> {
    let names = symbols.lines().filter_map(|line| line.split_once(' '));
    let is_heap = |name: &str| {
        let word = name.rsplit(' ').next().unwrap_or(name);
        name.contains("__rust_alloc")
            || name.contains("__rust_realloc")
            || ["malloc", "calloc", "realloc", "brk", "sbrk"].contains(&word)
    };
    names
        .map(|(_, name)| name.trim().to_owned())
        .filter(|name| is_heap(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heap_is_known_by_its_symbols() {
        let symbols = "0000000000401000 T _start\n0000000000401010 t core::fmt::write\n";
        assert!(allocators(symbols).is_empty());
        let more = "0000000000401020 T __rust_alloc\n                 U malloc\n";
        assert_eq!(allocators(&(symbols.to_owned() + more)).len(), 2);
    }
}

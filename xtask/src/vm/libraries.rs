// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a dynamically linked program needs to start.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::run::Run;

/// The interpreter and libraries of `program`, as the host's loader finds
/// them in `folders` and then where it always looks; none for a static
/// program or a script.
pub(crate) fn of(program: &Path, folders: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let folders = std::env::join_paths(folders)?;
    // ldd fails for what is not dynamic, in words only.
    let run = Run::new("ldd").env("LD_LIBRARY_PATH", folders);
    let output = run.arg(program).into_command().output();
    let output = output.context("cannot run ldd, of package libc-bin")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    parse(&text).with_context(|| format!("{} cannot go into a guest", program.display()))
}

/// What a loader's `--list` says that a program needs.
pub(crate) fn listed_by(list: Run) -> Result<Vec<PathBuf>> {
    parse(&list.read()?)
}

/// The host's program `name`, as root finds it.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let folders = [
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
    ];
    let mut paths = folders.iter().map(|folder| Path::new(folder).join(name));
    paths.find(|path| path.is_file())
}

fn parse(text: &str) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for line in text.lines().map(str::trim) {
        // `libc.so.6 => /lib/libc.so.6 (0x..)`, `/lib64/ld.so (0x..)`,
        // `linux-vdso.so.1 (0x..)`, `statically linked`.
        let (name, place) = line.split_once(" => ").unwrap_or((line, line));
        let path = place.split(" (").next().unwrap_or_default();
        if path.starts_with('/') {
            paths.push(path.into());
        } else if path == "not found" {
            bail!("the host has no {name}");
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_and_the_interpreter_are_found_and_the_vdso_is_not_a_file() {
        let text = "\tlinux-vdso.so.1 (0x00007ffd)\n\tlibc.so.6 => /lib/x/libc.so.6 (0x00007f)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";
        let expected: Vec<PathBuf> = vec![
            "/lib/x/libc.so.6".into(),
            "/lib64/ld-linux-x86-64.so.2".into(),
        ];
        assert_eq!(parse(text).unwrap(), expected);
        assert!(parse("\tstatically linked\n").unwrap().is_empty());
        assert!(parse("\tlibx.so => not found\n").is_err());
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! Times on this very processor and kernel, in a tree and in namespaces of
//! their own: `bench/peers/imitator` makes its calls look like a kernel's. Nothing is
//! asked of this machine's kernel but to run programs, and nothing is written
//! to its log.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use umh_vm::measured::{Measured, Subject};

use super::figures::Figures;
use super::peers;
use crate::run::Run;
use crate::{say, setup};

/// The rounds in which all take turns.
const ROUNDS: &str = "1000";

/// Measures what needs no guest. Takes root, and a machine that lets it have
/// namespaces.
pub(crate) fn measure(helper: &Path) -> Result<Figures> {
    ensure!(setup::is_root(), "only root can imitate the kernel");
    let tree = tree(helper)?;
    let text = say::step("times on this machine", || {
        let unshare = Run::new("unshare").args(["--mount", "--pid", "--fork", "--kill-child"]);
        let imitator = unshare.arg(tree.join("imitator")).arg(&tree);
        imitator.args(["calls", ROUNDS]).read()
    })?;
    let mut measured: Vec<(Subject, Measured)> = Vec::new();
    for line in text.lines() {
        let (name, time) = line.split_once(' ').context("a line of the imitator")?;
        let mut subjects = Subject::ALL.iter();
        let subject = *subjects
            .find(|subject| subject.name() == name)
            .with_context(|| format!("no subject {name}"))?;
        let of_it = match measured.iter().position(|(known, _)| *known == subject) {
            Some(at) => at,
            None => {
                measured.push((subject, Measured::default()));
                measured.len() - 1
            }
        };
        let (_, of_it) = measured.get_mut(of_it).context("just found")?;
        of_it.times.push(time.parse()?);
    }
    Ok(Figures::from(measured))
}

/// Lays out a small system below the target directory.
fn tree(helper: &Path) -> Result<PathBuf> {
    let tree = crate::target().join("bench-tree");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    for folder in [
        "dev",
        "etc/umh-bench",
        "etc/umh.becomes/policy.d",
        "etc/umh.waits/policy.d",
        "proc",
        "run",
        "sbin",
        "usr/lib/umh",
        "usr/lib/umh-bench",
    ] {
        fs::create_dir_all(tree.join(folder))?;
    }
    fs::write(tree.join("dev/null"), "")?;
    let bench = tree.join("usr/lib/umh-bench");
    fs::copy(peers::build("imitator")?, tree.join("imitator"))?;
    for peer in ["empty", "dispatcher", "least"] {
        fs::copy(peers::build(peer)?, bench.join(peer))?;
    }
    for last in ["r", "e", "c", "w"] {
        fs::hard_link(bench.join("least"), bench.join(format!("least-{last}")))?;
    }
    let unlisted = bench.join("unlisted");
    fs::copy(helper, &unlisted)?;
    fs::set_permissions(&unlisted, fs::Permissions::from_mode(0o700))?;
    fs::hard_link(&unlisted, tree.join("usr/lib/umh/modprobe"))?;
    symlink("../usr/lib/umh-bench/empty", tree.join("sbin/modprobe"))?;
    let peers = crate::root().join("bench/peers");
    let policy = tree.join("etc/umh-bench/policy.toml");
    fs::copy(peers.join("dispatcher/policy.toml"), policy)?;
    let waits = "version = 1\n\n[helper.modprobe]\nrun = \"/sbin/modprobe\"\nwiden = true\n";
    let becomes = [waits, "supervise = false\n"].concat();
    for (folder, text) in [("umh.waits", waits), ("umh.becomes", &becomes)] {
        let folder = tree.join("etc").join(folder).join("policy.d");
        fs::write(folder.join("50-bench.toml"), text)?;
    }
    Ok(tree)
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! A depmod in an image's root, where nothing is but modules, and on a file
//! system that is read-only: both are made in a mount namespace or a root of
//! their own, which only root can.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::{System, VERSION, indexes};

#[test]
fn neither_proc_nor_dev_is_needed() {
    if !rustix::process::geteuid().is_root() {
        return eprintln!("NOT RUN: chroot(2) takes root");
    }
    let (system, bare) = (System::new(), System::new());
    system.depmod().arg(VERSION).assert().success();
    let umh = Path::new(env!("CARGO_BIN_EXE_umh"));
    fs::copy(umh, bare.root().join("umh")).expect("a copy");
    let ldd = Command::new("ldd").arg(umh).output().expect("ldd");
    let ldd = String::from_utf8_lossy(&ldd.stdout).into_owned();
    let libraries = ldd.split_whitespace().filter(|word| word.starts_with('/'));
    for library in libraries {
        let copy = bare.root().join(library.trim_start_matches('/'));
        fs::create_dir_all(copy.parent().expect("it has one")).expect("a directory");
        fs::copy(library, copy).expect("a copy");
    }

    let said = run("chroot", &[&shown(bare.root()), "/umh", "depmod", VERSION]);
    assert!(said.status.success(), "{said:?}");
    assert_eq!(indexes(bare.root()), indexes(system.root()));
    for missing in ["proc", "dev", "sys"] {
        assert!(!bare.root().join(missing).exists(), "{missing}");
    }
}

#[test]
fn what_is_read_only_is_said_once() {
    // Nor has root mounts of its own where its `/` is no mount, as in a chroot.
    if !run("unshare", &["--mount", "true"]).status.success() {
        return eprintln!("NOT RUN: mount(2) takes root and mounts of its own");
    }
    let system = System::new();
    system.depmod().arg(VERSION).assert().success();
    let before = indexes(system.root());
    system.write("kernel/c.ko", b"another");
    let script =
        "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && shift && exec \"$@\"";
    let (root, umh) = (shown(system.root()), env!("CARGO_BIN_EXE_umh"));
    let mut words = vec!["--mount", "sh", "-c", script, "sh", &root, umh];
    words.extend(["depmod", "-C", "/dev/null", "-b", &root, VERSION]);
    let said = run("unshare", &words);
    let text = String::from_utf8_lossy(&said.stderr);
    assert_eq!(said.status.code(), Some(1), "{text}");
    assert!(text.contains("Read-only file system"), "{text}");
    assert_eq!(text.matches("depmod:").count(), 1, "{text}");
    assert_eq!(indexes(system.root()), before);
}

fn run(program: &str, words: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(words).output().expect("it starts")
}

fn shown(path: &Path) -> String {
    path.to_str().expect("temporary names are text").to_owned()
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! An image's modules, as the texts that depmod writes beside its indexes.

use std::fs;

use super::*;

/// The tree of the image's kernel.
pub(crate) const TREE: &[u8] = b"/lib/modules/6.12";

const FILES: &[(&str, &str)] = &[
    (
        "lib/modules/6.12/modules.dep",
        "kernel/net/rds/rds.ko.xz:\n\
         kernel/net/rds/rds-tcp.ko.xz: kernel/net/rds/rds.ko.xz kernel/lib/libcrc32c.ko\n\
         kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko\n\
         kernel/fs/jbd2/jbd2.ko:\n\
         kernel/lib/libcrc32c.ko:\n\
         kernel/fs/fuse/fuse.ko:\n\
         kernel/net/sctp/sctp.ko:\n\
         kernel/lib/crc.ko:\n",
    ),
    (
        "lib/modules/6.12/modules.alias",
        "alias net-pf-21 rds\nalias fs-ext4 ext4\nalias fs-ext2 ext4\n\
         alias pci:v* ext4\nalias pci:v1* fuse\nalias gone removed\n",
    ),
    (
        "lib/modules/6.12/modules.symbols",
        "alias symbol:rds_send rds\n",
    ),
    (
        "lib/modules/6.12/modules.builtin",
        "kernel/net/unix/unix.ko\n",
    ),
    (
        "lib/modules/6.12/modules.softdep",
        "# c\nsoftdep sctp ignored pre: crc post: fs-ext4\nsoftdep c?c pre: sctp\n",
    ),
    (
        "etc/modprobe.d/local.conf",
        "blacklist fuse\nalias mine rds-tcp\nsoftdep rds post: fuse\n",
    ),
    ("proc/cmdline", "modprobe.blacklist=ext4 rds.x=1\n"),
];

/// A root with the modules of kernel `6.12`.
pub(crate) fn image() -> (tempfile::TempDir, Root) {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in FILES {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let root = Root::At(fs::File::open(directory.path()).unwrap().into());
    (directory, root)
}

/// A root with nothing in it.
pub(crate) fn nothing() -> (tempfile::TempDir, Root) {
    let directory = tempfile::tempdir().unwrap();
    let root = Root::At(fs::File::open(directory.path()).unwrap().into());
    (directory, root)
}

/// The modules of all plans for a name, with a mark for those on the
/// blacklist.
fn resolved(name: &str) -> Vec<String> {
    let (_directory, root) = image();
    let modules = Modules::of(&root, TREE, || Ok(()));
    let wanted = modules.wanted(name.as_bytes()).unwrap();
    assert_eq!(wanted.complaints, [""; 0]);
    let leads = wanted.leads.iter().flat_map(|lead| {
        let mark = if lead.blacklisted.is_some() { "!" } else { "" };
        let names = lead.plan.steps.iter().map(|step| step.module.name.clone());
        names.map(move |name| format!("{mark}{}", String::from_utf8(name).unwrap()))
    });
    leads.collect()
}

#[test]
fn a_name_leads_to_plans() {
    assert_eq!(resolved("rds-tcp"), ["libcrc32c", "rds", "fuse", "rds_tcp"]);
    assert_eq!(resolved("mine"), ["libcrc32c", "rds", "fuse", "rds_tcp"]);
    assert_eq!(resolved("symbol:rds_send"), ["rds", "fuse"]);
    assert_eq!(resolved("unix"), ["unix"]);
    assert_eq!(resolved("gone"), ["removed"]);
    assert_eq!(resolved("sctp"), ["crc", "sctp", "jbd2", "ext4"]);
    for name in ["", "nothing", "[", "]", "../x"] {
        assert!(resolved(name).is_empty(), "{name}");
    }
}

#[test]
fn the_blacklist_is_for_aliases() {
    assert_eq!(resolved("fs-ext2"), ["!jbd2", "!ext4"]);
    assert_eq!(resolved("ext4"), ["jbd2", "ext4"]);
    assert_eq!(resolved("pci:v1"), ["!jbd2", "!ext4", "!fuse"]);
}

#[test]
fn the_command_line_has_options() {
    let (_directory, root) = image();
    let modules = Modules::of(&root, TREE, || Ok(()));
    let wanted = modules.wanted(b"rds").unwrap();
    assert_eq!(wanted.leads[0].plan.steps[0].options, b"x=1 ");
}

#[test]
fn without_memory_or_a_tree_nothing_is_known() {
    let (_directory, root) = image();
    let poor = Modules::of(&root, TREE, || Err(Errno::NOMEM));
    assert_eq!(
        poor.wanted(b"rds").unwrap_err(),
        &Unknowable::Memory(Errno::NOMEM)
    );
    let (_directory, root) = nothing();
    let modules = Modules::of(&root, TREE, || Ok(()));
    assert_eq!(modules.wanted(b"rds").unwrap_err(), &Unknowable::NoTree);
}

#[test]
fn a_broken_index_is_complained_of() {
    let (directory, root) = image();
    fs::write(
        directory.path().join("lib/modules/6.12/modules.dep.bin"),
        "x",
    )
    .unwrap();
    let modules = Modules::of(&root, TREE, || Ok(()));
    let wanted = modules.wanted(b"fuse").unwrap();
    assert_eq!(wanted.leads.len(), 1);
    assert!(wanted.complaints[0].contains("modules.dep.bin: contradicts itself"));
}

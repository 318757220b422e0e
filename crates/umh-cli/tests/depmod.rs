// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh depmod` on trees of made-up modules; beside it, where the machine has
//! one, kmod's.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::Command as Assert;
use umh_modules::elf::fixture::Fixture;

#[path = "depmod/bare.rs"]
mod bare;
#[path = "depmod/killed.rs"]
mod killed;
#[path = "depmod/remembered.rs"]
mod remembered;
#[path = "depmod/unreadable.rs"]
mod unreadable;

const VERSION: &str = "6.12.1-test";

/// A system with modules.
struct System(tempfile::TempDir);

impl System {
    /// Six modules: `a` needs `b` and `c`, `b` needs `c`; `dkms` is in no
    /// list of the kernel's; `c` is there twice.
    fn new() -> Self {
        let system = Self::empty();
        let module = |path: &str, fixture: Fixture<'_>| system.write(path, &fixture.build());
        module(
            "kernel/a.ko",
            Fixture {
                modinfo: &[
                    "alias=pci:v00008086d*sv[0-9]*",
                    "alias=fs-a",
                    "softdep=pre: dkms",
                ],
                imports: &["b_run", "c_run", "printk"],
                ..Fixture::default()
            },
        );
        module(
            "kernel/b-1.ko",
            Fixture {
                modinfo: &[
                    "alias=devname:net/b",
                    "alias=char-major-10-200",
                    "weakdep=a",
                ],
                exports: &[("b_run", 1)],
                relative: true,
                imports: &["c_run"],
                ..Fixture::default()
            },
        );
        module(
            "kernel/c.ko",
            Fixture {
                modinfo: &["alias=old"],
                plain_exports: &["c_run"],
                ..Fixture::default()
            },
        );
        module(
            "updates/c.ko",
            Fixture {
                modinfo: &["alias=new", "alias=odd]"],
                exports: &[("c_run", 2), ("c_stop", 3)],
                ..Fixture::default()
            },
        );
        module(
            "updates/dkms.ko",
            Fixture {
                narrow: true,
                big: true,
                weak_imports: &["a_missing"],
                ..Fixture::default()
            },
        );
        system.write(
            "modules.order",
            b"kernel/c.ko\nkernel/b-1.ko\nkernel/gone.ko\nkernel/a.ko\n",
        );
        system.write(
            "modules.builtin",
            b"kernel/fs/ext-4.ko\n9\nkernel/lib/crc.ko\n",
        );
        system.write(
            "modules.builtin.modinfo",
            b"ext_4.license=GPL\0ext_4.alias=fs-ext4\0\0\0crc.alias=crypto-[a-c]-x\0cut.alias=off",
        );
        system
    }

    fn empty() -> Self {
        let system = Self(tempfile::tempdir().expect("a directory"));
        fs::create_dir_all(system.modules()).expect("a directory");
        system
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn modules(&self) -> PathBuf {
        self.root().join("lib/modules").join(VERSION)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.modules().join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a directory");
        fs::write(path, bytes).expect("a file");
    }

    /// `umh depmod` on it.
    fn depmod(&self) -> Assert {
        let mut depmod = Assert::cargo_bin("umh").expect("it is built");
        depmod
            .arg("depmod")
            .arg("-b")
            .arg(self.root())
            .args(["-C", "/dev/null"]);
        depmod
    }

    fn text(&self, name: &str) -> String {
        let bytes = fs::read(self.modules().join(name)).expect("an index");
        String::from_utf8(bytes).expect("text")
    }
}

/// All indexes below `root`.
fn indexes(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let directory = root.join("lib/modules").join(VERSION);
    let made = [
        "modules.dep",
        "modules.alias",
        "modules.softdep",
        "modules.weakdep",
        "modules.symbols",
        "modules.devname",
    ];
    let is_index = |name: &str| made.contains(&name) || name.ends_with(".bin");
    let entries = fs::read_dir(directory).expect("a directory").flatten();
    entries
        .map(|entry| {
            (
                entry.file_name().into_string().expect("a name"),
                entry.path(),
            )
        })
        .filter(|(name, _)| is_index(name))
        .map(|(name, path)| (name, fs::read(path).expect("an index")))
        .collect()
}

#[test]
fn the_indexes_say_what_the_modules_say() {
    let system = System::new();
    let run = system.depmod().arg(VERSION).assert().success();
    let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    assert_eq!(
        said,
        "depmod: WARNING: Unmatched bracket in odd]\n\
         depmod: ERROR: Invalid modules.builtin line: 9\n"
    );
    assert_eq!(
        system.text("modules.dep"),
        "kernel/b-1.ko: updates/c.ko\n\
         kernel/a.ko: kernel/b-1.ko updates/c.ko\n\
         updates/c.ko:\n\
         updates/dkms.ko:\n"
    );
    assert_eq!(
        system.text("modules.alias"),
        "# Aliases extracted from modules themselves.\n\
         alias devname:net/b b_1\n\
         alias char-major-10-200 b_1\n\
         alias pci:v00008086d*sv[0-9]* a\n\
         alias fs-a a\n\
         alias new c\n\
         alias odd] c\n"
    );
    assert!(
        system
            .text("modules.softdep")
            .ends_with("softdep a pre: dkms\n")
    );
    assert!(system.text("modules.weakdep").ends_with("weakdep b_1 a\n"));
    assert!(
        system
            .text("modules.devname")
            .ends_with("b_1 net/b c10:200\n")
    );
    let symbols = system.text("modules.symbols");
    for line in [
        "alias symbol:b_run b_1\n",
        "alias symbol:c_run c\n",
        "alias symbol:c_stop c\n",
    ] {
        assert!(symbols.contains(line), "{symbols}");
    }
    assert_eq!(indexes(system.root()).len(), 11);
}

#[test]
fn the_indexes_are_those_of_kmod() {
    let Some(theirs) = ["/usr/sbin/depmod", "/sbin/depmod"]
        .into_iter()
        .find(|path| Path::new(path).exists())
    else {
        eprintln!("no depmod here to compare with");
        return;
    };
    let (our, their) = (System::new(), System::new());
    our.depmod().arg(VERSION).assert().success();
    let mut run = Command::new(theirs);
    let run = run
        .arg("-b")
        .arg(their.root())
        .args(["-C", "/dev/null", VERSION]);
    assert!(run.status().expect("it runs").success());
    let (our, their) = (indexes(our.root()), indexes(their.root()));
    for (name, bytes) in their {
        let our = our.get(&name).expect("we make all that kmod makes");
        // kmod before 34 had another order of nodes in binary indexes.
        if name.ends_with(".bin") {
            assert_eq!(our.len(), bytes.len(), "{name}");
        } else {
            assert_eq!(
                our.escape_ascii().to_string(),
                bytes.escape_ascii().to_string(),
                "{name}"
            );
        }
    }
}

#[test]
fn a_dry_run_prints_and_writes_nothing() {
    let system = System::new();
    let run = system.depmod().args(["-n", VERSION]).assert().success();
    let said = String::from_utf8_lossy(&run.get_output().stdout).into_owned();
    assert!(said.starts_with("kernel/b-1.ko: updates/c.ko\n"), "{said}");
    assert!(said.ends_with("b_1 net/b c10:200\n"), "{said}");
    assert!(indexes(system.root()).is_empty());
}

#[test]
fn indexes_go_where_they_are_wanted() {
    let (system, out) = (System::new(), tempfile::tempdir().expect("a directory"));
    system
        .depmod()
        .arg("-o")
        .arg(out.path())
        .arg(VERSION)
        .assert()
        .success();
    assert!(indexes(system.root()).is_empty());
    assert_eq!(indexes(out.path()).len(), 11);
}

#[test]
fn only_given_files_are_looked_at() {
    let system = System::new();
    let file = system.modules().join("kernel/c.ko");
    system.depmod().arg(VERSION).arg(&file).assert().success();
    assert_eq!(system.text("modules.dep"), "kernel/c.ko:\n");
    let run = system
        .depmod()
        .args([VERSION, "kernel/c.ko"])
        .assert()
        .code(1);
    run.stderr("depmod: FATAL: kernel/c.ko: not absolute path.\n");
}

#[test]
fn nothing_is_done_while_no_module_is_newer() {
    let system = System::new();
    system.depmod().arg(VERSION).assert().success();
    fs::write(system.modules().join("modules.alias"), "mine").expect("a file");
    system.depmod().args(["-A", VERSION]).assert().success();
    assert_eq!(system.text("modules.alias"), "mine");

    system.write("extra/e.ko", &Fixture::default().build());
    system
        .depmod()
        .args(["--quick", VERSION])
        .assert()
        .success();
    assert!(system.text("modules.dep").contains("extra/e.ko:\n"));
    assert_ne!(system.text("modules.alias"), "mine");
}

#[test]
fn an_index_that_stays_the_same_is_left_alone() {
    let system = System::new();
    let time = |name: &str| {
        fs::metadata(system.modules().join(name))
            .and_then(|data| data.modified())
            .expect("a time")
    };
    system.depmod().arg(VERSION).assert().success();
    let before = ["modules.alias.bin", "modules.dep"].map(time);
    system.depmod().arg(VERSION).assert().success();
    let after = ["modules.alias.bin", "modules.dep"].map(time);
    assert_eq!(before[0], after[0]);
    assert!(before[1] < after[1]);
}

#[test]
fn symbols_that_nobody_offers_are_warned_of() {
    let system = System::new();
    let map = system.root().join("System.map");
    fs::write(&map, "c1 R __ksymtab_other\nc2 T printk\n").expect("a file");
    let run = system
        .depmod()
        .arg("-ae")
        .arg("-F")
        .arg(&map)
        .arg(VERSION)
        .assert()
        .success();
    let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    let path = system.modules().join("kernel/a.ko");
    let line = format!(
        "depmod: WARNING: {} needs unknown symbol printk\n",
        path.display()
    );
    assert!(said.contains(&line), "{said}");
    // The module does without it.
    assert!(!said.contains("a_missing"), "{said}");
}

#[test]
fn symbols_of_another_version_are_warned_of() {
    let system = System::empty();
    let fixture = Fixture {
        imports: &["one", "two"],
        versions: &[("one", 0x11), ("two", 0x22)],
        ..Fixture::default()
    };
    system.write("kernel/m.ko", &fixture.build());
    let list = system.root().join("Module.symvers");
    let text = "0x00000011\tone\tvmlinux\tEXPORT_SYMBOL\t\n0x33\ttwo\tvmlinux\tEXPORT_SYMBOL\t\n";
    fs::write(&list, text).expect("a file");
    let run = system
        .depmod()
        .arg("-e")
        .arg("-E")
        .arg(&list)
        .arg(VERSION)
        .assert()
        .success();
    let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    assert!(
        said.contains("kernel/m.ko disagrees about version of symbol two\n"),
        "{said}"
    );
    assert!(!said.contains("symbol one"), "{said}");
}

#[test]
fn modules_that_need_each_other_are_told_and_nothing_is_written() {
    let system = System::empty();
    let module = |name: &str, offers: &str, needs: &[&str]| {
        let fixture = Fixture {
            plain_exports: &[offers],
            imports: needs,
            ..Fixture::default()
        };
        system.write(&format!("kernel/{name}.ko"), &fixture.build());
    };
    module("a", "a_run", &["b_run"]);
    module("b", "b_run", &["a_run"]);
    module("c", "c_run", &["a_run"]);
    system.write("modules.order", b"");
    let run = system.depmod().arg(VERSION).assert().code(1);
    let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    assert!(said.contains("depmod: ERROR: Cycle detected: "), "{said}");
    assert!(
        said.ends_with("depmod: ERROR: Found 2 modules in dependency cycles!\n"),
        "{said}"
    );
    assert!(indexes(system.root()).is_empty());
}

#[test]
fn what_is_said_twice_is_warned_of_when_asked() {
    let system = System::empty();
    let fixture = Fixture {
        modinfo: &["alias=x", "alias=x"],
        ..Fixture::default()
    };
    system.write("kernel/m.ko", &fixture.build());
    let said = |option: &str| {
        let run = system.depmod().args([option, VERSION]).assert().success();
        String::from_utf8_lossy(&run.get_output().stderr).contains("duplicate module alias:\nx m\n")
    };
    assert!(!said("-a"));
    assert!(said("-w"));
}

#[test]
fn a_kernels_version_has_two_numbers() {
    let system = System::new();
    let run = system.depmod().arg("latest").assert().code(1);
    run.stderr("depmod: FATAL: Bad version passed latest\n");
}

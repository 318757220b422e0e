// SPDX-License-Identifier: MIT OR Apache-2.0

//! Modules that cannot be read, and places that cannot be written to.

use std::fs;
use std::io::Write as _;

use umh_modules::elf::fixture::Fixture;

use super::{System, VERSION, indexes};

#[test]
fn a_damaged_module_costs_what_it_says_and_nothing_else() {
    let (whole, damaged) = (System::new(), System::new());
    whole.depmod().arg(VERSION).assert().success();
    damaged.write("updates/dkms.ko", b"\x7fELF and no more");
    let run = damaged.depmod().arg(VERSION).assert().success();
    let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    let path = damaged.modules().join("updates/dkms.ko");
    let line = format!(
        "depmod: ERROR: failed to load symbols from {}: an ELF object of",
        path.display()
    );
    assert!(said.contains(&line), "{said}");
    let last = "depmod: ERROR: 1 of 4 modules could not be read (named above)";
    assert!(
        said.lines()
            .last()
            .is_some_and(|line| line.starts_with(last)),
        "{said}"
    );
    assert_eq!(indexes(damaged.root()), indexes(whole.root()));
}

#[test]
fn when_most_cannot_be_read_the_indexes_stay() {
    let system = System::new();
    system.depmod().arg(VERSION).assert().success();
    let before = indexes(system.root());
    for name in ["a", "b-1"] {
        system.write(&format!("kernel/{name}.ko"), b"");
    }
    system.write("updates/c.ko", &[0; 4096]);
    let run = system.depmod().arg(VERSION).assert().code(1);
    let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    let last = "depmod: FATAL: 3 of 4 modules could not be read: the indexes stay as they are\n";
    assert!(said.ends_with(last), "{said}");
    assert_eq!(indexes(system.root()), before);
}

#[test]
fn packed_modules_are_known_by_their_first_bytes() {
    let plain = System::new();
    plain.depmod().arg(VERSION).assert().success();
    let packed = System::new();
    for path in [
        "kernel/a.ko",
        "kernel/b-1.ko",
        "updates/c.ko",
        "updates/dkms.ko",
    ] {
        let image = fs::read(packed.modules().join(path)).expect("a module");
        let bytes = match path {
            "kernel/a.ko" => gzip(&image),
            "kernel/b-1.ko" => zstd(&image),
            _ => xz(&image),
        };
        packed.write(path, &bytes);
    }
    packed.depmod().arg(VERSION).assert().success();
    assert_eq!(indexes(packed.root()), indexes(plain.root()));
}

#[test]
fn a_packed_module_that_is_cut_short_is_damaged() {
    let system = System::new();
    let image = xz(&Fixture::default().build());
    system.write(
        "kernel/d.ko.xz",
        image.get(..image.len() - 9).expect("it is longer"),
    );
    let run = system.depmod().arg(VERSION).assert().success();
    let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    assert!(said.contains("kernel/d.ko.xz: damaged xz data\n"), "{said}");
}

#[test]
fn what_cannot_be_written_is_said_once() {
    let system = System::new();
    let file = system.root().join("file");
    fs::write(&file, "").expect("a file");
    let run = system
        .depmod()
        .arg("-o")
        .arg(&file)
        .arg(VERSION)
        .assert()
        .code(1);
    let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    assert!(
        said.starts_with("depmod: FATAL: could not write to directory "),
        "{said}"
    );
    assert_eq!(said.matches("depmod:").count(), 1, "{said}");
}

#[test]
fn a_missing_directory_is_said() {
    let system = System::new();
    let run = system
        .depmod()
        .args(["-o", "/proc/none", "6.0.0"])
        .assert()
        .code(1);
    assert!(!run.get_output().stderr.is_empty());
    let other = tempfile::tempdir().expect("a directory");
    let run = system
        .depmod()
        .arg("-o")
        .arg(other.path())
        .arg("6.0.0")
        .assert()
        .code(1);
    let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    assert!(
        said.ends_with("FATAL: could not search modules: No such file or directory\n"),
        "{said}"
    );
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).expect("memory");
    writer.finish().expect("memory")
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).expect("memory");
    writer.write_all(bytes).expect("memory");
    writer.finish().expect("memory")
}

/// A frame of one block that is stored as it is, without the length of all.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("it is short");
    let block = length << 3 | 1;
    let block = block.to_le_bytes();
    let magic = [0x28, 0xb5, 0x2f, 0xfd, 0, 0x58];
    [&magic, block.get(..3).expect("of four"), bytes].concat()
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! A small root directory for tests: what `--root` is given.

#![allow(dead_code, reason = "each test program uses a part of it")]

pub(crate) mod installation;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// A root directory that is removed at the end of the test.
pub(crate) struct Image {
    directory: tempfile::TempDir,
}

impl Image {
    /// A merged-usr root with a modprobe, and beside it a usermode-helper.
    pub(crate) fn new() -> Self {
        let image = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        fs::set_permissions(image.directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for directory in [
            "root/usr/sbin",
            "root/usr/bin",
            "root/usr/lib",
            "root/etc",
            "root/proc",
            "root/run",
        ] {
            let mut path = image.directory.path().to_owned();
            for name in directory.split('/') {
                path.push(name);
                make_directory(&path);
            }
        }
        symlink("usr/sbin", image.path("/sbin")).unwrap();
        symlink("usr/lib", image.path("/lib")).unwrap();
        image.write("/usr/sbin/modprobe", "program");
        image.mode("/usr/sbin/modprobe", 0o755);
        fs::write(image.helper(), elf(1)).unwrap();
        fs::write(image.program(), "umh").unwrap();
        image
    }

    /// Lets modprobe be run, where umh itself would answer.
    pub(crate) fn run_modprobe(&self) {
        let rule = "version = 1\n[helper.modprobe]\nrun = \"/sbin/modprobe\"\nwiden = true\n";
        self.write("/etc/umh/policy.d/10-modprobe.toml", rule);
    }

    /// The root directory.
    pub(crate) fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    /// A usermode-helper to be installed: a static ELF file.
    pub(crate) fn helper(&self) -> PathBuf {
        self.directory.path().join("usermode-helper")
    }

    /// An umh to be installed.
    pub(crate) fn program(&self) -> PathBuf {
        self.directory.path().join("umh")
    }

    /// Where `path` of the image is outside.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path.trim_start_matches('/'))
    }

    /// Writes a file, with the directories above it, mode 0644.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        let mut above: Vec<_> = path
            .ancestors()
            .skip(1)
            .take_while(|above| !above.exists())
            .collect();
        above.reverse();
        above.iter().for_each(|directory| make_directory(directory));
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    }

    /// Reads a file.
    pub(crate) fn read(&self, path: &str) -> String {
        let path = self.path(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Sets a file's permission bits.
    pub(crate) fn mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Everything below the root: path, permission bits, content.
    pub(crate) fn everything(&self) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let mut found = BTreeMap::new();
        collect(&self.root(), &mut found);
        found
    }

    /// Runs `umh --root IMAGE` with `args`.
    pub(crate) fn umh(&self, args: &[&str]) -> assert_cmd::assert::Assert {
        let mut umh = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("umh"));
        umh.arg("--root").arg(self.root()).args(args).assert()
    }

    /// A new image with a policy directory that holds no policy.
    pub(crate) fn with_policies() -> Self {
        let image = Self::new();
        image.write("/etc/umh/policy.d/README", "not a policy file");
        image
    }

    /// What `umh policy explain` says of a call, and its exit code.
    pub(crate) fn explain(&self, argv: &[&str]) -> (serde_json::Value, i32) {
        self.json(&[&["policy", "explain", "--"], argv].concat())
    }

    /// Runs `umh --root IMAGE --json` with `args` and gives what it printed,
    /// and its exit code.
    pub(crate) fn json(&self, args: &[&str]) -> (serde_json::Value, i32) {
        let output = self.umh(&[&["--json"], args].concat()).get_output().clone();
        let json = serde_json::from_slice(&output.stdout);
        let json = json
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        (json, output.status.code().unwrap())
    }
}

/// A 64-bit ELF file with one program header of type `kind`: 1 is a segment,
/// 3 a loader.
pub(crate) fn elf(kind: u8) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(0x40 + 56, 0);
    file[0x20] = 0x40;
    file[0x36] = 56;
    file[0x38] = 1;
    file[0x40] = kind;
    file
}

/// Mode 0755 whatever the umask, as policy files need.
fn make_directory(path: &Path) {
    if !path.is_dir() {
        fs::create_dir(path).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn collect(directory: &Path, found: &mut BTreeMap<PathBuf, (u32, Vec<u8>)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let about = fs::symlink_metadata(&path).unwrap();
        let content = match about.file_type() {
            kind if kind.is_symlink() => fs::read_link(&path)
                .unwrap()
                .into_os_string()
                .into_encoded_bytes(),
            kind if kind.is_dir() => {
                collect(&path, found);
                Vec::new()
            }
            _ => fs::read(&path).unwrap(),
        };
        found.insert(path, (about.permissions().mode(), content));
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! Every way in which a file can be bad, and which file counts.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use super::super::{FILE_MAX, FILES_ROOM, Mode, Policy};
use super::Call;
use crate::audit::Level;
use crate::sys::Root;
use crate::verdict::{Decision, Reason};

/// A root directory whose files belong to whoever runs the test.
struct Image {
    directory: tempfile::TempDir,
}

const VENDOR: &str = "usr/lib/umh/policy.d";
const ADMIN: &str = "etc/umh/policy.d";
const GOOD: &str = "version = 1\nlog = \"all\"\n";

impl Image {
    fn new() -> Self {
        let image = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        for directory in [VENDOR, ADMIN] {
            fs::create_dir_all(image.path(directory)).unwrap();
        }
        // Whatever umask the test has.
        for directory in [
            "usr",
            "usr/lib",
            "usr/lib/umh",
            VENDOR,
            "etc",
            "etc/umh",
            ADMIN,
        ] {
            image.mode(directory, 0o755);
        }
        image
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    fn mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(path), text).unwrap();
        self.mode(path, 0o600);
    }

    /// Loads with files of our own; `tell` sees the policy and the complaints.
    fn load<T>(&self, tell: impl FnOnce(&Policy<'_>, &[String]) -> T) -> T {
        self.load_owned_by(rustix::process::getuid().as_raw(), FILES_ROOM, tell)
    }

    fn load_owned_by<T>(
        &self,
        owner: u32,
        room: usize,
        tell: impl FnOnce(&Policy<'_>, &[String]) -> T,
    ) -> T {
        let root = Root::At(fs::File::open(self.directory.path()).unwrap().into());
        let mut complaints = Vec::new();
        let mut room = vec![0; room];
        let policy = Policy::load_owned_by(owner, &root, || Some(&mut room), &mut |complaint| {
            complaints.push(complaint.to_string());
        });
        tell(&policy, &complaints)
    }

    /// Loads and wants the built-in policy, and one complaint that begins so.
    fn wants(&self, complaint: &str) {
        self.load(|policy, complaints| {
            assert_eq!(policy.log, Level::Denials);
            assert!(policy.rules().eq(Policy::builtin().rules()));
            assert_eq!(complaints.len(), 1, "{complaints:?}");
            assert!(complaints[0].starts_with(complaint), "{complaints:?}");
        });
    }
}

#[test]
fn without_any_directory_the_builtin_policy_stands() {
    let image = Image {
        directory: tempfile::tempdir().unwrap(),
    };
    let root = Root::At(fs::File::open(image.directory.path()).unwrap().into());
    let room = || panic!("no memory is needed");
    let policy = Policy::load(&root, room, &mut |complaint| panic!("{complaint}"));
    assert_eq!(policy.mode, Mode::Enforce);
    assert!(policy.rules().eq(Policy::builtin().rules()));
}

#[test]
fn a_good_file_counts() {
    let image = Image::new();
    image.write("etc/umh/policy.d/a.toml", GOOD);
    image.mode("etc/umh/policy.d/a.toml", 0o644);
    image.load(|policy, complaints| {
        assert!(
            policy.log == Level::All && complaints.is_empty(),
            "{complaints:?}"
        )
    });
}

#[test]
fn a_file_with_a_bad_text_is_ignored_whole() {
    for (text, fault) in [
        (&b"version = 1\nlog = \"all\"\nlog ="[..], "line 3: "),
        (
            b"version = 1\nlog = \"all\"\nlogs = 1\n",
            "line 3: logs: unknown key",
        ),
        (b"version = 1\nlog = \"all\"\n\0", "line 3: "),
        (
            b"\xef\xbb\xbfversion = 1\nlog = \"all\"\n",
            "line 1: begins with a byte order mark",
        ),
        (b"version = 1\nlog = \"all\" # \xff\n", "line 2: not UTF-8"),
        (
            b"version = 1\nlog = \"all\"\n[a.b.c.d.e]\n",
            "line 3: table nested too deeply",
        ),
        (
            b"version = 1\nlog = \"all\"\n[helper.x]\ncaller = \"mce\"\n",
            "line 3: widen: ",
        ),
    ] {
        let image = Image::new();
        image.write("etc/umh/policy.d/a.toml", text);
        image.wants(&format!("/etc/umh/policy.d/a.toml ignored: {fault}"));
    }
    let image = Image::new();
    let deep = format!("version = 1\nlog = \"all\"\na = {}\n", "[".repeat(60_000));
    image.write("usr/lib/umh/policy.d/a.toml", deep);
    image.wants("/usr/lib/umh/policy.d/a.toml ignored: line 3: ");
}

#[test]
fn a_file_of_more_than_64_kib_is_ignored() {
    let image = Image::new();
    let full = format!("{GOOD}{}", "#".repeat(FILE_MAX - GOOD.len()));
    image.write("etc/umh/policy.d/a.toml", &full);
    image.load(|policy, _| assert_eq!(policy.log, Level::All));
    image.write("etc/umh/policy.d/a.toml", full + "#");
    image.wants("/etc/umh/policy.d/a.toml ignored: larger than 64 KiB");
}

#[test]
fn what_is_not_a_regular_file_is_ignored_and_blocks_nobody() {
    let image = Image::new();
    image.write("etc/umh/good", GOOD);
    symlink("../good", image.path("etc/umh/policy.d/a.toml")).unwrap();
    image.wants("/etc/umh/policy.d/a.toml ignored: not a regular file");

    let image = Image::new();
    fs::create_dir(image.path("etc/umh/policy.d/a.toml")).unwrap();
    image.wants("/etc/umh/policy.d/a.toml ignored: not a regular file");

    let image = Image::new();
    let fifo = image.path("etc/umh/policy.d/a.toml");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    image.wants("/etc/umh/policy.d/a.toml ignored: not a regular file");
}

#[test]
fn a_file_that_others_may_write_or_anyone_execute_is_ignored() {
    for mode in [0o666, 0o620, 0o602, 0o755, 0o700, 0o4600] {
        let image = Image::new();
        image.write("etc/umh/policy.d/a.toml", GOOD);
        image.mode("etc/umh/policy.d/a.toml", mode);
        image.wants("/etc/umh/policy.d/a.toml ignored: has a mode beyond 0644");
    }
}

#[test]
fn a_directory_that_others_may_write_is_ignored() {
    for directory in [".", "etc", "etc/umh", ADMIN] {
        let image = Image::new();
        image.write("etc/umh/policy.d/a.toml", GOOD);
        fs::remove_dir_all(image.path("usr")).unwrap();
        let sticky = if directory == "." { 0o777 } else { 0o1777 };
        for mode in [0o775, 0o757, sticky] {
            image.mode(directory, mode);
            image.wants(
                "/etc/umh/policy.d ignored: it, or a directory above it, can be written by others",
            );
        }
    }
}

#[test]
fn a_root_directory_like_that_of_a_fresh_tmpfs_is_no_fault() {
    let image = Image::new();
    image.write("etc/umh/policy.d/a.toml", GOOD);
    image.mode(".", 0o1777);
    image.load(|policy, complaints| {
        assert_eq!((policy.log, complaints), (Level::All, &[][..]));
    });
}

#[test]
fn a_directory_behind_a_link_is_ignored() {
    let image = Image::new();
    image.write("etc/umh/policy.d/a.toml", GOOD);
    fs::rename(image.path("etc/umh"), image.path("etc/real")).unwrap();
    symlink("real", image.path("etc/umh")).unwrap();
    image.wants("/etc/umh/policy.d ignored: it, or a directory above it, is no directory");
}

#[test]
fn what_belongs_to_someone_else_is_ignored() {
    let image = Image::new();
    image.write("etc/umh/policy.d/a.toml", GOOD);
    let other = rustix::process::getuid().as_raw() + 1000;
    image.load_owned_by(other, FILES_ROOM, |policy, complaints| {
        assert_eq!(policy.log, Level::Denials);
        assert_eq!(complaints.len(), 2);
        assert!(
            complaints[1].contains("does not belong to root"),
            "{complaints:?}"
        );
    });
    // The file alone; only root can give one away.
    if rustix::process::getuid().is_root() {
        std::os::unix::fs::chown(image.path("etc/umh/policy.d/a.toml"), Some(1000), None).unwrap();
        image.wants("/etc/umh/policy.d/a.toml ignored: does not belong to root");
    }
}

#[test]
fn names_decide_the_order_and_etc_replaces() {
    let image = Image::new();
    image.write(
        "usr/lib/umh/policy.d/50-a.toml",
        "version = 1\nlog = \"none\"\n",
    );
    image.write("etc/umh/policy.d/10-b.toml", "version = 1\nlog = \"all\"\n");
    image.load(|policy, _| assert_eq!(policy.log, Level::None));
    image.write("etc/umh/policy.d/50-a.toml", "version = 1\n");
    image.load(|policy, _| assert_eq!(policy.log, Level::All));
    image.write("etc/umh/policy.d/50-a.toml", "# masked\n");
    image.write("etc/umh/policy.d/10-b.toml", "");
    image.load(|policy, complaints| assert!(policy.log == Level::Denials && complaints.is_empty()));
}

#[test]
fn a_bad_file_replaces_nothing() {
    let image = Image::new();
    image.write("usr/lib/umh/policy.d/a.toml", GOOD);
    image.write("etc/umh/policy.d/a.toml", "version = 3\n");
    image.load(|policy, complaints| {
        assert_eq!(policy.log, Level::All);
        assert_eq!(complaints.len(), 1);
    });
}

#[test]
fn other_names_are_not_policy() {
    let image = Image::new();
    for name in ["a.toml~", ".a.toml", "a.toml.dpkg-new", "README"] {
        image.write(&format!("etc/umh/policy.d/{name}"), GOOD);
    }
    image.load(|policy, complaints| assert!(policy.log == Level::Denials && complaints.is_empty()));
}

#[test]
fn a_directory_of_too_many_files_is_ignored_whole() {
    let image = Image::new();
    image.write("usr/lib/umh/policy.d/a.toml", GOOD);
    for index in 0..32 {
        image.write(
            &format!("etc/umh/policy.d/{index}.toml"),
            "version = 1\n[helper.modprobe]\ntimeout = 9\n",
        );
    }
    image.load(|policy, complaints| {
        assert!(complaints.is_empty(), "{complaints:?}");
        assert_eq!(policy.rule("modprobe").unwrap().timeout, Some(9));
    });
    image.write("etc/umh/policy.d/one-more.toml", "");
    image.load(|policy, complaints| {
        let wanted = "/etc/umh/policy.d ignored: more than 32 files: join some";
        assert_eq!(complaints, [wanted]);
        // Whatever the order of the directory, and the other one counts.
        assert_eq!(policy.rule("modprobe").unwrap().timeout, None);
        assert_eq!(policy.log, Level::All);
    });
}

#[test]
fn a_directory_of_too_much_text_is_ignored_whole() {
    let image = Image::new();
    image.write("etc/umh/policy.d/a.toml", GOOD);
    let long = format!("version = 1\n#{}\n", "#".repeat(400));
    image.write("etc/umh/policy.d/b.toml", &long);
    let timeout = "version = 1\n[helper.modprobe]\ntimeout = 9\n";
    image.write("usr/lib/umh/policy.d/c.toml", timeout);
    let load = |complaints: &[&str], log| {
        let owner = rustix::process::getuid().as_raw();
        image.load_owned_by(owner, 1000, |policy, told| {
            assert_eq!(told, complaints);
            assert_eq!(policy.log, log);
            assert_eq!(policy.rule("modprobe").unwrap().timeout, Some(9));
        });
    };
    load(&[], Level::All);
    image.write("etc/umh/policy.d/b.toml", long + &"#".repeat(100));
    let wanted =
        "/etc/umh/policy.d ignored: more than 256 KiB in all its files: shorten or remove some";
    load(&[wanted], Level::Denials);
}

#[test]
fn without_memory_for_the_files_no_module_is_loaded() {
    let image = Image::new();
    let root = Root::At(fs::File::open(image.directory.path()).unwrap().into());
    let owner = rustix::process::getuid().as_raw();
    let mut complaints = Vec::new();
    let policy = Policy::load_owned_by(owner, &root, || None, &mut |complaint| {
        complaints.push(complaint.to_string());
    });
    assert_eq!(complaints.len(), 1);
    assert!(complaints[0].contains("no memory for the files"));
    let refused = (Decision::Deny, Reason::Module);
    assert_eq!(
        Call::modprobe("/sbin/modprobe", "x").under(&policy),
        refused
    );
    assert_eq!(
        Call::poweroff(&["/sbin/poweroff"]).under(&policy).0,
        Decision::Allow
    );
}

#[test]
fn tables_that_do_not_fit_are_refused_aloud() {
    let tables: String = (0..70).map(|index| format!("[helper.r{index}]\nwiden = true\ncaller = \"mce\"\npaths = [\"/sbin/x\"]\nargs = []\n")).collect();
    let image = Image::new();
    image.write("etc/umh/policy.d/a.toml", format!("{GOOD}{tables}"));
    image.wants("/etc/umh/policy.d/a.toml ignored: line 323: r64: more tables than");
}

#[test]
fn the_command_line_wins() {
    let image = Image::new();
    fs::create_dir(image.path("proc")).unwrap();
    image.write("usr/lib/umh/policy.d/a.toml", GOOD);
    image.write(
        "etc/umh/policy.d/b.toml",
        "version = 1\nlog = \"none\"\nmode = \"audit\"\nwiden = true\n",
    );
    image.load(|policy, _| assert_eq!((policy.mode, policy.log), (Mode::Audit, Level::None)));
    image.write("proc/cmdline", "quiet umh.mode=enforce\n");
    image.load(|policy, _| assert_eq!((policy.mode, policy.log), (Mode::Enforce, Level::None)));
    image.write("proc/cmdline", "umh.mode=vendor-only\n");
    image.load(|policy, _| assert_eq!((policy.mode, policy.log), (Mode::Enforce, Level::All)));
    image.write("proc/cmdline", "umh.mode=lax\n");
    image.load(|_, complaints| {
        assert!(
            complaints[0].starts_with("/proc/cmdline ignored: umh.mode"),
            "{complaints:?}"
        )
    });
}

#[test]
fn a_vendor_file_can_close_etc() {
    let image = Image::new();
    image.write(
        "usr/lib/umh/policy.d/a.toml",
        "version = 1\nmode = \"vendor-only\"\n",
    );
    image.write("etc/umh/policy.d/a.toml", "");
    image.write("etc/umh/policy.d/b.toml", GOOD);
    image.load(|policy, complaints| assert!(policy.log == Level::Denials && complaints.is_empty()));
}

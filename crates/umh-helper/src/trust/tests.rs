// SPDX-License-Identifier: MIT OR Apache-2.0

//! Walks in temporary directories: rows 19 and 21 of the attack table.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;

use rustix::fs::{CWD, Mode};

use super::*;
use crate::verdict::Reason;

/// A root of its own with `/sbin/program`, all of it mine.
struct Machine {
    directory: tempfile::TempDir,
    root: Root,
}

impl Machine {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::At(fs::File::open(directory.path()).unwrap().into());
        let machine = Self { directory, root };
        machine.directory("/sbin", 0o755);
        machine.file("/sbin/program", b"\x7fELF", 0o755);
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path.trim_start_matches('/'))
    }

    fn directory(&self, path: &str, mode: u32) {
        fs::create_dir_all(self.path(path)).unwrap();
        self.mode(path, mode);
    }

    fn file(&self, path: &str, content: &[u8], mode: u32) {
        fs::write(self.path(path), content).unwrap();
        self.mode(path, mode);
    }

    fn mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn link(&self, path: &str, target: &str) {
        symlink(target, self.path(path)).unwrap();
    }

    fn trust(&self) -> Trust<'_, core::iter::Once<&'static [u8]>> {
        let owner = fs::metadata(self.directory.path()).unwrap().uid();
        Trust {
            root: &self.root,
            owner,
            mounts: core::iter::once(b"/"),
            own: None,
            script: false,
        }
    }

    /// The real path and whether it is a script, or the fault and where.
    fn walk(&self, path: &str) -> Result<(String, bool), (Fault, String)> {
        walk(&self.trust(), path)
    }
}

fn walk<'m, M: Iterator<Item = &'m [u8]> + Clone>(
    trust: &Trust<'_, M>,
    path: &str,
) -> Result<(String, bool), (Fault, String)> {
    let mut real = PathBuffer::new();
    let walked = trust.walk(path.as_bytes(), &mut real);
    let real = String::from_utf8(real.as_bytes().to_vec()).unwrap();
    walked
        .map(|program| (real.clone(), program.script))
        .map_err(|fault| (fault, real))
}

fn reached(path: &str) -> Result<(String, bool), (Fault, String)> {
    Ok((path.into(), false))
}

fn at_fault(fault: Fault, path: &str) -> Result<(String, bool), (Fault, String)> {
    Err((fault, path.into()))
}

#[test]
fn a_program_of_mine_in_directories_of_mine_is_reached() {
    assert_eq!(
        Machine::new().walk("/sbin/program"),
        reached("/sbin/program")
    );
}

#[test]
fn links_are_resolved_below_the_root() {
    let machine = Machine::new();
    machine.directory("/usr/bin", 0o755);
    machine.link("/bin", "usr/bin");
    machine.link("/usr/bin/absolute", "/sbin/program");
    machine.link("/usr/bin/relative", "../../../../sbin//./program");
    machine.link("/usr/bin/twice", "/bin/relative");
    for path in ["/bin/absolute", "/bin/relative", "/bin/twice"] {
        assert_eq!(machine.walk(path), reached("/sbin/program"), "{path}");
    }
}

#[test]
fn a_program_that_others_can_change_is_refused() {
    let machine = Machine::new();
    for mode in [0o775, 0o757, 0o777] {
        machine.mode("/sbin/program", mode);
        assert_eq!(
            machine.walk("/sbin/program"),
            at_fault(Fault::Writable, "/sbin/program")
        );
    }
}

#[test]
fn a_directory_that_others_can_change_is_refused_wherever_it_is() {
    let machine = Machine::new();
    machine.mode("/sbin", 0o1777);
    assert_eq!(
        machine.walk("/sbin/program"),
        at_fault(Fault::Writable, "/sbin")
    );
    machine.mode("/sbin", 0o755);
    machine.directory("/open", 0o775);
    machine.link("/open/program", "../sbin/program");
    assert_eq!(
        machine.walk("/open/program"),
        at_fault(Fault::Writable, "/open")
    );
    machine.mode("/", 0o777);
    assert_eq!(machine.walk("/sbin/program"), at_fault(Fault::Writable, ""));
}

/// An initramfs that has no entry for it leaves the root directory so.
#[test]
fn a_sticky_root_directory_is_trusted_and_no_other() {
    let machine = Machine::new();
    machine.mode("/", 0o1777);
    machine.link("/absolute", "/sbin/program");
    for path in ["/sbin/program", "/sbin/../sbin/program", "/absolute"] {
        assert_eq!(machine.walk(path), reached("/sbin/program"), "{path}");
    }
    machine.directory("/sbin/below", 0o755);
    machine.mode("/sbin", 0o1777);
    assert_eq!(
        machine.walk("/sbin/below/../program"),
        at_fault(Fault::Writable, "/sbin")
    );
    machine.mode("/sbin", 0o755);
    machine.mode("/sbin/below", 0o1777);
    machine.link("/sbin/below/program", "../program");
    assert_eq!(
        machine.walk("/sbin/below/program"),
        at_fault(Fault::Writable, "/sbin/below")
    );
}

#[test]
fn what_belongs_to_someone_else_is_refused() {
    let machine = Machine::new();
    let trust = Trust {
        owner: machine.trust().owner + 1,
        ..machine.trust()
    };
    assert_eq!(walk(&trust, "/sbin/program"), at_fault(Fault::Owner, ""));
}

/// As Buildroot installs busybox: the owner is who starts it.
#[test]
fn a_set_user_id_program_of_mine_is_reached() {
    let machine = Machine::new();
    machine.mode("/sbin/program", 0o4755);
    assert_eq!(machine.walk("/sbin/program"), reached("/sbin/program"));
}

#[test]
fn a_set_group_id_program_is_refused_unless_the_group_is_roots() {
    let machine = Machine::new();
    let program = machine.path("/sbin/program");
    // Not everybody may give a file away.
    let _ = std::os::unix::fs::chown(&program, None, Some(1));
    machine.mode("/sbin/program", 0o2755);
    assert_ne!(fs::metadata(&program).unwrap().gid(), 0);
    assert_eq!(
        machine.walk("/sbin/program"),
        at_fault(Fault::SetGroup, "/sbin/program")
    );
    if std::os::unix::fs::chown(&program, None, Some(0)).is_ok() {
        machine.mode("/sbin/program", 0o2755);
        assert_eq!(machine.walk("/sbin/program"), reached("/sbin/program"));
    }
}

#[test]
fn eight_links_are_followed_and_a_ninth_is_not() {
    let machine = Machine::new();
    machine.link("/link1", "sbin/program");
    for number in 2..=9 {
        machine.link(&format!("/link{number}"), &format!("link{}", number - 1));
    }
    assert_eq!(machine.walk("/link8"), reached("/sbin/program"));
    assert_eq!(machine.walk("/link9"), at_fault(Fault::Links, "/link1"));
    machine.link("/loop", "loop");
    assert_eq!(machine.walk("/loop"), at_fault(Fault::Links, "/loop"));
}

#[test]
fn what_is_no_file_is_refused() {
    let machine = Machine::new();
    let fifo = machine.path("/sbin/fifo");
    rustix::fs::mkfifoat(CWD, &fifo, Mode::from_raw_mode(0o755)).unwrap();
    machine.mode("/sbin/fifo", 0o755);
    for path in ["/sbin", "/sbin/", "/", "/sbin/fifo"] {
        assert_eq!(
            machine.walk(path).unwrap_err().0,
            Fault::NotRegular,
            "{path}"
        );
    }
}

#[test]
fn a_missing_program_is_missing_and_not_distrusted() {
    let machine = Machine::new();
    machine.link("/dangling", "/usr/bin/nothing");
    machine.file("/sbin/plain", b"\x7fELF", 0o644);
    for path in [
        "/sbin/nothing",
        "/dangling",
        "/sbin/program/x",
        "/sbin/plain",
    ] {
        assert_eq!(
            machine.walk(path).unwrap_err().0.reason(),
            Reason::Missing,
            "{path}"
        );
    }
}

#[test]
fn our_own_file_is_refused_by_any_name() {
    let machine = Machine::new();
    machine.link("/sbin/modprobe", "program");
    fs::hard_link(machine.path("/sbin/program"), machine.path("/sbin/other")).unwrap();
    let own = FileId::of(&machine.root, b"/sbin/modprobe");
    assert!(own.is_some());
    let trust = Trust {
        own,
        ..machine.trust()
    };
    for path in ["/sbin/program", "/sbin/modprobe", "/sbin/other"] {
        assert_eq!(walk(&trust, path).unwrap_err().0, Fault::OwnFile, "{path}");
    }
}

#[test]
fn other_mounts_and_memory_files_are_refused() {
    let memory = rustix::fs::memfd_create(c"payload", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    let number = std::os::fd::AsRawFd::as_raw_fd(&memory);
    let trust = Trust {
        root: &Root::System,
        owner: 0,
        mounts: [&b"/"[..], b"/usr"].into_iter(),
        own: None,
        script: false,
    };
    for path in [
        format!("/proc/self/fd/{number}"),
        "/proc/self/exe".into(),
        format!("/proc/{}/fd/{number}", std::process::id()),
    ] {
        assert_eq!(
            walk(&trust, &path),
            at_fault(Fault::Mount, "/proc"),
            "{path}"
        );
    }
}

#[test]
fn a_script_needs_its_rule_and_a_trusted_interpreter() {
    let machine = Machine::new();
    machine.file("/sbin/script", b"#! /sbin/program -x\n", 0o755);
    assert_eq!(
        machine.walk("/sbin/script"),
        at_fault(Fault::Script, "/sbin/script")
    );
    assert_eq!(Fault::Script.reason(), Reason::Script);

    let trust = Trust {
        script: true,
        ..machine.trust()
    };
    machine.link("/sbin/linked", "script");
    assert_eq!(
        walk(&trust, "/sbin/linked"),
        Ok(("/sbin/script".into(), true))
    );
    assert_eq!(walk(&trust, "/sbin/program"), reached("/sbin/program"));

    machine.mode("/sbin/program", 0o777);
    assert_eq!(
        walk(&trust, "/sbin/script"),
        at_fault(Fault::Writable, "/sbin/program")
    );
    machine.file("/sbin/nested", b"#!/sbin/script\n", 0o755);
    machine.mode("/sbin/program", 0o755);
    assert_eq!(
        walk(&trust, "/sbin/nested"),
        at_fault(Fault::Interpreter, "/sbin/script")
    );
    machine.file("/sbin/absent", b"#!/nothing\n", 0o755);
    assert_eq!(
        walk(&trust, "/sbin/absent").unwrap_err().0.reason(),
        Reason::Missing
    );
}

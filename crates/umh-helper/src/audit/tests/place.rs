// SPDX-License-Identifier: MIT OR Apache-2.0

//! Which files and directories are trusted with the ring.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rustix::fs::{CWD, FileType};

use super::super::layout::BYTES;
use super::super::place::open;
use super::*;

fn trouble(machine: &Machine) -> Option<Trouble> {
    open(&machine.root, machine.demands()).err()
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn the_ring_is_made_whole_for_its_owner_alone_and_then_found() {
    let machine = Machine::new();
    assert_eq!(trouble(&machine), None);
    let made = fs::metadata(machine.path("run/umh/ring")).unwrap();
    assert_eq!(made.permissions().mode() & 0o7777, 0o600);
    assert_eq!(made.len(), 1 << 20);
    // No holes: every page has its block.
    assert!(std::os::unix::fs::MetadataExt::blocks(&made) * 512 >= 1 << 20);
    assert_eq!(
        fs::metadata(machine.path("run/umh"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o700
    );
    open(&machine.root, machine.demands())
        .unwrap()
        .0
        .begin(&machine.image());
    assert_eq!(machine.reader().totals().unwrap().records(), 1);
    assert_eq!(fs::read_dir(machine.path("run/umh")).unwrap().count(), 1);
}

#[test]
fn without_run_there_is_no_ring_and_no_trouble() {
    let machine = Machine::new();
    fs::remove_dir(machine.path("run")).unwrap();
    assert_eq!(trouble(&machine), Some(Trouble::Absent));
}

#[test]
fn a_ring_is_made_only_in_memory() {
    let machine = Machine::new();
    let file_system = rustix::fs::statfs(machine.path("run")).unwrap().f_type;
    let in_memory = matches!(file_system, 0x0102_1994 | 0x8584_58f6);
    let demands = Demands {
        in_memory: true,
        ..machine.demands()
    };
    let wanted = (!in_memory).then_some(Trouble::Absent);
    assert_eq!(open(&machine.root, demands).err(), wanted);
    assert_eq!(machine.path("run/umh").exists(), in_memory);
}

#[test]
fn a_run_that_others_can_write_is_not_used() {
    let machine = Machine::new();
    for mode in [0o777, 0o1777, 0o775] {
        chmod(&machine.path("run"), mode);
        assert_eq!(trouble(&machine), Some(Trouble::Untrusted));
    }
    assert!(!machine.path("run/umh").exists());
    chmod(&machine.path("run"), 0o755);
    fs::create_dir(machine.path("run/umh")).unwrap();
    chmod(&machine.path("run/umh"), 0o770);
    assert_eq!(trouble(&machine), Some(Trouble::Untrusted));
    assert!(!machine.path("run/umh/ring").exists());
}

#[test]
fn a_ring_of_another_user_is_not_used() {
    let machine = Machine::new();
    assert_eq!(trouble(&machine), None);
    let other = Demands {
        owner: machine.owner + 1,
        ..machine.demands()
    };
    assert_eq!(open(&machine.root, other).unwrap_err(), Trouble::Untrusted);
}

#[test]
fn a_ring_that_others_can_open_is_not_used() {
    let machine = Machine::new();
    assert_eq!(trouble(&machine), None);
    for mode in [0o640, 0o606, 0o644, 0o4600] {
        chmod(&machine.path("run/umh/ring"), mode);
        assert_eq!(trouble(&machine), Some(Trouble::Untrusted));
    }
}

#[test]
fn no_link_is_followed() {
    for link in ["run", "run/umh", "run/umh/ring"] {
        let machine = Machine::new();
        assert_eq!(trouble(&machine), None);
        let (real, link) = (machine.path("elsewhere"), machine.path(link));
        fs::rename(&link, &real).unwrap();
        symlink(&real, &link).unwrap();
        assert_eq!(
            trouble(&machine),
            Some(Trouble::Untrusted),
            "{}",
            link.display()
        );
    }
}

#[test]
fn a_directory_or_a_fifo_in_its_place_is_not_used_and_never_waited_for() {
    let machine = Machine::new();
    assert_eq!(trouble(&machine), None);
    let ring = machine.path("run/umh/ring");
    fs::remove_file(&ring).unwrap();
    fs::create_dir(&ring).unwrap();
    assert_eq!(trouble(&machine), Some(Trouble::Untrusted));
    fs::remove_dir(&ring).unwrap();
    rustix::fs::mknodat(CWD, &ring, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    assert_eq!(trouble(&machine), Some(Trouble::Untrusted));
}

#[test]
fn a_ring_of_another_format_or_size_makes_room() {
    let machine = Machine::new();
    assert_eq!(trouble(&machine), None);
    for content in [vec![0; BYTES], vec![b'x'; 100], Vec::new()] {
        fs::write(machine.path("run/umh/ring"), content).unwrap();
        assert_eq!(trouble(&machine), None);
        assert_eq!(machine.reader().totals().unwrap().records(), 0);
    }
}

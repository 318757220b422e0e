// SPDX-License-Identifier: MIT OR Apache-2.0

//! Bringing a machine down that is a directory.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;

use super::*;

/// Writes down what is done to it.
#[derive(Default)]
struct Diary {
    signals: Vec<u8>,
    steps: Vec<&'static str>,
}

impl Machine for Diary {
    fn prepare(&mut self) {
        self.steps.push("prepare");
    }

    fn signal_init(&mut self, signal: u8) -> Result<()> {
        self.signals.push(signal);
        Ok(())
    }

    fn sleep(&mut self, time: Duration) {
        assert_eq!(time, LIMIT);
        self.steps.push("sleep");
    }

    fn sync(&mut self) {
        self.steps.push("sync");
    }

    fn force(&mut self, action: Action) -> Errno {
        self.steps.push(match action {
            Action::PowerOff => "power off",
            Action::Reboot => "reboot",
        });
        Errno::PERM
    }
}

/// What `bring_down` does below `directory`, which must end by force.
fn bring_down_in(directory: &Path, action: Action) -> Diary {
    let root = Root::At(File::open(directory).unwrap().into());
    let mut diary = Diary::default();
    let failed = bring_down(action, &root, LIMIT, &mut diary);
    assert_eq!(
        failed,
        Failed {
            step: "reboot(2)",
            errno: Errno::PERM
        }
    );
    diary
}

/// A root whose PID 1 runs the file `program` and awaits `signals`.
fn machine(program: &str, signals: &[u8]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let one = root.path().join("proc/1");
    std::fs::create_dir_all(&one).unwrap();
    symlink(program, one.join("exe")).unwrap();
    let mask = signals
        .iter()
        .fold(0u64, |mask, signal| mask | 1 << (signal - 1));
    let status = format!(
        "Name:\tinit\nSigPnd:\t0\nSigBlk:\t{mask:016x}\nSigIgn:\t0\nSigCgt:\t0000000000000000\n"
    );
    std::fs::write(one.join("status"), status).unwrap();
    root
}

fn fifo(root: &Path, path: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
}

/// Opens the reading end, as an init that listens.
fn listen(root: &Path, path: &str) -> File {
    File::options()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
        .open(root.join(path))
        .unwrap()
}

fn heard(fifo: &mut File) -> Vec<u8> {
    let mut bytes = vec![0; 4096];
    let used = fifo.read(&mut bytes).unwrap();
    bytes.truncate(used);
    bytes
}

const FORCED_AT_ONCE: [&str; 3] = ["prepare", "sync", "power off"];
const FORCED_AFTER_THE_LIMIT: [&str; 4] = ["prepare", "sleep", "sync", "power off"];

/// So long must stopping services be able to take.
#[test]
fn an_init_that_took_the_request_has_a_quarter_of_an_hour() {
    assert_eq!(LIMIT, Duration::from_secs(900));
}

#[test]
fn nobody_to_ask_is_force_at_once_after_a_sync() {
    let empty = tempfile::tempdir().unwrap();
    let diary = bring_down_in(empty.path(), Action::PowerOff);
    assert_eq!(diary.steps, FORCED_AT_ONCE);
    assert_eq!(diary.signals, []);
}

#[test]
fn an_unknown_pid_1_gets_no_signal() {
    let machine = machine("/usr/bin/python3", &[12, 15, 18, 38, 39]);
    let diary = bring_down_in(machine.path(), Action::PowerOff);
    assert_eq!(
        (diary.steps, diary.signals),
        (FORCED_AT_ONCE.to_vec(), vec![])
    );
}

#[test]
fn busybox_and_finit_get_their_own_signals() {
    let cases: [(&str, [u8; 2]); 3] = [
        ("/bin/busybox", [12, 15]),
        ("/usr/bin/busybox.static (deleted)", [12, 15]),
        ("/usr/sbin/finit", [12, 15]),
    ];
    for (program, signals) in cases {
        let machine = machine(program, &signals);
        let diary = bring_down_in(machine.path(), Action::PowerOff);
        assert_eq!(diary.steps, FORCED_AFTER_THE_LIMIT, "{program}");
        assert_eq!(diary.signals, signals[..1], "{program}");
        let diary = bring_down_in(machine.path(), Action::Reboot);
        assert_eq!(diary.steps.last(), Some(&"reboot"));
        assert_eq!(diary.signals, signals[1..], "{program}");
    }
}

#[test]
fn a_hard_link_of_busybox_is_known_by_its_inode() {
    let machine = machine("../../sbin/init", &[12, 15]);
    for directory in ["bin", "sbin"] {
        std::fs::create_dir(machine.path().join(directory)).unwrap();
    }
    std::fs::write(machine.path().join("bin/busybox"), "").unwrap();
    std::fs::hard_link(
        machine.path().join("bin/busybox"),
        machine.path().join("sbin/init"),
    )
    .unwrap();
    assert_eq!(
        bring_down_in(machine.path(), Action::PowerOff).signals,
        [12]
    );
}

#[test]
fn a_busybox_that_waits_is_known_by_what_it_catches() {
    // 1.35 in sigtimedwait(2), as a guest shows it: SIGTSTP alone is seen.
    let machine = machine("/bin/busybox", &[20]);
    assert_eq!(
        bring_down_in(machine.path(), Action::PowerOff).signals,
        [12]
    );
    assert_eq!(bring_down_in(machine.path(), Action::Reboot).signals, [15]);
}

#[test]
fn a_shell_of_busybox_as_pid_1_gets_no_signal() {
    let machine = machine("/bin/busybox", &[17]);
    assert_eq!(bring_down_in(machine.path(), Action::Reboot).signals, []);
}

/// A root that systemd has booted, which awaits `signals`.
fn systemd(signals: &[u8]) -> tempfile::TempDir {
    let machine = machine("/usr/lib/systemd/systemd", signals);
    std::fs::create_dir_all(machine.path().join("run/systemd/system")).unwrap();
    machine
}

/// What systemd 252 blocks, as `SigBlk: 7be3c0fe28014a03` shows it.
const SYSTEMD_252: u64 = 0x7be3_c0fe_2801_4a03;

fn members(mask: u64) -> Vec<u8> {
    (1..=64)
        .filter(|signal| mask >> (signal - 1) & 1 == 1)
        .collect()
}

#[test]
fn systemd_gets_its_fourth_and_fifth_real_time_signal_of_its_libc() {
    let glibc = members(SYSTEMD_252);
    // The thread library of glibc 2.31 catches two below SIGRTMIN.
    let old_glibc = [&glibc[..], &[32, 33]].concat();
    let musl = (35..=41).chain(48..=52).collect();
    let cases: [(Vec<u8>, [u8; 2]); 3] =
        [(glibc, [38, 39]), (old_glibc, [38, 39]), (musl, [39, 40])];
    for (awaited, signals) in cases {
        let machine = systemd(&awaited);
        let diary = bring_down_in(machine.path(), Action::PowerOff);
        assert_eq!(diary.steps, FORCED_AFTER_THE_LIMIT, "{awaited:?}");
        assert_eq!(diary.signals, signals[..1], "{awaited:?}");
        let diary = bring_down_in(machine.path(), Action::Reboot);
        assert_eq!(diary.signals, signals[1..], "{awaited:?}");
    }
}

#[test]
fn a_systemd_that_did_not_boot_the_machine_or_is_no_longer_itself_gets_no_signal() {
    let not_booted = machine("/usr/lib/systemd/systemd", &members(SYSTEMD_252));
    let some_signals = systemd(&[34, 38, 39]);
    let others_signals = systemd(&(36..=42).collect::<Vec<_>>());
    let debugger = systemd(&members(SYSTEMD_252));
    let exe = debugger.path().join("proc/1/exe");
    std::fs::remove_file(&exe).unwrap();
    symlink("/usr/bin/gdb", exe).unwrap();
    for machine in [not_booted, some_signals, others_signals, debugger] {
        let diary = bring_down_in(machine.path(), Action::PowerOff);
        assert_eq!(
            (diary.steps, diary.signals),
            (FORCED_AT_ONCE.to_vec(), vec![])
        );
    }
}

/// systemd offers the FIFO of sysvinit, too, but has a right way to be asked.
#[test]
fn systemd_is_asked_before_its_fifo() {
    let machine = systemd(&members(SYSTEMD_252));
    fifo(machine.path(), "run/initctl");
    let mut initctl = listen(machine.path(), "run/initctl");
    let diary = bring_down_in(machine.path(), Action::Reboot);
    assert_eq!(diary.signals, [39]);
    assert_eq!(heard(&mut initctl), b"");
}

#[test]
fn openrc_init_gets_one_word() {
    let root = tempfile::tempdir().unwrap();
    fifo(root.path(), "run/openrc/init.ctl");
    let mut init = listen(root.path(), "run/openrc/init.ctl");
    assert_eq!(
        bring_down_in(root.path(), Action::PowerOff).steps,
        FORCED_AFTER_THE_LIMIT
    );
    assert_eq!(heard(&mut init), b"poweroff");
    bring_down_in(root.path(), Action::Reboot);
    assert_eq!(heard(&mut init), b"reboot");
}

#[test]
fn sysvinit_gets_the_kind_of_halt_and_the_runlevel() {
    for path in ["run/initctl", "dev/initctl"] {
        let root = tempfile::tempdir().unwrap();
        fifo(root.path(), path);
        let mut init = listen(root.path(), path);
        assert_eq!(
            bring_down_in(root.path(), Action::PowerOff).steps,
            FORCED_AFTER_THE_LIMIT
        );
        let bytes = heard(&mut init);
        let (variable, level) = bytes.split_at(384);
        assert_eq!(level.len(), 384);
        assert_eq!(variable[..8], [0x69, 0x19, 0x09, 0x03, 6, 0, 0, 0]);
        assert!(variable[16..].starts_with(b"INIT_HALT=POWEROFF\0"));
        assert_eq!(level[4..12], [1, 0, 0, 0, b'0', 0, 0, 0]);
        bring_down_in(root.path(), Action::Reboot);
        assert_eq!(heard(&mut init)[4..12], [1, 0, 0, 0, b'6', 0, 0, 0]);
    }
}

#[test]
fn a_fifo_that_nobody_reads_or_a_plain_file_is_no_init() {
    let root = tempfile::tempdir().unwrap();
    fifo(root.path(), "run/initctl");
    std::fs::create_dir(root.path().join("run/openrc")).unwrap();
    std::fs::write(root.path().join("run/openrc/init.ctl"), "").unwrap();
    assert_eq!(
        bring_down_in(root.path(), Action::PowerOff).steps,
        FORCED_AT_ONCE
    );
    assert_eq!(
        std::fs::read(root.path().join("run/openrc/init.ctl")).unwrap(),
        b""
    );
}

#[test]
fn runit_gets_its_files_and_a_look() {
    for (action, reboot) in [(Action::Reboot, 0o100), (Action::PowerOff, 0)] {
        // Anew for each: only root may write to a file that lacks the mode.
        let machine = machine("/sbin/runit", &[18]);
        for directory in ["run", "etc/runit"] {
            std::fs::create_dir_all(machine.path().join(directory)).unwrap();
        }
        // Upstream's stage 1.
        let stopit = machine.path().join("etc/runit/stopit");
        std::fs::write(&stopit, "").unwrap();
        std::fs::set_permissions(stopit, std::fs::Permissions::from_mode(0o000)).unwrap();
        let mode = |path| {
            let metadata = std::fs::metadata(machine.path().join(path)).unwrap();
            metadata.permissions().mode() & 0o7777
        };
        let diary = bring_down_in(machine.path(), action);
        assert_eq!(diary.signals, [18]);
        for (stopit_file, reboot_file) in [
            ("run/runit.stopit", "run/runit.reboot"),
            ("etc/runit/stopit", "etc/runit/reboot"),
        ] {
            assert_eq!((mode(stopit_file), mode(reboot_file)), (0o100, reboot));
        }
    }
}

/// What is left in `/etc` tells the next boot to go down.
#[test]
fn runit_of_a_distribution_finds_nothing_new_in_etc() {
    let machine = machine("/sbin/runit", &[18]);
    for directory in ["run/runit", "etc/runit"] {
        std::fs::create_dir_all(machine.path().join(directory)).unwrap();
    }
    let diary = bring_down_in(machine.path(), Action::Reboot);
    assert_eq!(diary.signals, [18]);
    let files = |path| {
        std::fs::read_dir(machine.path().join(path))
            .unwrap()
            .count()
    };
    assert_eq!((files("run/runit"), files("etc/runit")), (2, 0));
}

#[test]
fn runit_without_run_finds_its_files_in_etc() {
    let machine = machine("/sbin/runit", &[18]);
    std::fs::create_dir_all(machine.path().join("etc/runit")).unwrap();
    assert_eq!(
        bring_down_in(machine.path(), Action::PowerOff).signals,
        [18]
    );
    assert!(machine.path().join("etc/runit/stopit").exists());
}

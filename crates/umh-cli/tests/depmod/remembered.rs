// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is remembered makes the next run shorter, and its result no other.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use umh_modules::elf::fixture::Fixture;

use super::{System, VERSION, indexes};

impl System {
    fn memory(&self) -> PathBuf {
        self.root().join("memory")
    }

    fn depmod_remembering(&self) {
        let run = self
            .depmod()
            .arg("--remember")
            .arg(self.memory())
            .arg(VERSION)
            .assert();
        run.success();
    }

    /// Waits until its files are old enough to be remembered.
    fn settled(self) -> Self {
        std::thread::sleep(Duration::from_millis(3100));
        self
    }
}

#[test]
fn a_module_that_changed_is_read_again_and_the_others_are_not() {
    let system = System::new().settled();
    system.depmod_remembering();
    let first = indexes(system.root());

    // What is remembered is used: this one is believed, since it is the same
    // file with the same times, but for its contents.
    let before = fs::read(system.memory()).expect("it was written");
    system.depmod_remembering();
    assert_eq!(indexes(system.root()), first);
    assert_eq!(fs::read(system.memory()).expect("it stays"), before);

    let fixture = Fixture {
        modinfo: &["alias=changed"],
        ..Fixture::default()
    };
    system.write("updates/dkms.ko", &fixture.build());
    system.depmod_remembering();
    let second = indexes(system.root());
    assert!(
        system
            .text("modules.alias")
            .contains("alias changed dkms\n")
    );
    system.depmod().args(["--full", VERSION]).assert().success();
    assert_eq!(indexes(system.root()), second);
}

#[test]
fn what_is_missing_or_damaged_means_a_full_run() {
    let system = System::new().settled();
    system.depmod_remembering();
    let first = indexes(system.root());
    let whole = fs::read(system.memory()).expect("it was written");
    let end = Instant::now() + Duration::from_secs(5);
    for at in (0..whole.len()).step_by(whole.len() / 40 + 1) {
        let mut damaged = whole.clone();
        if let Some(byte) = damaged.get_mut(at) {
            *byte ^= 0x55;
        }
        fs::write(system.memory(), &damaged).expect("a file");
        let run = system
            .depmod()
            .arg("--remember")
            .arg(system.memory())
            .arg(VERSION)
            .assert()
            .success();
        let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
        assert!(!said.contains("memory"), "{said}");
        assert_eq!(indexes(system.root()), first, "byte {at}");
        if Instant::now() > end {
            break;
        }
    }
}

#[test]
fn nothing_is_remembered_of_an_image_unless_asked() {
    let system = System::new().settled();
    system.depmod().arg(VERSION).assert().success();
    let entries = fs::read_dir(system.root()).expect("a directory").flatten();
    assert_eq!(
        entries.map(|entry| entry.file_name()).collect::<Vec<_>>(),
        ["lib"]
    );
    let entries = fs::read_dir(system.modules())
        .expect("a directory")
        .flatten();
    assert!(
        !entries
            .into_iter()
            .any(|entry| entry.file_name().to_string_lossy().contains("umh"))
    );
}

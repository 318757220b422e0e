// SPDX-License-Identifier: MIT OR Apache-2.0

//! Arbitrary modprobe.d files and kernel command lines: reading one never
//! panics, every value is part of the text, and what is planned with it ends.
//!
//! Input: a file, a zero byte, and a command line.

#![no_main]

use libfuzzer_sys::fuzz_target;

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::OFlags;
use rustix::io::Errno;
use umh_modules::command::Command;
use umh_modules::config::Config;
use umh_modules::lookup::Catalogue;
use umh_modules::plan::Request;
use umh_modules::system::System;
use umh_modules::tree::Tree;

/// Nothing exists.
struct Nothing;

impl System for Nothing {
    fn open(&self, _: &[u8], _: OFlags) -> Result<OwnedFd, Errno> {
        Err(Errno::NOENT)
    }

    fn map(&self, _: BorrowedFd<'_>) -> Result<&'static [u8], Errno> {
        Err(Errno::NOENT)
    }

    fn link(&self, _: &[u8]) -> Result<Vec<u8>, Errno> {
        Err(Errno::NOENT)
    }
}

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(2, |byte| *byte == 0);
    let (text, line) = (parts.next().unwrap_or_default(), parts.next());
    let mut config = Config::default();
    config.parse(text, b"file", &mut |complaint| drop(complaint.to_string()));
    config.parse_command_line(line.unwrap_or_default(), b"line", &mut |complaint| {
        drop(complaint.to_string());
    });
    for line in config.installs.iter().chain(&config.removes) {
        // What is no shell's has only the line's own words.
        if let Command::Program(words) = Command::of(&line.value) {
            assert!(words.iter().map(|word| word.len()).sum::<usize>() <= line.value.len());
        }
    }

    let names: Vec<_> = config.softdeps.iter().map(|dep| dep.name.clone()).collect();
    let catalogue = Catalogue {
        tree: Tree::new(&Nothing, b"/lib/modules/1".to_vec()),
        config,
    };
    for name in names.iter().take(8) {
        let found = catalogue
            .resolve(name)
            .expect("there are no lists to contradict themselves");
        for module in found.modules.iter().take(4) {
            let _ = catalogue.plan(module, &Request::default());
        }
    }
});

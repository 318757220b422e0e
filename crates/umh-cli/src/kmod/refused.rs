// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is said of a module that the kernel did not take: kmod's words, which
//! scripts look for, and below them the cause, the remedy and the kernel's
//! own line.

use rustix::io::Errno;
use umh_modules::cause::{self, KernelLog};
use umh_modules::load::{Failed, Step};
use umh_modules::system::System;

use super::messages::reason;

/// Whose words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// One file: what it lacks is nobody's but its own.
    Insmod,
    /// A module with what it needs.
    Modprobe,
}

/// Says why the module of that name was not taken.
pub fn words(tool: Tool, system: &dyn System, module: &[u8], failed: Failed) -> String {
    let first = match (failed.step, tool, failed.errno) {
        (Step::Unpack(error), ..) => error.to_string(),
        (Step::Insert, Tool::Insmod, Errno::NOEXEC) => "Invalid module format".to_owned(),
        (Step::Insert, Tool::Insmod, Errno::NOENT) => "Unknown symbol in module".to_owned(),
        (Step::Insert, Tool::Insmod, Errno::SRCH) => "Module has wrong symbol version".to_owned(),
        (Step::Insert, Tool::Insmod, Errno::INVAL) => "Invalid parameters".to_owned(),
        (Step::Insert, Tool::Modprobe, Errno::NOENT) => {
            "Unknown symbol in module, or unknown parameter (see dmesg)".to_owned()
        }
        (Step::Open | Step::Insert, _, errno) => reason(&errno.into()),
    };
    let log = KernelLog::open(system);
    format!(
        "{first}\n  {}",
        cause::explain(system, module, failed, log.as_ref())
    )
}

#[cfg(test)]
mod tests {
    use umh_helper::sys::Root;

    use super::*;

    #[test]
    fn kmods_words_come_first_and_the_cause_below() {
        let failed = |step, errno| Failed {
            path: b"/m/x.ko".to_vec(),
            step,
            errno,
            unpacked: None,
        };
        let words = |tool, step, errno| words(tool, &Root::System, b"x", failed(step, errno));
        let said = words(Tool::Insmod, Step::Insert, Errno::NOEXEC);
        let (first, rest) = said.split_once('\n').unwrap();
        assert_eq!(first, "Invalid module format");
        assert!(
            rest.starts_with("  /m/x.ko: it was built for another kernel"),
            "{rest}"
        );
        let said = words(Tool::Modprobe, Step::Insert, Errno::NOENT);
        assert!(said.starts_with("Unknown symbol in module, or unknown parameter (see dmesg)\n"));
        let said = words(Tool::Modprobe, Step::Insert, Errno::KEYREJECTED);
        assert!(said.starts_with("Key was rejected by service\n"), "{said}");
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! The commands of `install` and `remove` lines. A person runs modprobe
//! here, so a shell may run them: when the kernel asks, none does
//! (usermode-helper(8)).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use umh_modules::config::Line;

use super::{Failure, OPTIONS, Probe};

/// What stands for the module's options.
const PLACE: &[u8] = b"$CMDLINE_OPTS";

impl Probe<'_, '_> {
    /// Runs the command of `line`, `what` ("install") is to be done with
    /// `module`.
    pub(super) fn run_command(
        &mut self,
        what: &str,
        module: &[u8],
        line: &Line,
        options: &[u8],
    ) -> Result<(), Failure> {
        let command = with_options(&line.value, options);
        let status = Command::new("/bin/sh")
            .arg("-c")
            .arg(OsStr::from_bytes(&command))
            .env("MODPROBE_MODULE", OsStr::from_bytes(module))
            .env(OPTIONS, &self.environment)
            .status();
        let end = match status {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => match (status.code(), status.signal()) {
                (Some(code), _) => format!("retcode {code}"),
                (_, signal) => format!("signal {}", signal.unwrap_or_default()),
            },
            Err(error) => error.to_string(),
        };
        Err(self.failed(format_args!(
            "Error running {what} command '{}' for module {}: {end} ({} line {})",
            command.escape_ascii(),
            module.escape_ascii(),
            line.from.file.escape_ascii(),
            line.from.line,
        )))
    }
}

/// The command with the options in their place.
pub(super) fn with_options(command: &[u8], options: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(command.len() + options.len());
    let mut rest = command;
    while let Some((first, after)) = rest.split_first() {
        match rest.strip_prefix(PLACE) {
            Some(after) => {
                whole.extend_from_slice(options);
                rest = after;
            }
            None => {
                whole.push(*first);
                rest = after;
            }
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_where_the_command_wants_them() {
        let command = b"modprobe -i snd $CMDLINE_OPTS && echo $CMDLINE_OPTS";
        assert_eq!(
            with_options(command, b"a=1"),
            b"modprobe -i snd a=1 && echo a=1"
        );
        assert_eq!(
            with_options(b"/bin/true $CMDLINE", b"a"),
            b"/bin/true $CMDLINE"
        );
    }
}

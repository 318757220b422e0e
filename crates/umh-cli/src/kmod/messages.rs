// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a tool says beside its output, as kmod's say it: `TOOL: ERROR: text`
//! on standard error, or to syslog.

use std::fmt::Display;
use std::io::{self, Write};
use std::os::unix::net::UnixDatagram;

/// How grave a message is; the numbers are those of syslog(3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is said of what comes after it.
    Silence = 0,
    /// The tool cannot go on.
    Fatal = 2,
    /// Something was not done.
    Error = 3,
    /// Something deserves a look.
    Warning = 4,
    /// What is done.
    Info = 6,
    /// How it is done.
    Debug = 7,
}

/// Where messages go, and from which level on.
#[derive(Debug)]
pub struct Messages {
    tool: &'static str,
    level: Level,
    syslog: Option<UnixDatagram>,
}

impl Messages {
    /// Messages of `tool` up to `level`, to syslog if so asked.
    pub fn new(tool: &'static str, level: Level, syslog: bool) -> Self {
        let socket = || {
            let socket = UnixDatagram::unbound()?;
            socket.connect("/dev/log")?;
            io::Result::Ok(socket)
        };
        Self {
            tool,
            level,
            // Without a logger there is nowhere to speak to: kmod is silent too.
            syslog: syslog.then(socket).transpose().ok().flatten(),
        }
    }

    /// Whether a message of `level` is said.
    pub fn says(&self, level: Level) -> bool {
        level <= self.level
    }

    /// Says `text`, which may have more than one line.
    pub fn say(&self, level: Level, text: impl Display) {
        if !self.says(level) {
            return;
        }
        let word = level.word();
        // A message that cannot be delivered cannot be reported either.
        let _ = match &self.syslog {
            Some(socket) => {
                let line = format!("<{}>{}: {word}: {text}", DAEMON | level as u8, self.tool);
                socket.send(line.as_bytes()).map(drop)
            }
            None => writeln!(io::stderr(), "{}: {word}: {text}", self.tool),
        };
    }

    /// Says that something was not done.
    pub fn error(&self, text: impl Display) {
        self.say(Level::Error, text);
    }
}

impl Level {
    /// The level after `verbose` options of that name.
    pub fn raised(self, verbose: u8) -> Self {
        match (self as u8).saturating_add(verbose) {
            0..2 => Self::Silence,
            2 => Self::Fatal,
            3 => Self::Error,
            4 => Self::Warning,
            5..7 => Self::Info,
            _ => Self::Debug,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Silence | Self::Fatal => "FATAL",
            Self::Error => "ERROR",
            Self::Warning => "WARNING",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
        }
    }
}

/// What the system says of an error, without its number.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let number = text.find(" (os error ");
    number
        .and_then(|at| text.get(..at))
        .unwrap_or(&text)
        .to_owned()
}

/// `LOG_DAEMON`.
const DAEMON: u8 = 3 << 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_the_systems_words() {
        let error = io::Error::from_raw_os_error(2);
        assert_eq!(reason(&error), "No such file or directory");
        assert_eq!(reason(&io::Error::other("damaged")), "damaged");
    }

    #[test]
    fn each_verbose_says_one_level_more() {
        assert_eq!(Level::Error.raised(0), Level::Error);
        assert_eq!(Level::Error.raised(1), Level::Warning);
        assert_eq!(Level::Warning.raised(1), Level::Info);
        assert_eq!(Level::Warning.raised(200), Level::Debug);
    }
}

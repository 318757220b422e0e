// SPDX-License-Identifier: MIT OR Apache-2.0

//! `modprobe`: modules with all that they need, into the kernel and out.
//!
//! What a name leads to and in which order is `umh_modules`, the code that
//! also answers the kernel; here are kmod's options, words and output around
//! it.

pub mod args;
mod command;
mod insert;
mod remove;
mod show;

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::time::Duration;

use umh_helper::sys::Root;
use umh_modules::config::{self, Config, Sources};
use umh_modules::lookup::{Catalogue, Found, Module};
use umh_modules::state;
use umh_modules::tree::Unreadable;

pub use self::args::Modprobe;
use super::messages::{Level, Messages};
use super::removal::Wait;
use super::usage::{self, Ended};
use super::{Words, options, place};

/// Does what `words` say.
pub fn run(words: Words, out: &mut dyn Write) -> Result<(), Ended> {
    let environment = std::env::var_os(OPTIONS).unwrap_or_default();
    let words = with_environment(words, &environment);
    let args = match Modprobe::usual(&words) {
        Some(args) => args,
        None => usage::parse("modprobe", words, out)?,
    };
    if args.common.version {
        return Ok(usage::version(out)?);
    }
    let level = if args.quiet {
        Level::Silence
    } else {
        Level::Warning.raised(args.common.verbose)
    };
    let messages = Messages::new("modprobe", level, args.common.syslog);
    let wait = args.wait(&messages)?;
    if args.words.is_empty() && !args.show_config && !args.list {
        messages.error("missing parameters. See -h.");
        return Err(Ended::Badly);
    }

    let system = Root::System;
    let catalogue = Catalogue {
        config: args.configuration(&system, &messages),
        tree: place::tree(
            &system,
            args.dirname.as_deref(),
            args.set_version.as_deref(),
        ),
    };
    Probe {
        environment: args.for_commands(environment),
        args: &args,
        catalogue,
        messages,
        wait,
        out,
    }
    .run()
}

/// The environment's variable with options.
const OPTIONS: &str = "MODPROBE_OPTIONS";

/// One run.
struct Probe<'a, 's> {
    args: &'a Modprobe,
    catalogue: Catalogue<'s>,
    messages: Messages,
    wait: Wait,
    /// [`OPTIONS`] for the commands of `install` and `remove` lines.
    environment: OsString,
    out: &'a mut dyn Write,
}

/// What was asked for was not done, and that was told.
enum Failure {
    /// The next word is tried still.
    Failed,
    /// Nothing more is tried.
    Fatal,
    /// Nobody takes the output.
    Output(io::Error),
}

impl Probe<'_, '_> {
    fn run(mut self) -> Result<(), Ended> {
        if self.args.show_config {
            return Ok(self.show_config()?);
        }
        if self.args.list {
            return self.each(&[OsStr::new("")], |probe, _| probe.list());
        }
        let words: Vec<&OsStr> = self.args.words.iter().map(OsString::as_os_str).collect();
        let removes = self.args.remove || self.args.remove_holders;
        let [first, parameters @ ..] = self.args.words.as_slice() else {
            return Ok(());
        };
        if self.args.show_modversions {
            return self.each(&[first], Self::show_modversions);
        }
        if self.args.show_exports {
            return self.each(&[first], Self::show_exports);
        }
        if removes {
            return self.each(&words, Self::remove);
        }
        if self.args.all {
            return self.each(&words, |probe, name| probe.insert(name, b""));
        }
        let options = options::join(parameters);
        self.each(&[first], |probe, name| probe.insert(name, &options))
    }

    /// Does `what` for each word, until one failure is fatal.
    fn each(
        &mut self,
        words: &[&OsStr],
        what: impl Fn(&mut Self, &OsStr) -> Result<(), Failure>,
    ) -> Result<(), Ended> {
        let mut ended = Ok(());
        for word in words {
            match what(self, word) {
                Ok(()) => {}
                Err(Failure::Failed) => ended = Err(Ended::Badly),
                Err(Failure::Fatal) => return Err(Ended::Badly),
                Err(Failure::Output(error)) => return Err(error.into()),
            }
        }
        ended
    }

    /// What a word leads to; an empty answer is told.
    fn resolve(&self, name: &OsStr, nothing: impl FnOnce() -> String) -> Result<Found, Failure> {
        let found = self.catalogue.resolve(name.as_bytes());
        let found = found.map_err(|unreadable| self.unreadable(&unreadable))?;
        if found.modules.is_empty() {
            return Err(self.fatal(nothing()));
        }
        Ok(found)
    }

    /// Whether the module is there: loaded, or part of the kernel.
    fn state(&self, module: &Module) -> Result<Option<State>, Failure> {
        let builtin = module.builtin
            || self
                .catalogue
                .tree
                .is_builtin(&module.name)
                .map_err(|error| self.unreadable(&error))?;
        if builtin {
            return Ok(Some(State::Builtin));
        }
        let system = self.catalogue.tree.system();
        // Without /sys nothing is known to be there.
        Ok(match state::of(system, &module.name).unwrap_or(None) {
            Some(state::State::Live) => Some(State::Live),
            Some(_) => Some(State::Moving),
            None => None,
        })
    }

    /// Whether each action is printed.
    fn shows(&self) -> bool {
        self.args.show_depends || (self.args.common.verbose > 0 && !self.args.quiet)
    }

    /// Whether nothing is done in earnest.
    fn is_dry(&self) -> bool {
        self.args.show_depends || self.args.dry_run
    }

    /// Prints an action.
    fn show(&mut self, line: &[u8]) -> Result<(), Failure> {
        if self.shows() {
            self.out.write_all(line)?;
            // It is to be seen before what it announces.
            self.out.flush()?;
        }
        Ok(())
    }

    /// Says what ends the run, or only this word of several.
    fn fatal(&self, text: impl Display) -> Failure {
        if self.args.all {
            self.messages.say(Level::Warning, text);
            Failure::Failed
        } else {
            self.messages.say(Level::Fatal, text);
            Failure::Fatal
        }
    }

    /// Says what was not done.
    fn failed(&self, text: impl Display) -> Failure {
        self.messages.error(text);
        Failure::Failed
    }

    fn unreadable(&self, unreadable: &Unreadable) -> Failure {
        self.failed(unreadable)
    }
}

/// How far a module is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Part of the kernel.
    Builtin,
    /// Loaded.
    Live,
    /// Being loaded or removed.
    Moving,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Modprobe {
    fn configuration(&self, system: &Root, messages: &Messages) -> Config {
        let named: Vec<&[u8]> = self.config.iter().map(|path| path.as_bytes()).collect();
        let tree = place::tree(system, self.dirname.as_deref(), self.set_version.as_deref());
        let sources = Sources {
            paths: if named.is_empty() {
                config::DIRECTORIES
            } else {
                &named
            },
            tree: tree.path(),
            command_line: Some(config::COMMAND_LINE),
            weakdeps: self.show_config,
        };
        Config::load(system, &sources, &mut |complaint| messages.error(complaint))
    }

    /// `-w MSEC`, decimal, octal or hexadecimal as in C.
    fn wait(&self, messages: &Messages) -> Result<Wait, Ended> {
        let Some(text) = &self.wait else {
            return Ok(Wait::No);
        };
        let (digits, base) = match text.as_bytes() {
            [b'0', b'x' | b'X', ..] => (text.get(2..), 16),
            [b'0', _, ..] => (text.get(1..), 8),
            _ => (Some(text.as_str()), 10),
        };
        match digits.and_then(|digits| u64::from_str_radix(digits, base).ok()) {
            Some(0) => Ok(Wait::No),
            Some(span) => Ok(Wait::AtMost(Duration::from_millis(span))),
            None => {
                messages.error(format_args!("unexpected wait value '{text}'."));
                Err(Ended::Badly)
            }
        }
    }

    /// What a modprobe that an `install` line runs is to know.
    fn for_commands(&self, mut environment: OsString) -> OsString {
        let mut add = |word: &OsStr| {
            if !environment.is_empty() {
                environment.push(" ");
            }
            environment.push(word);
        };
        for path in &self.config {
            add(OsStr::new("-C"));
            add(path);
        }
        let flags = [
            (self.common.syslog, "-s"),
            (self.quiet, "-q"),
            (self.common.verbose > 0, "-v"),
        ];
        for (_, flag) in flags.iter().filter(|(set, _)| *set) {
            add(OsStr::new(flag));
        }
        environment
    }
}

/// The words with those of the environment before them.
fn with_environment(words: Words, environment: &OsStr) -> Words {
    let mut words = words.into_iter();
    let program = words.next();
    let added = options::split(environment.as_bytes())
        .into_iter()
        .map(OsString::from_vec);
    program.into_iter().chain(added).chain(words).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn parse(words: &str) -> Modprobe {
        let words = words.split(' ').map(OsString::from).collect();
        usage::parse("modprobe", words, &mut Vec::new()).unwrap()
    }

    #[test]
    fn options_may_be_cut_short_repeated_and_follow_words() {
        let args = parse("modprobe loop --verb -q max_loop=4 -q --set-v 6.1 -w5");
        assert_eq!(args.words, ["loop", "max_loop=4"]);
        assert!(args.quiet && args.common.verbose == 1);
        assert_eq!(args.set_version.as_deref(), Some(OsStr::new("6.1")));
        assert_eq!(args.wait.as_deref(), Some("5"));
        let args = parse("modprobe -qab -- -x");
        assert!(args.quiet && args.all && args.use_blacklist);
        assert_eq!(args.words, ["-x"]);
        assert!(Modprobe::try_parse_from(["modprobe", "--nonsense"]).is_err());
    }

    #[test]
    fn older_names_of_options_are_known() {
        assert!(parse("modprobe --showconfig").show_config);
        assert!(parse("modprobe --show x").dry_run);
        assert!(parse("modprobe --resolve-alias x").show_alias);
        assert!(parse("modprobe --ignore-remove x").ignore_install);
        assert!(parse("modprobe --remove-dependencies x").remove_holders);
    }

    #[test]
    fn the_wait_is_a_number_as_in_c() {
        let messages = Messages::new("modprobe", Level::Silence, false);
        let wait = |word: &str| parse(&format!("modprobe -w {word} x")).wait(&messages);
        let milliseconds = |span| Wait::AtMost(Duration::from_millis(span));
        assert_eq!(wait("10").unwrap(), milliseconds(10));
        assert_eq!(wait("0x10").unwrap(), milliseconds(16));
        assert_eq!(wait("010").unwrap(), milliseconds(8));
        assert_eq!(wait("0").unwrap(), Wait::No);
        for word in ["-1", "x", "1s"] {
            assert!(wait(word).is_err(), "{word}");
        }
    }

    #[test]
    fn the_environment_stands_before_the_words_and_is_handed_on() {
        let words = ["modprobe", "loop"].map(OsString::from).to_vec();
        let words = with_environment(words, OsStr::new("-C '/etc/a b' -v"));
        assert_eq!(words, ["modprobe", "-C", "/etc/a b", "-v", "loop"]);
        let args = parse("modprobe -s -C x -q loop");
        assert_eq!(args.for_commands("-b".into()), "-b -C x -s -q");
    }
}

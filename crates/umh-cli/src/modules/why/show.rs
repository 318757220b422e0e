// SPDX-License-Identifier: MIT OR Apache-2.0

//! The report of `umh modules why` for a person.

use std::io::{self, Write};

use super::lookup::{Found, Looked};
use super::steps::{Doing, Wanted};
use super::{Asked, Why};
use crate::failure::Exit;
use crate::report::{BAD, DIM, GOOD, Report, TITLE, WARN, styled};

impl Report for Why {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        for complaint in &self.complaints {
            writeln!(out, "{} {complaint}", styled(WARN, "note"))?;
        }
        let normal = match &self.normal {
            Some(normal) if *normal != self.name => format!(", looked up as {normal}"),
            Some(_) => String::new(),
            None => ", whose brackets do not pair: nothing has such a name".to_owned(),
        };
        writeln!(out, "{} {}{normal}", styled(TITLE, "name    "), self.name)?;
        writeln!(out, "{} {}", styled(TITLE, "kernel  "), self.release)?;
        let mut decided = false;
        for (number, looked) in self.lookup.iter().enumerate() {
            let title = if number == 0 { "lookup  " } else { "        " };
            writeln!(out, "{} {}", styled(TITLE, title), looked.line(decided))?;
            decided |= looked.decides;
        }
        for wanted in &self.modules {
            wanted.write(out)?;
        }
        if self.modules.is_empty() {
            writeln!(
                out,
                "{} nothing: no module has that name or alias",
                styled(TITLE, "leads to")
            )?;
        }
        match &self.kernel {
            Some(asked) => writeln!(out, "{} {}", styled(TITLE, "policy  "), asked.words()),
            None => Ok(()),
        }
    }

    fn exit(&self) -> Exit {
        if self.modules.iter().any(|wanted| wanted.loads) {
            Exit::Done
        } else {
            Exit::Finding
        }
    }
}

impl Looked {
    fn line(&self, decided: bool) -> String {
        let found: Vec<String> = self.found.iter().map(Found::words).collect();
        let found = if found.is_empty() {
            "-".to_owned()
        } else {
            found.join(", ")
        };
        let line = format!("{:26} {found}", self.place);
        if self.decides {
            format!("{line}  {}", styled(GOOD, "this decides"))
        } else if decided {
            styled(DIM, line)
        } else {
            line
        }
    }
}

impl Found {
    fn words(&self) -> String {
        let by = match (&self.pattern, &self.at) {
            (Some(pattern), Some(at)) => format!(" by {pattern} ({at})"),
            (Some(pattern), None) => format!(" by {pattern}"),
            (None, Some(at)) => format!(" ({at})"),
            (None, None) => String::new(),
        };
        format!("{}{by}", self.module)
    }
}

impl Wanted {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let end = match (self.state, &self.blacklisted) {
            (Some("builtin"), _) => styled(GOOD, "is part of the kernel: nothing to do"),
            (Some("live"), _) => styled(GOOD, "is in the kernel already: nothing to do"),
            (_, Some(at)) => {
                let words = styled(
                    BAD,
                    "is blacklisted, and reached by an alias: nothing is loaded",
                );
                format!("{words} ({at})")
            }
            _ if self.loads => styled(GOOD, "would be loaded"),
            _ => styled(BAD, "would not be loaded"),
        };
        writeln!(out, "{} {}: {end}", styled(TITLE, "leads to"), self.module)?;
        if let Some(at) = &self.blacklisted_by_alias {
            writeln!(
                out,
                "         {} blacklisted, which counts for aliases alone ({at})",
                styled(WARN, "note")
            )?;
        }
        self.steps.iter().try_for_each(|step| step.write(out))
    }
}

impl Doing {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let line = if self.missing {
            format!("{}: there is no such module", self.module)
        } else {
            self.line.clone()
        };
        let mut notes: Vec<String> = Vec::new();
        notes.extend(
            self.options_from
                .iter()
                .map(|at| format!("options of {at}")),
        );
        notes.extend(
            self.command_from
                .iter()
                .map(|at| format!("command of {at}")),
        );
        if !self.required {
            notes.push("softdep: may fail".to_owned());
        }
        let notes = if notes.is_empty() {
            String::new()
        } else {
            styled(DIM, format_args!("  ({})", notes.join("; ")))
        };
        writeln!(out, "         {line}{notes}")?;
        match &self.forbidden {
            Some(at) => writeln!(
                out,
                "         {} {} ({at})",
                styled(BAD, "forbidden:"),
                self.module
            ),
            None => Ok(()),
        }
    }
}

impl Asked {
    fn words(&self) -> String {
        let detail = if self.detail.is_empty() {
            String::new()
        } else {
            format!(" ({})", self.detail)
        };
        match self.decision {
            "allow" => format!("{}: the kernel may ask for it", styled(GOOD, "allow")),
            decision => format!(
                "{}: if the kernel asks, why={}{detail}",
                styled(BAD, decision),
                self.why
            ),
        }
    }
}

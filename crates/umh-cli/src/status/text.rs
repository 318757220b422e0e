// SPDX-License-Identifier: MIT OR Apache-2.0

//! What `umh status` says to a person, and with its exit code.

use std::io::{self, Write};

use anstyle::Style;

use crate::columns::Columns;
use crate::failure::Exit;
use crate::kernel_option::KernelOption;
use crate::log;
use crate::report::{BAD, DIM, GOOD, Report, TITLE, WARN, styled};
use crate::status::Status;
use crate::status::copies::{Early, Installed};
use crate::status::settings::{Leads, Setting};

impl Status {
    fn is_on(&self) -> bool {
        matches!(self.option, KernelOption::On { .. })
    }

    fn option(&self) -> (Style, String) {
        match &self.option {
            KernelOption::On { path, source } if path.is_empty() => {
                (BAD, format!("on, and starts nothing at all  ({source})"))
            }
            KernelOption::On { path, source } => (GOOD, format!("on, starts {path}  ({source})")),
            KernelOption::Off { source } => (
                WARN,
                format!("off: umh answers what the settings below lead to  ({source})"),
            ),
            KernelOption::Unknown { .. } => (
                WARN,
                "unknown: no kernel configuration found (modprobe configs gives /proc/config.gz)"
                    .to_owned(),
            ),
        }
    }

    fn helper(&self) -> (Style, String) {
        let Installed {
            path,
            present,
            mode,
            ..
        } = &self.helper;
        match (present, self.helper.is_private()) {
            (true, true) => (
                GOOD,
                format!("{path}, mode {}", mode.as_deref().unwrap_or("?")),
            ),
            (true, false) => (
                WARN,
                format!(
                    "{path}, mode {}: chmod 0700 {path}",
                    mode.as_deref().unwrap_or("?")
                ),
            ),
            (false, _) if self.is_on() => (
                BAD,
                format!("{path} is missing: every call of the kernel fails"),
            ),
            (false, _) => (DIM, format!("{path} is not installed: umh install")),
        }
    }

    fn initramfs(&self) -> (Style, String) {
        let bad = if self.is_on() { BAD } else { DIM };
        match &self.initramfs {
            Early::Same { image } => (GOOD, format!("{image} has the same usermode-helper")),
            Early::Different { image } => (
                if self.is_on() { BAD } else { WARN },
                format!("{image} has another version: rebuild it"),
            ),
            Early::Present { image } => (GOOD, format!("{image} has a usermode-helper")),
            Early::Missing { image } if self.is_on() => (
                bad,
                format!(
                    "{image} has no usermode-helper: until the root is mounted, every call fails"
                ),
            ),
            Early::Missing { image } => (bad, format!("{image} has no usermode-helper")),
            Early::Unread { image, why } => (DIM, format!("{image} was not read: {why}")),
            Early::None => (DIM, "no image in /boot".to_owned()),
        }
    }

    fn setting(&self, setting: &Setting) -> (Style, &'static str) {
        match (setting.leads, self.is_on()) {
            (Leads::Umh, _) => (GOOD, "umh"),
            (Leads::Rule, true) => (GOOD, "through umh, a rule lists it"),
            (Leads::Rule, false) => (WARN, "passes umh by (umh install)"),
            (Leads::Elsewhere, true) => (BAD, "no rule lists it: denied"),
            (Leads::Elsewhere, false) => (WARN, "passes umh by, and no rule lists it"),
            (Leads::Nowhere, _) => (DIM, "starts no program"),
        }
    }

    fn since_boot(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(counters) = &self.counters else {
            return line(out, "calls", DIM, "none seen since boot");
        };
        let rows: Vec<_> = counters
            .callers
            .iter()
            .map(|calls| {
                let count =
                    |count: u64, style| (count.to_string(), if count == 0 { DIM } else { style });
                let name = calls.caller.unwrap_or("?").to_owned();
                vec![
                    (name, Style::new()),
                    count(calls.allow, GOOD),
                    count(calls.deny, BAD),
                    count(calls.audit, WARN),
                ]
            })
            .collect();
        let mut columns = Columns::new(&["CALLS SINCE BOOT", "ALLOWED", "DENIED", "AUDIT"]);
        rows.iter().for_each(|row| columns.fit(row));
        writeln!(out)?;
        columns.title(out)?;
        rows.iter().try_for_each(|row| columns.line(row, out))?;
        let reasons: Vec<_> = counters
            .refused
            .iter()
            .map(|(why, count)| format!("{why} {count}"))
            .collect();
        if !reasons.is_empty() {
            line(out, "refused", Style::new(), &reasons.join(", "))?;
        }
        if counters.suppressed > 0 {
            line(
                out,
                "kernel log",
                WARN,
                &format!("{} lines kept back by the rate limit", counters.suppressed),
            )?;
        }
        if !counters.denials.is_empty() {
            writeln!(out, "\n{}", styled(TITLE, "last denials"))?;
            let mut columns = Columns::new(log::record::COLUMNS);
            let rows: Vec<_> = counters
                .denials
                .iter()
                .map(log::record::Record::row)
                .collect();
            rows.iter().for_each(|row| columns.fit(row));
            columns.title(out)?;
            rows.iter().try_for_each(|row| columns.line(row, out))?;
        }
        Ok(())
    }
}

impl Report for Status {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        for (name, (style, text)) in [
            ("option", self.option()),
            ("helper", self.helper()),
            ("initramfs", self.initramfs()),
        ] {
            line(out, name, style, &text)?;
        }
        let mode = format!(
            "built-in rules and {} files, mode {}",
            self.policy_files.len(),
            self.mode
        );
        line(
            out,
            "policy",
            if self.mode == "audit" { WARN } else { GOOD },
            &mode,
        )?;
        for file in &self.policy_files {
            line(out, "", Style::new(), file)?;
        }
        for ignored in &self.policy_ignored {
            line(out, "", BAD, &ignored.to_string())?;
        }
        for (number, setting) in self.settings.iter().enumerate() {
            let (style, verdict) = self.setting(setting);
            let text = format!(
                "{} = {}  {}",
                setting.name,
                setting.value,
                styled(style, verdict)
            );
            line(
                out,
                if number == 0 { "settings" } else { "" },
                Style::new(),
                &text,
            )?;
        }
        self.since_boot(out)?;
        for (number, what) in self.unread.iter().enumerate() {
            line(out, if number == 0 { "not seen" } else { "" }, DIM, what)?;
        }
        if !self.unread.is_empty() && !rustix::process::geteuid().is_root() {
            line(
                out,
                "",
                DIM,
                "run it as root to see all of it: sudo umh status",
            )?;
        }
        Ok(())
    }

    fn exit(&self) -> Exit {
        let missing = self.is_on() && !self.helper.present;
        let early = self.is_on()
            && matches!(
                self.initramfs,
                Early::Missing { .. } | Early::Different { .. }
            );
        let finding = missing || early || !self.policy_ignored.is_empty();
        if finding { Exit::Finding } else { Exit::Done }
    }
}

fn line(out: &mut dyn Write, name: &str, style: Style, text: &str) -> io::Result<()> {
    writeln!(
        out,
        "{}{:padding$} {}",
        styled(TITLE, name),
        "",
        styled(style, text),
        padding = 10 - name.len().min(10)
    )
}

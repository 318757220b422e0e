// SPDX-License-Identifier: MIT OR Apache-2.0

//! One line for `/dev/kmsg`:
//! `umh: deny caller=modprobe rule=- argv0="/tmp/evil" why=path`.
//!
//! Printable ASCII, at most [`MOST`] bytes with priority and newline, whatever
//! strangers chose. Text in quotes is escaped; `"..."+17` has 17 more bytes
//! that did not fit. The words after argv\[0\] are joined by spaces; the ring
//! keeps them apart. What `why=` ends is always there and in this order, the
//! rest only where there is something to say.

use core::fmt::{self, Write as _};

use rustix::path::DecInt;

use super::escape::escape;
use super::place::Trouble;
use super::{End, Entry};

/// The longest line. The kernel itself takes 1 KiB
/// (`kernel/printk/printk.c`, `PRINTKRB_RECORD_MAX`).
pub const MOST: usize = 512;

/// How bad it is (`include/linux/kern_levels.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// The policy or the installation is not as it should be.
    Critical = 2,
    /// A call was refused, or came to nothing.
    Warning = 4,
    /// A call was answered.
    Info = 6,
}

/// A line under construction.
pub struct Line {
    bytes: [u8; MOST],
    used: usize,
}

impl Line {
    /// A line about a call.
    pub fn call(priority: Priority, entry: &Entry<'_>) -> Self {
        let mut line = Self::new(priority);
        line.text(entry.decision.name());
        line.text(" caller=");
        line.text(entry.caller.map_or("?", umh_abi::Caller::name));
        line.text(" rule=");
        let left_out = escape(entry.rule.bytes(), 24, &mut |byte| line.push(byte));
        line.left_out(left_out);
        let mut words = entry.argv.iter();
        line.text(" argv0=");
        line.quoted(words.next().unwrap_or_default(), 112);
        line.text(" why=");
        line.text(entry.reason.name());

        if words.clone().next().is_some() {
            line.text(" args=");
            line.joined(words, 72);
        }
        // What is refused runs nothing, which leaves room for the reason.
        let most = if entry.target.is_empty() { 80 } else { 40 };
        for (name, text) in [(" detail=", entry.detail), (" run=", entry.target)] {
            if !text.is_empty() {
                line.text(name);
                line.quoted(text, most);
            }
        }
        line
    }

    /// A line about the policy or the installation.
    pub fn complaint(complaint: fmt::Arguments<'_>) -> Self {
        Self::sentence(Priority::Critical, complaint)
    }

    /// A line of our own words.
    pub fn sentence(priority: Priority, complaint: fmt::Arguments<'_>) -> Self {
        let mut line = Self::new(priority);
        // A line that is full says what fits.
        let _ = Sentence(&mut line).write_fmt(complaint);
        line
    }

    /// Adds how the call ended.
    pub fn end(&mut self, end: End, duration: u64) {
        self.text(" end=");
        self.text(end.name());
        match end {
            End::Answered(status) | End::Exited(status) => self.number(" status=", status.into()),
            End::Killed(signal) => self.number(" signal=", signal.into()),
            End::Failed(errno) => self.number(" errno=", errno.raw_os_error().into()),
            End::HandedOver | End::TimedOut => {}
        }
        self.number(" us=", i64::try_from(duration / 1000).unwrap_or(i64::MAX));
    }

    /// Adds how many lines of this kind the rate limit kept back.
    pub fn suppressed(&mut self, lines: u64) {
        if lines > 0 {
            self.number(
                " suppressed=",
                i64::from(u32::try_from(lines).unwrap_or(u32::MAX)),
            );
        }
    }

    /// Adds why the call is not in the ring. That `/run` is missing is no news.
    pub(super) fn trouble(&mut self, trouble: Trouble) {
        if trouble != Trouble::Absent {
            let _ = write!(self, " ring={trouble}");
        }
    }

    /// The whole line.
    pub fn finish(&mut self) -> &[u8] {
        self.used = self.used.min(MOST - 1);
        if let Some(end) = self.bytes.get_mut(self.used) {
            *end = b'\n';
        }
        self.bytes.get(..=self.used).unwrap_or_default()
    }

    fn new(priority: Priority) -> Self {
        let mut line = Self {
            bytes: [0; MOST],
            used: 0,
        };
        line.number("<", priority as i64);
        line.text(">umh: ");
        line
    }

    fn text(&mut self, text: &str) {
        // The last byte is the newline's.
        let room = self.bytes.get_mut(self.used..MOST - 1).unwrap_or_default();
        let fitting = text.len().min(room.len());
        let bytes = text.as_bytes().get(..fitting).unwrap_or_default();
        if let Some(room) = room.get_mut(..fitting) {
            room.copy_from_slice(bytes);
            self.used += fitting;
        }
    }

    fn number(&mut self, name: &str, number: i64) {
        self.text(name);
        self.text(DecInt::new(number).as_str());
    }

    fn quoted(&mut self, bytes: &[u8], most: usize) {
        self.joined(core::iter::once(bytes), most);
    }

    fn joined<'w>(&mut self, words: impl Iterator<Item = &'w [u8]>, most: usize) {
        self.push(b'"');
        let joined = words.enumerate().flat_map(|(place, word)| {
            (place > 0)
                .then_some(b' ')
                .into_iter()
                .chain(word.iter().copied())
        });
        let left_out = escape(joined, most, &mut |byte| self.push(byte));
        self.push(b'"');
        self.left_out(left_out);
    }

    fn left_out(&mut self, bytes: usize) {
        if bytes > 0 {
            self.number("+", i64::try_from(bytes).unwrap_or(i64::MAX));
        }
    }

    fn push(&mut self, byte: u8) {
        if self.used < MOST - 1
            && let Some(room) = self.bytes.get_mut(self.used)
        {
            *room = byte;
            self.used += 1;
        }
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text);
        Ok(())
    }
}

/// Our own sentences, which quote names of files that may hold anything.
struct Sentence<'l>(&'l mut Line);

impl fmt::Write for Sentence<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            match byte {
                b' '..=b'~' => self.0.push(byte),
                other => core::ascii::escape_default(other).for_each(|byte| self.0.push(byte)),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use rustix::io::Errno;
    use umh_abi::{Caller, Words};

    use super::super::Level;
    use super::*;
    use crate::verdict::{Decision, Reason};

    const EVIL: Entry<'_> = Entry {
        caller: Some(Caller::Modprobe),
        argv: Words::EMPTY,
        rule: "-",
        decision: Decision::Deny,
        reason: Reason::Path,
        detail: b"",
        target: b"",
        log: Level::Denials,
    };

    fn finished(mut line: Line) -> String {
        String::from_utf8(line.finish().to_vec()).unwrap()
    }

    #[test]
    fn a_denial_reads_as_documented() {
        let argv = Words::new(b"/tmp/evil\0-q\0--\0net-pf-9\0").unwrap();
        assert_eq!(
            finished(Line::call(Priority::Warning, &Entry { argv, ..EVIL })),
            "<4>umh: deny caller=modprobe rule=- argv0=\"/tmp/evil\" why=path args=\"-q -- net-pf-9\"\n",
        );
    }

    #[test]
    fn an_answered_call_tells_what_ran_how_it_ended_and_what_was_not_said() {
        let argv = Words::new(b"/sbin/modprobe\0").unwrap();
        let (rule, target) = ("modprobe", &b"/usr/bin/kmod"[..]);
        let (decision, reason) = (Decision::Allow, Reason::Rule);
        let mut line = Line::call(
            Priority::Info,
            &Entry {
                argv,
                rule,
                target,
                decision,
                reason,
                caller: None,
                ..EVIL
            },
        );
        line.end(End::Exited(1), 1_234_567);
        line.suppressed(3);
        line.trouble(Trouble::Untrusted);
        assert_eq!(
            finished(line),
            "<6>umh: allow caller=? rule=modprobe argv0=\"/sbin/modprobe\" why=rule \
             run=\"/usr/bin/kmod\" end=exited status=1 us=1234 suppressed=3 ring=untrusted\n",
        );
    }

    #[test]
    fn what_is_cut_is_counted() {
        let argv = [b'/'; 4096]
            .iter()
            .chain(b"\0")
            .copied()
            .collect::<Vec<u8>>();
        let argv = Words::new(&argv).unwrap();
        let line = finished(Line::call(Priority::Warning, &Entry { argv, ..EVIL }));
        assert!(
            line.contains(&format!("\"{}\"+3984 why=path", "/".repeat(112))),
            "{line}"
        );
    }

    #[test]
    fn a_complaint_keeps_its_quotes_and_loses_its_newlines() {
        let line = Line::complaint(format_args!("/etc/x\n: unknown key \"y\": remove it"));
        assert_eq!(
            finished(line),
            "<2>umh: /etc/x\\n: unknown key \"y\": remove it\n"
        );
    }

    prop_compose! {
        fn entries()(
            caller in proptest::option::of(proptest::sample::select(Caller::ALL)),
            argv in vec(any::<u8>(), 0..5000),
            rule in ".{0,80}",
            decision in proptest::sample::select(Decision::ALL),
            reason in proptest::sample::select(Reason::ALL),
            detail in vec(any::<u8>(), 0..300),
            target in vec(any::<u8>(), 0..300),
        ) -> (Option<Caller>, Vec<u8>, String, Decision, Reason, Vec<u8>, Vec<u8>) {
            (caller, [argv, vec![0]].concat(), rule, decision, reason, detail, target)
        }
    }

    proptest! {
        #[test]
        fn every_line_is_printable_one_line_bounded_and_whole(
            (caller, argv, rule, decision, reason, detail, target) in entries(),
            complaint in ".{0,600}",
        ) {
            let entry = Entry {
                caller,
                argv: Words::new(&argv).unwrap(),
                rule: &rule,
                decision,
                reason,
                detail: &detail,
                target: &target,
                log: Level::All,
            };
            let mut call = Line::call(Priority::Info, &entry);
            call.end(End::Killed(i32::MIN), u64::MAX);
            call.suppressed(u64::MAX);
            call.trouble(Trouble::Failed(Errno::DQUOT));
            let call = finished(call);
            prop_assert!(call.ends_with(" suppressed=4294967295 ring=errno-122\n"), "{}", call);
            for line in [call, finished(Line::complaint(format_args!("{complaint}")))] {
                let text = line.strip_suffix('\n').unwrap();
                prop_assert!(line.len() <= MOST);
                prop_assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            }
        }
    }
}

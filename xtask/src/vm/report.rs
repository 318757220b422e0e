// SPDX-License-Identifier: MIT OR Apache-2.0

//! What one boot showed: its lines, and what their absence means.

use std::time::Instant;

use umh_vm::plan::{Boot, End, Suite};
use umh_vm::protocol::Line;

use crate::run::tail;
use crate::vm::guest::Ending;

/// The results of one boot.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) cases: Vec<Case>,
    /// Answered calls, for the demo.
    pub(crate) calls: Vec<Vec<(String, String)>>,
    /// Files for the host.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// Whether only some cases were asked for.
    filtered: bool,
    running: Option<(String, Instant)>,
    ended: bool,
}

/// One case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) verdict: Verdict,
}

/// How it went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed { milliseconds: u64 },
    Failed(String),
    Skipped(String),
}

impl Report {
    /// Nothing yet; `filtered` if only some cases were asked for.
    pub(crate) fn new(filtered: bool) -> Self {
        Self {
            filtered,
            ..Self::default()
        }
    }

    /// Adds what the guest said, and returns the case that is now through.
    pub(crate) fn take(&mut self, line: Line) -> Option<&Case> {
        let known = self.cases.len();
        match line {
            Line::Begin(_) | Line::Note(_) => {}
            Line::Case(name) => self.running = Some((name, Instant::now())),
            Line::Ok(name, milliseconds) => self.add(name, Verdict::Passed { milliseconds }),
            Line::Fail(name, reason) => self.add(name, Verdict::Failed(reason)),
            Line::Skip(name, reason) => self.add(name, Verdict::Skipped(reason)),
            Line::Call(pairs) => self.calls.push(pairs),
            Line::File(name, contents) => self.files.push((name, contents)),
            Line::End(_) => self.ended = true,
        }
        self.cases.get(known)
    }

    /// Judges how the guest went down, and returns the case that this decides,
    /// if any. `console` is its whole text.
    pub(crate) fn close(&mut self, boot: &Boot, ending: Ending, console: &str) -> Option<&Case> {
        let known = self.cases.len();
        self.judge(boot, ending, console);
        self.cases.get(known)
    }

    fn judge(&mut self, boot: &Boot, ending: Ending, console: &str) {
        let suite = boot.suite;
        let last_words = match suite.end() {
            End::Reported => None,
            End::PowersOff => Some("reboot: Power down"),
            End::Restarts => Some("reboot: Restarting system"),
        };
        let trouble = trouble(console);
        let reason = match (ending, trouble, last_words) {
            (Ending::TimedOut, ..) => format!("no end within {} s", boot.limit().as_secs()),
            (_, Some(line), _) => line.to_owned(),
            (_, _, None) if self.ended => return,
            // None of its cases was asked for, so it only had to end.
            (_, _, Some(_)) if self.filtered && self.ended && self.cases.is_empty() => return,
            (_, _, None) => "the guest went down in the middle".to_owned(),
            (_, _, Some(words)) if console.contains(words) => return self.pass_running(suite),
            (_, _, Some(words)) => format!("the console does not say \"{words}\""),
        };
        let name = self
            .running
            .take()
            .map_or_else(|| suite.name().to_owned(), |(name, _)| name);
        let reason = format!("{reason}; the console's end:\n{}", tail(console, 25));
        self.add(name, Verdict::Failed(reason));
    }

    /// The machine went down, which is what the case was about.
    fn pass_running(&mut self, suite: Suite) {
        match self.running.take() {
            Some((name, begin)) => {
                let milliseconds = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
                self.add(name, Verdict::Passed { milliseconds });
            }
            None => {
                let reason = "the machine went down before its case began".to_owned();
                self.add(suite.name().to_owned(), Verdict::Failed(reason));
            }
        }
    }

    fn add(&mut self, name: String, verdict: Verdict) {
        self.running = None;
        self.cases.push(Case { name, verdict });
    }
}

/// The first line in which the kernel complains of itself.
fn trouble(console: &str) -> Option<&str> {
    let signs = [
        "Kernel panic - not syncing",
        // Also of KASAN, of sleep where none may be, and of a stuck workqueue.
        "BUG: ",
        "Oops: ",
        "general protection fault",
        // The kernel's own line, of WARN_ON() or lockdep: programs warn too.
        "] WARNING: ",
        "INFO: task ",
        "ODEBUG: ",
        "DEBUG_LOCKS_WARN_ON",
    ];
    console
        .lines()
        .find(|line| signs.iter().any(|sign| line.contains(sign)))
}

#[cfg(test)]
mod tests {
    use umh_vm::plan::Kernel;

    use super::*;

    fn closed(lines: &[Line], suite: Suite, ending: Ending, console: &str) -> Vec<Case> {
        let mut report = Report::default();
        for line in lines {
            report.take(line.clone());
        }
        report.close(&Boot::of(Kernel::Option612, suite), ending, console);
        report.cases
    }

    fn failure(cases: &[Case]) -> (&str, &str) {
        match cases {
            [
                Case {
                    name,
                    verdict: Verdict::Failed(reason),
                },
            ] => (name, reason),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_suite_that_ends_has_the_cases_it_told() {
        let lines = [
            Line::Ok("a".into(), 3),
            Line::Skip("b".into(), "x".into()),
            Line::End("calls".into()),
        ];
        let cases = closed(&lines, Suite::Calls, Ending::Exited, "");
        assert_eq!(cases.len(), 2);
    }

    #[test]
    fn a_suite_that_does_not_end_fails_the_case_that_ran() {
        let cases = closed(
            &[Line::Case("a".into())],
            Suite::Calls,
            Ending::Exited,
            "x\nlast words\n",
        );
        let (name, reason) = failure(&cases);
        assert_eq!(name, "a");
        assert!(reason.contains("last words"));
    }

    #[test]
    fn a_silent_guest_is_a_failure() {
        let cases = closed(&[], Suite::Calls, Ending::TimedOut, "");
        assert!(failure(&cases).1.starts_with("no end within"));
    }

    #[test]
    fn a_panic_counts_even_after_the_end() {
        let console = "[    1.0] Kernel panic - not syncing: Attempted to kill init!\n";
        let cases = closed(
            &[Line::End("calls".into())],
            Suite::Calls,
            Ending::Exited,
            console,
        );
        assert!(failure(&cases).1.contains("Attempted to kill init"));
    }

    #[test]
    fn what_watches_the_kernel_fails_a_suite_that_ends() {
        let splats = [
            "[    9.0] WARNING: possible circular locking dependency detected",
            "[    9.0] WARNING: CPU: 0 PID: 31 at kernel/umh.c:1 umh_warn_async+0x5/0x10",
            "[    9.0] BUG: sleeping function called from invalid context at mm/slab.h:1",
            "[    9.0] BUG: KASAN: slab-use-after-free in complete+0x1/0x2",
            "[    9.0] ODEBUG: free active (active state 0) object: work_struct",
            "[    9.0] INFO: task kworker/u8:1:23 blocked for more than 120 seconds.",
        ];
        let end = [Line::End("engine".into())];
        for splat in splats {
            let console = format!("[    1.0] quiet\n{splat}\n");
            let cases = closed(&end, Suite::Engine, Ending::Exited, &console);
            assert!(failure(&cases).1.starts_with(splat), "{splat}");
        }
        let console = "mount: WARNING: source write-protected\n";
        assert!(closed(&end, Suite::Engine, Ending::Exited, console).is_empty());
    }

    #[test]
    fn a_machine_that_is_to_power_off_passes_by_doing_so() {
        let lines = [Line::Case("powers_off".into())];
        let suite = Suite::PoweroffMissing;
        let cases = closed(&lines, suite, Ending::Exited, "[ 2.0] reboot: Power down\n");
        assert!(matches!(
            cases.as_slice(),
            [Case {
                verdict: Verdict::Passed { .. },
                ..
            }]
        ));
        let cases = closed(
            &lines,
            suite,
            Ending::Exited,
            "[ 2.0] reboot: Restarting system\n",
        );
        assert!(failure(&cases).1.contains("does not say"));
        let cases = closed(&[], suite, Ending::Exited, "[ 2.0] reboot: Power down\n");
        assert!(failure(&cases).1.contains("before its case"));
    }

    #[test]
    fn a_boot_without_any_of_the_cases_asked_for_has_no_result() {
        let mut report = Report::new(true);
        report.take(Line::End("poweroff-missing".into()));
        let console = "[ 2.0] reboot: Power down\n";
        let boot = Boot::of(Kernel::Option612, Suite::PoweroffMissing);
        let decided = report.close(&boot, Ending::Exited, console);
        assert_eq!(decided, None);
    }
}

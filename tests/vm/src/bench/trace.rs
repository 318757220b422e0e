// SPDX-License-Identifier: MIT OR Apache-2.0

//! The kernel's own account of a call.

use std::collections::HashMap;

use anyhow::{Context as _, Result, ensure};

use crate::guest::trace::{self, Event};
use crate::measured::{ANONYMOUS, Process, Traced};

/// System calls twice, because only the first kind is complete and only the
/// second has names; page faults of user space; the size of memories.
const EVENTS: &str = "raw_syscalls:sys_enter syscalls:* exceptions:page_fault_user kmem:rss_stat";

/// `MAP_ANONYMOUS` (include/uapi/asm-generic/mman-common.h).
const MAP_ANONYMOUS: u64 = 0x20;

/// Sets the tracepoints up; false if the kernel has none.
pub(super) fn begin() -> Result<bool> {
    trace::choose(EVENTS)
}

/// What the kernel sees while `call` lasts.
pub(super) fn of(call: impl FnOnce()) -> Result<Traced> {
    let ((), events) = trace::of(|| {
        call();
        Ok(())
    })?;
    let traced = read(&events)?;
    ensure!(
        !traced.processes.is_empty(),
        "nothing was traced: {events:?}"
    );
    Ok(traced)
}

/// PID 1 only asks.
fn read(events: &[Event]) -> Result<Traced> {
    let mut pids = Vec::new();
    let mut processes: Vec<Process> = Vec::new();
    let mut raw = 0;
    let mut memories = Memories::default();
    for Event { pid, text, .. } in events.iter().filter(|event| event.pid != 1) {
        let (pid, event) = (*pid, text.as_str());
        // A worker of the kernel faults nothing in and calls nothing.
        if let Some(change) = event.strip_prefix("rss_stat: ") {
            memories.note(pid, change);
            continue;
        }
        let at = pids.iter().position(|known| *known == pid);
        let at = at.unwrap_or_else(|| {
            pids.push(pid);
            processes.push(Process::default());
            pids.len() - 1
        });
        let process = processes.get_mut(at).context("no process")?;
        if event.starts_with("page_fault_user: ") {
            process.faults += 1;
        } else if event.starts_with("sys_enter: ") {
            raw += 1;
        } else if let Some(name) = named(event) {
            process.calls.push(name);
        }
    }
    let calls: usize = processes.iter().map(|process| process.calls.len()).sum();
    ensure!(raw == calls, "{raw} system calls, {calls} of them named");
    let peak = pids.first().map_or(0, |pid| memories.peak(*pid));
    Ok(Traced { processes, peak })
}

/// `sys_NAME(ARGUMENT: VALUE, ...)`.
fn named(event: &str) -> Option<String> {
    let (name, arguments) = event.strip_prefix("sys_")?.split_once('(')?;
    let flags = arguments.split_once("flags: ").map_or("", |(_, rest)| rest);
    let flags = flags.split([',', ')']).next()?.trim_start_matches("0x");
    let anonymous = u64::from_str_radix(flags, 16).is_ok_and(|flags| flags & MAP_ANONYMOUS != 0);
    let name = if name == "mmap" && anonymous {
        ANONYMOUS
    } else {
        name
    };
    Some(name.to_owned())
}

/// The address spaces, in the order in which processes first fill them.
#[derive(Default)]
struct Memories {
    /// By process and address space: the process's first one comes first.
    order: Vec<(u32, String)>,
    /// Bytes now by kind (files, anonymous, shared), and the most at once.
    sizes: HashMap<String, (HashMap<String, u64>, u64)>,
}

impl Memories {
    /// `mm_id=ID curr=0 type=MM_FILEPAGES size=4096B`.
    fn note(&mut self, pid: u32, change: &str) {
        let word = |key: &str| {
            let mut words = change.split_whitespace();
            words.find_map(|word| Some(word.strip_prefix(key)?.to_owned()))
        };
        let (Some(id), Some(kind), Some(size)) = (word("mm_id="), word("type="), word("size="))
        else {
            return;
        };
        let owner = (pid, id.clone());
        if !self.order.contains(&owner) {
            self.order.push(owner);
        }
        if kind == "MM_SWAPENTS" {
            return;
        }
        // Counters on several processors may be behind, even below zero.
        let size = size.trim_end_matches('B').parse().unwrap_or(0);
        let (kinds, peak) = self.sizes.entry(id).or_default();
        kinds.insert(kind, size);
        *peak = kinds.values().sum::<u64>().max(*peak);
    }

    /// The most memory of the first program of `pid`.
    fn peak(&self, pid: u32) -> u64 {
        let first = self.order.iter().find(|(owner, _)| *owner == pid);
        let sizes = first.and_then(|(_, id)| self.sizes.get(id));
        sizes.map_or(0, |(_, peak)| *peak)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: &[(u32, &str)] = &[
        (1, "sys_enter: NR 41 (9, 2, 0, 0, 0, 0)"),
        (1, "sys_socket(family: 9, type: 2, protocol: 0)"),
        (31, "rss_stat: mm_id=7 curr=0 type=MM_ANONPAGES size=4096B"),
        (33, "rss_stat: mm_id=9 curr=0 type=MM_ANONPAGES size=8192B"),
        (33, "rss_stat: mm_id=9 curr=1 type=MM_FILEPAGES size=4096B"),
        (33, "page_fault_user: address=0x1 ip=0x1 error_code=0x14"),
        (33, "sys_enter: NR 9 (0, 80000, 3, 22, ffffffffffffffff, 0)"),
        (
            33,
            "sys_mmap(addr: 0, len: 80000, prot: 3, flags: 22, fd: ffffffffffffffff, off: 0)",
        ),
        (34, "sys_enter: NR 231 (1, 0, 0, 0, 0, 0)"),
        (34, "sys_exit_group(error_code: 1)"),
        (33, "rss_stat: mm_id=9 curr=1 type=MM_ANONPAGES size=0B"),
    ];

    fn events() -> Vec<Event> {
        let event = |&(pid, text): &(u32, &str)| Event {
            task: "a".into(),
            pid,
            text: text.into(),
        };
        EVENTS.iter().map(event).collect()
    }

    #[test]
    fn the_kernels_lines_are_told_apart() {
        let traced = read(&events()).unwrap();
        assert_eq!(traced.peak, 12288);
        assert_eq!(traced.processes.len(), 2);
        assert_eq!(traced.processes[0].faults, 1);
        assert_eq!(
            traced.calls().collect::<Vec<_>>(),
            [ANONYMOUS, "exit_group"]
        );
    }

    #[test]
    fn a_call_without_a_name_is_an_error() {
        let mut events = events();
        events.retain(|event| !event.text.starts_with("sys_exit_group("));
        assert!(read(&events).is_err());
    }
}

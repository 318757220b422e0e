// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the kernel's tracepoints see, also of a process that no other process
//! may trace (Documentation/trace/events.rst).

use std::fs;

use anyhow::{Context as _, Result, ensure};

use super::boot::mount;

const FOLDER: &str = "/sys/kernel/tracing";

/// One line of the trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The name of the task, which is at most 15 bytes of its program's.
    pub task: String,
    /// Its number.
    pub pid: u32,
    /// What happened: `module_request: fs-minix wait=1 call_site=...`.
    pub text: String,
}

/// Whether the kernel has tracepoints; then these are on, and no others.
pub fn choose(events: &str) -> Result<bool> {
    if !fs::exists(FOLDER)? {
        return Ok(false);
    }
    mount("tracefs", FOLDER, "tracefs", "")?;
    write("tracing_on", "0")?;
    write("set_event", events)?;
    Ok(true)
}

/// An event of our own, `kprobes:NAME`, where a function of the kernel begins
/// (Documentation/trace/kprobetrace.rst).
pub fn probe(definition: &str) -> Result<()> {
    mount("tracefs", FOLDER, "tracefs", "")?;
    write("set_event", "")?;
    write("kprobe_events", definition)
}

/// What `call` gives, and what the tracepoints see while it lasts.
pub fn of<T>(call: impl FnOnce() -> Result<T>) -> Result<(T, Vec<Event>)> {
    write("trace", "")?;
    write("tracing_on", "1")?;
    let given = call();
    write("tracing_on", "0")?;
    let given = given?;
    // Names come from everybody: they may be any bytes.
    let text = fs::read(format!("{FOLDER}/trace"))?;
    Ok((given, read(&String::from_utf8_lossy(&text))?))
}

fn write(file: &str, text: &str) -> Result<()> {
    fs::write(format!("{FOLDER}/{file}"), text).with_context(|| format!("tracing: {file}"))
}

/// Reads `COMM-PID [CPU] FLAGS TIME: EVENT` lines. What else there is belongs
/// to a name with a line break.
fn read(text: &str) -> Result<Vec<Event>> {
    if let Some((_, counts)) = text.split_once("entries-in-buffer/entries-written: ") {
        let counts = counts.split_whitespace().next().unwrap_or_default();
        let whole = counts
            .split_once('/')
            .is_some_and(|(kept, all)| kept == all);
        ensure!(whole, "events were lost: {counts}");
    }
    Ok(text.lines().filter_map(event).collect())
}

fn event(line: &str) -> Option<Event> {
    let (task, rest) = line.split_once(" [")?;
    let (task, pid) = task.trim_start().rsplit_once('-')?;
    let (_, text) = rest.split_once(": ")?;
    Some(Event {
        task: task.to_owned(),
        pid: pid.trim_end().parse().ok()?,
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# tracer: nop
# entries-in-buffer/entries-written: 2/2   #P:1
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
            init-1       [000] .....  4.100000: sys_enter: NR 41 (9, 2, 0, 0, 0, 0)
        a b-c-33         [001] d....  4.100004: module_request: a
 b-c wait=1 call_site=x
";

    #[test]
    fn a_line_is_a_task_a_number_and_what_happened() {
        let events = read(TEXT).unwrap();
        assert_eq!(events.len(), 2);
        assert_eq!((events[1].task.as_str(), events[1].pid), ("a b-c", 33));
        assert_eq!(events[1].text, "module_request: a");
    }

    #[test]
    fn a_trace_that_is_not_whole_is_none() {
        assert!(read(&TEXT.replace("2/2", "2/3")).is_err());
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the suite `bench` measures, as the guest sends it and the host reads
//! it: one file a subject.

use std::fmt;

pub mod requests;

/// What the kernel is made to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The empty program as `kernel.modprobe`: the floor.
    Empty,
    /// `bench/peers/least`, which records and logs as a refusal does.
    LeastRefusal,
    /// The same, which becomes the empty program.
    LeastExec,
    /// The same confined.
    LeastConfined,
    /// The same in a child, which it waits for.
    LeastWait,
    /// usermode-helper, asked for a program that no rule lists.
    Denied,
    /// usermode-helper, which looks for the module itself and finds none.
    BuiltIn,
    /// usermode-helper, which runs the empty program and waits for it.
    Supervised,
    /// usermode-helper, which becomes the empty program, as a policy file says.
    HandedOver,
    /// `bench/peers/dispatcher`, which becomes the empty program.
    Dispatcher,
    /// kmod's modprobe, for a name that it does not know.
    Kmod,
    /// usermode-helper, which runs that and waits for it.
    SupervisedKmod,
}

impl Subject {
    /// Every subject, in the order of a round.
    pub const ALL: &'static [Self] = &[
        Self::Empty,
        Self::LeastRefusal,
        Self::LeastExec,
        Self::LeastConfined,
        Self::LeastWait,
        Self::Denied,
        Self::BuiltIn,
        Self::Supervised,
        Self::HandedOver,
        Self::Dispatcher,
        Self::Kmod,
        Self::SupervisedKmod,
    ];

    /// The word in files and in `--json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::LeastRefusal => "least-refusal",
            Self::LeastExec => "least-exec",
            Self::LeastConfined => "least-confined",
            Self::LeastWait => "least-wait",
            Self::Denied => "denied",
            Self::BuiltIn => "built-in",
            Self::Supervised => "supervised",
            Self::HandedOver => "handed-over",
            Self::Dispatcher => "dispatcher",
            Self::Kmod => "kmod",
            Self::SupervisedKmod => "supervised-kmod",
        }
    }
}

/// What the kernel's own part is measured of, in the suite `bench-engine`:
/// ways to make a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `UMH_WAIT_PROC` of the empty program.
    Proc,
    /// `UMH_WAIT_EXEC` of it.
    Exec,
    /// An empty path: a call that starts nothing.
    EmptyPath,
    /// `request_module()`, with the empty program as modprobe.
    Module,
}

impl Way {
    /// Every way, in the order of a round.
    pub const ALL: &'static [Self] = &[Self::Proc, Self::Exec, Self::EmptyPath, Self::Module];

    /// The word in files and in `--json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proc => "wait-proc",
            Self::Exec => "wait-exec",
            Self::EmptyPath => "empty-path",
            Self::Module => "request-module",
        }
    }
}

/// All figures of one subject or way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Nanoseconds of the guest's clock from the trigger to its return, one
    /// each round. Where QEMU counts instructions, one is one instruction.
    pub times: Vec<u64>,
    /// One call under the kernel's eyes, where the kernel can trace.
    pub traced: Option<Traced>,
}

/// What the kernel saw of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traced {
    /// The processes, the one that the kernel started first.
    pub processes: Vec<Process>,
    /// The most memory of that one's first program, in bytes.
    pub peak: u64,
}

/// One process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// The names of its system calls, in order. A mapping of no file is
    /// [`ANONYMOUS`].
    pub calls: Vec<String>,
    /// Its page faults.
    pub faults: u64,
}

/// The name of mmap(2) with `MAP_ANONYMOUS`.
pub const ANONYMOUS: &str = "mmap-anonymous";

impl Traced {
    /// The system calls of all processes.
    pub fn calls(&self) -> impl Iterator<Item = &str> {
        let calls = self.processes.iter().flat_map(|process| &process.calls);
        calls.map(String::as_str)
    }

    /// The page faults of all processes.
    pub fn faults(&self) -> u64 {
        self.processes.iter().map(|process| process.faults).sum()
    }
}

impl Measured {
    /// Reads what [`fmt::Display`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut measured = Self::default();
        for line in text.lines() {
            let (key, value) = line.split_once(' ')?;
            match key {
                "time" => measured.times.push(value.parse().ok()?),
                "peak" => measured.traced.get_or_insert_default().peak = value.parse().ok()?,
                "faults" => {
                    let faults = value.parse().ok()?;
                    let traced = measured.traced.get_or_insert_default();
                    traced.processes.push(Process {
                        calls: Vec::new(),
                        faults,
                    });
                }
                "call" => {
                    let process = measured.traced.as_mut()?.processes.last_mut()?;
                    process.calls.push(value.to_owned());
                }
                _ => return None,
            }
        }
        Some(measured)
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for time in &self.times {
            writeln!(f, "time {time}")?;
        }
        let Some(traced) = &self.traced else {
            return Ok(());
        };
        writeln!(f, "peak {}", traced.peak)?;
        for process in &traced.processes {
            writeln!(f, "faults {}", process.faults)?;
            for call in &process.calls {
                writeln!(f, "call {call}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_back_as_written() {
        let process = |calls: &[&str], faults| Process {
            calls: calls.iter().map(ToString::to_string).collect(),
            faults,
        };
        let untraced = Measured {
            times: vec![3, 1],
            traced: None,
        };
        let traced = Measured {
            times: vec![],
            traced: Some(Traced {
                processes: vec![process(&["read", ANONYMOUS], 7), process(&[], 0)],
                peak: 4096,
            }),
        };
        for measured in [Measured::default(), untraced, traced] {
            assert_eq!(Measured::parse(&measured.to_string()), Some(measured));
        }
        assert_eq!(Measured::parse("call read\n"), None);
    }
}

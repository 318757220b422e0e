// SPDX-License-Identifier: MIT OR Apache-2.0

//! Row 40: every module of a distribution's kernel is asked for as the kernel
//! asks, and loads with what the rule leaves modprobe.
//!
//! One boot, and so one state of the machine, answers for both sets: those that
//! the helper does not load are tried again one by one, by the helper, then by
//! kmod confined as the rule confines and with all capabilities. What loads
//! only then, or fails in other words, is something that umh cannot do or that
//! needs a capability which the rule takes away. One by one, because a module
//! is "busy" while someone else tries it as a dependency.

use std::collections::{BTreeMap, VecDeque};
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use umh_abi::Caller;
use umh_helper::policy::defaults::RULES;
use umh_helper::sandbox::{self, Lacking};
use umh_helper::sys::Root;

use super::Case;
use super::external::needs_module;
use crate::guest::{Machine, module};
use crate::plan::Suite;
use crate::protocol::Line;

pub(super) const CASES: &[Case] = &[Case {
    name: "attack_40_every_module_loads_with_the_capabilities_of_its_rule",
    suite: Suite::EveryModule,
    kernels: Suite::EveryModule.kernels(),
    run: every_module,
}];

/// Those that are not asked for, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "tcrypt",
        "tests every cipher, for hours, and then refuses to stay",
    ),
    ("test_bpf", "runs its programs a million times each"),
];

/// How many are asked for at once.
const AT_ONCE: usize = 4;

/// How long one may take: some drivers wait for hardware before they give up.
const LIMIT: Duration = Duration::from_secs(120);

/// How a module went.
#[derive(Debug)]
enum Outcome {
    /// By the helper, confined.
    Loads,
    /// Neither so nor with all capabilities, for one reason.
    Fails(String),
    /// Confined it goes otherwise than with all capabilities.
    Differs(String),
    /// Not within [`LIMIT`].
    Hangs,
}

/// What a worker says.
enum Said {
    Begins(String),
    Ends(String, Result<Outcome>),
}

fn every_module(machine: &Machine) -> Result<()> {
    needs_module()?;
    let names = names()?;
    let count = names.len();
    let mut outcomes = ask_for_all(machine, names)?;
    for (name, outcome) in &mut outcomes {
        if matches!(outcome, Outcome::Fails(_)) {
            *outcome = try_alone(name)?;
        }
    }

    let mut loaded = 0;
    let mut reasons = BTreeMap::<&str, usize>::new();
    let mut faults = Vec::new();
    for (name, outcome) in &outcomes {
        match outcome {
            Outcome::Loads => loaded += 1,
            Outcome::Fails(words) => *reasons.entry(reason(words)).or_default() += 1,
            Outcome::Differs(words) => faults.push(format!("{name}: {words}")),
            Outcome::Hangs => faults.push(format!("{name}: hangs")),
        }
    }
    let left_out = LEFT_OUT.len();
    machine.tell(&Line::Note(format!(
        "{count} modules, {loaded} load confined, {} neither so nor with all capabilities \
         {reasons:?}, {} otherwise; {left_out} left out",
        count - loaded - faults.len(),
        faults.len(),
    )))?;
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    // A machine on which nothing loads has equal sets as well.
    ensure!(loaded > count / 2, "only {loaded} of {count} load");
    Ok(())
}

/// The modules of `modules.dep`, but for those left out.
fn names() -> Result<VecDeque<String>> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let path = format!("/lib/modules/{}/modules.dep", release.trim());
    let lines = std::fs::read_to_string(&path).context(path)?;
    let paths = lines.lines().filter_map(|line| line.split_once(':'));
    let files = paths.filter_map(|(path, _)| path.rsplit('/').next());
    let names = files.filter_map(|file| file.split_once(".ko"));
    let mut names: Vec<String> = names.map(|(name, _)| name.replace('-', "_")).collect();
    names.retain(|name| LEFT_OUT.iter().all(|(left_out, _)| left_out != name));
    names.sort();
    Ok(names.into())
}

/// Asks for them, some at once, until each has an outcome.
fn ask_for_all(machine: &Machine, names: VecDeque<String>) -> Result<BTreeMap<String, Outcome>> {
    let count = names.len();
    let queue = Arc::new(Mutex::new(names));
    let (sender, said) = mpsc::channel();
    let work = || {
        let (queue, sender) = (Arc::clone(&queue), sender.clone());
        thread::spawn(move || worker(&queue, &sender));
    };
    (0..AT_ONCE).for_each(|_| work());

    let mut outcomes = BTreeMap::new();
    let mut running = BTreeMap::new();
    while outcomes.len() < count {
        match said.recv_timeout(Duration::from_secs(1)) {
            Ok(Said::Begins(name)) => {
                running.insert(name, Instant::now());
            }
            // One that hung may end after all.
            Ok(Said::Ends(name, outcome)) => {
                if running.remove(&name).is_some() {
                    outcomes.insert(name, outcome?);
                }
                if outcomes.len() % 500 == 0 {
                    let text = format!("{} of {count} modules", outcomes.len());
                    machine.tell(&Line::Note(text))?;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(anyhow!("the workers are gone")),
        }
        running.retain(|name, since: &mut Instant| {
            let hangs = since.elapsed() > LIMIT;
            if hangs {
                outcomes.insert(name.clone(), Outcome::Hangs);
                work();
            }
            !hangs
        });
    }
    Ok(outcomes)
}

fn worker(queue: &Mutex<VecDeque<String>>, sender: &Sender<Said>) {
    let next = || {
        queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    };
    while let Some(name) = next() {
        let begun = sender.send(Said::Begins(name.clone()));
        let outcome = ask_for(&name);
        if begun.and(sender.send(Said::Ends(name, outcome))).is_err() {
            return;
        }
    }
}

fn ask_for(name: &str) -> Result<Outcome> {
    // On the console, for the module that takes the machine down.
    std::fs::write("/dev/kmsg", format!("<3>umh-vm: {name}\n"))?;
    Ok(match module::request_module(name, true)? {
        0 => Outcome::Loads,
        _ => Outcome::Fails(String::new()),
    })
}

/// What becomes of one that the helper did not load.
fn try_alone(name: &str) -> Result<Outcome> {
    if module::request_module(name, true)? == 0 {
        return Ok(Outcome::Loads);
    }
    let confined = thread::scope(|scope| scope.spawn(|| confined_modprobe(name)).join());
    let confined = confined.map_err(|_panic| anyhow!("the confined thread"))??;
    Ok(match (confined, modprobe(name)?) {
        (Err(confined), Err(full)) if confined == full => Outcome::Fails(full),
        (confined, full) => Outcome::Differs(format!(
            "kmod confined {confined:?}, with all capabilities {full:?}"
        )),
    })
}

/// [`modprobe`] by a thread that the built-in rule has confined, and that ends.
fn confined_modprobe(name: &str) -> Result<Result<(), String>> {
    let rule = RULES.iter().find(|rule| rule.name == "modprobe");
    let rule = rule.context("there is no rule modprobe")?;
    let program = std::fs::File::open("/sbin/modprobe")?;
    let program = std::os::fd::AsFd::as_fd(&program);
    sandbox::confine(
        rule,
        Caller::Modprobe,
        &Root::System,
        program,
        Lacking::default(),
    )
    .map_err(|failed| anyhow!("{failed}"))?;
    modprobe(name)
}

/// Its words if it fails.
fn modprobe(name: &str) -> Result<Result<(), String>> {
    let output = Command::new("/sbin/modprobe").args(["--", name]).output();
    let output = output.context("modprobe")?;
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Ok(if output.status.success() {
        Ok(())
    } else {
        Err(words)
    })
}

/// What the kernel said: `could not insert 'X': No such device`.
fn reason(words: &str) -> &str {
    words.rsplit(": ").next().unwrap_or(words)
}

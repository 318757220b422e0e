// SPDX-License-Identifier: MIT OR Apache-2.0

//! Row 40: every module of a distribution's kernel is asked for as the kernel
//! asks, and the helper loads those that kmod loads, with no more than its
//! rule's capabilities.
//!
//! One boot, and so one state of the machine, answers for both. What the
//! helper does not load is tried again one by one, by the helper and then by
//! kmod with all capabilities: what loads only then, or fails for another
//! reason, is something that umh cannot do or that needs a capability which
//! its rule takes away. One by one, because a module is "busy" while someone
//! else tries it as a dependency. What the helper loads, kmod is asked what it
//! would insert for: it must have an answer for each.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::Case;
use super::external::needs_module;
use crate::guest::answers::Answers;
use crate::guest::{Machine, module};
use crate::plan::Suite;
use crate::protocol::Line;
use anyhow::{Context as _, Result, anyhow, ensure};

pub(super) const CASES: &[Case] = &[Case::new(
    "attack_40_every_module_loads_with_the_capabilities_of_its_rule",
    Suite::EveryModule,
    Suite::EveryModule.kernels(),
    every_module,
)];

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
    /// By the helper, with the capabilities of its rule.
    Loads,
    /// Neither so nor by kmod with all capabilities, for this reason.
    Fails(String),
    /// The helper and kmod come to different ends.
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
            Outcome::Fails(reason) => *reasons.entry(reason).or_default() += 1,
            Outcome::Differs(words) => faults.push(format!("{name}: {words}")),
            Outcome::Hangs => faults.push(format!("{name}: hangs")),
        }
    }
    let left_out = LEFT_OUT.len();
    machine.tell(&Line::Note(format!(
        "{count} modules: the helper loads {loaded} with the capabilities of its rule; {} load \
         neither so nor by kmod with all {reasons:?}; {} differ; {left_out} left out",
        count - loaded - faults.len(),
        faults.len(),
    )))?;
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    // A machine on which nothing loads has equal sets as well.
    ensure!(loaded > count / 2, "only {loaded} of {count} load");
    kmod_inserts_each(outcomes.keys())
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
        0 if is_there(name) => Outcome::Loads,
        0 => Outcome::Differs("the helper says that it is there".to_owned()),
        _ => Outcome::Fails(String::new()),
    })
}

/// `/proc/modules` is long by then.
fn is_there(name: &str) -> bool {
    Path::new(&format!("/sys/module/{name}/initstate")).exists()
}

/// What becomes of one that the helper did not load.
fn try_alone(name: &str) -> Result<Outcome> {
    Answers::forget()?;
    let again = ask_for(name)?;
    if !matches!(again, Outcome::Fails(_)) {
        return Ok(again);
    }
    // A driver's own requests may come between.
    let answers = Answers::wait_for(1, LIMIT)?;
    let answer = answers.iter().find(|answer| {
        answer
            .argv
            .last()
            .is_some_and(|word| word == name.as_bytes())
    });
    let answer = answer.with_context(|| format!("no record of {name}: {answers:?}"))?;
    let ours = answer.end.strip_prefix("failed: ");
    let ours = ours.filter(|_| answer.target == "builtin");
    let kmod = match modprobe(&[name])? {
        // It takes every EEXIST for that, also one of the module's own start.
        Ok(()) if !is_there(name) => Err("Module already in kernel".to_owned()),
        kmod => kmod,
    };
    Ok(match (ours, kmod.as_ref().map_err(|words| reason(words))) {
        (Some(ours), Err(kmod)) if means_the_same(ours, kmod) => Outcome::Fails(kmod.into()),
        (_, kmod) => Outcome::Differs(format!("{answer:?}, but kmod {kmod:?}")),
    })
}

/// Whether an error of the helper's is kmod's, which has words of its own for
/// two (`tools/modprobe.c:insmod`).
fn means_the_same(ours: &str, kmod: &str) -> bool {
    let ours = ours.split(" (os error").next().unwrap_or(ours);
    match ours {
        "No such file or directory" => {
            kmod == "Unknown symbol in module, or unknown parameter (see dmesg)"
        }
        "File exists" => kmod == "Module already in kernel",
        _ => kmod == ours,
    }
}

/// That kmod knows what to insert for each of these, whatever is loaded.
fn kmod_inserts_each<'a>(names: impl Iterator<Item = &'a String>) -> Result<()> {
    let options = ["--show-depends", "--all"].into_iter();
    let words: Vec<&str> = options.chain(names.map(String::as_str)).collect();
    modprobe(&words)?.map_err(|words| anyhow!("kmod does not know all: {words}"))
}

/// kmod's words if it fails.
fn modprobe(arguments: &[&str]) -> Result<Result<(), String>> {
    let output = Command::new("/sbin/modprobe").args(arguments).output();
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

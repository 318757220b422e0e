// SPDX-License-Identifier: MIT OR Apache-2.0

//! A depmod that is killed, at any moment.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use umh_modules::elf::fixture::Fixture;

use super::{System, VERSION, indexes};

/// How often it is killed.
const MOMENTS: u32 = 200;

#[test]
fn each_index_is_old_or_new_and_whole() {
    // Two systems whose indexes all differ go to one place in turn.
    let systems = [System::new(), System::new()];
    for number in 0..40 {
        let name = format!("m{number}");
        let fixture = Fixture {
            modinfo: &[
                &format!("alias={name}-x"),
                "softdep=pre: a",
                "weakdep=a",
                "alias=devname:x",
                "alias=char-major-1-1",
            ],
            plain_exports: &[&name],
            ..Fixture::default()
        };
        systems[1].write(&format!("extra/{name}.ko"), &fixture.build());
    }
    systems[1].write("modules.builtin", b"kernel/other.ko\n");
    systems[1].write("modules.builtin.modinfo", b"other.alias=x\0");
    let out = System::empty();
    let whole = systems.each_ref().map(|system| {
        let start = Instant::now();
        run(system, &out).wait().expect("it ends");
        (indexes(out.root()), start.elapsed())
    });
    let longest = whole[0].1.max(whole[1].1);

    let (mut old, mut new, mut mixed) = (0, 0, 0);
    let mut now = 1;
    for moment in 0..MOMENTS {
        let next = 1 - now;
        let mut depmod = run(&systems[next], &out);
        thread::sleep(longest * moment / MOMENTS);
        depmod.kill().expect("it is ours");
        depmod.wait().expect("it ends");
        let found = indexes(out.root());
        if found == whole[next].0 {
            new += 1;
            now = next;
        } else if found == whole[now].0 {
            old += 1;
        } else {
            mixed += 1;
            for (name, bytes) in &found {
                let known = [now, next].map(|at| whole[at].0.get(name));
                assert!(
                    known.contains(&Some(bytes)),
                    "{name} is neither old nor new"
                );
            }
            // What tells `depmod -A` that all is done comes last.
            assert_eq!(found.get("modules.dep"), whole[now].0.get("modules.dep"));
            // No module is newer than it, and yet there is work.
            quick(&systems[now], &out);
            assert_eq!(indexes(out.root()), whole[now].0);
        }
    }
    eprintln!("{MOMENTS} times killed: {old} old, {new} new, {mixed} between two renames");

    // Nothing is left of those that were killed.
    run(&systems[now], &out).wait().expect("it ends");
    let entries = fs::read_dir(out.modules()).expect("a directory").flatten();
    let names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
    assert!(
        names
            .iter()
            .all(|name| !name.to_string_lossy().starts_with('.')),
        "{names:?}"
    );
}

#[test]
fn what_a_killed_run_left_is_work_for_a() {
    let system = System::new();
    run(&system, &system).wait().expect("it ends");
    let whole = indexes(system.root());
    // As if it had been killed between two renames.
    system.write("modules.alias", b"of the next run\n");
    system.write(".modules.dep.umh-1", b"of the next run too\n");
    quick(&system, &system);
    assert_eq!(indexes(system.root()), whole);
    assert!(!system.modules().join(".modules.dep.umh-1").exists());
}

/// `depmod -A`, which must succeed.
fn quick(system: &System, out: &System) {
    let run = system
        .depmod()
        .arg("-A")
        .arg("-o")
        .arg(out.root())
        .arg(VERSION)
        .assert();
    run.success();
}

fn run(system: &System, out: &System) -> std::process::Child {
    let mut depmod = Command::new(env!("CARGO_BIN_EXE_umh"));
    depmod
        .args(["depmod", "-C", "/dev/null", "-b"])
        .arg(system.root());
    depmod.arg("-o").arg(out.root()).arg(VERSION);
    depmod.stderr(Stdio::null()).spawn().expect("it starts")
}

#[test]
fn two_at_once_do_not_hinder_each_other() {
    let system = System::new();
    let mut both = [run(&system, &system), run(&system, &system)];
    for depmod in &mut both {
        assert!(depmod.wait().expect("it ends").success());
    }
    let end = Instant::now() + Duration::from_secs(20);
    while fs::read_dir(system.modules())
        .expect("a directory")
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().starts_with('.'))
    {
        assert!(Instant::now() < end, "a file is left");
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(indexes(system.root()).len(), 11);
}

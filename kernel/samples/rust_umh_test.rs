// SPDX-License-Identifier: GPL-2.0-only

//! The classic first helper, `/usr/bin/logger help!`, run from a module in
//! each of the ways that a driver has.

use core::ffi::CStr;
use kernel::prelude::*;
use umh::{Command, Keyring, Status, Wait};

module! {
    type: UmhTest,
    name: "rust_umh_test",
    description: "Runs /usr/bin/logger in each way that a driver has",
    license: "GPL",
}

struct UmhTest;

impl kernel::Module for UmhTest {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        report("wait", logger(c"help!")?.wait());
        report("setup/exec", setup_exec());
        match pipe() {
            Ok(()) => pr_info!("pipe: written\n"),
            Err(error) => pr_info!("pipe: {error:?}\n"),
        }
        report("keys", keys());
        Ok(Self)
    }
}

/// The program, its words and the usual environment.
fn logger(words: &CStr) -> Result<Command> {
    Command::new(c"/usr/bin/logger")?
        .arg(words)?
        .env(c"HOME=/")?
        .env(c"TERM=linux")?
        .env(c"PATH=/sbin:/usr/sbin:/bin:/usr/bin")
}

/// In two steps: what can fail for want of memory, and the call itself.
fn setup_exec() -> Result<Status> {
    let call = logger(c"setup")?.setup()?;
    call.exec(Wait::ProcKillable)
}

/// The words come through a pipe, which is the program's standard input.
/// Only its start is waited for, as the kernel's own users of a pipe do.
fn pipe() -> Result {
    let mut input = logger(c"-")?.pipe()?;
    input.write_all(b"help! help!\n")
}

/// The program finds a key in its session keyring.
fn keys() -> Result<Status> {
    let keyring = Keyring::new(c"_umh_test")?;
    keyring.add(c"umh:test", b"secret")?;
    let call = logger(c"keys")?.setup()?;
    call.keyring(keyring).exec(Wait::Proc)
}

fn report(form: &str, result: Result<Status>) {
    match result {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => pr_info!("{form}: exit code {code}\n"),
            (None, signal) => pr_info!("{form}: killed by signal {signal:?}\n"),
        },
        Err(error) => pr_info!("{form}: {error:?}\n"),
    }
}

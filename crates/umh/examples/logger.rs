// SPDX-License-Identifier: MIT OR Apache-2.0

//! The classic first helper: `logger help!`, and its end is waited for.
//! `cargo run --example logger`

#![expect(clippy::print_stdout, reason = "an example talks")]

use std::error::Error;

use umh::{Command, Umh, Wait};

fn main() -> Result<(), Box<dyn Error>> {
    let umh = Umh::new();
    let status = Command::new("/usr/bin/logger")
        .arg("help!")
        .env("HOME", "/")
        .env("TERM", "linux")
        .env("PATH", "/sbin:/usr/sbin:/bin:/usr/bin")
        .exec(&umh, Wait::PROC)?;
    println!("logger: {status}");
    Ok(())
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module is asked for as the kernel does it, by a name or alias.
//! `cargo run --example modprobe -- net-pf-9`
//!
//! Without privilege modprobe cannot load a module, and says so by its status;
//! for one that is there already, or built in, it says 0.

#![expect(clippy::print_stdout, reason = "an example talks")]

use std::error::Error;

use umh::Umh;

fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args_os().nth(1).unwrap_or("loop".into());
    let status = Umh::new().request_module(&name, true)?;
    println!("modprobe -q -- {}: {status}", name.display());
    Ok(())
}

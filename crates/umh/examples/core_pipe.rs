// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the kernel does with a core: the helper has a pipe on descriptor 0,
//! nothing in its environment, and a limit that keeps it from dumping a core
//! of its own. `cargo run --example core_pipe`

#![expect(clippy::print_stdout, reason = "an example talks")]

use std::error::Error;
use std::io::{Read as _, Write as _};

use umh::{Command, Resource, Umh, Wait};

fn main() -> Result<(), Box<dyn Error>> {
    let umh = Umh::new();
    let handler = Command::new("/usr/bin/wc")
        .arg("-c")
        .limit(Resource::Core, Some(1), Some(1));
    let (handler, mut answer) = handler.pipe_from(1)?;
    let (handler, mut core) = handler.stdin_pipe()?;

    // The wait is for the start only: who writes cannot wait for the end.
    handler.exec(&umh, Wait::EXEC)?;
    core.write_all(&[0x7f; 100_000])?;
    drop(core);

    let mut counted = String::new();
    answer.read_to_string(&mut counted)?;
    println!("the handler read {} bytes", counted.trim());
    Ok(())
}

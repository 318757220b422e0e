// SPDX-License-Identifier: MIT OR Apache-2.0

//! A helper with a session keyring of its own and a key in it, as the kernel
//! starts `request-key`. Our own keyrings stay as they are.
//! `cargo run --example keyring`

#![expect(clippy::print_stdout, reason = "an example talks")]

use std::error::Error;

use umh::{Command, Key, Stage, Umh};

fn main() -> Result<(), Box<dyn Error>> {
    let umh = Umh::new();
    let key = Key {
        kind: c"user".into(),
        description: c"umh:example".into(),
        payload: b"for the helper only".into(),
    };
    let output = Command::new("/bin/cat")
        .arg("/proc/keys")
        .session_keyring()
        .key(key)
        .output(&umh);
    match output {
        Ok(output) => print!("{}", String::from_utf8_lossy(&output.stdout)),
        Err(error) if matches!(error.stage, Stage::Keyring | Stage::Key) => {
            println!("this system does not let us: {error}");
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! Three helpers at once, in one thread: each is written to, read from, and
//! waited for. `cargo run --example tokio --features tokio`

#![expect(clippy::print_stdout, reason = "an example talks")]

use std::error::Error;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime;
use umh::tokio::{Umh, pipe_from, stdin_pipe};
use umh::{Command, Wait};

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let umh = Umh::new();
        let helpers = ["one", "two", "three"].map(|word| {
            let umh = umh.clone();
            tokio::spawn(async move { upper_case(&umh, word).await.map_err(|e| e.to_string()) })
        });
        for helper in helpers {
            println!("{}", helper.await??);
        }
        Ok(())
    })
}

async fn upper_case(umh: &Umh, word: &str) -> Result<String, Box<dyn Error>> {
    let command = Command::new("/usr/bin/tr").args(["a-z", "A-Z"]);
    let (command, mut stdin) = stdin_pipe(command)?;
    let (command, mut stdout) = pipe_from(command, 1)?;
    // Its end is waited for while it is talked to.
    let end = tokio::spawn({
        let umh = umh.clone();
        async move { umh.exec(command, Wait::PROC).await }
    });
    stdin.write_all(word.as_bytes()).await?;
    drop(stdin);
    let mut answer = String::new();
    stdout.read_to_string(&mut answer).await?;
    Ok(format!("{answer}: {}", end.await??))
}

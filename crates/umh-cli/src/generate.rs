// SPDX-License-Identifier: MIT OR Apache-2.0

//! Man pages and completions, from the definitions of [`crate::args`].

use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;

use crate::args::{Cli, Generate};
use crate::failure::{Exit, Failure};
use crate::kmod::{TOOLS, Tool};

/// Writes what was asked for.
pub fn run(args: &Generate, out: &mut dyn Write) -> Result<Exit, Failure> {
    match args {
        Generate::Man { dir } => {
            for (name, page) in man_pages()? {
                let path = dir.join(name);
                std::fs::write(&path, page)
                    .map_err(|error| Failure::io("write", path.display(), &error))?;
            }
        }
        Generate::Completions { shell, tool } => {
            let (mut command, name) =
                match Tool::named(tool.as_deref().unwrap_or_default().as_ref()) {
                    Some(tool) => ((tool.command)(), tool.name),
                    None => (Cli::command(), "umh"),
                };
            // Into memory first: clap_complete panics when a pipe is closed.
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut command, name, &mut script);
            out.write_all(&script)?;
        }
    }
    Ok(Exit::Done)
}

/// Every page with its file name: `umh.1`, `umh-policy-explain.1`,
/// `modprobe.8` ...
pub fn man_pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut pages = Vec::new();
    let mut add = |command: clap::Command, name, section| {
        let mut command = command.disable_help_subcommand(true);
        command.build();
        collect(&command, name, section, &mut pages)
    };
    add(Cli::command(), "umh", "1")?;
    for tool in TOOLS {
        add((tool.command)(), tool.name, "8")?;
    }
    Ok(pages)
}

fn collect(
    command: &clap::Command,
    name: &str,
    section: &str,
    pages: &mut Vec<(String, Vec<u8>)>,
) -> io::Result<()> {
    let page = clap_mangen::Man::new(command.clone())
        .title(name)
        .section(section)
        .source(concat!("umh ", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    page.render(&mut text)?;
    let text = format!("{HEADER}{}", with_headings(&String::from_utf8_lossy(&text))).into_bytes();
    pages.push((format!("{name}.{section}"), text));
    for command in command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
    {
        let name = format!("{name}-{}", command.get_name());
        collect(command, &name, section, pages)?;
    }
    Ok(())
}

const HEADER: &str = "\
.\\\" SPDX-License-Identifier: MIT OR Apache-2.0
.\\\" Made by `umh generate man` from the arguments in crates/umh-cli/src: change them there.
";

/// What stands below the help has its own headings, and keeps its lines.
fn with_headings(page: &str) -> String {
    let page = page.replace(".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n.nf\n");
    let page = page.replace(".SH EXTRA\nEnvironment:\n", ".SH ENVIRONMENT\n.nf\n");
    let page = page.replace("\nExit codes:\n", "\n.fi\n.SH \"EXIT STATUS\"\n.nf\n");
    match page.split_once(".nf\n") {
        Some((before, after)) => format!(
            "{before}.nf\n{}",
            after.replacen(".SH VERSION", ".fi\n.SH VERSION", 1)
        ),
        None => page,
    }
}

/// Where the repository keeps the pages.
pub fn man_directory() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/man"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_man_pages_of_the_repository_are_up_to_date() {
        for (name, page) in man_pages().unwrap() {
            let kept = std::fs::read(man_directory().join(&name)).unwrap_or_default();
            assert!(
                kept == page,
                "docs/man/{name} is stale: run `cargo run -p umh-cli -- generate man docs/man`"
            );
        }
    }
}

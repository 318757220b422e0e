// SPDX-License-Identifier: MIT OR Apache-2.0

//! Installing into an image and removing it again, in the test's process.

use clap::Parser;
use umh_cli::args::{self, Cli, Command, How};
use umh_cli::failure::Failure;
use umh_cli::install::plan::Plan;
use umh_cli::install::{Sources, install};
use umh_cli::tree::Tree;
use umh_cli::{report, uninstall};

use super::Image;

/// What a command printed, and its exit code. Run in this process: the
/// program of a debug build is large, and would be placed each time.
pub(crate) struct Outcome {
    pub(crate) code: u8,
    pub(crate) said: String,
}

impl Outcome {
    pub(crate) fn of(plan: Result<Plan, Failure>) -> Self {
        let mut said = Vec::new();
        match plan.and_then(|plan| report::show(&plan, false, &mut said)) {
            Ok(exit) => Self {
                code: exit as u8,
                said: plain(said),
            },
            Err(failure) => Self {
                code: failure.exit() as u8,
                said: failure.to_string(),
            },
        }
    }

    #[track_caller]
    pub(crate) fn code(self, code: u8) -> Self {
        assert_eq!(self.code, code, "{}", self.said);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.said.contains(text), "no {text:?} in: {}", self.said);
        self
    }
}

/// Without the escape sequences of colours.
pub(crate) fn plain(said: Vec<u8>) -> String {
    anstream::adapter::strip_str(&String::from_utf8(said).unwrap()).to_string()
}

pub(crate) fn run(image: &Image, args: &[&str]) -> Outcome {
    Outcome::of(plan(image, args))
}

pub(crate) fn plan(image: &Image, args: &[&str]) -> Result<Plan, Failure> {
    let cli = Cli::try_parse_from([&["umh", "install"], args].concat()).unwrap();
    let Command::Install(args) = cli.command else {
        panic!("{cli:?}")
    };
    let tree = Tree::open(Some(&image.root()))?;
    let sources = Sources {
        program: image.program(),
        helper: image.helper(),
    };
    install(&tree, &sources, &args)
}

pub(crate) fn undo(image: &Image) -> Outcome {
    let how = How {
        dry_run: false,
        now: false,
    };
    Outcome::of(
        Tree::open(Some(&image.root()))
            .and_then(|tree| uninstall::run(&args::Uninstall { how }, &tree)),
    )
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh install`: look at the tree, make a plan, and carry it out whole or
//! not at all: gather -> plan -> refuse or place.

pub mod elf;
pub mod handlers;
pub mod item;
pub mod manifest;
pub mod place;
pub mod plan;
pub mod settings;
pub mod sysctl;
pub mod tools;

use std::path::{Path, PathBuf};

use crate::args;
use crate::failure::Failure;
use crate::install::item::Item;
use crate::install::manifest::Manifest;
use crate::install::plan::{Plan, Refusal};
use crate::install::settings::Settings;
use crate::kernel_option::KernelOption;
use crate::paths;
use crate::tree::Tree;

/// Plans the installation and, unless refused or only shown, carries it out.
pub fn run(args: &args::Install, tree: &Tree) -> Result<Plan, Failure> {
    let program =
        std::env::current_exe().map_err(|error| Failure::io("find", "the running umh", &error))?;
    let helper = args
        .helper
        .clone()
        .unwrap_or_else(|| program.with_file_name("usermode-helper"));
    let sources = Sources { program, helper };
    install(tree, &sources, args)
}

/// Where the two programs are taken from.
#[derive(Debug)]
pub struct Sources {
    /// `umh`.
    pub program: PathBuf,
    /// `usermode-helper`.
    pub helper: PathBuf,
}

/// See [`run`].
pub fn install(tree: &Tree, sources: &Sources, args: &args::Install) -> Result<Plan, Failure> {
    let (without, how) = (&args.without, &args.how);
    let manifest = Manifest::load(tree)?;
    let mut refusals = looks_like_a_root(tree);
    let settings = settings::choose(tree, without, &mut refusals)?;
    let mut items = items(tree, sources, without, &settings)?;
    if let Some(prefix) = tools::prefix(args, &manifest) {
        items.extend(tools::links(tree, prefix, &manifest)?);
    }

    let mut plan = plan::install(tree, items, &manifest, refusals)?;
    plan.dry_run = how.dry_run;
    plan.notes.extend(settings.notes.iter().cloned());
    plan.notes.extend(advice(tree));
    if !rustix::process::geteuid().is_root() {
        plan.notes.push(
            "the files will belong to you: make them root's before the image is used".to_owned(),
        );
    }
    if plan.refused() || how.dry_run {
        plan.settings = settings.changes(false);
        return Ok(plan);
    }

    place::carry_out(tree, &plan, manifest, settings.remembered())?;
    plan.settings = settings.changes(how.now);
    if how.now {
        settings.apply(tree)?;
    } else if tree.is_system()
        && plan
            .settings
            .iter()
            .any(|change| change.before.as_ref() != Some(&change.value))
    {
        plan.notes
            .push("the settings come into force at the next boot, or with --now".to_owned());
    }
    plan.done = true;
    Ok(plan)
}

/// Refuses a directory that cannot be the root of a system.
fn looks_like_a_root(tree: &Tree) -> Vec<Refusal> {
    let missing = ["/sbin", "/usr/bin", "/usr/lib"]
        .into_iter()
        .filter(|path| !tree.exists(path));
    let refuse = |path: &str| {
        Refusal {
        what: format!("{} is missing: this does not look like the root of a system", tree.show(path)),
        remedy: "name the directory that will be / of the image with --root, or create that directory first".to_owned(),
    }
    };
    missing.map(refuse).collect()
}

/// Everything to be placed, directories before what they hold.
fn items(
    tree: &Tree,
    sources: &Sources,
    without: &[args::Part],
    settings: &Settings,
) -> Result<Vec<Item>, Failure> {
    let helper = read_source(&sources.helper)?;
    elf::check_static(&helper).map_err(|problem| {
        let error = format!("{} {problem}", sources.helper.display());
        Failure::wrong(
            error,
            "name the usermode-helper that was built with umh: --helper PATH",
        )
    })?;
    let program = read_source(&sources.program)?;

    let mut items = vec![
        Item::directory(paths::HOME),
        Item::directory(paths::VENDOR_POLICY),
        Item::directory("/usr/lib/sysctl.d"),
        Item::file(paths::HELPER, 0o700, helper),
        Item::file(paths::PROGRAM, 0o755, program),
    ];
    // A link between directories of the top level is absolute, and one file
    // stays one file over upgrades, which hard links would not.
    items.extend(
        paths::LINKS
            .iter()
            .map(|path| Item::link(path, paths::HELPER)),
    );
    items.extend(handlers::policies(tree));
    if let Some(content) = settings.file() {
        items.push(Item::file(paths::SYSCTL, 0o644, content.into_bytes()));
    }
    if !without.contains(&args::Part::RequestKey) {
        items.push(Item {
            optional: true,
            ..Item::link(paths::REQUEST_KEY, paths::HELPER)
        });
    }
    Ok(items)
}

fn read_source(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::unable(
            format!("{} does not exist", path.display()),
            "usermode-helper is taken from beside this umh; name another one with --helper PATH",
        ),
        _ => Failure::io("read", path.display(), &error),
    })
}

/// What to think of on a kernel that has the option.
fn advice(tree: &Tree) -> Vec<String> {
    match KernelOption::find(tree) {
        KernelOption::On { path, .. } if path == paths::HELPER => {
            vec![format!(
                "this kernel starts {}: rebuild the initramfs with that file in it",
                paths::HELPER
            )]
        }
        KernelOption::On { path, .. } if path.is_empty() => {
            vec![
                "this kernel starts no helper at all (CONFIG_STATIC_USERMODEHELPER_PATH is empty)"
                    .to_owned(),
            ]
        }
        KernelOption::On { path, .. } => {
            vec![format!(
                "this kernel starts {path}, not {}: it will not use what is installed here",
                paths::HELPER
            )]
        }
        KernelOption::Off { .. } | KernelOption::Unknown { .. } => Vec::new(),
    }
}

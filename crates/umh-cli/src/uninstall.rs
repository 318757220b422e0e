// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh uninstall`: removes what [`crate::install`] placed, as far as it is
//! still what was placed.

use std::io;

use crate::args;
use crate::failure::Failure;
use crate::install::manifest::Manifest;
use crate::install::plan::{Act, Plan, Refusal, Step};
use crate::install::settings::{self, Change};
use crate::install::{place, plan};
use crate::kernel_option::KernelOption;
use crate::paths;
use crate::tree::Tree;

/// Plans the removal and, unless refused or only shown, carries it out.
pub fn run(args: &args::Uninstall, tree: &Tree) -> Result<Plan, Failure> {
    let manifest = Manifest::load(tree)?;
    if manifest.is_empty() {
        let remedy = "nothing to do; files of a package are removed with the package";
        let error = format!(
            "umh install has placed nothing here: no {}",
            tree.show(paths::MANIFEST)
        );
        return Err(Failure::unable(error, remedy));
    }

    let mut plan = plan(tree, &manifest, args.how.now)?;
    plan.dry_run = args.how.dry_run;
    if plan.refused() || plan.dry_run {
        return Ok(plan);
    }
    for change in &plan.settings {
        settings::set(tree, &change.name, &change.value)?;
    }
    plan.steps
        .iter()
        .try_for_each(|step| place::take(tree, step))?;
    plan.done = true;
    Ok(plan)
}

fn plan(tree: &Tree, manifest: &Manifest, now: bool) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    for (name, before) in &manifest.settings {
        match live(tree, name) {
            Ok(Some(value)) if value.contains(paths::HOME) && now => plan.settings.push(Change {
                name: name.clone(),
                value: before.clone(),
                before: Some(value),
                now: true,
            }),
            Ok(Some(value)) if value.contains(paths::HOME) => plan.refusals.push(Refusal {
                what: format!("the running kernel has {name} = {value}: those calls would fail"),
                remedy: format!(
                    "set it back to {before} with --now, or by hand: sysctl -w '{name}={before}'"
                ),
            }),
            Ok(_) => {}
            Err(error) => return Err(Failure::io("read", tree.show(&paths::sysctl(name)), &error)),
        }
    }
    if let KernelOption::On { path, source } = KernelOption::find(tree)
        && path == paths::HELPER
        && manifest.items.contains_key(paths::HELPER)
    {
        plan.refusals.push(Refusal {
            what: format!(
                "this kernel starts {path} for every call ({source}): without it all of them fail"
            ),
            remedy: "boot a kernel without CONFIG_STATIC_USERMODEHELPER first".to_owned(),
        });
    }

    let paths: Vec<_> = manifest.items.keys().cloned().collect();
    plan.steps = plan::removals(tree, &paths, manifest)?;
    // Before the directory that holds it, which is the last.
    let manifest = Step {
        act: Act::Remove,
        path: paths::MANIFEST.into(),
        detail: "the list".into(),
        item: None,
    };
    let home = plan.steps.iter().position(|step| step.path == paths::HOME);
    plan.steps
        .insert(home.unwrap_or(plan.steps.len()), manifest);
    for step in plan.steps.iter().filter(|step| step.act == Act::Leave) {
        plan.notes.push(format!(
            "{} was changed since: it stays and is yours",
            tree.show(&step.path)
        ));
    }
    Ok(plan)
}

/// The value in the running kernel; `None` in an image without one.
fn live(tree: &Tree, name: &str) -> io::Result<Option<String>> {
    match tree.line(&paths::sysctl(name)) {
        Ok(value) => Ok(Some(String::from_utf8_lossy(&value).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh status`: is umh in use here, and what happened since boot?

pub mod copies;
pub mod counters;
pub mod settings;
mod text;

use serde::Serialize;
use umh_helper::policy::{FILES_ROOM, Mode};

use crate::args;
use crate::failure::Failure;
use crate::kernel_option::KernelOption;
use crate::log;
use crate::paths;
use crate::policy::{Ignored, Loaded};
use crate::status::copies::{Early, Installed};
use crate::status::counters::Counters;
use crate::status::settings::Setting;
use crate::tree::Tree;

/// What was found.
#[derive(Debug, Serialize)]
pub struct Status {
    /// Whether the kernel starts one program for all calls.
    pub option: KernelOption,
    /// The copy of that program in the root.
    pub helper: Installed,
    /// The copy in the initramfs.
    pub initramfs: Early,
    /// The policy's mode: `enforce` or `audit`.
    pub mode: &'static str,
    /// The policy files, by path.
    pub policy_files: Vec<String>,
    /// Those that are not in force.
    pub policy_ignored: Vec<Ignored>,
    /// The settings that name a helper.
    pub settings: Vec<Setting>,
    /// Since boot; absent if no call has come or they cannot be read.
    pub counters: Option<Counters>,
    /// What this user could not read.
    pub unread: Vec<String>,
}

/// Looks around.
pub fn status(args: &args::Status, tree: &Tree) -> Result<Status, Failure> {
    let root = tree.root()?;
    let mut unread = Vec::new();
    let option = KernelOption::find(tree);
    let path = match &option {
        KernelOption::On { path, .. } if !path.is_empty() => path,
        _ => paths::HELPER,
    };
    let helper = Installed::find(tree, path);
    if helper.present && helper.sha256.is_none() {
        unread.push(format!(
            "{path} is readable for root only: its copies cannot be compared"
        ));
    }
    let initramfs = Early::find(tree, &helper, args.quick);

    let mut room = vec![0; FILES_ROOM];
    let loaded = Loaded::load(tree, &root, &mut room)?;
    let settings = settings::find(tree, &loaded.policy, &mut unread);
    let counters = match log::open(&root, tree) {
        Ok(None) => None,
        Ok(Some(mut reader)) => match Counters::read(&mut reader) {
            Ok(counters) => Some(counters),
            Err(errno) => {
                unread.push(format!("/run/umh/ring: {errno}"));
                None
            }
        },
        Err(failure) => {
            unread.push(failure.to_string().replace("\n     ", ": "));
            None
        }
    };
    Ok(Status {
        option,
        helper,
        initramfs,
        mode: if loaded.policy.mode == Mode::Audit {
            "audit"
        } else {
            "enforce"
        },
        policy_files: policy_files(tree),
        policy_ignored: loaded.ignored,
        settings,
        counters,
        unread,
    })
}

/// The files that there are, whether in force or not.
fn policy_files(tree: &Tree) -> Vec<String> {
    let names = |directory: &str| -> Vec<String> {
        let names = tree
            .list(directory)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|name| name.into_string().ok());
        names
            .filter(|name| name.ends_with(".toml"))
            .map(|name| format!("{directory}/{name}"))
            .collect()
    };
    let admin = names(paths::ADMIN_POLICY);
    let hidden = |vendor: &String| {
        let name = vendor.rsplit('/').next().unwrap_or_default();
        admin
            .iter()
            .any(|admin| admin.rsplit('/').next() == Some(name))
    };
    names(paths::VENDOR_POLICY)
        .into_iter()
        .filter(|vendor| !hidden(vendor))
        .chain(admin.iter().cloned())
        .collect()
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! What may change the built-in policy: found first and read after, because
//! mostly there is nothing, and then nothing need be made for it.

use rustix::fd::OwnedFd;

use super::command_line::{self, CommandLine};
use super::complaint::{Complaint, Fault};
use super::file::Origin;
use super::files::{self, Complain, Texts};
use super::{BUILTIN, Policy};
use crate::sys::Root;

/// The directories of policy files, and what the kernel was booted with.
#[derive(Debug)]
pub struct Sources {
    owner: u32,
    asked: CommandLine,
    vendor: Option<OwnedFd>,
    admin: Option<OwnedFd>,
}

impl Sources {
    /// Looks for the directories below `root`, which must be `owner`'s.
    pub fn find(root: &Root, owner: u32, asked: CommandLine, complain: Complain<'_>) -> Self {
        if asked.unknown {
            let fault = Fault {
                line: 0,
                subject: "umh.mode",
                text: "expected enforce, audit or vendor-only",
            };
            complain(&Complaint {
                file: command_line::PATH,
                fault,
            });
        }
        Self {
            owner,
            asked,
            vendor: files::open(root, Origin::Vendor, owner, complain),
            admin: files::open(root, Origin::Admin, owner, complain),
        }
    }

    /// Whether the policy is [`BUILTIN`].
    pub const fn are_none(&self) -> bool {
        self.asked.mode.is_none() && self.vendor.is_none() && self.admin.is_none()
    }

    /// Reads them, as [`Policy::load`] says. The texts' places on the stack are
    /// given up before the policy is used: a page less is touched after.
    #[inline(never)]
    pub fn read<'a>(
        self,
        room: impl FnOnce() -> Option<&'a mut [u8]>,
        complain: Complain<'_>,
    ) -> Policy<'a> {
        let is_any = self.vendor.is_some() || self.admin.is_some();
        let mut policy = match is_any.then(room) {
            None => BUILTIN,
            Some(None) => {
                let text = "no memory for the files: refusing all modules, which they may deny";
                files::complain_of(Origin::Admin, b"", text, complain);
                Policy {
                    unread: true,
                    ..BUILTIN
                }
            }
            Some(Some(room)) => {
                // The administrator's, which are more common, come first: see
                // `map_anonymous`.
                let (admins, vendors) = room.split_at_mut(room.len() / 2);
                let mut texts = Texts::new();
                if let Some(vendor) = self.vendor {
                    texts.read(&vendor, Origin::Vendor, self.owner, vendors, complain);
                }
                let closed = |texts| Policy::of(texts, &mut |_| {}).vendor_only;
                let is_open = !self.asked.vendor_only && !closed(&texts);
                if let Some(admin) = self.admin.filter(|_| is_open) {
                    texts.read(&admin, Origin::Admin, self.owner, admins, complain);
                }
                Policy::of(&texts, complain)
            }
        };
        policy.mode = self.asked.mode.unwrap_or(policy.mode);
        policy
    }
}

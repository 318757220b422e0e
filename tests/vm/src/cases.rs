// SPDX-License-Identifier: MIT OR Apache-2.0

//! The cases, one file a call, the attack table in `attacks`.

use std::fmt;

use anyhow::Result;

use crate::guest::Machine;
use crate::plan::{Kernel, Suite};

mod attacks;
mod audit;
pub mod bare;
mod baycom_epp;
mod bridge_stp;
mod capture;
mod coredump;
mod demo;
mod drbd;
mod engine;
mod every_module;
mod external;
mod greybus;
mod linuxrc;
pub mod lsm;
mod mce;
mod modprobe;
mod nfs_cache_getent;
mod nfsd_recall_failed;
mod nfsdcltrack;
mod ocfs2;
mod pnpbios;
mod poweroff;
mod readme;
mod reboot;
mod release_agent;
mod request_key;
mod ring;
mod sandbox;
mod selftests;
mod stress;
pub mod system;
mod tomoyo;
mod uevent;
mod umh;
mod uvesafb;
mod windfarm;

/// One test inside a guest.
pub struct Case {
    /// Its name: a sentence.
    pub name: &'static str,
    /// The suite that runs it.
    pub suite: Suite,
    /// The kernels that have what it tests.
    pub kernels: &'static [Kernel],
    /// The test. The machine is put back after it.
    pub run: fn(&Machine) -> Result<()>,
}

impl Case {
    const fn new(
        name: &'static str,
        suite: Suite,
        kernels: &'static [Kernel],
        run: fn(&Machine) -> Result<()>,
    ) -> Self {
        Self {
            name,
            suite,
            kernels,
            run,
        }
    }
}

/// The error of a case that cannot run on this machine, with the reason.
#[derive(Debug)]
pub struct Skip(pub &'static str);

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Skip {}

/// Every case, file by file.
const FILES: &[&[Case]] = &[
    attacks::policy_files::FAULTS,
    attacks::policy_files::CASES,
    attacks::settings::REFUSALS,
    attacks::words::CASES,
    attacks::files::REFUSALS,
    attacks::files::CASES,
    attacks::modules::REFUSALS,
    attacks::modules::CASES,
    attacks::execution::CASES,
    baycom_epp::CASES,
    bridge_stp::CASES,
    capture::CASES,
    coredump::CASES,
    demo::CASES,
    drbd::CASES,
    every_module::CASES,
    greybus::CASES,
    linuxrc::CASES,
    mce::CASES,
    modprobe::CASES,
    modprobe::builtin::CASES,
    modprobe::crowd::CASES,
    modprobe::hostile::CASES,
    modprobe::packed::CASES,
    modprobe::causes::CASES,
    modprobe::loadpin::CASES,
    nfs_cache_getent::CASES,
    nfsd_recall_failed::CASES,
    nfsdcltrack::CASES,
    ocfs2::CASES,
    pnpbios::CASES,
    poweroff::CASES,
    readme::CASES,
    reboot::CASES,
    release_agent::CASES,
    request_key::CASES,
    ring::CASES,
    sandbox::CASES,
    selftests::FIRMWARE,
    selftests::KMOD,
    selftests::KMOD_MISSING,
    selftests::KMOD_REFUSED,
    selftests::KMOD_WHOLE,
    stress::CASES,
    stress::IN_ANY_MODE,
    tomoyo::CASES,
    uevent::CASES,
    umh::CASES,
    uvesafb::CASES,
    windfarm::CASES,
];

/// The cases of a suite on a kernel, in their order.
pub fn of(suite: Suite, kernel: Kernel) -> impl Iterator<Item = &'static Case> {
    let own = move |files: &'static [&'static [Case]]| {
        let cases = files.iter().copied().flatten();
        cases.filter(move |case| case.suite == suite)
    };
    // Those of other suites that run in this one again.
    let (again, from): (&[&[Case]], &[Suite]) = match suite {
        Suite::Audit => (audit::UNCHANGED, &[Suite::Attacks, Suite::Stress]),
        Suite::Apparmor | Suite::Selinux | Suite::Ima => (lsm::ALSO, &[Suite::Calls]),
        _ => (&[], &[]),
    };
    let again = again.iter().copied().flatten();
    let again = again.filter(|case| from.contains(&case.suite));
    own(FILES)
        .chain(own(engine::FILES))
        .chain(own(lsm::CASES))
        .chain(again)
        .chain(own(lsm::LAST))
        .filter(move |case| kernel.is_in(case.kernels))
}

/// A case of [`Suite::Calls`] on every kernel.
const fn on_all(name: &'static str, run: fn(&Machine) -> Result<()>) -> Case {
    Case::new(name, Suite::Calls, Kernel::OWN, run)
}

/// A case of [`Suite::Calls`] that no stock kernel leads to us.
const fn on_option(name: &'static str, run: fn(&Machine) -> Result<()>) -> Case {
    Case::new(name, Suite::Calls, &[Kernel::Option612], run)
}

/// A case that ends its machine, or needs one that starts otherwise: of a suite
/// of its own.
const fn alone(suite: Suite, name: &'static str, run: fn(&Machine) -> Result<()>) -> Case {
    Case::new(name, suite, &[Kernel::Option612], run)
}

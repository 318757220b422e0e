// SPDX-License-Identifier: MIT OR Apache-2.0

//! Any call, typed, and the list of all of them.

use crate::contract::Contract;
use crate::emit::{Block, Sink};
use crate::fingerprint::Fingerprint;
use crate::linuxrc::Linuxrc;
use crate::words::Invocation;

/// Makes [`Message`] and [`Caller`] from one list. Each call is a type with
/// `CONTRACT`, `parse`, `emit` and `fingerprint`, and a field `program`.
/// The order is the order of recognition: a call with rare marks before one
/// that would also accept them.
macro_rules! calls {
    ($($(#[$doc:meta])* $module:ident::$call:ident),+ $(,)?) => {
        /// One call of the kernel to user space.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Message<'a> {
            $($(#[$doc])* $call(crate::$module::$call<'a>),)+
        }

        /// The callers, without what they ask.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Caller {
            $($(#[$doc])* $call,)+
        }

        impl Caller {
            /// Every caller, in the order of recognition.
            pub const ALL: &'static [Self] = &[$(Self::$call),+];

            /// What is fixed about the caller.
            pub const fn contract(self) -> &'static Contract {
                match self {
                    $(Self::$call => &crate::$module::$call::CONTRACT,)+
                }
            }
        }

        impl<'a> Message<'a> {
            /// Who makes the call.
            pub const fn caller(&self) -> Caller {
                match self {
                    $(Self::$call(_) => Caller::$call,)+
                }
            }

            /// The program that the kernel meant to run: argv\[0\]. An
            /// attacker may have written it; nothing else here depends on it
            /// but the difference between calls of one shape.
            pub fn program(&self) -> &'a [u8] {
                match self {
                    $(Self::$call(call) => call.program,)+
                }
            }

            fn recognise(invocation: &Invocation<'a>) -> Option<Self> {
                None$(.or_else(|| crate::$module::$call::parse(invocation).map(Self::$call)))+
            }

            /// Writes the argument list and the environment as the kernel does.
            pub fn emit(&self, sink: &mut dyn Sink) {
                match self {
                    $(Self::$call(call) => call.emit(sink),)+
                }
            }

            /// The marks that the kernel leaves on the helper of this call.
            pub const fn fingerprint(&self) -> Fingerprint {
                match self {
                    $(Self::$call(call) => call.fingerprint(),)+
                }
            }
        }
    };
}

// Whether someone waits (the parent) splits the callers in two groups; only
// modprobe is in both (request_module and request_module_nowait). Within a
// group, marks come before words, fixed words before free ones, and each
// `parse` refuses what the others are known by. What is left the same in
// every mark, and only there does the order decide:
//
// - `kernel.poweroff_cmd` of two words, the second a clean absolute path, is
//   release-agent (poweroff comes last);
// - `kernel.poweroff_cmd` of `/sbin/reboot` alone is reboot.
//
// An attacker who makes one call look like another in this way gains nothing:
// argv[0] then has to be listed for that other caller.
calls! {
    /// A crashed process is to be saved.
    coredump::Coredump,
    /// A module is wanted.
    modprobe::Modprobe,
    /// Something happened to a device.
    uevent::Uevent,
    /// A key is to be made.
    request_key::RequestKey,
    /// A bridge starts or stops its spanning tree.
    bridge_stp::BridgeStp,
    /// The NFS server keeps track of a client.
    nfsdcltrack::Nfsdcltrack,
    /// A client of the NFS server did not give a layout back.
    nfsd_recall_failed::NfsdRecallFailed,
    /// The NFS client wants a name resolved.
    nfs_cache_getent::NfsCacheGetent,
    /// A cluster file system was unmounted.
    ocfs2::Ocfs2,
    /// A replicated disk changed its state.
    drbd::Drbd,
    /// TOMOYO wants its policy loaded.
    tomoyo::Tomoyo,
    /// The processor reported an error.
    mce::Mce,
    /// The VESA frame buffer wants its daemon.
    uvesafb::Uvesafb,
    /// A laptop was docked or undocked.
    pnpbios::Pnpbios,
    /// A Greybus network stopped answering.
    greybus::Greybus,
    /// An Apple PowerPC machine is too hot.
    windfarm::Windfarm,
    /// An initial RAM disk is to prepare the root file system.
    linuxrc::Linuxrc,
    /// A packet radio modem is to be configured.
    baycom_epp::BaycomEpp,
    /// A cgroup is empty.
    release_agent::ReleaseAgent,
    /// The machine is to be restarted.
    reboot::Reboot,
    /// The machine is to be turned off.
    poweroff::Poweroff,
}

impl<'a> Message<'a> {
    /// Tells which call an invocation is, by fingerprint and shape.
    pub fn parse(invocation: &Invocation<'a>) -> Result<Self, Unrecognised> {
        if !invocation.fingerprint.is_kernel() {
            // The one call whose helper leads a session of its own.
            let linuxrc = Linuxrc::parse(invocation).map(Self::Linuxrc);
            return linuxrc.ok_or(Unrecognised::NotTheKernel);
        }
        if invocation.argv.get(0).is_none_or(<[u8]>::is_empty) {
            return Err(Unrecognised::NoProgram);
        }
        Self::recognise(invocation).ok_or(Unrecognised::NoSuchCall)
    }

    /// Writes the call into `block` and gives what its helper would find;
    /// `None` if it does not fit or a word holds a NUL.
    pub fn write_to<'b, const N: usize>(&self, block: &'b mut Block<N>) -> Option<Invocation<'b>> {
        self.emit(block);
        let block = &*block;
        Some(Invocation {
            argv: block.argv()?,
            envp: block.envp()?,
            fingerprint: self.fingerprint(),
        })
    }
}

impl Caller {
    /// The call's one name, everywhere in umh.
    pub const fn name(self) -> &'static str {
        self.contract().name
    }

    /// The caller of that name.
    pub fn named(name: &[u8]) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|caller| caller.name().as_bytes() == name)
    }
}

/// Why an invocation is no [`Message`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unrecognised {
    /// No kernel thread started the process.
    NotTheKernel,
    /// There is no program name: argv is empty, or its first word is.
    NoProgram,
    /// No caller of the kernel makes a call of this shape.
    NoSuchCall,
}

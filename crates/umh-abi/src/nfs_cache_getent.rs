// SPDX-License-Identifier: MIT OR Apache-2.0

//! The NFS client wants a name resolved: `nfs_cache_getent dns_resolve HOST`.
//!
//! `fs/nfs/cache_lib.c:nfs_cache_upcall`, with `CONFIG_NFS_USE_LEGACY_DNS`.
//! The answer goes to `/proc/net/rpc/dns_resolve/channel`; 15 s are waited for
//! it. The environment is writable in the kernel: that there is one is
//! required, and that it does not mark a `kernel.poweroff_cmd`.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::Sink;
use crate::environment;
use crate::fingerprint::Fingerprint;
use crate::words::Invocation;

/// The longest HOST: a fs_locations server name is within a page.
pub const HOST_MAX: usize = 4095;

/// A request to resolve one host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NfsCacheGetent<'a> {
    /// The program that the kernel meant to run: `nfs.cache_getent`.
    pub program: &'a [u8],
    /// The cache to be filled.
    pub cache: Cache,
    /// The entry wanted: a host name, as a server wrote it.
    pub host: &'a [u8],
}

crate::words::constant_words! {
    /// The caches of the NFS client.
    pub enum Cache {
        /// Addresses of hosts.
        DnsResolve = "dns_resolve",
    }
}

impl<'a> NfsCacheGetent<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "nfs-cache-getent",
        source: "fs/nfs/cache_lib.c:nfs_cache_upcall",
        kernels: Kernels::Both,
        program: Program::Setting {
            name: "nfs.cache_getent",
            default: "/sbin/nfs_cache_getent",
        },
        wait: Wait::Exec,
    };

    /// Recognises the call by its shape; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let [program, cache, host] = invocation.argv.exactly()?;
        let cache = Cache::named(cache)?;
        let marked = invocation.fingerprint.has_no_fds() && !invocation.fingerprint.waited_for();
        let poweroff = environment::is(&invocation.envp, &environment::WITHOUT_TERM);
        let plain = !poweroff && !invocation.envp.is_empty();
        let shaped = plain && (1..=HOST_MAX).contains(&host.len());
        (marked && shaped).then_some(Self {
            program,
            cache,
            host,
        })
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        for word in [self.program, self.cache.as_bytes(), self.host] {
            sink.arg(&[word]);
        }
        environment::write(&environment::WITH_TERM, sink);
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint::EXEC
    }
}

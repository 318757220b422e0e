// SPDX-License-Identifier: MIT OR Apache-2.0

//! The NFS client wants a name resolved.

use umh_abi::Message;
use umh_abi::nfs_cache_getent::{Cache, NfsCacheGetent};

use super::external::{External, external_cases};

external_cases! {
    "nfs_cache_getent_runs_its_program",
    "nfs_cache_getent_without_its_program_succeeds_for_the_kernel",
    "nfs_cache_getent_for_another_program_is_denied",
    call()
}

/// The kernel waits for the start only, which is ours.
fn call() -> External<'static> {
    External {
        message: Message::NfsCacheGetent(NfsCacheGetent {
            program: b"/sbin/nfs_cache_getent",
            cache: Cache::DnsResolve,
            host: b"server.example",
        }),
        keys: &[],
        denied: 126,
        missing: 127,
    }
}

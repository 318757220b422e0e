// SPDX-License-Identifier: MIT OR Apache-2.0

//! A process crashed, and a program is to have its core.
//!
//! The pipe part of `fs/coredump.c`: `do_coredump` (6.12), `coredump_pipe`
//! (7.2). What is run is `kernel.core_pattern`, read and expanded by
//! [`umh_abi::coredump::pattern`]. The call's `init` (`umh_coredump_setup`)
//! puts a pidfd at descriptor 3 if the pattern has `%F`, the reading end of a
//! pipe at 0, and sets [`HELPER_LIMIT`]; the environment is empty.

use umh_abi::coredump::pattern::{Crash, Pipe};

use crate::exec::exec;
use crate::host::Host;
use crate::wait::{Retval, Status, Wait};

/// `RLIMIT_CORE` of the helper, soft and hard: the guard against a handler
/// that crashes itself, see [`NoCore::Recursion`].
pub const HELPER_LIMIT: u64 = 1;

/// What a host lends for this call.
pub trait Cores: Host {
    /// Sets up the call. `None` if there is no memory.
    fn core_helper(&self, pipe: &Pipe<'_>, crash: &Crash<'_>) -> Option<Self::Call>;
    /// Whether the call's `init` has made the pipe.
    fn has_pipe(&self) -> bool;
}

/// Why no core is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCore {
    /// The soft limit is 1: the process is such a helper itself. Every other
    /// limit, 0 too, is no reason: a pipe is no file.
    Recursion,
    /// More cores are being written than `kernel.core_pipe_limit`.
    Limit,
    /// The helper was not started.
    Failed(Retval),
    /// The call succeeded without a helper: the configured path is empty.
    Disabled,
}

/// Starts the program that is to have a core. `dumping` is how many processes
/// dump into pipes at this moment, this one counted; `limit` is
/// `kernel.core_pipe_limit`, 0 for none.
#[doc(alias = "umh_coredump_setup")]
#[doc(alias = "umh_pipe_setup")]
pub fn start<C: Cores>(
    host: &C,
    pipe: &Pipe<'_>,
    crash: &Crash<'_>,
    dumping: u32,
    limit: u32,
) -> Result<(), NoCore> {
    if crash.core_limit == HELPER_LIMIT {
        return Err(NoCore::Recursion);
    }
    if limit != 0 && dumping > limit {
        return Err(NoCore::Limit);
    }
    let result = host
        .core_helper(pipe, crash)
        .ok_or(crate::errno::Errno::ENOMEM)
        .and_then(|call| exec(host, call, Wait::EXEC));
    match result {
        Ok(Status::SUCCESS) if host.has_pipe() => Ok(()),
        Ok(Status::SUCCESS) => Err(NoCore::Disabled),
        other => Err(NoCore::Failed(Retval::of(other))),
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! The exit status of a call that nothing answered.
//!
//! The status is an ABI, and another one for each caller: a stock kernel tells
//! a missing program by a negative error, which we cannot return, because
//! *our* execve(2) succeeded. So each refusal gets the status that comes
//! nearest to what the caller does without a helper:
//!
//! | caller | denied | missing | failed | why |
//! | --- | --- | --- | --- | --- |
//! | modprobe | 1 | 1 | 1 | positive is "not loaded"; `char-major-X-Y` then tries `char-major-X`; 0 would be believed |
//! | request-key | 1 | 1 | 1 | the key decides, not the status: unfilled, it is negated |
//! | bridge-stp | 1 | 1 | 1 | 0 means that a daemon does STP; anything else, that the kernel does |
//! | drbd | 0 | 0 | 0 | the kernel takes a negative error for 0, and a positive status may drop the connection |
//! | nfsdcltrack, nfsd-recall-failed, ocfs2, tomoyo, baycom-epp | 1 | 1 | 1 | any status but 0 is a failure, and is reported |
//! | uvesafb | 126 | 127 | 126 | the same, and the kernel prints the number |
//! | all others | 126 | 127 | 126 | nobody waits; what env(1) and sh(1) use, for whoever reads the record |
//!
//! A program that a signal ended has no status. We cannot end by the same
//! signal without a second core dump, so:
//!
//! | caller | killed by signal n | why |
//! | --- | --- | --- |
//! | drbd | 0 | the kernel takes bits 8 to 15 of the wait status, which a signal leaves 0 |
//! | all others | 128+n | as sh(1) tells it: a failure like any other |
//!
//! poweroff and reboot are among the others: what a missing program means for
//! them is no status but work, and `pipeline` gives it to `power`.
//! Sources: `kernel/module/kmod.c`, `net/bridge/br_stp_if.c`,
//! `drivers/block/drbd/drbd_nl.c`, `fs/nfsd/nfs4recover.c` and the callers
//! named by their contracts, Linux 6.12 and 7.2.

use umh_abi::Caller;

/// How a call came to have no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The policy or the trust walk said no.
    Denied,
    /// The program does not exist.
    Missing,
    /// The program could not be started, or ran longer than it may.
    Failed,
}

/// The exit status for `caller`, or for a call that is no caller's.
pub const fn status(caller: Option<Caller>, refusal: Refusal) -> u8 {
    let as_a_shell = match refusal {
        Refusal::Denied | Refusal::Failed => 126,
        Refusal::Missing => 127,
    };
    let Some(caller) = caller else {
        return as_a_shell;
    };
    match caller {
        Caller::Drbd => 0,
        Caller::Modprobe
        | Caller::RequestKey
        | Caller::BridgeStp
        | Caller::Nfsdcltrack
        | Caller::NfsdRecallFailed
        | Caller::Ocfs2
        | Caller::Tomoyo
        | Caller::BaycomEpp => 1,
        Caller::Coredump
        | Caller::Uevent
        | Caller::NfsCacheGetent
        | Caller::Mce
        | Caller::Uvesafb
        | Caller::Pnpbios
        | Caller::Greybus
        | Caller::Windfarm
        | Caller::Linuxrc
        | Caller::ReleaseAgent
        | Caller::Reboot
        | Caller::Poweroff => as_a_shell,
    }
}

/// The exit status for `caller` where its program was ended by `signal`.
pub const fn killed(caller: Option<Caller>, signal: i32) -> u8 {
    match caller {
        Some(Caller::Drbd) => status(caller, Refusal::Failed),
        // The kernel's signals end at 64 (SIGRTMAX).
        _ if signal > 0 && signal < 128 => 128 | signal.to_le_bytes()[0],
        _ => u8::MAX,
    }
}

#[cfg(test)]
mod tests {
    use umh_abi::Wait;

    use super::*;

    const ALL: [Refusal; 3] = [Refusal::Denied, Refusal::Missing, Refusal::Failed];

    #[test]
    fn who_waits_for_us_never_takes_a_refusal_for_success() {
        for caller in Caller::ALL
            .iter()
            .filter(|caller| caller.contract().wait == Wait::Proc)
        {
            for refusal in ALL {
                // A stock DRBD takes a negative error for 0.
                let zero = *caller == Caller::Drbd;
                assert_eq!(
                    status(Some(*caller), refusal) == 0,
                    zero,
                    "{caller:?} {refusal:?}"
                );
            }
        }
    }

    #[test]
    fn nobody_gets_a_status_that_means_a_signal() {
        for caller in Caller::ALL.iter().copied().map(Some).chain([None]) {
            assert!(
                ALL.iter().all(|refusal| status(caller, *refusal) < 128),
                "{caller:?}"
            );
        }
    }

    #[test]
    fn an_unknown_call_is_refused_as_a_shell_would() {
        assert_eq!(ALL.map(|refusal| status(None, refusal)), [126, 127, 126]);
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! What happened since boot: the ring's counters and its last denials.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use umh_abi::Caller;
use umh_helper::audit::reader::{Found, Reader};
use umh_helper::verdict::{Decision, Reason};

use crate::log::record::Record;

/// So many denials are shown.
const DENIALS: usize = 5;

/// Since boot.
#[derive(Debug, Default, Serialize)]
pub struct Counters {
    /// Callers that came.
    pub callers: Vec<Calls>,
    /// By reason, how many calls were refused.
    pub refused: BTreeMap<&'static str, u64>,
    /// Log lines that the rate limit kept back.
    pub suppressed: u64,
    /// The last refused calls, oldest first.
    pub denials: Vec<Record>,
}

/// The calls of one caller.
#[derive(Debug, Serialize)]
pub struct Calls {
    /// Who; `None`: no caller makes such a call.
    pub caller: Option<&'static str>,
    /// Answered.
    pub allow: u64,
    /// Refused.
    pub deny: u64,
    /// Refused by the rules, let through by audit mode.
    pub audit: u64,
}

impl Counters {
    /// Reads them.
    pub fn read(reader: &mut Reader) -> Result<Self, rustix::io::Errno> {
        let totals = reader.totals()?;
        let callers = Caller::ALL
            .iter()
            .copied()
            .map(Some)
            .chain([None])
            .map(|caller| Calls {
                caller: caller.map(Caller::name),
                allow: totals.calls(caller, Decision::Allow),
                deny: totals.calls(caller, Decision::Deny),
                audit: totals.calls(caller, Decision::Audit),
            });
        let reasons = Reason::ALL.iter().filter(|reason| **reason != Reason::Rule);
        let refused = reasons.map(|&reason| (reason.name(), totals.because(reason)));

        let mut denials = VecDeque::new();
        while let Some(found) = reader.next()? {
            let Found::Record(stored) = found else {
                continue;
            };
            if stored.decision != Decision::Allow {
                denials.push_back(Record::new(&stored));
                if denials.len() > DENIALS {
                    denials.pop_front();
                }
            }
        }
        Ok(Self {
            callers: callers
                .filter(|calls| calls.allow + calls.deny + calls.audit > 0)
                .collect(),
            refused: refused.filter(|(_, count)| *count > 0).collect(),
            suppressed: totals.suppressed(),
            denials: denials.into(),
        })
    }
}

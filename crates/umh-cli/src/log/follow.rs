// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh log -f`: new records as they come. The ring tells nobody that it
//! changed, so it is asked four times a second.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use umh_helper::audit::reader::{Found, Reader};

use crate::failure::{Exit, Failure};
use crate::log::filter::Filter;
use crate::log::record::Record;
use crate::log::{Printer, next};

const PAUSE: Duration = Duration::from_millis(250);

/// So long a record is held back for its end; then it is shown unfinished,
/// and once more when it has ended.
const PATIENCE: Duration = Duration::from_secs(2);

/// Waits for the first call since boot.
pub fn wait_for_ring(
    mut open: impl FnMut() -> Result<Option<Reader>, Failure>,
) -> Result<Reader, Failure> {
    loop {
        if let Some(reader) = open()? {
            return Ok(reader);
        }
        sleep(PAUSE);
    }
}

/// Shows what comes, and the ends of the `unfinished` that were shown, until
/// the output is closed.
pub fn follow(
    mut reader: Reader,
    unfinished: Vec<u64>,
    filter: &Filter,
    printer: &mut Printer<'_>,
) -> Result<Exit, Failure> {
    // By ticket: until when to hold it back; `None`: it was shown.
    let mut open: BTreeMap<u64, Option<Instant>> = unfinished
        .into_iter()
        .map(|ticket| (ticket, None))
        .collect();
    loop {
        while let Some(found) = next(&mut reader)? {
            match found {
                Found::Record(stored) => {
                    open.insert(stored.ticket, Some(Instant::now() + PATIENCE))
                }
                Found::Unwritten(ticket) => open.insert(ticket, Some(Instant::now() + PATIENCE)),
                Found::Overwritten(_) => None,
            };
        }

        let mut due = Vec::new();
        for (&ticket, until) in &mut open {
            let late = until.is_some_and(|until| until <= Instant::now());
            let found = reader
                .record(ticket)
                .map_err(|errno| Failure::io("read", "the ring", &errno.into()))?;
            match found {
                Found::Record(stored) if !filter.passes(&stored) => due.push(ticket),
                Found::Record(stored) if stored.end.is_some() => {
                    due.push(ticket);
                    printer.record(&Record::new(&stored))?;
                }
                Found::Record(stored) if late => {
                    *until = None;
                    printer.record(&Record::new(&stored))?;
                }
                Found::Overwritten(_) => due.push(ticket),
                Found::Unwritten(_) if late => due.push(ticket),
                Found::Record(_) | Found::Unwritten(_) => {}
            }
        }
        open.retain(|ticket, _| !due.contains(ticket));
        printer.out.flush()?;
        sleep(PAUSE);
    }
}

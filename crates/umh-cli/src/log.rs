// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh log`: the ring's records, oldest first.

pub mod filter;
pub mod follow;
pub mod record;

use std::collections::VecDeque;
use std::io::{self, Write};

use umh_helper::audit::reader::{Found, Reader, Unreadable};
use umh_helper::sys::Root;

use crate::args;
use crate::columns::Columns;
use crate::failure::{Exit, Failure};
use crate::log::filter::Filter;
use crate::log::record::Record;
use crate::tree::Tree;

/// Shows the records that `args` asks for.
pub fn run(
    args: &args::Log,
    tree: &Tree,
    json: bool,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let filter = Filter::new(args)?;
    let root = tree.root()?;
    let mut printer = Printer::new(json, out);
    let reader = open(&root, tree)?;

    let mut reader = match reader {
        Some(mut reader) => {
            let (records, unfinished) = last(&mut reader, &filter, args.lines)?;
            printer.batch(&records)?;
            if !args.follow {
                return Ok(Exit::Done);
            }
            return follow::follow(reader, unfinished, &filter, &mut printer);
        }
        None if !args.follow => {
            printer.note("no call has come since boot: there is no /run/umh/ring")?;
            return Ok(Exit::Done);
        }
        None => follow::wait_for_ring(|| open(&root, tree))?,
    };
    let (records, unfinished) = last(&mut reader, &filter, None)?;
    printer.batch(&records)?;
    follow::follow(reader, unfinished, &filter, &mut printer)
}

/// Opens the ring of `tree`; `None` if there is none yet.
pub fn open(root: &Root, tree: &Tree) -> Result<Option<Reader>, Failure> {
    match Reader::open(root) {
        Ok(reader) => Ok(Some(reader)),
        Err(Unreadable::Failed(rustix::io::Errno::NOENT)) => Ok(None),
        Err(Unreadable::Failed(errno)) => Err(Failure::io(
            "read",
            tree.show("/run/umh/ring"),
            &errno.into(),
        )),
        Err(unreadable) => Err(Failure::wrong(
            unreadable.to_string(),
            "only the records are lost by that",
        )),
    }
}

/// The last `lines` of the records that pass `filter`, and the tickets of
/// those that have not ended.
fn last(
    reader: &mut Reader,
    filter: &Filter,
    lines: Option<usize>,
) -> Result<(Vec<Record>, Vec<u64>), Failure> {
    let mut records = VecDeque::new();
    while let Some(found) = next(reader)? {
        let Found::Record(stored) = found else {
            continue;
        };
        if !filter.passes(&stored) {
            continue;
        }
        records.push_back(Record::new(&stored));
        if lines.is_some_and(|lines| records.len() > lines) {
            records.pop_front();
        }
    }
    let unfinished = records
        .iter()
        .filter(|record| record.unfinished)
        .map(|record| record.ticket)
        .collect();
    Ok((records.into(), unfinished))
}

fn next(reader: &mut Reader) -> Result<Option<Found>, Failure> {
    reader
        .next()
        .map_err(|errno| Failure::io("read", "/run/umh/ring", &errno.into()))
}

/// Writes records as they come, as lines or as JSON.
pub struct Printer<'a> {
    json: bool,
    columns: Columns,
    titled: bool,
    out: &'a mut dyn Write,
}

impl<'a> Printer<'a> {
    fn new(json: bool, out: &'a mut dyn Write) -> Self {
        Self {
            json,
            columns: Columns::new(record::COLUMNS),
            titled: false,
            out,
        }
    }

    /// Writes records together, in columns that fit all of them.
    fn batch(&mut self, records: &[Record]) -> io::Result<()> {
        records
            .iter()
            .for_each(|record| self.columns.fit(&record.row()));
        records.iter().try_for_each(|record| self.record(record))?;
        self.out.flush()
    }

    /// Writes one record.
    fn record(&mut self, record: &Record) -> io::Result<()> {
        if self.json {
            let line = serde_json::to_string(record).map_err(io::Error::other)?;
            return writeln!(self.out, "{line}");
        }
        if !self.titled {
            self.titled = true;
            self.columns.title(self.out)?;
        }
        let row = record.row();
        self.columns.fit(&row);
        self.columns.line(&row, self.out)
    }

    /// Writes a remark, for a person only.
    fn note(&mut self, text: &str) -> io::Result<()> {
        if self.json {
            Ok(())
        } else {
            writeln!(self.out, "{text}")
        }
    }
}

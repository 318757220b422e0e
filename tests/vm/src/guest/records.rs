// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the probe recorded of how it was started.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::probe::RECORDS;
use crate::protocol::unescape;

/// One start of the probe.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The lines, in order.
    pub lines: Vec<(String, String)>,
}

impl Record {
    /// The record that the probe wrote as `text`.
    pub fn parse(text: &str) -> Self {
        let lines = text
            .lines()
            .map(|line| line.split_once(' ').unwrap_or((line, "")));
        Self {
            lines: lines
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
        }
    }

    /// The values of all lines of this key.
    pub fn all(&self, key: &str) -> Vec<&str> {
        self.lines
            .iter()
            .filter(|line| line.0 == key)
            .map(|line| line.1.as_str())
            .collect()
    }

    /// The value of the only line of this key.
    pub fn one(&self, key: &str) -> Result<&str> {
        match *self.all(key) {
            [value] => Ok(value),
            [] => bail!("the record has no {key}: {:?}", self.lines),
            _ => bail!("the record has several {key}: {:?}", self.lines),
        }
    }

    /// Whether the probe ran under this name.
    pub fn ran(&self, program: &str) -> bool {
        self.words("argv")
            .first()
            .is_some_and(|word| word == program.as_bytes())
    }

    /// The words of the argument list (`"argv"`) or the environment (`"env"`).
    pub fn words(&self, key: &str) -> Vec<Vec<u8>> {
        let word = |word: &str| unescape(word.strip_prefix('"')?.strip_suffix('"')?);
        self.all(key).into_iter().filter_map(word).collect()
    }
}

/// Every record since the last [`forget`], oldest first.
pub fn all() -> Result<Vec<Record>> {
    let mut names: Vec<_> = std::fs::read_dir(RECORDS)?.collect::<Result<Vec<_>, _>>()?;
    names.retain(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
    names.sort_by_key(std::fs::DirEntry::file_name);
    let read =
        |entry: &std::fs::DirEntry| Ok(Record::parse(&std::fs::read_to_string(entry.path())?));
    names.iter().map(read).collect()
}

/// Waits until the probe was started as `program` (its argv\[0\]), exactly
/// once.
pub fn wait_for(program: &str, limit: Duration) -> Result<Record> {
    let record = wait_for_first(program, limit)?;
    let runs = all()?.iter().filter(|record| record.ran(program)).count();
    ensure!(runs == 1, "{program} ran {runs} times");
    Ok(record)
}

/// Waits until the probe was started as `program`; the first time counts.
pub fn wait_for_first(program: &str, limit: Duration) -> Result<Record> {
    let begin = Instant::now();
    loop {
        if let Some(record) = all()?.into_iter().find(|record| record.ran(program)) {
            return Ok(record);
        }
        ensure!(
            begin.elapsed() < limit,
            "{program} did not run within {limit:?}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Removes all records and orders.
pub fn forget() -> Result<()> {
    for directory in [RECORDS, crate::probe::ORDERS] {
        let _gone = std::fs::remove_dir_all(directory);
        std::fs::create_dir_all(directory).with_context(|| directory.to_owned())?;
    }
    let _gone = std::fs::remove_file(crate::probe::STORED);
    Ok(())
}

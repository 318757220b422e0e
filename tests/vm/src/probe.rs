// SPDX-License-Identifier: MIT OR Apache-2.0

//! A program that is called: records how it was started, then obeys.
//!
//! The record is a text file of `key value` lines in [`RECORDS`], in the
//! words of the test vectors of umh-abi and some more (`started`). What it
//! does then stands in [`ORDERS`], in a file of the name by which it was
//! called (`order`).

pub mod core;
mod linuxrc;
mod order;
mod started;

pub use linuxrc::RECORD as LINUXRC;
pub use order::STORED;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::SystemTime;

/// Where records go, each under the moment and the process id. Nothing is
/// recorded where the directory is missing.
pub const RECORDS: &str = "/run/probe/records";

/// Where orders stand: `/run/probe/orders/modprobe`.
pub const ORDERS: &str = "/run/probe/orders";

/// The probe from its first instruction to its exit status.
pub fn run() -> i32 {
    let name = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&name).file_name().unwrap_or(OsStr::new("-"));
    if name == "linuxrc" {
        return linuxrc::run();
    }
    let record = started::record();
    let orders = std::fs::read_to_string(Path::new(ORDERS).join(name)).unwrap_or_default();

    // Orders that read what was handed over add to the record.
    let (added, status) = order::obey(&orders);
    publish(&(record + &added));
    order::end(&orders);
    status
}

/// A record appears whole or not at all.
fn publish(record: &str) {
    // Not by rustix, which aborts where the vDSO is User-Mode Linux's: that of
    // 7.2 has no getcpu.
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let name = format!(
        "{:012}.{:09}-{}",
        now.as_secs(),
        now.subsec_nanos(),
        std::process::id()
    );
    let hidden = Path::new(RECORDS).join(format!(".{name}"));
    if std::fs::write(&hidden, record).is_ok() {
        let _renamed = std::fs::rename(&hidden, Path::new(RECORDS).join(name));
    }
}

/// One word in quotes, as the vectors write it.
fn quoted(word: &OsStr) -> String {
    format!("\"{}\"", word.as_bytes().escape_ascii())
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a case asks of a program, one order a line:
//!
//! | order | what the probe does |
//! | --- | --- |
//! | `exit N` | ends with status N (default 0) |
//! | `sleep N` | sleeps N milliseconds after the record is there |
//! | `stay PATH` | stays, after the record, while there is an empty file |
//! | `store` | copies its standard input to [`STORED`], counts it |
//! | `measure` | reads its standard input to the end, as a core: its bytes, the bytes that it promises, its marks and pages |
//! | `read N` | reads N bytes of its standard input, no more |
//! | `write PATH` | makes a file, notes whether it could |
//! | `socket-once N` | opens a socket of family N, but not in the call that this makes |
//! | `unshare` | takes a new UTS namespace, notes whether it could |

use std::fmt::Write as _;
use std::io::Read as _;
use std::time::Duration;

/// Where `store` puts what it reads.
pub const STORED: &str = "/run/probe/stored";

/// Obeys what belongs into the record; gives its lines and the exit status.
pub(super) fn obey(orders: &str) -> (String, i32) {
    let mut text = String::new();
    let mut status = 0;
    for (order, word) in words(orders) {
        // Writing to a String does not fail.
        let _written = match order {
            "exit" => {
                status = word.parse().unwrap_or(255);
                Ok(())
            }
            "store" => writeln!(text, "stored {}", said(store())),
            "measure" => writeln!(text, "measured {}", measured()),
            "read" => writeln!(text, "read {}", said(read(word.parse().unwrap_or(0)))),
            "write" => writeln!(
                text,
                "write {word} {}",
                said(std::fs::write(word, b"x").map(|()| 1))
            ),
            "socket-once" => writeln!(
                text,
                "socket {}",
                said(socket_once(word.parse().unwrap_or(0)))
            ),
            "unshare" => writeln!(text, "unshare {}", said(unshare())),
            _ => Ok(()),
        };
    }
    if let Some(pid) = pidfd() {
        let _written = writeln!(text, "pidfd {pid}");
    }
    (text, status)
}

/// Obeys what comes after the record.
pub(super) fn end(orders: &str) {
    for (order, word) in words(orders) {
        match order {
            "sleep" => std::thread::sleep(Duration::from_millis(word.parse().unwrap_or(0))),
            "stay" => {
                while std::fs::read(word).is_ok_and(|text| text.is_empty()) {
                    std::thread::sleep(Duration::from_millis(200));
                }
            }
            _ => {}
        }
    }
}

fn words(orders: &str) -> impl Iterator<Item = (&str, &str)> {
    orders
        .lines()
        .map(|line| line.split_once(' ').unwrap_or((line, "")))
}

fn store() -> std::io::Result<u64> {
    let mut file = std::fs::File::create(STORED)?;
    std::io::copy(&mut std::io::stdin().lock(), &mut file)
}

fn measured() -> String {
    match super::core::measure(std::io::stdin().lock()) {
        Ok(core) => format!(
            "{} {} {} {}",
            core.bytes, core.promised, core.marks, core.filled
        ),
        Err(error) => format!("failed: {error}"),
    }
}

fn read(bytes: u64) -> std::io::Result<u64> {
    std::io::copy(
        &mut std::io::stdin().lock().take(bytes),
        &mut std::io::sink(),
    )
}

/// The kernel's call for the family reaches this program again.
fn socket_once(family: u16) -> std::io::Result<u64> {
    if std::env::args_os().any(|word| word == *format!("net-pf-{family}")) {
        return Ok(0);
    }
    let family = rustix::net::AddressFamily::from_raw(family);
    let socket = rustix::net::socket(family, rustix::net::SocketType::DGRAM, None);
    Ok(u64::from(socket.is_ok()))
}

fn unshare() -> std::io::Result<u64> {
    // Through a program: unshare(2) of one's own process is unsafe in Rust.
    let status = std::process::Command::new("/bin/busybox")
        .args(["unshare", "-u", "/bin/busybox", "true"])
        .status()?;
    if status.success() {
        Ok(0)
    } else {
        Err(std::io::ErrorKind::PermissionDenied.into())
    }
}

fn said(result: std::io::Result<u64>) -> String {
    match result {
        Ok(number) => number.to_string(),
        Err(error) => format!("failed: {error}"),
    }
}

/// The process that descriptor 3 is a pidfd of.
fn pidfd() -> Option<String> {
    let info = std::fs::read_to_string("/proc/self/fdinfo/3").ok()?;
    info.lines()
        .find_map(|line| line.strip_prefix("Pid:\t"))
        .map(str::to_owned)
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a process without privilege does that makes the kernel call.
//!
//! Cases start `/init ACT ...` as uid 1000 ([`super::trigger`]); the program
//! that PID 1 is cannot drop its own privilege and go on.

use std::fs::File;
use std::io::Write as _;
use std::process::ExitCode;

use super::{service, system};
use crate::probe::core::MARK;
use rustix::net::{AddressFamily, SocketFlags, SocketType};

/// Does what the arguments say; the exit status is 0 when it could.
pub fn run() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let number = |word: &str| word.parse::<u32>().unwrap_or(0);
    match *words {
        ["socket", family, times] => sockets(number(family), number(times)),
        ["crash-with-program", name] => crash_with_program(name),
        ["bare"] => bare(),
        ["prepare"] => service::prepare(),
        ["service"] => service::service(),
        ["down"] => service::down(),
        ["booted"] => system::booted(),
        ["crash", name, mebibytes] => crash(name, number(mebibytes)),
        ["crash-sparse", name, mebibytes] => crash_sparse(name, number(mebibytes)),
        ["execute", path] => execute(path),
        ["open", path] => said(File::open(path)),
        _ => ExitCode::from(2),
    }
}

/// Opens a socket of `family` again and again. None of them is expected to
/// open: asking is what counts.
fn sockets(family: u32, times: u32) -> ExitCode {
    let family = AddressFamily::from_raw(u16::try_from(family).unwrap_or(0));
    for _ in 0..times {
        let _socket =
            rustix::net::socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None);
    }
    ExitCode::SUCCESS
}

/// Dies of SIGABRT under the name `name`, with `mebibytes` of memory that
/// cannot be left out of the core because it is not zero.
fn crash(name: &str, mebibytes: u32) -> ExitCode {
    let mut memory = vec![0u8; usize::try_from(mebibytes).unwrap_or(0) << 20];
    for (number, byte) in memory.iter_mut().enumerate() {
        // Any remainder of 251 fits.
        *byte = u8::try_from(number % 251).unwrap_or(0);
    }
    abort_as(name, &memory)
}

/// Dies with `mebibytes` of memory of which one page was ever touched: the
/// kernel makes up the rest of the core.
fn crash_sparse(name: &str, mebibytes: u32) -> ExitCode {
    let mut memory = vec![0u8; usize::try_from(mebibytes).unwrap_or(0) << 20];
    let middle = memory.len() / 2;
    if let Some(place) = memory
        .get_mut(middle..)
        .and_then(|rest| rest.get_mut(..MARK.len()))
    {
        place.copy_from_slice(MARK);
    }
    abort_as(name, &memory)
}

fn abort_as(name: &str, memory: &[u8]) -> ExitCode {
    let named = File::options()
        .write(true)
        .open("/proc/self/comm")
        .and_then(|mut comm| comm.write_all(name.as_bytes()));
    std::hint::black_box(memory);
    match named {
        Ok(()) => std::process::abort(),
        Err(_) => ExitCode::FAILURE,
    }
}

/// The end of many kernel exploits: the payload in a memory file, at a
/// descriptor that `core_pattern` names.
fn crash_with_program(name: &str) -> ExitCode {
    let memory = rustix::fs::memfd_create("payload", rustix::fs::MemfdFlags::CLOEXEC);
    let payload = std::fs::read(super::machine::PROBE);
    let (Ok(memory), Ok(payload)) = (memory, payload) else {
        return ExitCode::FAILURE;
    };
    let mut memory = File::from(memory);
    let Ok(()) = memory.write_all(&payload) else {
        return ExitCode::FAILURE;
    };
    let Ok(_descriptor) = rustix::io::fcntl_dupfd_cloexec(&memory, 666) else {
        return ExitCode::FAILURE;
    };
    crash(name, 0)
}

/// The cases of the suite `bare`, in a mount namespace of their own.
fn bare() -> ExitCode {
    super::service::said(crate::cases::bare::run())
}

fn execute(path: &str) -> ExitCode {
    said(std::process::Command::new(path).status())
}

/// The error number, so that the starter can tell why.
fn said<T>(result: std::io::Result<T>) -> ExitCode {
    match result {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(
            error
                .raw_os_error()
                .and_then(|errno| u8::try_from(errno).ok())
                .unwrap_or(255),
        ),
    }
}

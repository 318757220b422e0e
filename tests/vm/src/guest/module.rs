// SPDX-License-Identifier: MIT OR Apache-2.0

//! `/proc/umh_test` of the test module (`tests/vm/module/umh_test.c`): calls
//! that nothing in a guest triggers.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::sync::OnceLock;

use anyhow::{Context as _, Result};
use umh_abi::{Block, Message, Wait};

/// `UMH_NO_WAIT`, `UMH_WAIT_EXEC` and `UMH_WAIT_PROC` (`include/linux/umh.h`).
const fn flag(wait: Wait) -> i32 {
    match wait {
        Wait::No => 0,
        Wait::Exec => 1,
        Wait::Proc => 2,
    }
}

/// Where the module's file is, if not in `/proc`.
static FILE: OnceLock<String> = OnceLock::new();

/// Says where the module's file is: `/proc` may be mounted elsewhere.
pub fn at(file: String) {
    FILE.get_or_init(|| file);
}

fn file() -> &'static str {
    FILE.get().map_or("/proc/umh_test", String::as_str)
}

/// Whether the module is there.
pub fn is_loaded() -> bool {
    std::path::Path::new(file()).exists()
}

/// What comes of a call.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// 0, a negative error number or a wait status.
    pub result: i64,
    /// Of the processor, from the caller's first instruction to the return.
    pub cycles: u64,
}

/// `call_usermodehelper(path, argv, envp, wait)`. Gives what the kernel's
/// caller gets: 0, a negative error number or a wait status.
pub fn call(path: &[u8], argv: &[&[u8]], envp: &[&[u8]], wait: Wait) -> Result<i64> {
    call_flags(path, argv, envp, flag(wait))
}

/// The same with any of the kernel's `UMH_*` bits.
pub fn call_flags(path: &[u8], argv: &[&[u8]], envp: &[&[u8]], flags: i32) -> Result<i64> {
    Ok(call_counted(path, argv, envp, flags)?.result)
}

/// The same, with what it cost.
pub fn call_counted(path: &[u8], argv: &[&[u8]], envp: &[&[u8]], flags: i32) -> Result<Answer> {
    let words = std::iter::once(&path).chain(argv).chain(envp);
    request(&format!("call {flags} {}", argv.len()), words.copied())
}

/// The call of `message`, word for word as its caller makes it.
pub fn call_as(message: &Message<'_>, wait: Wait) -> Result<i64> {
    let mut block = Block::<8192>::new();
    let invocation = message
        .write_to(&mut block)
        .context("the call does not fit")?;
    let argv: Vec<&[u8]> = invocation.argv.iter().collect();
    let envp: Vec<&[u8]> = invocation.envp.iter().collect();
    call(message.program(), &argv, &envp, wait)
}

/// `request_module(name)`, or `request_module_nowait`.
pub fn request_module(name: &str, wait: bool) -> Result<i64> {
    request_module_of_any_bytes(name.as_bytes(), wait)
}

/// The same for a name that may be no text.
pub fn request_module_of_any_bytes(name: &[u8], wait: bool) -> Result<i64> {
    Ok(request_module_counted(name, wait)?.result)
}

/// The same, with what it cost.
pub fn request_module_counted(name: &[u8], wait: bool) -> Result<Answer> {
    request(&format!("module {}", u8::from(wait)), std::iter::once(name))
}

/// `orderly_poweroff(force)`, which returns before anything has happened.
pub fn orderly_poweroff(force: bool) -> Result<()> {
    request(&format!("poweroff {}", u8::from(force)), std::iter::empty()).map(drop)
}

/// `orderly_reboot()`, which returns before anything has happened.
pub fn orderly_reboot() -> Result<()> {
    request("reboot", std::iter::empty()).map(drop)
}

/// Loses some memory, for those who look for such.
pub fn leak() -> Result<()> {
    let answer = request("leak", std::iter::empty())?;
    anyhow::ensure!(answer.result == 0, "leak: {}", answer.result);
    Ok(())
}

fn request<'a>(line: &str, words: impl Iterator<Item = &'a [u8]>) -> Result<Answer> {
    let mut bytes = format!("{line}\n").into_bytes();
    for word in words {
        bytes.extend_from_slice(word);
        bytes.push(0);
    }
    let mut file = File::options()
        .read(true)
        .write(true)
        .open(self::file())
        .context("the test module")?;
    // One write is one request.
    let written = file
        .write(&bytes)
        .with_context(|| format!("/proc/umh_test: {line}"))?;
    anyhow::ensure!(
        written == bytes.len(),
        "/proc/umh_test took {written} of {} bytes",
        bytes.len()
    );
    let mut text = String::new();
    file.read_to_string(&mut text)
        .context("reading /proc/umh_test")?;
    parse(&text).with_context(|| format!("/proc/umh_test said {text:?}"))
}

fn parse(text: &str) -> Option<Answer> {
    let (result, cycles) = text.trim_end().split_once(' ')?;
    Some(Answer {
        result: result.parse().ok()?,
        cycles: cycles.parse().ok()?,
    })
}

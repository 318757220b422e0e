// SPDX-License-Identifier: MIT OR Apache-2.0

//! Packed modules: the kernel gets the file itself whenever it can unpack it,
//! as LoadPin and IMA want it, and its bytes only when it cannot.

use std::io::Write as _;

use anyhow::{Result, ensure};
use flate2::{Compression, GzBuilder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use umh_modules::compressed::Format;

use super::builtin::{file_of, unpacked, with_crc64};
use super::{needs_module, of_modules, unload};
use crate::cases::Case;
use crate::guest::umh::kmod;
use crate::guest::{Machine, module, trace, trigger};
use crate::protocol::Line;

pub(in crate::cases) const CASES: &[Case] = &[of_modules(
    "the_kernel_gets_the_file_itself_unless_it_cannot_unpack_it",
    packed,
)];

/// How a module may be packed, and the call by which it is loaded then, to a
/// kernel that unpacks xz.
struct Form {
    name: &'static str,
    pack: fn(&[u8]) -> Result<Vec<u8>>,
    call: &'static str,
}

const FORMS: &[Form] = &[
    Form {
        name: "plain",
        pack: |module| Ok(module.to_vec()),
        call: FILE,
    },
    Form {
        name: "xz with CRC64",
        pack: with_crc64,
        call: BYTES,
    },
    Form {
        name: "gzip with an extra field",
        pack: gzip,
        call: BYTES,
    },
    Form {
        name: "zstd of no stated size",
        pack: zstd,
        call: BYTES,
    },
];

/// finit_module(2) of the file.
const FILE: &str = "finit 0";

/// The same with `MODULE_INIT_COMPRESSED_FILE`.
const PACKED_FILE: &str = "finit 4";

/// init_module(2).
const BYTES: &str = "init";

/// A copy in memory, which would be no file for LoadPin, is seen as well.
const EVENTS: &str = "syscalls:sys_enter_finit_module syscalls:sys_enter_init_module syscalls:sys_enter_memfd_create";

fn packed(machine: &Machine) -> Result<()> {
    needs_module()?;
    ensure!(trace::choose(EVENTS)?, "no tracepoints");
    let path = file_of("minix")?;
    let module = unpacked(&path)?;
    ensure!(Format::of(&std::fs::read(&path)?) == Format::Xz);
    let calls = load()?;
    ensure!(calls == [PACKED_FILE], "as Debian packs it: {calls:?}");

    let mut kmods = Vec::new();
    for form in FORMS {
        machine.file(&path, 0o644, (form.pack)(&module)?)?;
        let calls = load()?;
        ensure!(calls == [form.call], "{}: {calls:?}", form.name);
        let said = kmod(&["modprobe", "minix"])?;
        let loads = said.status == Some(0) && trigger::is_loaded("minix")?;
        kmods.push(format!(
            "{} {}",
            form.name,
            if loads { "yes" } else { "no" }
        ));
        unload(&["minix"])?;
        machine.end()?;
    }
    let version = kmod(&["kmod", "--version"])?.text;
    let version = version.lines().next().unwrap_or_default();
    let kmods = kmods.join(", ");
    machine.tell(&Line::Note(format!("{version} loads: {kmods}")))
}

/// The calls of the helper that load minix.
fn load() -> Result<Vec<String>> {
    unload(&["minix"])?;
    let (result, events) = trace::of(|| module::request_module("fs-minix", true))?;
    let loaded = trigger::is_loaded("minix")?;
    ensure!(result == 0 && loaded, "the caller got {result}");
    unload(&["minix"])?;
    Ok(events.iter().map(|event| call(&event.text)).collect())
}

/// `sys_finit_module(fd: 5, uargs: 7ffc01, flags: 4)`.
fn call(text: &str) -> String {
    match text.strip_prefix("sys_finit_module(") {
        Some(arguments) => {
            let flags = arguments.rsplit(": ").next().unwrap_or_default();
            format!("finit {}", flags.trim_end_matches(')'))
        }
        None if text.starts_with("sys_init_module(") => BYTES.into(),
        None => text.into(),
    }
}

/// RFC 1952, FEXTRA: a field of one subfield.
fn gzip(module: &[u8]) -> Result<Vec<u8>> {
    let builder = GzBuilder::new().extra(&b"um\x02\x00hi"[..]);
    let mut writer = builder.write(Vec::new(), Compression::fast());
    writer.write_all(module)?;
    Ok(writer.finish()?)
}

/// RFC 8878: neither Frame_Content_Size_flag nor Single_Segment_flag, without
/// which no size is stated.
fn zstd(module: &[u8]) -> Result<Vec<u8>> {
    let packed = compress_to_vec(module, CompressionLevel::Fastest);
    let states = packed.get(4).is_none_or(|flags| flags & 0b1110_0000 != 0);
    ensure!(!states, "the frame states its size");
    Ok(packed)
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! `insmod`: one file into the kernel, without indexes and configuration.

use std::ffi::{CString, OsString};
use std::io::{self, Read as _, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use clap::{Parser, ValueHint};
use rustix::io::Errno;
use umh_helper::sys::Root;
use umh_modules::compressed::{self, LIMIT};
use umh_modules::load::{self, Failed, Flags, Step};

use super::messages::{Level, Messages, reason};
use super::refused::{self, Tool};
use super::usage::{self, Common, Ended};
use super::{Words, file, options};

/// Put a module's file into the kernel.
///
/// What the module depends on must be there already: `modprobe` sees to that. The file may be compressed (gzip, xz,
/// zstd); `-` is standard input.
#[derive(Debug, Parser)]
#[command(
    name = "insmod",
    infer_long_args = true,
    args_override_self = true,
    disable_version_flag = true
)]
pub struct Insmod {
    /// Both of the next two: the kernel may crash, and is marked as tainted (CONFIG_MODULE_FORCE_LOAD).
    #[arg(short, long)]
    force: bool,

    /// Do not compare the kernel that the module was built for with this one.
    #[arg(long)]
    force_vermagic: bool,

    /// Do not compare the versions of the symbols that the module uses.
    #[arg(long)]
    force_modversion: bool,

    /// Does nothing; older insmods had it.
    #[arg(short = 'p', hide = true)]
    probe: bool,

    #[command(flatten)]
    common: Common,

    /// The module's file.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,

    /// Its parameters: `name=value` or `name`.
    #[arg(value_name = "PARAMETER")]
    parameters: Vec<OsString>,
}

/// Does what `words` say.
pub fn run(words: Words, out: &mut dyn Write) -> Result<(), Ended> {
    let args: Insmod = usage::parse("insmod", words, out)?;
    if args.common.version {
        return Ok(usage::version(out)?);
    }
    let messages = Messages::new(
        "insmod",
        Level::Error.raised(args.common.verbose),
        args.common.syslog,
    );
    let Some(file) = &args.file else {
        messages.error("missing filename.");
        return Err(Ended::Badly);
    };
    let options = options::join(&args.parameters);
    let flags = Flags {
        ignore_vermagic: args.force || args.force_vermagic,
        ignore_modversions: args.force || args.force_modversion,
    };
    insert(file, &options, flags).map_err(|reason| {
        messages.error(reason);
        Ended::Badly
    })
}

fn insert(file: &Path, options: &[u8], flags: Flags) -> Result<(), String> {
    let shown = file.display();
    let could_not = |reason: &str| format!("could not insert module {shown}: {reason}");
    let inserted = if file == Path::new("-") {
        from_standard_input(options)
    } else {
        let path = file::found(file)
            .map_err(|error| format!("could not load module {shown}: {}", reason(&error)))?;
        load::insert(&Root::System, path.as_os_str().as_bytes(), options, flags)
    };
    inserted.map_err(|failed| {
        let (system, module) = (&Root::System, file::module_name(file));
        if failed.is_there(system, &module) {
            return could_not(&reason(&failed.errno.into()));
        }
        could_not(&refused::words(Tool::Insmod, system, &module, failed))
    })
}

/// A pipe is no file that the kernel could look at: it gets the bytes.
fn from_standard_input(options: &[u8]) -> Result<(), Failed> {
    let failed = |step, errno| Failed {
        path: b"standard input".to_vec(),
        step,
        errno,
        unpacked: None,
    };
    let mut bytes = Vec::new();
    let limit = u64::try_from(LIMIT).unwrap_or(u64::MAX);
    let read = io::stdin().lock().take(limit).read_to_end(&mut bytes);
    read.map_err(|error| {
        failed(
            Step::Open,
            Errno::from_io_error(&error).unwrap_or(Errno::IO),
        )
    })?;
    let module = compressed::decode(&bytes, LIMIT);
    let module = module.map_err(|error| failed(Step::Unpack(error), Errno::INVAL))?;
    let options = CString::new(options).map_err(|_| failed(Step::Insert, Errno::INVAL))?;
    let inserted = rustix::system::init_module(&module, &options);
    inserted.map_err(|errno| failed(Step::Insert, errno))
}

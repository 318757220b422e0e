// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a dynamically linked program needs to start, found without starting
//! it: it may be of another release than this machine.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use object::elf::{DT_NEEDED, FileHeader64, PT_INTERP};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, elf};

/// Where this machine's are.
pub(crate) const FOLDERS: [&str; 4] = [
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib64",
    "/usr/lib64",
];

/// The interpreter and the libraries of `program`, which are in `folders`:
/// where each is, and where the loader looks for it below the root. None for
/// a static program.
pub(crate) fn of(program: &Path, folders: &[PathBuf]) -> Result<Vec<(PathBuf, PathBuf)>> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let first = wants(program)?;
    if let Some(interpreter) = first.interpreter {
        let inside: PathBuf = interpreter.trim_start_matches('/').into();
        let name = inside.file_name().unwrap_or_default();
        found.push((find(folders, name.as_ref())?, inside));
    }
    let mut names = first.libraries;
    while let Some(name) = names.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let path = find(folders, name.as_ref())?;
        names.extend(wants(&path)?.libraries);
        found.push((path, Path::new("usr/lib/x86_64-linux-gnu").join(name)));
    }
    Ok(found)
}

/// What a program does not ask for at its start, and opens when it meets a
/// module that takes it: as kmod does since release 34.
pub(crate) fn opened_later(folders: &[PathBuf]) -> Result<Vec<(PathBuf, PathBuf)>> {
    let mut found = Vec::new();
    for name in [
        "liblzma.so.5",
        "libzstd.so.1",
        "libz.so.1",
        "libcrypto.so.3",
    ] {
        if let Ok(path) = find(folders, name.as_ref()) {
            found.extend(of(&path, folders)?);
            found.push((path, Path::new("usr/lib/x86_64-linux-gnu").join(name)));
        }
    }
    Ok(found)
}

fn find(folders: &[PathBuf], name: &Path) -> Result<PathBuf> {
    let mut places = folders.iter().map(|folder| folder.join(name));
    let place = places.find(|path| path.exists());
    place.with_context(|| format!("no folder of libraries has {}", name.display()))
}

struct Wants {
    interpreter: Option<String>,
    libraries: Vec<String>,
}

fn wants(path: &Path) -> Result<Wants> {
    let failed = || format!("cannot read {}", path.display());
    let data = fs::read(path).with_context(failed)?;
    let mut wants = Wants {
        interpreter: None,
        libraries: Vec::new(),
    };
    let Ok(header) = FileHeader64::<Endianness>::parse(&*data) else {
        // A script, or a program of another machine: it says so itself.
        return Ok(wants);
    };
    let endian = header.endian()?;
    let segments = header.program_headers(endian, &*data)?;
    for segment in segments {
        if segment.p_type(endian) == PT_INTERP {
            let bytes = segment.data(endian, &*data).unwrap_or_default();
            let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
            wants.interpreter = Some(String::from_utf8_lossy(text).into_owned());
        }
    }
    let sections = header.sections(endian, &*data)?;
    let Some((entries, strings)) = sections.dynamic(endian, &*data)? else {
        return Ok(wants);
    };
    let strings = sections.strings(endian, &*data, strings)?;
    for entry in entries {
        let entry: &elf::Dyn64<Endianness> = entry;
        if entry.d_tag.get(endian) == DT_NEEDED {
            let offset = u32::try_from(entry.d_val.get(endian))?;
            let name = strings.get(offset).ok().with_context(failed)?;
            wants
                .libraries
                .push(String::from_utf8_lossy(name).into_owned());
        }
    }
    Ok(wants)
}

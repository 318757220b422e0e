// SPDX-License-Identifier: MIT OR Apache-2.0

//! What stands in for the kernel: it keeps the modules of a world, answers
//! the calls that load and remove them as Linux does, and shows them in the
//! world's `/sys/module` and `/proc/modules`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::io::Errno;

use crate::case::{Case, Loaded, Run};
use crate::module::name_of;
use crate::world::stem;

/// The modules of one run.
pub(crate) struct Kernel<'a> {
    case: &'a Case,
    run: &'a Run,
    root: &'a Path,
    modules: Vec<Loaded>,
    /// What was asked, for [`crate::judge`].
    pub(crate) calls: Vec<String>,
}

/// `MODULE_INIT_IGNORE_MODVERSIONS`, `MODULE_INIT_IGNORE_VERMAGIC`,
/// `MODULE_INIT_COMPRESSED_FILE` (uapi/linux/module.h).
const FORCE: u64 = 3;
const COMPRESSED: u64 = 4;

impl<'a> Kernel<'a> {
    pub(crate) fn new(case: &'a Case, run: &'a Run, root: &'a Path) -> Self {
        Self {
            case,
            run,
            root,
            modules: case.loaded.clone(),
            calls: Vec::new(),
        }
    }

    /// What uname(2) writes: six strings of 65 bytes.
    pub(crate) fn name(&self) -> Vec<u8> {
        let fields = [
            "Linux",
            "conform",
            &self.case.release,
            "#1 SMP",
            "x86_64",
            "",
        ];
        let mut bytes = Vec::new();
        for field in fields {
            let mut field = field.as_bytes().to_vec();
            field.resize(65, 0);
            bytes.extend(field);
        }
        bytes
    }

    /// finit_module(2) of the file at `path` with the content `data`.
    pub(crate) fn load_file(&mut self, path: &Path, data: &[u8], words: &str, flags: u64) -> i32 {
        let name = stem(&path.to_string_lossy());
        // A file in memory has no name: it is an image.
        let what = match (path.to_string_lossy().starts_with("/memfd:"), name_of(data)) {
            (true, Some(name)) => format!("init_module {name}"),
            _ => format!("finit_module {}", self.inside(path)),
        };
        let compressed = !data.starts_with(b"\x7fELF");
        let result = if compressed != (flags & COMPRESSED != 0) || !self.unpacks(data) {
            Err(if compressed {
                Errno::NOEXEC
            } else {
                Errno::INVAL
            })
        } else {
            self.load(&name)
        };
        // How a file is read is no part of what is asked for.
        self.record(what, words, flags & FORCE, result)
    }

    /// init_module(2) of `image`.
    pub(crate) fn load_image(&mut self, image: &[u8], words: &str) -> i32 {
        let Some(name) = name_of(image) else {
            return self.record("init_module".into(), words, 0, Err(Errno::NOEXEC));
        };
        let result = self.load(&name);
        self.record(format!("init_module {name}"), words, 0, result)
    }

    /// delete_module(2).
    pub(crate) fn remove(&mut self, name: &str, flags: u64) -> i32 {
        /// `O_TRUNC`: force.
        const TRUNC: u64 = 0o1000;
        let at = self.modules.iter().position(|module| module.name == name);
        let result = match (self.scripted("remove", name), at) {
            (Err(error), _) => Err(error),
            (Ok(()), None) => Err(Errno::NOENT),
            (Ok(()), Some(at)) => self.remove_at(at, flags & TRUNC != 0),
        };
        let force = if flags & TRUNC == 0 { "" } else { " force" };
        self.record(format!("delete_module {name}{force}"), "", 0, result)
    }

    fn remove_at(&mut self, at: usize, force: bool) -> Result<(), Errno> {
        let in_use = |module: &Loaded| !module.by.is_empty() || (module.used > 0 && !force);
        if self.modules.get(at).is_none_or(in_use) {
            return Err(Errno::WOULDBLOCK);
        }
        let gone = self.modules.remove(at);
        for module in &mut self.modules {
            module.by.retain(|name| *name != gone.name);
        }
        let _ = fs::remove_dir_all(self.root.join("sys/module").join(&gone.name));
        self.show()
    }

    fn load(&mut self, name: &str) -> Result<(), Errno> {
        self.scripted("load", name)?;
        if self.modules.iter().any(|module| module.name == name) {
            return Err(Errno::EXIST);
        }
        // Unknown symbol in module.
        for needed in self.needs(name) {
            let user = name.to_owned();
            let module = self.modules.iter_mut().find(|module| module.name == needed);
            module.ok_or(Errno::NOENT)?.by.insert(0, user);
        }
        self.modules.push(Loaded {
            name: name.to_owned(),
            size: 16384,
            used: 0,
            by: Vec::new(),
            state: "live".into(),
        });
        self.show()
    }

    fn needs(&self, name: &str) -> Vec<String> {
        let mut modules = self.case.modules.iter();
        let module = modules.find(|(path, _)| stem(path) == name);
        module.map_or_else(Vec::new, |(_, module)| module.needs.clone())
    }

    /// What the run says of this call.
    fn scripted(&self, call: &str, name: &str) -> Result<(), Errno> {
        match self.run.fails.get(&format!("{call} {name}")) {
            None => Ok(()),
            Some(error) => Err(errno(error).unwrap_or(Errno::NOTSUP)),
        }
    }

    /// Whether the kernel's one decoder takes `data`.
    fn unpacks(&self, data: &[u8]) -> bool {
        let can = fs::read_to_string(self.root.join("sys/module/compression"));
        match data.get(..8) {
            Some([0x7f, b'E', ..]) => true,
            Some([0x28, 0xb5, 0x2f, 0xfd, ..]) => can.is_ok_and(|can| can.trim() == "zstd"),
            // Its only check is CRC32.
            Some([0xfd, b'7', b'z', b'X', b'Z', 0, _, check]) => {
                *check <= 1 && can.is_ok_and(|can| can.trim() == "xz")
            }
            // A file name is the only field that it skips.
            Some([0x1f, 0x8b, _, flags, ..]) => {
                flags & !8 == 0 && can.is_ok_and(|can| can.trim() == "gzip")
            }
            _ => false,
        }
    }

    fn show(&self) -> Result<(), Errno> {
        populate(self.root, &self.modules).map_err(|_| Errno::IO)
    }

    fn inside(&self, path: &Path) -> String {
        let directory = Path::new("/").join(self.case.directory());
        let merged = Path::new("/usr").join(self.case.directory());
        let inside = path
            .strip_prefix(&directory)
            .or_else(|_| path.strip_prefix(merged));
        inside.unwrap_or(path).to_string_lossy().into_owned()
    }

    fn record(&mut self, call: String, words: &str, flags: u64, result: Result<(), Errno>) -> i32 {
        let mut line = call;
        if !words.is_empty() {
            line = format!("{line} {words}");
        }
        if flags != 0 {
            line = format!("{line} flags={flags}");
        }
        let error = result.err();
        if let Some(error) = error {
            line = format!("{line} = {}", errno_name(error));
        }
        self.calls.push(line);
        error.map_or(0, Errno::raw_os_error)
    }
}

/// Writes what sysfs and procfs show of `modules` below `root`.
pub(crate) fn populate(root: &Path, modules: &[Loaded]) -> Result<()> {
    let mut list = String::new();
    for module in modules {
        let dir = root.join("sys/module").join(&module.name);
        let holders = dir.join("holders");
        fs::create_dir_all(&holders).with_context(|| format!("cannot make {}", dir.display()))?;
        if module.state == "builtin" {
            continue;
        }
        let uses = usize::try_from(module.used)? + module.by.len();
        fs::write(dir.join("initstate"), format!("{}\n", module.state))?;
        fs::write(dir.join("refcnt"), format!("{uses}\n"))?;
        fs::write(dir.join("coresize"), format!("{}\n", module.size))?;
        for entry in fs::read_dir(&holders)? {
            fs::remove_file(entry?.path())?;
        }
        for holder in &module.by {
            let link: PathBuf = Path::new("../..").join(holder);
            std::os::unix::fs::symlink(link, holders.join(holder))?;
        }
        let by: String = module.by.iter().map(|name| format!("{name},")).collect();
        let by = if by.is_empty() { "-".into() } else { by };
        let state = match module.state.as_str() {
            "coming" => "Loading",
            "going" => "Unloading",
            _ => "Live",
        };
        // The newest module comes first.
        let (name, size) = (&module.name, module.size);
        list = format!("{name} {size} {uses} {by} {state} 0x0000000000000000\n{list}");
    }
    fs::write(root.join("proc/modules"), list)?;
    Ok(())
}

/// The errors that module calls return.
const ERRORS: [(&str, Errno); 13] = [
    ("EPERM", Errno::PERM),
    ("ENOENT", Errno::NOENT),
    ("ENOEXEC", Errno::NOEXEC),
    ("EAGAIN", Errno::AGAIN),
    ("ENOMEM", Errno::NOMEM),
    ("EBUSY", Errno::BUSY),
    ("EEXIST", Errno::EXIST),
    ("ENODEV", Errno::NODEV),
    ("EINVAL", Errno::INVAL),
    ("EIO", Errno::IO),
    ("EKEYREJECTED", Errno::KEYREJECTED),
    ("ENOSYS", Errno::NOSYS),
    ("EOPNOTSUPP", Errno::OPNOTSUPP),
];

/// The error called `name`.
pub(crate) fn errno(name: &str) -> Option<Errno> {
    let known = ERRORS.iter().find(|(known, _)| *known == name);
    known.map(|(_, errno)| *errno)
}

fn errno_name(errno: Errno) -> String {
    let known = ERRORS.iter().find(|(_, known)| *known == errno);
    known.map_or_else(|| errno.to_string(), |(name, _)| (*name).to_owned())
}

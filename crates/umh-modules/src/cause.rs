// SPDX-License-Identifier: MIT OR Apache-2.0

//! Why a module was not loaded, and what to do about it.
//!
//! The kernel has ten causes for one error number. What can be looked up
//! after a failure is looked up; the rest only the kernel's own line in its
//! log says, which is quoted where it can be read.

mod kernel_log;

use alloc::vec::Vec;
use core::fmt;

use rustix::io::Errno;

pub use kernel_log::KernelLog;

use crate::bytes::Text;
use crate::load::{Failed, Step};
use crate::system::{self, System};

/// What a person reads about a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What was tried, and on what.
    pub failed: Failed,
    /// Why it did not work.
    pub cause: &'static str,
    /// What to do; empty if only the cause can be told.
    pub remedy: &'static str,
    /// The kernel's own line.
    pub kernel: Option<Vec<u8>>,
}

/// Explains why `module` was not loaded.
pub fn explain(
    system: &dyn System,
    module: &[u8],
    failed: Failed,
    log: Option<&KernelLog>,
) -> Explanation {
    let kernel = match failed.step {
        Step::Insert => log.and_then(|log| log.line_about(module)),
        Step::Open | Step::Unpack(_) => None,
    };
    let (cause, remedy) = match failed.step {
        Step::Open => opening(failed.errno),
        Step::Unpack(_) => ("its file cannot be unpacked", "install its package again"),
        Step::Insert if is_pinned(system, failed.errno, kernel.as_deref()) => {
            pinned(failed.unpacked)
        }
        Step::Insert => inserting(system, module, failed.errno),
    };
    Explanation {
        failed,
        cause,
        remedy,
        kernel,
    }
}

/// Cause and remedy.
type Words = (&'static str, &'static str);

const fn opening(errno: Errno) -> Words {
    match errno {
        Errno::NOENT => (
            "its file is missing, though depmod lists it",
            "install its package again, or run depmod(8)",
        ),
        Errno::FBIG => ("its file is larger than any module", ""),
        Errno::NOMEM => ("no memory is left for it", ""),
        _ => (
            "its file cannot be read",
            "look at its permissions and its disk",
        ),
    }
}

fn inserting(system: &dyn System, module: &[u8], errno: Errno) -> Words {
    match errno {
        Errno::KEYREJECTED if takes_unsigned_modules(system) => (
            "its signature does not fit its content",
            "install its package again, or sign it again",
        ),
        Errno::NOKEY | Errno::KEYREJECTED | Errno::KEYEXPIRED | Errno::KEYREVOKED => (
            "it has no signature of a key that the kernel trusts, and signatures are enforced",
            "sign it with a trusted key, or enrol its own (mokutil --import)",
        ),
        Errno::BADMSG => ("its signature is damaged", "install its package again"),
        Errno::PERM | Errno::ACCESS => forbidden(system, module),
        Errno::NOEXEC => (
            "it was built for another kernel or machine, or is damaged",
            "install the one for this kernel, or build it again",
        ),
        Errno::NOENT => (
            "it uses a symbol that this kernel and its modules do not have, or does not know an option",
            "build it for this kernel, or mend its options in modprobe.d",
        ),
        Errno::INVAL => (
            "the kernel does not take its format, or the value of one of its options",
            "mend its options in modprobe.d, or install it again",
        ),
        Errno::BUSY => (
            "another of its name is being loaded or unloaded, or it found its device taken",
            "try again",
        ),
        Errno::EXIST => (
            "a driver that is there has what it registers",
            "unload that one, or look for its name in modules.builtin",
        ),
        Errno::NODEV | Errno::NXIO => ("it found no device that it drives", ""),
        Errno::NOMEM => ("no memory is left for it", ""),
        Errno::NOTSUP => ("this kernel cannot unpack it", "unpack the file"),
        Errno::TXTBSY => (
            "its file is open for writing",
            "wait for its installation to end",
        ),
        Errno::NOSYS => ("this kernel loads no modules", ""),
        _ => ("its start failed", ""),
    }
}

/// Whether the kernel takes modules without a signature, and rejects only
/// those with a wrong one (`kernel/module/signing.c`).
fn takes_unsigned_modules(system: &dyn System) -> bool {
    let setting = system::read(system, b"/sys/module/module/parameters/sig_enforce", 64);
    setting.is_ok_and(|text| text.starts_with(b"N"))
}

/// Whether it was LoadPin that refused: by its line or, where nobody may read
/// that, by its switch.
fn is_pinned(system: &dyn System, errno: Errno, kernel: Option<&[u8]>) -> bool {
    let enforces = || {
        let switch = system::read(system, b"/proc/sys/kernel/loadpin/enforce", 64);
        switch.is_ok_and(|text| text.starts_with(b"1"))
    };
    errno == Errno::PERM
        && kernel.map_or_else(enforces, |line| line.starts_with(kernel_log::LOADPIN))
}

/// What LoadPin wants of a module that was `unpacked`, or not.
const fn pinned(unpacked: Option<&str>) -> Words {
    match unpacked {
        Some(_) => (
            "LoadPin takes no module that is not the file itself",
            "pack it as the kernel unpacks it, or not at all",
        ),
        None => (
            "LoadPin takes modules of one file system alone, that of the first file it was asked for",
            "install it there",
        ),
    }
}

/// What forbids loading.
fn forbidden(system: &dyn System, module: &[u8]) -> Words {
    let says = |path: &[u8], what: &dyn Fn(&[u8]) -> bool| {
        system::read(system, path, 1 << 16).is_ok_and(|text| what(&text))
    };
    if says(b"/proc/sys/kernel/modules_disabled", &|text| {
        text.starts_with(b"1")
    }) {
        return (
            "kernel.modules_disabled forbids all modules until the next boot",
            "boot again without it",
        );
    }
    if says(b"/proc/cmdline", &|text| is_on_blacklist(text, module)) {
        return (
            "module_blacklist= on the kernel's command line names it",
            "boot again without it",
        );
    }
    if says(b"/sys/kernel/security/lockdown", &|text| {
        !text.starts_with(b"[none]")
    }) {
        return (
            "the kernel is locked down and takes modules signed by trusted keys alone, as files",
            "sign it, or enrol its key (mokutil --import)",
        );
    }
    (
        "CAP_SYS_MODULE is missing, or a security module forbids it",
        "ask as root, outside of a container",
    )
}

/// Whether `module_blacklist=A,B` names the module.
fn is_on_blacklist(command_line: &[u8], module: &[u8]) -> bool {
    let words = command_line.split(u8::is_ascii_whitespace);
    let lists = words.filter_map(|word| word.strip_prefix(b"module_blacklist="));
    let mut names = lists.flat_map(|list| list.split(|byte| *byte == b','));
    names.any(|name| crate::name::of_module(name) == module)
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            failed,
            cause,
            remedy,
            kernel,
        } = self;
        write!(f, "{}: {cause}", Text(&failed.path))?;
        if let Step::Unpack(error) = failed.step {
            write!(f, " ({error})")?;
        } else {
            write!(f, " (errno {})", failed.errno.raw_os_error())?;
        }
        if !remedy.is_empty() {
            write!(f, "; {remedy}")?;
        }
        if let Some(why) = failed.unpacked {
            write!(f, "; unpacked by umh: {why}")?;
        }
        match kernel {
            Some(line) => write!(f, "; the kernel says: {}", Text(line)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compressed;
    use crate::system::tests::Image;

    fn told(image: &Image, step: Step, errno: Errno) -> std::string::String {
        let failed = Failed {
            path: b"/m/x.ko".to_vec(),
            step,
            errno,
            unpacked: None,
        };
        std::format!("{}", explain(image, b"x_y", failed, None))
    }

    #[test]
    fn what_forbids_a_module_is_looked_up() {
        let none = Image::with(&[]);
        let lacks = "/m/x.ko: CAP_SYS_MODULE is missing, or a security module forbids it (errno 1); ask as root, outside of a container";
        assert_eq!(told(&none, Step::Insert, Errno::PERM), lacks);
        for (file, text, word) in [
            (
                "/proc/sys/kernel/modules_disabled",
                "1\n",
                "modules_disabled",
            ),
            (
                "/proc/cmdline",
                "quiet module_blacklist=a,x-y\n",
                "module_blacklist=",
            ),
            (
                "/sys/kernel/security/lockdown",
                "none [integrity] confidentiality\n",
                "locked down",
            ),
        ] {
            let image = Image::with(&[(file, text)]);
            let told = told(&image, Step::Insert, Errno::PERM);
            assert!(told.contains(word), "{told}");
        }
    }

    #[test]
    fn loadpin_is_known_by_its_line_or_its_switch() {
        let none = Image::with(&[]);
        let switch = |text| Image::with(&[("/proc/sys/kernel/loadpin/enforce", text)]);
        let line = |text: &'static str| Some(text.as_bytes());
        let refused = |image: &Image, line| is_pinned(image, Errno::PERM, line);
        assert!(refused(&none, line("LoadPin: kernel-module denied")));
        assert!(refused(&switch("1\n"), None));
        assert!(!refused(&switch("0\n"), None));
        assert!(!refused(&none, None));
        // Another forbade it.
        assert!(!refused(&switch("1\n"), line("Lockdown: it")));
        assert!(!is_pinned(&switch("1\n"), Errno::NOEXEC, None));
    }

    #[test]
    fn a_failure_names_file_cause_and_remedy() {
        let image = Image::with(&[]);
        assert_eq!(
            told(&image, Step::Open, Errno::NOENT),
            "/m/x.ko: its file is missing, though depmod lists it (errno 2); install its package again, or run depmod(8)"
        );
        let damaged = Step::Unpack(compressed::Error::Damaged(compressed::Format::Xz));
        assert_eq!(
            told(&image, damaged, Errno::INVAL),
            "/m/x.ko: its file cannot be unpacked (damaged xz data); install its package again"
        );
        let rejected = |image: &Image| told(image, Step::Insert, Errno::KEYREJECTED);
        assert!(rejected(&image).contains("mokutil"));
        let setting = "/sys/module/module/parameters/sig_enforce";
        assert!(rejected(&Image::with(&[(setting, "N\n")])).contains("does not fit"));
        assert!(rejected(&Image::with(&[(setting, "Y\n")])).contains("mokutil"));
    }
}

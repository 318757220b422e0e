// SPDX-License-Identifier: MIT OR Apache-2.0

//! An empty cgroup of version 1 is removed.
//!
//! `kernel/cgroup/cgroup-v1.c:cgroup1_release_agent` names the cgroup by its
//! path in a hierarchy, but not the hierarchy: it is the one whose
//! `release_agent` is the program that was asked for. If hierarchies share a
//! program, each is looked at. The cgroup is removed as rmdir(2) does it,
//! never with anything below it; the kernel then asks for its parent by itself.

#![forbid(unsafe_code)]

mod mountinfo;

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags};
use rustix::io::{Errno, Result};
use umh_abi::release_agent::ReleaseAgent;

use crate::answer::{Answer, Context, Done, Failed};
use crate::sys::{Root, with_c_str};
use mountinfo::{Mount, Mounts};

/// Removes the cgroup wherever it is empty and wants to be removed.
pub fn answer(asked: &ReleaseAgent<'_>, context: &Context<'_>) -> Answer {
    let mut mounts = Mounts::open(context.root).map_err(Failed::at("/proc/self/mountinfo"))?;
    let mut result = Err(Failed {
        step: "release_agent",
        errno: Errno::NOENT,
    });
    while let Some(line) = mounts.next().map_err(Failed::at("/proc/self/mountinfo"))? {
        let Some(mount) = Mount::parse(line).filter(|mount| mount.has_agent(asked.program)) else {
            continue;
        };
        let released = hierarchy(context.root, &mount).map_err(Failed::at("cgroup mount"));
        let released = released.and_then(|top| release(&top, asked.cgroup));
        result = better(result, released);
    }
    result
}

/// Of two hierarchies, the one where more was done speaks.
fn better(one: Answer, other: Answer) -> Answer {
    match (one, other) {
        (Ok(REMOVED), _) | (Ok(_), Ok(GONE) | Err(_)) => one,
        _ => other,
    }
}

const REMOVED: Done = Done("removed");
/// Processes or cgroups have come into it since, or it is no longer to be
/// removed; the kernel will ask again.
const IN_USE: Done = Done("in use");
/// Somebody else has removed it.
const GONE: Done = Done("gone");

/// Opens the top of a hierarchy, unless something is mounted over it.
fn hierarchy(root: &Root, mount: &Mount<'_>) -> Result<OwnedFd> {
    /// `CGROUP_SUPER_MAGIC` (`include/uapi/linux/magic.h`).
    const CGROUP_SUPER_MAGIC: u32 = 0x0027_e0eb;
    let mut point = [0; 4096];
    let point = mount.point(&mut point).ok_or(Errno::NAMETOOLONG)?;
    let top = root.open(
        point,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW,
        Mode::empty(),
    )?;
    // The magic numbers are 32 bits, whatever the field's type is.
    let is_cgroup = rustix::fs::fstatfs(&top)?.f_type == CGROUP_SUPER_MAGIC.into();
    if is_cgroup {
        Ok(top)
    } else {
        Err(Errno::NOTDIR)
    }
}

/// Removes `cgroup` below `top`, if nothing is in it.
fn release(top: &impl AsFd, cgroup: &[u8]) -> Answer {
    let refused = Failed {
        step: "cgroup path",
        errno: Errno::INVAL,
    };
    let path = cgroup.strip_prefix(b"/").ok_or(refused)?;
    let mut names = path.rsplitn(2, |byte| *byte == b'/');
    let name = names.next().filter(|name| is_name(name)).ok_or(refused)?;
    let parent = names.next();
    if parent.is_some_and(|parent| !parent.split(|byte| *byte == b'/').all(is_name)) {
        return Err(refused);
    }

    let gone = |errno| match errno {
        // ENODEV comes from the files of a cgroup that is being removed.
        Errno::NOENT | Errno::NODEV => Ok(GONE),
        errno => Err(Failed {
            step: "cgroup",
            errno,
        }),
    };
    let parent = match open_below(top, parent.unwrap_or(b"."), DIRECTORY) {
        Ok(parent) => parent,
        Err(errno) => return gone(errno),
    };
    match is_released(&parent, name) {
        Ok(true) => {}
        Ok(false) => return Ok(IN_USE),
        Err(errno) => return gone(errno),
    }

    match with_c_str(name, |name| {
        rustix::fs::unlinkat(&parent, name, AtFlags::REMOVEDIR)
    }) {
        Ok(()) => Ok(REMOVED),
        // Entered between the look and the removal: cgroup_rmdir() decides
        // under its lock, so that nobody's cgroup goes away.
        Err(Errno::BUSY) => Ok(IN_USE),
        Err(Errno::NOENT | Errno::NODEV) => Ok(GONE),
        Err(errno) => Err(Failed {
            step: "rmdir(2)",
            errno,
        }),
    }
}

/// Whether the cgroup `name` wants to be removed and has no process.
fn is_released(parent: &OwnedFd, name: &[u8]) -> Result<bool> {
    let cgroup = open_below(parent, name, DIRECTORY)?;
    let starts = |file: &[u8]| {
        let file = open_below(&cgroup, file, OFlags::RDONLY)?;
        let mut byte = [0; 1];
        let read = rustix::io::read(&file, &mut byte[..])?;
        Ok::<_, Errno>(byte.first().copied().filter(|_| read == 1))
    };
    Ok(starts(b"notify_on_release")? == Some(b'1') && starts(b"cgroup.procs")?.is_none())
}

const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY);

/// Opens `path` on the same mount, without links and without a way up.
fn open_below(directory: &impl AsFd, path: &[u8], flags: OFlags) -> Result<OwnedFd> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
    let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    with_c_str(path, |path| {
        rustix::fs::openat2(directory, path, flags, Mode::empty(), resolve)
    })
}

/// Whether it names an entry of a directory.
fn is_name(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.contains(&0)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::verdict::Decision;

    /// A directory that looks like a cgroup. Its files keep rmdir(2) from
    /// removing it, so `NOTEMPTY` is what success looks like here.
    fn cgroup(path: &Path, notify: &str, processes: &str) {
        std::fs::create_dir_all(path).unwrap();
        std::fs::write(path.join("notify_on_release"), notify).unwrap();
        std::fs::write(path.join("cgroup.procs"), processes).unwrap();
    }

    const REACHED: Answer = Err(Failed {
        step: "rmdir(2)",
        errno: Errno::NOTEMPTY,
    });
    const REFUSED: Answer = Err(Failed {
        step: "cgroup path",
        errno: Errno::INVAL,
    });

    #[test]
    fn only_an_empty_cgroup_that_asks_for_it_is_removed() {
        let top = tempfile::tempdir().unwrap();
        cgroup(&top.path().join("empty"), "1\n", "");
        cgroup(&top.path().join("a/b/empty"), "1\n", "");
        cgroup(&top.path().join("used"), "1\n", "17\n");
        cgroup(&top.path().join("kept"), "0\n", "");
        let top = File::open(top.path()).unwrap();
        assert_eq!(release(&top, b"/empty"), REACHED);
        assert_eq!(release(&top, b"/a/b/empty"), REACHED);
        assert_eq!(release(&top, b"/used"), Ok(IN_USE));
        assert_eq!(release(&top, b"/kept"), Ok(IN_USE));
        assert_eq!(release(&top, b"/gone"), Ok(GONE));
        assert_eq!(release(&top, b"/gone/too"), Ok(GONE));
    }

    #[test]
    fn a_plain_directory_is_no_cgroup_and_stays() {
        let top = tempfile::tempdir().unwrap();
        let plain = top.path().join("plain");
        std::fs::create_dir(&plain).unwrap();
        assert_eq!(
            release(&File::open(top.path()).unwrap(), b"/plain"),
            Ok(GONE)
        );
        assert!(plain.is_dir());
    }

    #[test]
    fn no_path_leads_out_of_the_hierarchy() {
        let outer = tempfile::tempdir().unwrap();
        cgroup(&outer.path().join("victim"), "1\n", "");
        let top = outer.path().join("top");
        std::fs::create_dir(&top).unwrap();
        std::os::unix::fs::symlink("../victim", top.join("link")).unwrap();
        std::os::unix::fs::symlink("..", top.join("up")).unwrap();
        let top = File::open(top).unwrap();
        for path in [
            &b""[..],
            b"/",
            b"victim",
            b"/../victim",
            b"/.",
            b"//victim",
            b"/a/../../victim",
            b"/a//b",
            b"/link/",
            b"/a\0b",
        ] {
            assert_eq!(release(&top, path), REFUSED, "{}", path.escape_ascii());
        }
        for path in [&b"/link"[..], b"/up/victim"] {
            let failed = release(&top, path).unwrap_err();
            assert!(
                matches!(failed.errno, Errno::LOOP | Errno::NOTDIR),
                "{failed}"
            );
        }
    }

    #[test]
    fn what_is_not_a_cgroup_mount_is_not_touched() {
        let root = tempfile::tempdir().unwrap();
        cgroup(&root.path().join("cg/empty"), "1\n", "");
        std::fs::create_dir_all(root.path().join("proc/self")).unwrap();
        let line = "9 1 0:5 / /cg rw - cgroup none rw,release_agent=/agent,name=x\n";
        std::fs::write(root.path().join("proc/self/mountinfo"), line).unwrap();
        let root = Root::At(File::open(root.path()).unwrap().into());
        let permit = Decision::Allow.permit().unwrap();
        let context = Context::new(permit, &root, Duration::ZERO);
        let ask = |program| {
            answer(
                &ReleaseAgent {
                    program,
                    cgroup: b"/empty",
                },
                &context,
            )
        };
        assert_eq!(
            ask(b"/agent"),
            Err(Failed {
                step: "cgroup mount",
                errno: Errno::NOTDIR
            })
        );
        assert_eq!(
            ask(b"/other"),
            Err(Failed {
                step: "release_agent",
                errno: Errno::NOENT
            })
        );
    }

    #[test]
    fn the_hierarchy_where_more_was_done_speaks() {
        let failed = Err(Failed {
            step: "cgroup",
            errno: Errno::ACCESS,
        });
        for (one, other, best) in [
            (failed, Ok(GONE), Ok(GONE)),
            (Ok(GONE), failed, Ok(GONE)),
            (Ok(GONE), Ok(IN_USE), Ok(IN_USE)),
            (Ok(IN_USE), Ok(GONE), Ok(IN_USE)),
            (Ok(IN_USE), Ok(REMOVED), Ok(REMOVED)),
            (Ok(REMOVED), Ok(IN_USE), Ok(REMOVED)),
        ] {
            assert_eq!(better(one, other), best);
        }
    }
}

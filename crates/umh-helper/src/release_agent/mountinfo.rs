// SPDX-License-Identifier: MIT OR Apache-2.0

//! The mounts of cgroup hierarchies, from `/proc/self/mountinfo`
//! (proc_pid_mountinfo(5); `fs/proc_namespace.c:show_mountinfo`,
//! `kernel/cgroup/cgroup-v1.c:cgroup1_show_options`).
//!
//! Mount points are bytes that strangers may have chosen: the file is read as
//! a stream of lines, and a line longer than the buffer is left out.

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::io::Result;

use crate::sys::Root;

/// The lines of the file.
pub(super) struct Mounts {
    file: OwnedFd,
    buffer: [u8; LINE_MAX],
    /// What of the buffer is read, and how much of that has been given out.
    used: usize,
    given: usize,
}

/// A mount point of `PATH_MAX` bytes and a page of options, as long as few
/// of them need escapes.
const LINE_MAX: usize = 12 * 1024;

impl Mounts {
    /// Opens the file.
    pub(super) fn open(root: &Root) -> Result<Self> {
        let file = root.open(b"/proc/self/mountinfo", OFlags::RDONLY, Mode::empty())?;
        Ok(Self {
            file,
            buffer: [0; LINE_MAX],
            used: 0,
            given: 0,
        })
    }

    /// The next line, without its newline; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>> {
        let mut too_long = false;
        loop {
            let rest = self.buffer.get(self.given..self.used).unwrap_or(&[]);
            if let Some(length) = rest.iter().position(|byte| *byte == b'\n') {
                let line = self.given..self.given + length;
                self.given = line.end + 1;
                if !too_long {
                    return Ok(self.buffer.get(line));
                }
                too_long = false;
                continue;
            }
            // No newline in the buffer: make room, at the cost of a line that
            // has filled it all.
            if rest.len() == LINE_MAX {
                too_long = true;
                self.given = self.used;
            }
            self.buffer.copy_within(self.given..self.used, 0);
            self.used -= self.given;
            self.given = 0;
            let room = self.buffer.get_mut(self.used..).unwrap_or(&mut []);
            match rustix::io::read(&self.file, room)? {
                0 => return Ok(None),
                more => self.used += more,
            }
        }
    }
}

/// One line's fields, still with their escapes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mount<'a> {
    point: &'a [u8],
    options: &'a [u8],
}

impl<'a> Mount<'a> {
    /// Reads the line of a whole cgroup hierarchy; `None` for all others. A
    /// bind mount of a part of one has another root than `/`.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        let mut fields = line.split(|byte| *byte == b' ');
        let root = fields.nth(3)?;
        let point = fields.next()?;
        // Mount options and any number of optional fields, up to the dash.
        fields.find(|field| *field == b"-")?;
        let kind = fields.next()?;
        let options = fields.nth(1)?;
        (root == b"/" && kind == b"cgroup").then_some(Self { point, options })
    }

    /// Whether the hierarchy's `release_agent` is `program`.
    pub(super) fn has_agent(&self, program: &[u8]) -> bool {
        let mut options = self.options.split(|byte| *byte == b',');
        let agent = options.find_map(|option| option.strip_prefix(b"release_agent="));
        agent.is_some_and(|agent| unescaped(agent).eq(program.iter().copied()))
    }

    /// The mount point, written to `buffer`; `None` if it does not fit.
    pub(super) fn point<'b>(&self, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        let mut used = 0;
        for byte in unescaped(self.point) {
            *buffer.get_mut(used)? = byte;
            used += 1;
        }
        buffer.get(..used)
    }
}

/// Undoes the kernel's escapes, `\` and three octal digits (`mangle_path`,
/// `seq_escape`). A `\` that begins none stays.
fn unescaped(text: &[u8]) -> impl Iterator<Item = u8> {
    let mut rest = text;
    core::iter::from_fn(move || {
        if let [
            b'\\',
            a @ b'0'..=b'3',
            b @ b'0'..=b'7',
            c @ b'0'..=b'7',
            tail @ ..,
        ] = rest
        {
            rest = tail;
            return Some((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
        }
        let (byte, tail) = rest.split_first()?;
        rest = tail;
        Some(*byte)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    const LINE: &[u8] = br"41 30 0:33 / /sys/fs/cgroup/my\040v1 rw,nosuid shared:9 master:2 - cgroup cgroup rw,release_agent=/usr/lib/umh/release\055agent,name=x";

    #[test]
    fn a_hierarchy_is_found_by_its_agent() {
        let mount = Mount::parse(LINE).unwrap();
        assert!(mount.has_agent(b"/usr/lib/umh/release-agent"));
        assert!(!mount.has_agent(b"/usr/lib/umh/release"));
        assert!(!mount.has_agent(b""));
        assert_eq!(
            mount.point(&mut [0; 64]),
            Some(&b"/sys/fs/cgroup/my v1"[..])
        );
        assert_eq!(mount.point(&mut [0; 8]), None);
    }

    #[test]
    fn other_file_systems_and_parts_of_hierarchies_are_left_out() {
        for line in [
            &br"41 30 0:33 / /x rw - cgroup2 cgroup rw,release_agent=/a"[..],
            br"41 30 0:33 /part /x rw - cgroup cgroup rw,release_agent=/a",
            br"41 30 0:33 / /x rw - tmpfs cgroup rw,release_agent=/a",
            br"41 30 0:33 / /x rw cgroup cgroup rw,release_agent=/a",
            b"41 30",
            b"",
        ] {
            assert_eq!(Mount::parse(line), None, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn a_mount_point_cannot_forge_fields() {
        let line =
            br"41 30 0:33 / /a\040-\040cgroup\040none\040release_agent=/x rw - tmpfs none rw";
        assert_eq!(Mount::parse(line), None);
    }

    #[test]
    fn a_backslash_that_escapes_nothing_stays() {
        let plain: Vec<u8> = unescaped(br"a\400\08\12").collect();
        assert_eq!(plain, br"a\400\08\12");
        assert_eq!(
            unescaped(br"\134\011\377").collect::<Vec<u8>>(),
            b"\\\t\xff"
        );
    }

    fn lines(text: &[u8]) -> Vec<Vec<u8>> {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("proc/self")).unwrap();
        std::fs::write(root.path().join("proc/self/mountinfo"), text).unwrap();
        let root = Root::At(std::fs::File::open(root.path()).unwrap().into());
        let mut mounts = Mounts::open(&root).unwrap();
        let mut lines = Vec::new();
        while let Some(line) = mounts.next().unwrap() {
            lines.push(line.to_vec());
        }
        lines
    }

    #[test]
    fn a_line_too_long_is_left_out_and_its_neighbours_are_not() {
        for length in [LINE_MAX - 1, LINE_MAX, LINE_MAX + 1, 3 * LINE_MAX] {
            let long = vec![b'x'; length];
            let text = [&b"first\n"[..], &long, b"\nlast\n"].concat();
            let kept = lines(&text);
            assert_eq!(kept.first().unwrap(), b"first");
            assert_eq!(kept.last().unwrap(), b"last");
            assert_eq!(
                kept.len(),
                if length < LINE_MAX { 3 } else { 2 },
                "{length}"
            );
        }
    }

    #[test]
    fn a_file_of_many_buffers_loses_no_line() {
        let wanted: Vec<Vec<u8>> = (0..5000)
            .map(|n| format!("{n} mount").into_bytes())
            .collect();
        let text: Vec<u8> = wanted
            .iter()
            .flat_map(|line| [line, &b"\n"[..]].concat())
            .collect();
        assert_eq!(lines(&text), wanted);
    }

    proptest! {
        #[test]
        fn no_line_is_a_surprise(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(mount) = Mount::parse(&line) {
                mount.has_agent(b"/x");
                mount.point(&mut [0; 16]);
            }
        }
    }
}

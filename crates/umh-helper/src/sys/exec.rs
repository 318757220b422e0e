// SPDX-License-Identifier: MIT OR Apache-2.0

//! Becoming another program: argument lists and execve(2).

use core::ffi::CStr;

use rustix::fd::{AsRawFd as _, BorrowedFd};
use rustix::io::{Errno, Result};

use super::memory::map_anonymous;
use super::raw::{number, syscall};

/// A list of words in the form that execve(2) takes: pointers to C strings.
///
/// # Invariants
///
/// The first `count` pointers each name a string that ends within `bytes`,
/// which do not change; the pointer after them exists and is null.
#[derive(Debug)]
pub struct WordList {
    bytes: &'static mut [u8],
    used: usize,
    pointers: &'static mut [usize],
    count: usize,
}

impl WordList {
    /// An empty list with room for `words` words of `bytes` bytes in all,
    /// NULs included.
    pub fn with_room(words: usize, bytes: usize) -> Result<Self> {
        Self::pair((words, bytes), (0, 0)).map(|(list, _)| list)
    }

    /// Two such lists in one mapping.
    pub fn pair(first: (usize, usize), second: (usize, usize)) -> Result<(Self, Self)> {
        let tables = [Self::table(first.0)?, Self::table(second.0)?];
        let lengths = [tables[0], tables[1], first.1, second.1];
        let length = lengths
            .iter()
            .try_fold(0usize, |sum, length| sum.checked_add(*length));
        let room = map_anonymous(length.ok_or(Errno::TOOBIG)?)?;
        let (tables, bytes) = room
            .split_at_mut_checked(tables[0].saturating_add(tables[1]))
            .ok_or(Errno::TOOBIG)?;
        // SAFETY: every pattern of bits is a `usize`. Nothing is left over:
        // a mapping begins at a page, and the length is a multiple.
        let (_, tables, _) = unsafe { tables.align_to_mut() };
        let tables = tables.split_at_mut_checked(first.0 + 1);
        let bytes = bytes.split_at_mut_checked(first.1);
        let ((one, other), (its, others)) = tables.zip(bytes).ok_or(Errno::TOOBIG)?;
        Ok((Self::new(one, its), Self::new(other, others)))
    }

    const fn new(pointers: &'static mut [usize], bytes: &'static mut [u8]) -> Self {
        Self {
            bytes,
            used: 0,
            pointers,
            count: 0,
        }
    }

    /// The bytes of the pointers to `words` words and of the null after them.
    fn table(words: usize) -> Result<usize> {
        let pointers = words.checked_add(1);
        let bytes = pointers.and_then(|pointers| pointers.checked_mul(size_of::<usize>()));
        bytes.ok_or(Errno::TOOBIG)
    }

    /// Appends one word, given in pieces. `TOOBIG` if there is no room,
    /// `INVAL` for a NUL inside.
    pub fn push(&mut self, pieces: &[&[u8]]) -> Result<()> {
        if self.count + 1 >= self.pointers.len() {
            return Err(Errno::TOOBIG);
        }
        let mut end = self.used;
        for piece in pieces {
            if piece.contains(&0) {
                return Err(Errno::INVAL);
            }
            let start = end;
            end = start.saturating_add(piece.len());
            self.bytes
                .get_mut(start..end)
                .ok_or(Errno::TOOBIG)?
                .copy_from_slice(piece);
        }
        *self.bytes.get_mut(end).ok_or(Errno::TOOBIG)? = 0;

        let word = self.bytes.get(self.used..).ok_or(Errno::TOOBIG)?;
        let pointer = self.pointers.get_mut(self.count).ok_or(Errno::TOOBIG)?;
        *pointer = word.as_ptr().expose_provenance();
        self.count += 1;
        self.used = end + 1;
        Ok(())
    }

    /// The words, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let block = self.bytes.get(..self.used).unwrap_or_default();
        block
            .split_inclusive(|byte| *byte == 0)
            .map(|word| word.strip_suffix(b"\0").unwrap_or(word))
    }

    fn address(&self) -> usize {
        self.pointers.as_ptr().expose_provenance()
    }
}

/// Becomes the program that `file` is; returns only what went wrong.
pub fn exec_file(file: BorrowedFd<'_>, argv: &WordList, envp: &WordList) -> Errno {
    /// `AT_EMPTY_PATH` (fcntl.h)
    const EMPTY_PATH: usize = 0x1000;
    exec(file, c"", argv, envp, EMPTY_PATH)
}

/// Asks the kernel and its security modules whether they would let this
/// process become the program that `file` is (`AT_EXECVE_CHECK`, Linux 6.14);
/// nothing is run. `INVAL` from a kernel that cannot be asked.
pub fn check_file(file: BorrowedFd<'_>, argv: &WordList, envp: &WordList) -> Result<()> {
    /// `AT_EMPTY_PATH | AT_EXECVE_CHECK` (fcntl.h)
    const EMPTY_PATH_CHECK: usize = 0x1_1000;
    let arguments = [
        file.as_raw_fd().cast_unsigned() as usize,
        c"".as_ptr().expose_provenance(),
        argv.address(),
        envp.address(),
        EMPTY_PATH_CHECK,
        0,
    ];
    // SAFETY: as in `exec`; and a kernel that does not know the flag refuses
    // it, so that this process stays what it is.
    unsafe { syscall(number::EXECVEAT, arguments) }.map(drop)
}

/// Becomes the program at `path`, from `directory` on if that is relative;
/// returns only what went wrong.
pub fn exec_at(directory: BorrowedFd<'_>, path: &CStr, argv: &WordList, envp: &WordList) -> Errno {
    exec(directory, path, argv, envp, 0)
}

fn exec(
    directory: BorrowedFd<'_>,
    path: &CStr,
    argv: &WordList,
    envp: &WordList,
    flags: usize,
) -> Errno {
    let arguments = [
        // An int: the kernel looks at the lower half only.
        directory.as_raw_fd().cast_unsigned() as usize,
        path.as_ptr().expose_provenance(),
        argv.address(),
        envp.address(),
        flags,
        0,
    ];
    // SAFETY: the path is a C string; both lists are pointers to C strings
    // that end with null (the invariant of `WordList`).
    match unsafe { syscall(number::EXECVEAT, arguments) } {
        Err(errno) => errno,
        // Cannot be: a successful execve(2) does not return.
        Ok(_) => Errno::NOSYS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_list_takes_no_word_and_keeps_what_it_has() {
        let mut list = WordList::with_room(2, 6).unwrap();
        list.push(&[b"a", b"b"]).unwrap();
        assert_eq!(list.push(&[b"abc"]), Err(Errno::TOOBIG));
        list.push(&[b"cd"]).unwrap();
        assert_eq!(list.push(&[]), Err(Errno::TOOBIG));
        assert!(list.iter().eq([b"ab", b"cd"]));
        assert_eq!(
            list.pointers,
            [
                list.bytes.as_ptr().addr(),
                list.bytes.as_ptr().addr() + 3,
                0
            ]
        );
    }

    #[test]
    fn a_nul_inside_a_word_is_refused() {
        let mut list = WordList::with_room(1, 9).unwrap();
        assert_eq!(list.push(&[b"a\0b"]), Err(Errno::INVAL));
        assert_eq!(list.iter().count(), 0);
    }
}

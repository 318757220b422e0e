// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the kernel puts on the stack of a new program: argc, the argument
//! pointers, the environment pointers, the auxiliary vector
//! (`fs/binfmt_elf.c:create_elf_tables`, getauxval(3)).

use core::ffi::CStr;

/// The words that a program is started with, as they lie in memory.
#[derive(Clone, Copy, Debug)]
pub struct Stack<'a> {
    /// The arguments, each with its NUL, one after the other; `None` if they
    /// do not lie so, which no Linux does.
    pub argv: Option<&'a [u8]>,
    /// The environment, in the same form.
    pub envp: Option<&'a [u8]>,
    /// The path that the kernel executed (`AT_EXECFN`): our own file.
    pub program: Option<&'a CStr>,
    /// Whether real and effective user and group were 0 at execve(2)
    /// (`AT_UID` to `AT_EGID`), and with them the saved ones.
    pub root: bool,
}

impl Stack<'_> {
    /// Reads the stack from its first word, argc.
    ///
    /// # Safety
    ///
    /// `stack` must be laid out as the kernel does it, and stay unchanged for
    /// the life of the result.
    pub unsafe fn at(stack: *const usize) -> Self {
        /// auxvec.h
        const AT_NULL: usize = 0;
        const AT_UID: usize = 11;
        const AT_EGID: usize = 14;
        const AT_EXECFN: usize = 31;

        // SAFETY: argc is the first word.
        let argc = unsafe { stack.read() };
        let argv = stack.wrapping_add(1);
        let envp = argv.wrapping_add(argc).wrapping_add(1);
        let mut auxiliary = envp;
        // SAFETY: the environment ends with a null pointer.
        while unsafe { auxiliary.read() } != 0 {
            auxiliary = auxiliary.wrapping_add(1);
        }
        auxiliary = auxiliary.wrapping_add(1);

        let mut program = None;
        let mut zero_ids = 0;
        loop {
            // SAFETY: the vector is pairs up to and with `AT_NULL`.
            let pair = unsafe { auxiliary.cast::<[usize; 2]>().read() };
            match pair {
                [AT_NULL, _] => break,
                [AT_UID..=AT_EGID, 0] => zero_ids += 1,
                [AT_EXECFN, path] => {
                    // SAFETY: the kernel points at the path, which it copied
                    // to the same stack.
                    program =
                        Some(unsafe { CStr::from_ptr(core::ptr::with_exposed_provenance(path)) });
                }
                _ => {}
            }
            auxiliary = auxiliary.wrapping_add(2);
        }
        // SAFETY: both are lists of pointers to C strings, ended by null.
        let argv = unsafe { block(argv.cast()) };
        // SAFETY: as above.
        let envp = unsafe { block(envp.cast()) };
        Self {
            argv,
            envp,
            program,
            root: zero_ids == 4,
        }
    }
}

/// The strings of a list as one block, if each begins where the last ends.
///
/// # Safety
///
/// `list` must be pointers to C strings, ended by a null pointer.
unsafe fn block<'a>(mut list: *const *const u8) -> Option<&'a [u8]> {
    // SAFETY: the list has at least its end.
    let start = unsafe { list.read() };
    if start.is_null() {
        return Some(&[]);
    }
    let mut length = 0;
    loop {
        // SAFETY: the end has not been met.
        let word = unsafe { list.read() };
        if word.is_null() {
            break;
        }
        if word != start.wrapping_add(length) {
            return None;
        }
        // SAFETY: each pointer names a C string.
        length += unsafe { CStr::from_ptr(word.cast()) }.count_bytes() + 1;
        list = list.wrapping_add(1);
    }
    // SAFETY: every byte from `start` on was just walked over, and the kernel
    // laid all of them into one mapping, the stack.
    Some(unsafe { core::slice::from_raw_parts(start, length) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lays out a stack over `strings`, whose words begin at the offsets.
    fn stack(strings: &[u8], argv: &[usize], envp: &[usize], group: usize) -> Vec<usize> {
        let base = strings.as_ptr().expose_provenance();
        let mut words = vec![argv.len()];
        words.extend(argv.iter().map(|offset| base + offset));
        words.push(0);
        words.extend(envp.iter().map(|offset| base + offset));
        words.push(0);
        // AT_PAGESZ, AT_UID, AT_EUID, AT_GID, AT_EGID, AT_EXECFN (the first
        // argument), AT_NULL.
        words.extend([6, 4096, 11, 0, 12, 0, 13, 0, 14, group, 31, base, 0, 0]);
        words
    }

    #[test]
    fn words_that_follow_each_other_are_one_block() {
        let strings = b"/sbin/x\0-q\0\0HOME=/\0";
        let words = stack(strings, &[0, 8, 11], &[12], 0);
        // SAFETY: laid out above, and alive.
        let stack = unsafe { Stack::at(words.as_ptr()) };
        assert_eq!(stack.argv, Some(&b"/sbin/x\0-q\0\0"[..]));
        assert_eq!(stack.envp, Some(&b"HOME=/\0"[..]));
        assert_eq!(stack.program, Some(c"/sbin/x"));
        assert!(stack.root);
    }

    #[test]
    fn nothing_is_an_empty_block() {
        let words = stack(b"x\0", &[], &[], 0);
        // SAFETY: laid out above, and alive.
        let stack = unsafe { Stack::at(words.as_ptr()) };
        assert_eq!((stack.argv, stack.envp), (Some(&b""[..]), Some(&b""[..])));
    }

    #[test]
    fn words_in_another_order_are_refused() {
        let words = stack(b"a\0b\0c\0", &[2, 0], &[0, 4], 100);
        // SAFETY: laid out above, and alive.
        let stack = unsafe { Stack::at(words.as_ptr()) };
        assert_eq!((stack.argv, stack.envp), (None, None));
        assert!(!stack.root, "the effective group is not 0");
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! The modules in the kernel: `/proc/modules` (`kernel/module/procfs.c`).

use std::io;
use std::path::Path;

/// Where the kernel lists them.
const LIST: &str = "/proc/modules";

/// A module in the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Its name.
    pub name: Vec<u8>,
    /// The bytes that it takes.
    pub size: u64,
    /// How many users it has, modules and others; -2 (kmod's word for it)
    /// where modules cannot be removed.
    pub references: i64,
    /// The modules among them.
    pub users: Vec<Vec<u8>>,
    /// `Live`, `Loading` or `Unloading`.
    pub state: Vec<u8>,
}

/// Every module in the kernel, the newest first.
pub fn loaded() -> io::Result<Vec<Loaded>> {
    let text = std::fs::read(Path::new(LIST))?;
    let lines = text.split(|byte| *byte == b'\n');
    Ok(lines.filter_map(Loaded::parse).collect())
}

impl Loaded {
    /// `NAME SIZE REFERENCES USER,USER, STATE ADDRESS`; `-` stands for no
    /// users, and for a number that this kernel does not count.
    fn parse(line: &[u8]) -> Option<Self> {
        let mut words = line.split(|byte| *byte == b' ');
        let name = words.next().filter(|name| !name.is_empty())?;
        let number =
            |word: Option<&[u8]>| -> Option<i64> { str::from_utf8(word?).ok()?.parse().ok() };
        let size = number(words.next())?;
        let references = number(words.next()).unwrap_or(-2);
        let users = words.next().unwrap_or_default().split(|byte| *byte == b',');
        // What cannot be removed at all is marked among the users.
        let users = users.filter(|user| !matches!(*user, b"" | b"-" | b"[permanent]"));
        Some(Self {
            name: name.to_vec(),
            size: size.try_into().ok()?,
            references,
            users: users.map(<[u8]>::to_vec).collect(),
            state: words.next().unwrap_or_default().to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_proc_modules_is_a_module() {
        let line = b"llc 16384 2 bridge,stp, Live 0xffffffffc0400000 (E)";
        let module = Loaded::parse(line).unwrap();
        assert_eq!((module.size, module.references), (16384, 2));
        assert_eq!(module.users, [b"bridge".to_vec(), b"stp".to_vec()]);
        assert_eq!(module.state, b"Live");
        assert_eq!(Loaded::parse(b""), None);
    }

    #[test]
    fn what_is_no_user_and_no_number_is_left_out() {
        let module = Loaded::parse(b"nfit 65536 1 [permanent], Live 0x0").unwrap();
        assert!(module.users.is_empty());
        let module = Loaded::parse(b"loop 32768 0 - Live 0x0").unwrap();
        assert!(module.users.is_empty());
        let module = Loaded::parse(b"loop 32768 - - Live 0x0").unwrap();
        assert_eq!(module.references, -2);
    }
}

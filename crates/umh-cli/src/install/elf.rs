// SPDX-License-Identifier: MIT OR Apache-2.0

//! Can the kernel start this file before anything else exists?

/// `PT_INTERP` (elf.h): the program needs a loader, thus libraries, thus a
/// mounted root.
const INTERPRETER: u32 = 3;

/// Says what is wrong with `file` as the program that the kernel starts.
pub fn check_static(file: &[u8]) -> Result<(), &'static str> {
    if !file.starts_with(b"\x7fELF\x02\x01") {
        return Err("is not a 64-bit ELF program");
    }
    let broken = "is a broken ELF file";
    let start = number::<8>(file, 0x20)
        .and_then(|start| usize::try_from(start).ok())
        .ok_or(broken)?;
    let size = number::<2>(file, 0x36).ok_or(broken)?;
    let count = number::<2>(file, 0x38).ok_or(broken)?;
    for index in 0..count {
        let offset = usize::try_from(index * size)
            .ok()
            .and_then(|offset| start.checked_add(offset))
            .ok_or(broken)?;
        if number::<4>(file, offset).ok_or(broken)? == u64::from(INTERPRETER) {
            return Err("is linked dynamically: it could not start before the root is mounted");
        }
    }
    Ok(())
}

/// The little-endian number of `N` bytes at `offset`.
fn number<const N: usize>(file: &[u8], offset: usize) -> Option<u64> {
    let bytes = file.get(offset..)?.first_chunk::<N>()?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF file with one program header of type `kind`.
    fn elf(kind: u8) -> Vec<u8> {
        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(0x40 + 56, 0);
        file[0x20] = 0x40;
        file[0x36] = 56;
        file[0x38] = 1;
        file[0x40] = kind;
        file
    }

    #[test]
    fn a_static_program_passes() {
        assert_eq!(check_static(&elf(1)), Ok(()));
    }

    #[test]
    fn a_program_with_a_loader_does_not() {
        assert!(check_static(&elf(3)).unwrap_err().contains("dynamically"));
    }

    #[test]
    fn anything_else_does_not_and_nothing_panics() {
        assert!(check_static(b"#!/bin/sh\n").is_err());
        let file = elf(1);
        for end in 0..file.len() - 56 {
            assert!(check_static(&file[..end]).is_err(), "{end}");
        }
        let mut wild = elf(1);
        wild[0x20..0x28].fill(0xff);
        assert!(check_static(&wild).is_err());
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a core says of itself, and a look at one too large to be stored.

use std::io::Read;
use std::os::fd::AsFd;

/// What [`crate::guest::act`] writes into one page of a sparse core.
pub const MARK: &[u8] = b"umh-vm was here, in the middle of nothing";

/// Large enough for every program header of a small process.
const PIECE: usize = 256 << 10;

/// How long the program headers of the core that begins with `bytes` say
/// that it is; `None` where there is no such header.
pub fn promised(bytes: &[u8]) -> Option<u64> {
    if !bytes.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let number = |at: usize, length: usize| {
        let field = bytes.get(at..at.checked_add(length)?)?;
        let digits = field.iter().rev();
        Some(digits.fold(0u64, |number, byte| number << 8 | u64::from(*byte)))
    };
    let (table, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    let mut end = 0;
    for index in 0..count {
        let header = usize::try_from(table.checked_add(index.checked_mul(size)?)?).ok()?;
        let (offset, length) = (number(header + 8, 8)?, number(header + 32, 8)?);
        end = end.max(offset.checked_add(length)?);
    }
    Some(end)
}

/// A core that went by.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// The bytes that came.
    pub(super) bytes: u64,
    /// The bytes that its headers promise.
    pub(super) promised: u64,
    /// How often [`MARK`] is in it.
    pub(super) marks: usize,
    /// Pages that are not zero.
    pub(super) filled: usize,
}

/// Reads a core to its end and keeps nothing.
pub(super) fn measure(mut core: impl Read + AsFd) -> std::io::Result<Measured> {
    // Fewer turns between two processes; a file has no such size.
    let _refused = rustix::pipe::fcntl_setpipe_size(&core, 1 << 20);
    let mut measured = Measured::default();
    let mut piece = vec![0; PIECE];
    let zeros = [0; 4096];
    loop {
        let length = fill(&mut core, &mut piece)?;
        let read = piece.get(..length).unwrap_or_default();
        if measured.bytes == 0 {
            measured.promised = promised(read).unwrap_or(0);
        }
        measured.bytes += u64::try_from(length).unwrap_or(0);
        for page in read.chunks(zeros.len()) {
            if *page != zeros {
                measured.filled += 1;
                let marks = page.windows(MARK.len()).filter(|bytes| *bytes == MARK);
                measured.marks += marks.count();
            }
        }
        if length < PIECE {
            return Ok(measured);
        }
    }
}

/// As much as fits, or as there is: a pipe gives what it has.
fn fill(from: &mut impl Read, piece: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while let Some(room) = piece.get_mut(length..).filter(|room| !room.is_empty()) {
        match from.read(room)? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}

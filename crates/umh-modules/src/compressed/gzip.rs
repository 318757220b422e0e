// SPDX-License-Identifier: MIT OR Apache-2.0

//! gzip(1): the members' headers and trailers (RFC 1952) around deflate.

use alloc::boxed::Box;
use alloc::vec::Vec;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::{Error, Format, Output};

const DAMAGED: Error = Error::Damaged(Format::Gzip);

pub(super) fn decode(packed: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    // The last word is the length modulo 2^32.
    let said = packed.last_chunk().copied().map_or(0, u32::from_le_bytes);
    let said = usize::try_from(said).unwrap_or(limit);
    let mut output = Output::new(said, packed.len(), limit);
    let mut rest = packed;
    loop {
        let begin = output.used;
        rest = inflate(header(rest).ok_or(DAMAGED)?, &mut output)?;
        let (sum, after) = rest.split_first_chunk::<4>().ok_or(DAMAGED)?;
        let (length, after) = after.split_first_chunk::<4>().ok_or(DAMAGED)?;
        let member = output.bytes.get(begin..output.used).ok_or(DAMAGED)?;
        let counted = member.len() & 0xffff_ffff;
        if u32::from_le_bytes(*sum) != crc32(member)
            || usize::try_from(u32::from_le_bytes(*length)) != Ok(counted)
        {
            return Err(DAMAGED);
        }
        // Padding may follow the last member.
        if after.iter().all(|byte| *byte == 0) {
            return output.finish();
        }
        rest = after;
    }
}

/// Unpacks one deflate stream and gives what follows it.
fn inflate<'p>(packed: &'p [u8], output: &mut Output) -> Result<&'p [u8], Error> {
    let mut decoder = Box::<DecompressorOxide>::default();
    let mut rest = packed;
    loop {
        // Its own earlier output is its window.
        output.free()?;
        let (status, read, written) = decompress(
            &mut decoder,
            rest,
            &mut output.bytes,
            output.used,
            TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
        );
        rest = rest.get(read..).unwrap_or_default();
        output.used += written;
        match status {
            TINFLStatus::Done => return Ok(rest),
            TINFLStatus::HasMoreOutput => {}
            _ => return Err(DAMAGED),
        }
    }
}

/// What follows a member's header.
fn header(member: &[u8]) -> Option<&[u8]> {
    const FHCRC: u8 = 2;
    const FEXTRA: u8 = 4;
    const FNAME: u8 = 8;
    const FCOMMENT: u8 = 16;
    let ([0x1f, 0x8b, 8, flags, ..], mut rest) = member.split_first_chunk::<10>()? else {
        return None;
    };
    if flags & FEXTRA != 0 {
        let (length, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [FNAME, FCOMMENT] {
        if flags & text != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & FHCRC != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

/// The check of gzip, four bits at a time: a table of 64 bytes is enough for
/// what is done once a module.
fn crc32(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    let table: [u32; 16] = core::array::from_fn(|nibble| {
        (0..4).fold(u32::try_from(nibble).unwrap_or_default(), |sum, _| {
            (sum >> 1) ^ if sum & 1 == 1 { POLYNOMIAL } else { 0 }
        })
    });
    let step = |sum: u32, nibble: u32| {
        let place = usize::try_from((sum ^ nibble) & 15).unwrap_or_default();
        (sum >> 4) ^ table.get(place).copied().unwrap_or_default()
    };
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        let byte = u32::from(*byte);
        step(step(sum, byte), byte >> 4)
    })
}

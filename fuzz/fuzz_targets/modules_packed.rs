// SPDX-License-Identifier: MIT OR Apache-2.0

//! Arbitrary gzip, xz and zstd streams: no decoder panics or goes beyond its
//! limit, and where two can read a stream they agree.
//!
//! Input: which format, and the stream after its magic number.

#![no_main]

use std::io::Read as _;

use libfuzzer_sys::fuzz_target;

use umh_modules::compressed::{Format, decode};

const LIMIT: usize = 1 << 20;

fuzz_target!(|input: &[u8]| {
    let Some((which, rest)) = input.split_first() else {
        return;
    };
    let magic: &[u8] = match which % 3 {
        0 => b"\x1f\x8b",
        1 => b"\xfd7zXZ\0",
        _ => b"\x28\xb5\x2f\xfd",
    };
    let packed = [magic, rest].concat();
    let Ok(bytes) = decode(&packed, LIMIT) else {
        return;
    };
    assert!(bytes.len() <= LIMIT);
    if Format::of(&packed) == Format::Zstd {
        let mut other = Vec::new();
        let decoder = ruzstd::decoding::StreamingDecoder::new(&packed[..]);
        // It reads the first frame alone.
        if decoder.is_ok_and(|mut decoder| decoder.read_to_end(&mut other).is_ok()) {
            assert!(bytes.starts_with(&other), "two decoders disagree");
        }
    }
});

// SPDX-License-Identifier: MIT OR Apache-2.0

//! Damage, of the kinds that parsers meet.

use fastrand::Rng;

/// Damages `bytes` in a few places; `words` are what its format is made of.
pub(super) fn damage(bytes: &mut Vec<u8>, words: &[&[u8]], rng: &mut Rng) {
    for _ in 0..rng.usize(1..=4) {
        let length = bytes.len();
        let at = rng.usize(0..=length);
        match rng.u8(0..9) {
            0 => flip(bytes, at, rng),
            1 => put(bytes, at, &[rng.u8(..)]),
            2 => bytes.truncate(at),
            3 => {
                let end = (at + rng.usize(0..64)).min(length);
                bytes.drain(at..end);
            }
            // A length, an offset, a count.
            4 => put(bytes, at, &interesting(rng).to_be_bytes()),
            5 => put(bytes, at, &interesting(rng).to_le_bytes()),
            6 => {
                let word = rng.choice(words).copied().unwrap_or_default();
                bytes.splice(at..at, word.iter().copied());
            }
            7 => {
                let end = (at + rng.usize(0..256)).min(length);
                let part: Vec<u8> = bytes.get(at..end).unwrap_or_default().to_vec();
                let to = rng.usize(0..=length);
                bytes.splice(to..to, part);
            }
            _ => {
                let many = rng.usize(0..5000);
                let byte = rng.choice(b"[*?\0\xff-_a \n\"\\".iter()).copied();
                bytes.splice(at..at, std::iter::repeat_n(byte.unwrap_or(0), many));
            }
        }
    }
}

fn flip(bytes: &mut [u8], at: usize, rng: &mut Rng) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << rng.u8(0..8);
    }
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    for (byte, value) in bytes.iter_mut().skip(at).zip(value) {
        *byte = *value;
    }
}

fn interesting(rng: &mut Rng) -> u32 {
    let edges = [
        0,
        1,
        12,
        0x7f,
        0xff,
        0xffff,
        0x7fff_ffff,
        0x8000_0000,
        0xe000_000c,
        0xffff_ffff,
    ];
    match rng.choice(edges) {
        Some(edge) if rng.bool() => edge,
        _ => rng.u32(0..0x20000),
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! Streams of gzip, xz and zstd themselves, and damaged ones.

use std::vec::Vec;

use proptest::prelude::*;

use super::*;

/// `gzip`, without a name.
const GZIP: &str = "1f8b0800000000000203cbcd4f29cd4955c8a58c020090c9840246000000";
/// `xz`, whose check is CRC64.
const XZ_CRC64: &str = "fd377a585a000004e6d6b4460200210116000000742fe5a3e00045000e5d00369bc8b1ae12eef064e9771000000000005f6cd79197fdb00a00012a46a69d52d01fb6f37d010000000004595a";
/// `xz --check=sha256`
const XZ_SHA256: &str = "fd377a585a00000ae1fb0ca10200210116000000742fe5a3e00045000e5d00369bc8b1ae12eef064e977100000000000615109a5094f9355009d411738ee9b1ab094933e76f03c690dc997ceb76e796300014246097c767d189b4b9a01000000000a595a";
/// `zstd`, of a pipe: it does not say how long its content is.
const ZSTD: &str = "28b52ffd04586d0000386d6f64756c6520010094548ce2e53ea8";

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    let byte = |digits| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

fn content() -> Vec<u8> {
    b"module ".repeat(10)
}

#[test]
fn every_format_is_known_by_its_first_bytes_and_unpacked() {
    for (packed, format) in [
        (GZIP, Format::Gzip),
        (XZ_CRC64, Format::Xz),
        (XZ_SHA256, Format::Xz),
        (ZSTD, Format::Zstd),
    ] {
        let packed = bytes(packed);
        assert_eq!(Format::of(&packed), format);
        assert_eq!(decode(&packed, LIMIT), Ok(content()), "{format:?}");
        assert_eq!(decode(&packed, 70), Ok(content()), "{format:?}");
        let error = match format {
            Format::Zstd => Error::Damaged(format),
            _ => Error::TooLarge,
        };
        assert_eq!(decode(&packed, 69), Err(error));
    }
    assert_eq!(decode(b"\x7fELF", LIMIT).unwrap(), b"\x7fELF");
}

#[test]
fn streams_after_one_another_are_one_content() {
    for packed in [GZIP, XZ_CRC64, ZSTD] {
        let packed = bytes(packed);
        let twice = [&packed[..], &packed].concat();
        assert_eq!(decode(&twice, LIMIT), Ok(b"module ".repeat(20)));
    }
}

#[test]
fn what_the_kernel_does_not_unpack_is_known_beforehand() {
    assert_eq!(kernel_refuses(&bytes(GZIP)), None);
    assert_eq!(kernel_refuses(&bytes(ZSTD)), None);
    assert!(kernel_refuses(&bytes(XZ_CRC64)).is_some());
    let crc32 = [0xfd, b'7', b'z', b'X', b'Z', 0, 0, 1];
    assert_eq!(kernel_refuses(&crc32), None);
    for flags in [2, 4, 16] {
        assert!(kernel_refuses(&[0x1f, 0x8b, 8, flags]).is_some());
    }
}

#[test]
fn a_gzip_header_may_have_every_field() {
    let plain = bytes(GZIP);
    let fields = b"\x03\0abcname\0comment\0hc";
    let packed = [
        &[0x1f, 0x8b, 8, 2 | 4 | 8 | 16],
        &plain[4..10],
        fields,
        &plain[10..],
    ]
    .concat();
    assert_eq!(decode(&packed, LIMIT), Ok(content()));
}

proptest! {
    #[test]
    fn damage_is_found_and_nothing_panics(
        which in 0..3usize,
        at in 0..80usize,
        value in any::<u8>(),
        length in 0..100usize,
    ) {
        let mut packed = bytes([GZIP, XZ_CRC64, ZSTD][which]);
        let at = at % packed.len();
        // gzip: the time, flags of no meaning, the system; what fills the last
        // byte of the stream.
        let is_meaningless = which == 0 && ((4..10).contains(&at) || at == 21);
        let changed = packed[at] != value && at > 5 && !is_meaningless;
        packed[at] = value;
        let decoded = decode(&packed, 1 << 20);
        if changed {
            prop_assert_ne!(decoded, Ok(content()));
        }
        packed.truncate(length);
        let _ = decode(&packed, 1 << 20);
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! Signatures as the kernel's `sign-file` makes them, made here.

use super::*;

/// An element: tag, length, content.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match u8::try_from(length) {
        Ok(short @ 0..0x80) => vec![tag, short],
        _ => {
            let length = u16::try_from(length).unwrap().to_be_bytes();
            [&[tag, 0x82], &length[..]].concat()
        }
    };
    [head, content.to_vec()].concat()
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];

/// A message with this signer identity and digest.
fn message(identity: Vec<u8>, digest: &[u8]) -> Vec<u8> {
    let algorithm = sequence(&[element(0x06, digest)]);
    let signer = sequence(&[
        element(0x02, &[1]),
        identity,
        algorithm.clone(),
        sequence(&[element(0x06, &[0x2a, 3])]),
        element(0x04, &[0xab; 200]),
    ]);
    let data = sequence(&[
        element(0x02, &[1]),
        element(0x31, &algorithm),
        sequence(&[element(0x06, &[0x2a, 3])]),
        element(0x31, &signer),
    ]);
    sequence(&[element(0x06, &[0x2a, 3]), element(0xa0, &data)])
}

fn issuer_and_serial() -> Vec<u8> {
    let attribute = sequence(&[element(0x06, COMMON_NAME), element(0x0c, b"Some key")]);
    let organisation = sequence(&[
        element(0x06, &[0x55, 0x04, 0x0a]),
        element(0x0c, b"Some body"),
    ]);
    let name = sequence(&[element(0x31, &organisation), element(0x31, &attribute)]);
    sequence(&[name, element(0x02, &[0, 0x95, 0xfd])])
}

fn file(message: &[u8], kind: u8) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let block = [&[0, 0, kind, 0, 0, 0, 0, 0], &length[..]].concat();
    [b"\x7fELF module".as_slice(), message, &block, MARKER].concat()
}

#[test]
fn a_signature_tells_signer_serial_and_digest() {
    let signature = Signature::of(&file(&message(issuer_and_serial(), SHA256), 2)).unwrap();
    assert_eq!(signature.kind, "PKCS#7");
    assert_eq!(signature.signer, b"Some key");
    assert_eq!(signature.key, [0x95, 0xfd]);
    assert_eq!(signature.digest, "sha256");
    assert_eq!(signature.bytes, [0xab; 200]);
}

#[test]
fn a_key_may_be_named_by_its_identifier() {
    let identity = element(0x80, &[1, 2, 3]);
    let signature = Signature::of(&file(&message(identity, SHA256), 2)).unwrap();
    assert_eq!((signature.signer, signature.key), (vec![], vec![1, 2, 3]));
}

#[test]
fn what_nobody_knows_is_shown_in_digits() {
    let signature = Signature::of(&file(&message(issuer_and_serial(), &[0x2a, 0x03, 0x7f]), 2));
    assert_eq!(signature.unwrap().digest, "1.2.3.127");
    let signature = Signature::of(&file(b"no DER at all", 2)).unwrap();
    assert_eq!(signature.digest, "unknown");
    assert_eq!(signature.bytes, b"no DER at all");
}

#[test]
fn a_file_without_a_whole_trailer_is_not_signed() {
    let file = file(&message(issuer_and_serial(), SHA256), 2);
    for begin in 12..file.len() {
        assert_eq!(Signature::of(&file[begin..]), None, "{begin}");
    }
    assert_eq!(Signature::of(b""), None);
}

#[test]
fn every_cut_of_the_message_is_read_without_harm() {
    let message = message(issuer_and_serial(), SHA256);
    for end in 1..message.len() {
        let signature = Signature::of(&file(&message[..end], 2)).unwrap();
        assert_eq!(signature.digest, "unknown");
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! The signature behind a module's file: who signed it, with which key and
//! digest (`include/linux/module_signature.h`, RFC 5652 for its message).
//!
//! Nothing is verified here: that is the kernel's part. What the kernel does
//! not know either is shown as it stands.

use super::der::{Der, Tag, object_identifier};

/// What a signature says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// How the message is made: `PKCS#7`.
    pub kind: &'static str,
    /// The common name of the signer, as the certificate's issuer.
    pub signer: Vec<u8>,
    /// The serial number of the certificate, or its key's identifier.
    pub key: Vec<u8>,
    /// The name of the digest, or its object identifier in digits.
    pub digest: String,
    /// The signature itself.
    pub bytes: Vec<u8>,
}

/// What a signed file ends with.
const MARKER: &[u8] = b"~Module signature appended~\n";

/// The block before the marker: algorithm, hash, kind, the lengths of signer
/// and key, three bytes of nothing, the length of the signature.
const BLOCK: usize = 12;

impl Signature {
    /// The signature that `image` (a whole file, decompressed, or its end)
    /// carries; `None` without one, or if it contradicts itself.
    pub fn of(image: &[u8]) -> Option<Self> {
        let rest = image.strip_suffix(MARKER)?;
        let (rest, block) = rest.split_last_chunk::<BLOCK>()?;
        let [_, hash, kind, signer, key, _, _, _, length @ ..] = block;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (rest, bytes) = split_end(rest, length).filter(|(_, bytes)| !bytes.is_empty())?;
        let (rest, key) = split_end(rest, usize::from(*key))?;
        let (_, signer) = split_end(rest, usize::from(*signer))?;
        match kind {
            2 => Some(from_message(bytes).unwrap_or_else(|| unknown(bytes))),
            // Kernels before 4.3 wrote these; what says who signed is outside.
            0 | 1 => Some(Self {
                kind: if *kind == 0 { "PGP" } else { "X509" },
                signer: signer.to_vec(),
                key: key.to_vec(),
                digest: (*OLD_DIGESTS.get(usize::from(*hash))?).to_owned(),
                bytes: bytes.to_vec(),
            }),
            _ => None,
        }
    }
}

/// `enum hash_algo` (`include/uapi/linux/hash_info.h`), as far as kernels with
/// such signatures had it.
const OLD_DIGESTS: &[&str] = &[
    "md4", "md5", "sha1", "rmd160", "sha256", "sha384", "sha512", "sha224", "sm3",
];

fn split_end(bytes: &[u8], length: usize) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(bytes.len().checked_sub(length)?)
}

/// A message that is no PKCS#7 as the kernel's signing tool makes it.
fn unknown(bytes: &[u8]) -> Signature {
    Signature {
        kind: "PKCS#7",
        signer: Vec::new(),
        key: Vec::new(),
        digest: "unknown".to_owned(),
        bytes: bytes.to_vec(),
    }
}

/// Reads `ContentInfo { signedData, [0] SignedData }` down to its first
/// signer.
fn from_message(message: &[u8]) -> Option<Signature> {
    let mut info = Der(message).enter(Tag::SEQUENCE)?;
    info.skip(Tag::OBJECT_IDENTIFIER)?;
    let mut data = info.enter(Tag::CONTEXT_0)?.enter(Tag::SEQUENCE)?;
    data.skip(Tag::INTEGER)?;
    data.skip(Tag::SET)?;
    data.skip(Tag::SEQUENCE)?;
    // Certificates and lists of revoked ones; modules have neither.
    let _ = data.skip(Tag::CONTEXT_0);
    let _ = data.skip(Tag::CONTEXT_1);
    let mut signer = data.enter(Tag::SET)?.enter(Tag::SEQUENCE)?;
    signer.skip(Tag::INTEGER)?;

    let (name, key) = match signer.enter(Tag::SEQUENCE) {
        Some(mut issuer_and_serial) => {
            let name = common_name(issuer_and_serial.enter(Tag::SEQUENCE)?);
            let serial = issuer_and_serial.take(Tag::INTEGER)?;
            // A number has a leading zero where it would be negative.
            (name, serial.strip_prefix(&[0]).unwrap_or(serial))
        }
        None => (None, signer.take(Tag::KEY_IDENTIFIER)?),
    };
    let digest = signer.enter(Tag::SEQUENCE)?.take(Tag::OBJECT_IDENTIFIER)?;
    let _ = signer.skip(Tag::CONTEXT_0);
    signer.skip(Tag::SEQUENCE)?;
    Some(Signature {
        kind: "PKCS#7",
        signer: name.unwrap_or_default().to_vec(),
        key: key.to_vec(),
        digest: digest_name(digest),
        bytes: signer.take(Tag::OCTET_STRING)?.to_vec(),
    })
}

/// The common name in `Name ::= SEQUENCE OF SET OF { type, value }`.
fn common_name(mut name: Der<'_>) -> Option<&[u8]> {
    while let Some(mut set) = name.enter(Tag::SET) {
        while let Some(mut attribute) = set.enter(Tag::SEQUENCE) {
            if attribute.take(Tag::OBJECT_IDENTIFIER)? == COMMON_NAME {
                return attribute.any().map(|(_, value)| value);
            }
        }
    }
    None
}

/// 2.5.4.3
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// The name of a digest; its identifier in digits if it is none of those
/// that Linux signs with.
fn digest_name(identifier: &[u8]) -> String {
    let dotted = object_identifier(identifier);
    let known = DIGESTS.iter().find(|(known, _)| *known == dotted);
    known.map_or(dotted, |(_, name)| (*name).to_owned())
}

const DIGESTS: &[(&str, &str)] = &[
    ("1.2.840.113549.2.5", "md5"),
    ("1.3.14.3.2.26", "sha1"),
    ("1.3.36.3.2.1", "ripemd160"),
    ("1.2.156.10197.1.401", "sm3"),
    ("2.16.840.1.101.3.4.2.1", "sha256"),
    ("2.16.840.1.101.3.4.2.2", "sha384"),
    ("2.16.840.1.101.3.4.2.3", "sha512"),
    ("2.16.840.1.101.3.4.2.4", "sha224"),
    ("2.16.840.1.101.3.4.2.7", "sha3-224"),
    ("2.16.840.1.101.3.4.2.8", "sha3-256"),
    ("2.16.840.1.101.3.4.2.9", "sha3-384"),
    ("2.16.840.1.101.3.4.2.10", "sha3-512"),
    ("2.16.840.1.101.3.4.2.11", "shake128"),
    ("2.16.840.1.101.3.4.2.12", "shake256"),
];

#[cfg(test)]
mod tests;

// SPDX-License-Identifier: MIT OR Apache-2.0

//! SHA-256, for telling whether two files are the same.

use std::io::{self, Read, Write};

use sha2::Digest;

/// A hash that is written to.
#[derive(Default)]
pub struct Sha256(sha2::Sha256);

impl Sha256 {
    /// The hash of all that was written, in hexadecimal.
    pub fn finish(self) -> String {
        self.0
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl Write for Sha256 {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The hash of `bytes`.
pub fn of(bytes: &[u8]) -> String {
    let mut hash = Sha256::default();
    hash.0.update(bytes);
    hash.finish()
}

/// The hash of what `input` holds.
pub fn of_reader(mut input: impl Read) -> io::Result<String> {
    let mut hash = Sha256::default();
    io::copy(&mut input, &mut hash)?;
    Ok(hash.finish())
}

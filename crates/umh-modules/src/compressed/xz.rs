// SPDX-License-Identifier: MIT OR Apache-2.0

//! xz(1), with any of its checks.

use alloc::vec::Vec;

use lzma_rust2::{Action, Status, XzStream};

use super::{Error, Format, Output};

/// For the dictionary: twice what `xz -9` asks for.
const MEMORY_KIB: u32 = 128 << 10;

pub(super) fn decode(packed: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    let mut output = Output::new(packed.len().saturating_mul(6), packed.len(), limit);
    let mut stream = XzStream::new_mem_limit(true, MEMORY_KIB);
    let mut rest = packed;
    loop {
        let step = stream.process(rest, output.free()?, Action::Finish);
        let step = step.map_err(|_| Error::Damaged(Format::Xz))?;
        rest = rest.get(step.bytes_consumed..).unwrap_or_default();
        output.used += step.bytes_produced;
        if step.status == Status::StreamEnd {
            return output.finish();
        }
        if step.bytes_consumed == 0 && step.bytes_produced == 0 {
            return Err(Error::Damaged(Format::Xz));
        }
    }
}

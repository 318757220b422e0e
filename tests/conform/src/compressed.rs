// SPDX-License-Identifier: MIT OR Apache-2.0

//! Files of modules as distributions pack them, and as others do.

use std::io::Write;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use lzma_rust2::{CheckType, XzOptions, XzWriter};
use serde::Deserialize;

/// How a module's file is compressed.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Not at all.
    #[default]
    Plain,
    /// As `gzip` does.
    Gzip,
    /// With a header that Linux's decoder refuses.
    GzipComment,
    /// As the kernel's build does: with CRC32.
    Xz,
    /// As `xz` does by itself, which Linux's decoder refuses.
    XzCrc64,
    /// As `zstd` does for a file.
    Zstd,
    /// As `zstd` does for a pipe: without the size of the content.
    ZstdOfPipe,
}

/// `data` in that form.
pub fn pack(form: Form, data: &[u8]) -> Result<Vec<u8>> {
    match form {
        Form::Plain => Ok(data.to_vec()),
        Form::Gzip => gzip(GzBuilder::new(), data),
        Form::GzipComment => gzip(GzBuilder::new().comment("from elsewhere"), data),
        Form::Xz => xz(CheckType::Crc32, data),
        Form::XzCrc64 => xz(CheckType::Crc64, data),
        Form::Zstd => zstd(data, true),
        Form::ZstdOfPipe => zstd(data, false),
    }
}

fn gzip(header: GzBuilder, data: &[u8]) -> Result<Vec<u8>> {
    let mut writer = header.write(Vec::new(), Compression::default());
    writer.write_all(data)?;
    Ok(writer.finish()?)
}

fn xz(check: CheckType, data: &[u8]) -> Result<Vec<u8>> {
    let mut options = XzOptions::with_preset(0);
    options.set_check_sum_type(check);
    let mut writer = XzWriter::new(Vec::new(), options)?;
    writer.write_all(data)?;
    Ok(writer.finish()?)
}

/// A frame of raw blocks (RFC 8878): it is the frame that readers differ on.
fn zstd(data: &[u8], with_size: bool) -> Result<Vec<u8>> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd];
    if with_size {
        // Frame_Content_Size of four bytes, Single_Segment.
        frame.push(0b1010_0000);
        frame.extend(u32::try_from(data.len())?.to_le_bytes());
    } else {
        // A window of 1 MiB.
        frame.extend([0, 10 << 3]);
    }
    let blocks = data.chunks(64 << 10);
    let last = blocks.len().checked_sub(1).context("nothing to compress")?;
    for (number, block) in blocks.enumerate() {
        let header = u32::try_from(block.len())? << 3 | u32::from(number == last);
        frame.extend(header.to_le_bytes().iter().take(3));
        frame.extend(block);
    }
    Ok(frame)
}

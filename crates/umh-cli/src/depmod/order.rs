// SPDX-License-Identifier: MIT OR Apache-2.0

//! The order of modules and symbols in indexes.
//!
//! Modules stand as in `modules.order`, in which the kernel would have linked
//! them: of several that fit one device, the first is taken. Those that it
//! does not list (DKMS's) follow as kmod's hash table has them; so do
//! symbols. That order means nothing, but other than this one would be
//! another result than kmod's.

use hashbrown::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use super::search::Found;
use crate::kmod::messages::{Level, Messages};

/// How many buckets kmod's tables have.
const MODULES: u32 = 512;
const SYMBOLS: u32 = 2048;

/// Brings modules into their order.
pub(super) fn modules(modules: &mut [Found], directory: &Path, messages: &Messages) {
    modules.sort_by_cached_key(|module| (hash(&module.name) % MODULES, module.name.clone()));
    let path = directory.join("modules.order");
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) => {
            let what = explain(&error);
            let text = format_args!(
                "could not open modules.order at {}: {what}",
                directory.display()
            )
            .to_string();
            return messages.say(Level::Warning, text);
        }
    };

    let Some(text) = text
        .strip_suffix(b"\n")
        .or_else(|| text.is_empty().then_some(b""))
    else {
        let count = text.split(|byte| *byte == b'\n').count();
        return messages.error(format_args!(
            "{}:{count} corrupted line misses '\\n'",
            path.display()
        ));
    };
    let mut places: HashMap<&[u8], usize> = HashMap::new();
    for (place, line) in text.split(|byte| *byte == b'\n').enumerate() {
        places.entry(line).or_insert(place);
    }
    let place = |module: &Found| module.ordered().and_then(|path| places.get(path)).copied();
    // The sort is stable: what is not listed stays as it is.
    modules.sort_by_cached_key(|module| place(module).unwrap_or(usize::MAX));
}

/// Where a symbol stands among all.
pub(super) fn symbol(name: &[u8]) -> u32 {
    hash(name) % SYMBOLS
}

/// An error in the words of strerror(3), as kmod has it.
pub(super) fn explain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Paul Hsieh's SuperFastHash, as a little-endian machine computes it.
fn hash(key: &[u8]) -> u32 {
    let half = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u32::from(*byte))
    };
    let mut hash = u32::try_from(key.len()).unwrap_or(u32::MAX);
    let words = key.chunks_exact(4);
    let rest = words.remainder();
    for word in words {
        let (low, high) = word.split_at(2);
        hash = hash.wrapping_add(half(low));
        hash = (hash << 16) ^ ((half(high) << 11) ^ hash);
        hash = hash.wrapping_add(hash >> 11);
    }
    match *rest {
        [.., last] if rest.len() == 3 => {
            hash = hash.wrapping_add(half(rest.get(..2).unwrap_or_default()));
            hash ^= hash << 16;
            hash ^= u32::from(last) << 18;
            hash = hash.wrapping_add(hash >> 11);
        }
        [_, _] => {
            hash = hash.wrapping_add(half(rest));
            hash ^= hash << 11;
            hash = hash.wrapping_add(hash >> 17);
        }
        [byte] => {
            // A `char`, which has a sign there.
            hash = hash.wrapping_add_signed(byte.cast_signed().into());
            hash ^= hash << 10;
            hash = hash.wrapping_add(hash >> 1);
        }
        _ => {}
    }
    hash ^= hash << 3;
    hash = hash.wrapping_add(hash >> 5);
    hash ^= hash << 4;
    hash = hash.wrapping_add(hash >> 17);
    hash ^= hash << 25;
    hash.wrapping_add(hash >> 6)
}

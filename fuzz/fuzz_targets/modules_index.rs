// SPDX-License-Identifier: MIT OR Apache-2.0

//! Arbitrary module indexes: no search panics, none runs on, and what is
//! found lies in the file.
//!
//! Input: the length of a name, the name, and the file after its version.

#![no_main]

use libfuzzer_sys::fuzz_target;

use umh_modules::index::Index;

fuzz_target!(|input: &[u8]| {
    let Some((length, rest)) = input.split_first() else {
        return;
    };
    let Some((name, file)) = rest.split_at_checked(usize::from(length % 64)) else {
        return;
    };
    let bytes = [&[0xb0, 0x07, 0xf4, 0x57, 0, 2, 0, 1], file].concat();
    let Ok(index) = Index::new(&bytes) else {
        return;
    };

    let inside = bytes.as_ptr_range();
    let mut found = |_: u32, value: &[u8]| {
        assert!(value.is_empty() || inside.contains(&value.as_ptr()));
        Ok(())
    };
    let _ = index.find(name, &mut found);
    let _ = index.search(name, &mut found);
    let _ = index.each(&mut |_, value| {
        assert!(value.is_empty() || inside.contains(&value.as_ptr()));
    });
});

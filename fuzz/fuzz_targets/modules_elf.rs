// SPDX-License-Identifier: MIT OR Apache-2.0

//! Arbitrary module files: nothing panics, none runs on, and what is found
//! lies in the file.
//!
//! Input: the file.

#![no_main]

use libfuzzer_sys::fuzz_target;

use umh_modules::elf::Object;

fuzz_target!(|file: &[u8]| {
    let Ok(object) = Object::parse(file) else {
        return;
    };
    let inside = file.as_ptr_range();
    let lies = |text: &[u8]| text.is_empty() || inside.contains(&text.as_ptr());
    assert!(
        object
            .modinfo()
            .all(|field| lies(field.key) && lies(field.value))
    );
    assert!(object.exports().iter().all(|export| lies(export.name)));
    assert!(object.undefined().iter().all(|symbol| lies(symbol.name)));
    assert!(object.versions().all(|version| lies(version.name)));
});

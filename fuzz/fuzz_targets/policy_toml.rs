// SPDX-License-Identifier: MIT OR Apache-2.0

//! Arbitrary policy files: what the subset accepts means the same to the
//! `toml` crate; what makes a policy prints as one that means the same; and a
//! file without `widen` never lets a refused call through.

#![no_main]

use libfuzzer_sys::fuzz_target;

use umh_helper::policy::{Mode, Origin, Policy};
use umh_helper::toml::{Document, Value};

fuzz_target!(|input: &[u8]| {
    if let Ok(document) = Document::read(input) {
        let theirs = toml::from_str(std::str::from_utf8(input).expect("it was read"));
        assert_eq!(table(&document), theirs.expect("the subset is TOML"));
    }

    let builtin = Policy::builtin();
    if let Ok(policy) = builtin.with_file(input, Origin::Vendor) {
        let mut text = String::new();
        policy.show(&mut text).expect("a string takes all");
        let again = builtin
            .with_file(text.as_bytes(), Origin::Vendor)
            .expect("what is printed is read");
        assert!(policy.rules().eq(again.rules()));
        if !input.windows(5).any(|word| word == b"widen") {
            assert!(
                policy.mode == Mode::Enforce && policy.rules().count() == builtin.rules().count()
            );
            for (rule, before) in policy.rules().zip(builtin.rules()) {
                assert!(rule.caller == before.caller && !rule.audit);
                assert!(rule.paths.within(before.paths));
                assert!(before.script || !rule.script);
            }
        }
    }
});

/// The document as the `toml` crate holds one.
fn table(document: &Document<'_>) -> toml::Table {
    let mut all = toml::Table::new();
    for section in document.sections() {
        let mut table = &mut all;
        for name in section.path.names() {
            let inner = table
                .entry(*name)
                .or_insert_with(|| toml::Table::new().into());
            table = inner.as_table_mut().expect("no key has a table's name");
        }
        for entry in section.entries() {
            let value = match entry.value {
                Value::String(string) => string.into(),
                Value::Integer(integer) => integer.into(),
                Value::Boolean(boolean) => boolean.into(),
                Value::Strings(strings) => {
                    toml::Value::Array(strings.iter().map(Into::into).collect())
                }
            };
            assert!(table.insert(entry.key.to_owned(), value).is_none());
        }
    }
    all
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! The rules for each call: one word for it everywhere, and nowhere nothing.

use std::fs;

/// Adds what a call lacks. The list is that of umh-abi's `calls!`.
pub(super) fn check(complaints: &mut Vec<String>) {
    let mut read = |path: &str| {
        fs::read_to_string(crate::root().join(path)).unwrap_or_else(|error| {
            complaints.push(format!("{path}: {error}"));
            String::new()
        })
    };
    let calls = calls(&read("crates/umh-abi/src/message.rs"));
    let rules = read("crates/umh-helper/src/policy/defaults.rs");
    let readme = read("README.md");
    let pages = ["docs/man/usermode-helper.8", "docs/man/umh-policy.5"].map(&mut read);
    let manual = pages.concat().replace("\\-", "-");
    if calls.is_empty() {
        complaints.push("crates/umh-abi/src/message.rs: no list `calls!`".to_owned());
    }

    for Call { module, variant } in &calls {
        let word = module.replace('_', "-");
        let mut complain = |what: &str| complaints.push(format!("call {word}: {what}"));
        for path in [
            format!("crates/umh-abi/src/{module}.rs"),
            format!("tests/vm/src/cases/{module}.rs"),
        ] {
            if !crate::root().join(&path).exists() {
                complain(&format!("there is no {path}"));
            }
        }
        if !rules.contains(&format!("Caller::{variant})"))
            && !WITHOUT_RULE.contains(&module.as_str())
        {
            complain("no rule in crates/umh-helper/src/policy/defaults.rs");
        }
        if !readme
            .lines()
            .any(|line| line.starts_with('|') && line.contains(&word))
        {
            complain("no row in README.md");
        }
        if !manual.contains(&word) {
            complain("in neither page, usermode-helper(8) or umh-policy(5)");
        }
    }
}

/// No default names a program for a machine check: only an administrator does.
const WITHOUT_RULE: &[&str] = &["mce"];

struct Call {
    module: String,
    variant: String,
}

/// `module::Variant,` lines between `calls! {` and `}`.
fn calls(text: &str) -> Vec<Call> {
    let list = text.lines().skip_while(|line| *line != "calls! {").skip(1);
    let list = list.take_while(|line| *line != "}");
    let call = |line: &str| {
        let (module, variant) = line.trim().strip_suffix(',')?.split_once("::")?;
        Some(Call {
            module: module.to_owned(),
            variant: variant.to_owned(),
        })
    };
    list.filter_map(call).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_calls_is_read() {
        let text = "a::B,\ncalls! {\n    /// It.\n    release_agent::ReleaseAgent,\n}\nc::D,\n";
        let calls = calls(text);
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].module, "release_agent");
        assert_eq!(calls[0].variant, "ReleaseAgent");
    }
}

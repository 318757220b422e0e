// SPDX-License-Identifier: MIT OR Apache-2.0

//! The hand-written man pages say what the programs do.

#![allow(
    clippy::unwrap_used,
    reason = "a test states its expectations by failing"
)]

use std::fs;

use umh_cli::generate::man_directory;
use umh_helper::policy::{Origin, Policy};

fn page(name: &str) -> String {
    fs::read_to_string(man_directory().join(name)).unwrap()
}

#[test]
fn every_policy_in_the_manual_is_a_good_policy_file() {
    let page = page("umh-policy.5");
    let examples: Vec<_> = page
        .split(".RS\n")
        .filter(|text| text.starts_with("version = 1"))
        .collect();
    assert!(examples.len() >= 4);
    for example in examples {
        let text = example.split(".RE").next().unwrap();
        let result = Policy::builtin().with_file(text.as_bytes(), Origin::Admin);
        assert!(result.is_ok(), "{:?} in {text}", result.err());
    }
}

#[test]
fn the_manual_names_every_hole_that_the_rules_use() {
    let page = page("umh-policy.5");
    for rule in Policy::builtin().rules() {
        for word in rule
            .args
            .iter()
            .filter(|word| word.contains('{') && !word.contains('|'))
        {
            let hole = word.replace('?', "");
            assert!(page.contains(&hole), "{hole} of rule {}", rule.name);
        }
    }
}

#[test]
fn the_manual_names_every_mode_and_link() {
    let helper = page("usermode-helper.8");
    for link in umh_cli::paths::LINKS {
        let name = link.rsplit('/').next().unwrap();
        assert!(helper.contains(name), "{link}");
    }
    for mode in ["enforce", "audit", "vendor-only"] {
        assert!(helper.contains(&format!("umh.mode={mode}")), "{mode}");
    }
}

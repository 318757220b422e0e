// SPDX-License-Identifier: MIT OR Apache-2.0

//! `modules.devname`: device nodes that have to be there before their module
//! is, since opening them loads it.

use super::{Modules, line, texts};

pub(super) fn text(modules: &Modules<'_>) -> Vec<u8> {
    let mut text = Vec::new();
    for module in modules.numbered() {
        let (mut name, mut device) = (None, None);
        for alias in texts(&module.facts.aliases) {
            if let Some(path) = alias.strip_prefix(b"devname:") {
                name = Some(path);
            } else if let Some((kind, rest)) = kind(alias)
                && let Some(numbers) = numbers(rest)
            {
                device = Some((kind, numbers));
            }
            if name.is_some() && device.is_some() {
                break;
            }
        }
        match (name, device) {
            (Some(name), Some((kind, (major, minor)))) => {
                if text.is_empty() {
                    line(
                        &mut text,
                        &[b"# Device nodes to trigger on-demand module loading."],
                    );
                }
                let device = format!(" {kind}{major}:{minor}");
                line(
                    &mut text,
                    &[&module.found.name, b" ", name, device.as_bytes()],
                );
            }
            (Some(name), None) => modules.messages.error(format_args!(
                "Module '{}' has devname ({}) but lacks major and minor information. Ignoring.",
                module.found.name.escape_ascii(),
                name.escape_ascii()
            )),
            _ => {}
        }
    }
    text
}

fn kind(alias: &[u8]) -> Option<(char, &[u8])> {
    let character = alias.strip_prefix(b"char-major-").map(|rest| ('c', rest));
    character.or_else(|| alias.strip_prefix(b"block-major-").map(|rest| ('b', rest)))
}

/// `10-200`, whatever follows.
fn numbers(text: &[u8]) -> Option<(u32, u32)> {
    let (major, rest) = number(text)?;
    let (minor, _) = number(rest.strip_prefix(b"-")?)?;
    Some((major, minor))
}

fn number(text: &[u8]) -> Option<(u32, &[u8])> {
    let end = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(end)?;
    let digits = str::from_utf8(digits).ok()?;
    Some((digits.parse().ok()?, rest))
}

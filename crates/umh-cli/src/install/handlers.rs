// SPDX-License-Identifier: MIT OR Apache-2.0

//! Crash handlers that the compiled-in policy does not know, and the rules
//! that they need. Their services write `kernel.core_pattern` themselves when
//! they start, so a rule is all that umh adds.

use crate::install::item::Item;
use crate::paths;
use crate::tree::Tree;

/// One handler.
struct Handler {
    /// The file's base name below [`paths::VENDOR_POLICY`].
    policy: &'static str,
    /// The program; the policy is placed where it exists.
    program: &'static str,
    /// The policy file.
    rules: &'static str,
}

const HANDLERS: &[Handler] = &[
    Handler {
        policy: "50-apport.toml",
        program: "/usr/share/apport/apport",
        // data/apport of the package apport; a Python script.
        rules: r#"# Ubuntu's crash handler, whose service sets kernel.core_pattern.
# With and without the pidfd of %F (Linux 6.16).
version = 1

[helper.apport]
widen = true
caller = "coredump"
paths = ["/usr/share/apport/apport"]
args = ["-p{pid}", "-s{signal}", "-c{u64}", "-d{dumpable}", "-P{pid}", "-u{u32}", "-g{u32}", "-F{fd}", "--", "{path-escaped}"]
script = true

[helper.apport-without-pidfd]
widen = true
caller = "coredump"
paths = ["/usr/share/apport/apport"]
args = ["-p{pid}", "-s{signal}", "-c{u64}", "-d{dumpable}", "-P{pid}", "-u{u32}", "-g{u32}", "--", "{path-escaped}"]
script = true
"#,
    },
    Handler {
        policy: "50-abrt.toml",
        program: "/usr/libexec/abrt-hook-ccpp",
        // src/hooks/abrt-install-ccpp-hook of abrt 2.7.2 to 2.12.2: the host
        // name and %e came with 2.10.11, and 2.13 has no such hook.
        rules: r#"# The crash handler of abrt, whose service sets kernel.core_pattern.
version = 1

[helper.abrt]
widen = true
caller = "coredump"
paths = ["/usr/libexec/abrt-hook-ccpp"]
args = ["{signal}", "{u64}", "{pid}", "{u32}", "{u32}", "{u64}", "{pid}", "{pid}", "{hostname?}", "{comm?}"]
"#,
    },
];

/// The policy files for the handlers that `tree` has.
pub fn policies(tree: &Tree) -> impl Iterator<Item = Item> {
    let present = HANDLERS
        .iter()
        .filter(|handler| tree.exists(handler.program));
    present.map(|handler| {
        let path = format!("{}/{}", paths::VENDOR_POLICY, handler.policy);
        Item::file(&path, 0o644, handler.rules.into())
    })
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! No start files, no libc, no interpreter.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for argument in ["-static", "-no-pie", "-nostdlib", "-nostartfiles"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
}

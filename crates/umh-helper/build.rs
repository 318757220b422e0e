// SPDX-License-Identifier: MIT OR Apache-2.0

//! Tells the two builds of the binary apart.
//!
//! `--profile helper` makes the program that the kernel starts: no libc, no
//! start files, static, at a fixed address. A position-independent one would
//! relocate some 380 pointers at every call, for a life of 100 us; stack,
//! mappings and vDSO are random all the same.
//!
//! Every other profile (tests, clippy, docs, and builds of the whole
//! workspace, where other packages switch rustix to std) makes a hosted
//! stand-in, because one program cannot have two panic handlers. The profile
//! is known by its optimisation for size, which no other has.

fn main() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/link.ld");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={script}");
    println!("cargo::rerun-if-env-changed=OPT_LEVEL");
    println!("cargo::rustc-check-cfg=cfg(freestanding)");
    if std::env::var("OPT_LEVEL").as_deref() != Ok("s") {
        return;
    }
    println!("cargo::rustc-cfg=freestanding");
    let arguments = [
        "-static",
        "-no-pie",
        "-nostdlib",
        "-nostartfiles",
        // Nothing unwinds, and the section headers' build id would differ
        // between builders.
        "-Wl,--build-id=none",
        "-Wl,--no-eh-frame-hdr",
        "-Wl,-z,noexecstack",
        "-Wl,-z,norelro",
    ];
    println!("cargo::rustc-link-arg-bin=usermode-helper=-Wl,-T,{script}");
    for argument in arguments {
        println!("cargo::rustc-link-arg-bin=usermode-helper={argument}");
    }
}

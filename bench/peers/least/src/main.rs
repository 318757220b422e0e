// SPDX-License-Identifier: MIT OR Apache-2.0

//! The least that the kernel is asked for in some kinds of answer, without a
//! decision in between: what remains when usermode-helper costs nothing. The
//! last letter of argv\[0\] chooses.
//!
//! - `least-r`: a refusal: looks for both directories of policy files, maps the
//!   ring and writes to two of its pages, writes one line to the log;
//! - `least-e`: an exec: becomes the empty program;
//! - `least-c`: the same confined: before, it takes the capabilities from the
//!   bounding set that the rule for modprobe leaves out;
//! - `least-w`: a program waited for: the same in a child made by vfork(2).

#![no_std]
#![no_main]

use core::arch::{asm, global_asm};
use core::ffi::c_char;

global_asm!(
    ".globl _start",
    "_start:",
    "mov rdi, [rsp + 8]",
    "and rsp, -16",
    "call {enter}",
    enter = sym enter,
);

/// asm/unistd_64.h
mod number {
    pub const WRITE: usize = 1;
    pub const STAT: usize = 4;
    pub const FSTAT: usize = 5;
    pub const MMAP: usize = 9;
    pub const VFORK: usize = 58;
    pub const EXECVE: usize = 59;
    pub const WAIT4: usize = 61;
    pub const PRCTL: usize = 157;
    pub const EXIT_GROUP: usize = 231;
    pub const OPENAT: usize = 257;
    pub const OPENAT2: usize = 437;
}

/// As long as the line that it stands for.
const LINE: &[u8] = b"<4>umh: deny caller=modprobe rule=- argv0=\"/usr/lib/umh-bench/unlisted\" why=path args=\"-q -- net-pf-9\"\n";

/// What the kernel is told; 1 is what the empty program says.
const BROKEN: usize = 2;

unsafe extern "C" fn enter(name: *const c_char) -> ! {
    let mut last = 0;
    let mut at = name;
    // SAFETY: argv[0] is a C string.
    while let byte @ 1.. = unsafe { at.read() } {
        last = byte;
        at = at.wrapping_add(1);
    }
    // SAFETY: each passes to the kernel what it asks for.
    let status = unsafe {
        match u8::try_from(last) {
            Ok(b'r') => refuse(),
            Ok(b'e') => become_empty(),
            Ok(b'c') => become_confined(),
            Ok(b'w') => wait(),
            _ => BROKEN,
        }
    };
    loop {
        // SAFETY: takes no pointer.
        unsafe { call(number::EXIT_GROUP, [status, 0, 0, 0, 0, 0]) };
    }
}

unsafe fn refuse() -> usize {
    const HERE: usize = -100isize as usize;
    const BYTES: usize = 1 << 20;
    let mut room = [0u8; 144];
    let room = room.as_mut_ptr().expose_provenance();
    // SAFETY: all pointers below are to what the calls read or write.
    unsafe {
        for path in [c"/usr/lib/umh/policy.d", c"/etc/umh/policy.d"] {
            call(number::STAT, [text(path), room, 0, 0, 0, 0]);
        }
        // O_RDWR | O_CLOEXEC, no mode, RESOLVE_NO_SYMLINKS.
        let how = [0o2000002u64, 0, 4];
        let how = how.as_ptr().expose_provenance();
        let ring = call(
            number::OPENAT2,
            [HERE, text(c"/run/umh/ring"), how, 24, 0, 0],
        );
        call(number::FSTAT, [ring as usize, room, 0, 0, 0, 0]);
        // PROT_READ | PROT_WRITE, MAP_SHARED, beside the program.
        let start = call(number::MMAP, [0x48_0000, BYTES, 3, 1, ring as usize, 0]);
        if ring < 0 || start < 0 {
            return BROKEN;
        }
        for page in [0, 0x8_0000] {
            let word = core::ptr::with_exposed_provenance_mut::<u64>(start as usize + page);
            asm!("lock or qword ptr [{}], 0", in(reg) word, options(nostack));
        }
        // O_WRONLY | O_CLOEXEC
        let log = call(
            number::OPENAT,
            [HERE, text(c"/dev/kmsg"), 0o2000001, 0, 0, 0],
        );
        let line = LINE.as_ptr().expose_provenance();
        let written = call(number::WRITE, [log as usize, line, LINE.len(), 0, 0, 0]);
        if written < 0 { BROKEN } else { 1 }
    }
}

unsafe fn become_empty() -> usize {
    let name = c"/usr/lib/umh-bench/empty";
    let argv = [text(name), 0];
    let envp = [0usize];
    let lists = [&argv[..], &envp].map(|list| list.as_ptr().expose_provenance());
    // SAFETY: a path, and two lists of C strings with their ends.
    unsafe { call(number::EXECVE, [text(name), lists[0], lists[1], 0, 0, 0]) };
    BROKEN
}

unsafe fn become_confined() -> usize {
    /// linux/capability.h, linux/prctl.h
    const CAP_NET_ADMIN: usize = 12;
    const CAP_SYS_MODULE: usize = 16;
    const CAP_LAST: usize = 40;
    const PR_CAPBSET_DROP: usize = 24;
    let kept = [CAP_NET_ADMIN, CAP_SYS_MODULE];
    for capability in (0..=CAP_LAST).filter(|number| !kept.contains(number)) {
        // SAFETY: takes no pointer.
        unsafe { call(number::PRCTL, [PR_CAPBSET_DROP, capability, 0, 0, 0, 0]) };
    }
    // SAFETY: asks for nothing.
    unsafe { become_empty() }
}

unsafe fn wait() -> usize {
    let mut status = 0i32;
    // SAFETY: the child never returns from here; the status is an int.
    unsafe {
        let pid = call(number::VFORK, [0; 6]);
        if pid == 0 {
            let failed = become_confined();
            call(number::EXIT_GROUP, [failed, 0, 0, 0, 0, 0]);
        }
        let address = (&raw mut status).expose_provenance();
        call(number::WAIT4, [pid as usize, address, 0, 0, 0, 0]);
    }
    usize::try_from(status >> 8).unwrap_or(BROKEN)
}

fn text(text: &core::ffi::CStr) -> usize {
    text.as_ptr().expose_provenance()
}

/// # Safety
///
/// The arguments must be what the call asks for.
#[inline(always)]
unsafe fn call(number: usize, arguments: [usize; 6]) -> isize {
    let [first, second, third, fourth, fifth, sixth] = arguments;
    let result;
    // SAFETY: the instruction clobbers rcx and r11; the rest is the caller's.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") first, in("rsi") second, in("rdx") third,
            in("r10") fourth, in("r8") fifth, in("r9") sixth,
            lateout("rcx") _, lateout("r11") _,
        );
    }
    result
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

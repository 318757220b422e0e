// SPDX-License-Identifier: MIT OR Apache-2.0

//! Process entry without libc: the first instruction, and the last resort.

use umh_helper::pipeline;
use umh_helper::sys::{Heap, Stack, exit};

// The kernel enters with the stack pointer at argc, all other registers
// unspecified (System V ABI, x86-64 supplement, 3.4.1). The frame pointer is
// cleared to end backtraces, the stack is aligned as `call` wants it.
core::arch::global_asm!(
    ".globl _start",
    ".type _start, @function",
    "_start:",
    "xor ebp, ebp",
    "mov rdi, rsp",
    "and rsp, -16",
    "call {enter}",
    "ud2",
    enter = sym enter,
);

/// Takes the arguments off the stack and runs the pipeline.
///
/// # Safety
///
/// Once, from `_start`, with the stack pointer of the first instruction.
unsafe extern "C" fn enter(stack: *const usize) -> ! {
    // SAFETY: `_start` passes what the kernel laid out, and nothing has
    // written there; nothing ever does.
    let stack = unsafe { Stack::at(stack) };
    exit(pipeline::run(&stack, || Heap::PROGRAM.open()))
}

/// A panic is a bug of ours. Nothing is known about the call any more, so
/// nothing is done for it; its record stays open in the ring, where `umh log`
/// shows it as unfinished.
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    exit(pipeline::REFUSED)
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! A new process in the manner of vfork(2): it shares our memory, and the
//! calling thread stands still until it is another program or gone. Nothing is
//! copied, however large we are; our other threads go on.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::null_mut;

use rustix::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};
use rustix::io::{Errno, Result};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};

use super::raw::{number, syscall, to_result};
use super::signals::Blocked;

/// Runs `child` in a new process, which ends with status 0 if `child` returns.
/// A descriptor of the process; with `cgroup` it starts in that one.
///
/// Its end sends no signal, and who waits for children in the usual way does
/// not see it, until execve(2) makes it a child like others: that is how
/// `crate::child` knows whether there was one.
///
/// `child` runs with every signal blocked, on a small stack, while other
/// threads of ours may hold any lock: it must neither allocate nor lock.
pub(crate) fn vfork(cgroup: Option<BorrowedFd<'_>>, child: &mut dyn FnMut()) -> Result<OwnedFd> {
    const CLONE_VM: u64 = 0x100;
    const CLONE_PIDFD: u64 = 0x1000;
    const CLONE_VFORK: u64 = 0x4000;
    const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

    let stack = Stack::of_this_thread()?;
    let mut start = Start { child };
    let mut pidfd: i32 = -1;
    let flags = CLONE_VM | CLONE_PIDFD | CLONE_VFORK;
    let mut arguments = CloneArguments {
        flags,
        pidfd: (&raw mut pidfd).expose_provenance() as u64,
        stack: stack.lowest as u64,
        stack_size: STACK as u64,
        ..CloneArguments::default()
    };
    if let Some(cgroup) = cgroup {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = u64::from(cgroup.as_raw_fd().cast_unsigned());
    }

    // No handler of ours may run in the child, in memory that is ours.
    let _blocked = Blocked::all()?;
    let pointer = (&raw const arguments).expose_provenance();
    // SAFETY: the arguments are those of clone3(2), and live until it returns.
    let made = unsafe {
        clone(
            [number::CLONE3, pointer, size_of::<CloneArguments>(), 0],
            &mut start,
        )
    };
    let made = match made {
        // Some sandboxes do not let clone3 through, whose arguments they
        // cannot look at; clone can do all but the cgroup.
        Err(Errno::NOSYS) if cgroup.is_none() => {
            let flags = usize::try_from(flags).unwrap_or_default();
            let pidfd = (&raw mut pidfd).expose_provenance();
            // SAFETY: the arguments are those of clone(2): flags, the highest
            // address of the stack, where to write the descriptor.
            unsafe {
                clone(
                    [number::CLONE, flags, stack.lowest + STACK, pidfd],
                    &mut start,
                )
            }
        }
        made => made,
    };
    stack.keep();
    made?;
    // SAFETY: the kernel just made the descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(pidfd) })
}

/// `struct clone_args` of linux/sched.h.
#[repr(C)]
#[derive(Default)]
struct CloneArguments {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

struct Start<'a> {
    child: &'a mut dyn FnMut(),
}

/// # Safety
///
/// `call` must be clone or clone3 with valid arguments, `CLONE_VM` and
/// `CLONE_VFORK` among the flags, and a stack that nobody else uses.
unsafe fn clone(call: [usize; 4], start: &mut Start<'_>) -> Result<usize> {
    let [number, first, second, third] = call;
    let pid: isize;
    // SAFETY: the child's first instruction after the call finds the new stack
    // empty and aligned, calls `run` there with `start`, and never comes back
    // from it; the calling thread goes on only after the child is gone from
    // this memory. The rest is the caller's promise.
    unsafe {
        core::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r12",
            "call r13",
            "ud2",
            "2:",
            inlateout("rax") number => pid,
            in("rdi") first,
            in("rsi") second,
            in("rdx") third,
            in("r10") 0,
            in("r8") 0,
            in("r12") &raw mut *start,
            in("r13") run as extern "C" fn(&mut Start<'_>) -> !,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    to_result(pid)
}

/// The child, on its own stack. A panic cannot leave an `extern "C"` function.
extern "C" fn run(start: &mut Start<'_>) -> ! {
    (start.child)();
    loop {
        // SAFETY: takes no pointer, and does not return.
        let _ = unsafe { syscall(number::EXIT_GROUP, [0; 5]) };
    }
}

/// Room for the engine's few frames and a system call's arguments.
const STACK: usize = 64 * 1024;
/// Below it, so that an overflow is a fault and not somebody else's memory.
const GUARD: usize = 4096;

thread_local! {
    /// The stack of the thread's last child. To map one and to give it back is
    /// a tenth of what it costs to start a program.
    static KEPT: Cell<Option<Stack>> = const { Cell::new(None) };
}

/// A stack for one child at a time.
struct Stack {
    base: *mut c_void,
    lowest: usize,
}

impl Stack {
    fn of_this_thread() -> Result<Self> {
        // A thread that is at its end may have given it up.
        match KEPT.try_with(Cell::take) {
            Ok(Some(stack)) => Ok(stack),
            Ok(None) | Err(_) => Self::new(),
        }
    }

    /// For the next child: this one is gone from it.
    fn keep(self) {
        let _ = KEPT.try_with(|kept| kept.set(Some(self)));
    }

    fn new() -> Result<Self> {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a new mapping, at an address that the kernel chooses.
        let base = unsafe {
            rustix::mm::mmap_anonymous(null_mut(), GUARD + STACK, ProtFlags::empty(), flags)
        }?;
        let lowest = base.wrapping_byte_add(GUARD);
        let stack = Self {
            base,
            lowest: lowest.expose_provenance(),
        };
        let access = MprotectFlags::READ | MprotectFlags::WRITE;
        // SAFETY: the upper part of the mapping just made.
        unsafe { rustix::mm::mprotect(lowest, STACK, access) }?;
        Ok(stack)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: our own mapping, whole; its child is gone from it.
        let _ = unsafe { rustix::mm::munmap(self.base, GUARD + STACK) };
    }
}

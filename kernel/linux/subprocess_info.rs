// SPDX-License-Identifier: GPL-2.0-only

//! `struct subprocess_info`, owned: a call in memory, and the two ends of one
//! that somebody waits for.
//!
//! C header: `include/linux/umh.h`. The completion and the word of the
//! hand-over lie in the same memory (`struct umh_call`, `glue.h`).

use super::completion::Completion;
use super::cred::Cred;
use super::to_result;
use crate::host::Linux;
use core::mem::{align_of, forget, size_of};
use core::ptr::{NonNull, addr_of, addr_of_mut};
use kernel::bindings;
use kernel::ffi::{c_char, c_int, c_void};
use umh_core::call::Path;
use umh_core::errno::Errno;
use umh_core::handoff::Handoff;
use umh_core::host::{Completer, Finished, Job, Waiter};
use umh_core::wait::{Retval, Wait};

/// A call.
///
/// # Invariants
///
/// Points to a call from `umh_call_alloc()` that nobody else owns.
pub(crate) struct SubprocessInfo(NonNull<bindings::umh_call>);

/// What a caller in C says of its call.
pub(crate) struct Setup {
    pub(crate) path: *const c_char,
    pub(crate) argv: *mut *mut c_char,
    pub(crate) envp: *mut *mut c_char,
    pub(crate) init: Option<Init>,
    pub(crate) cleanup: Option<Cleanup>,
    pub(crate) data: *mut c_void,
}

pub(crate) type Init =
    unsafe extern "C" fn(*mut bindings::subprocess_info, *mut bindings::cred) -> c_int;
pub(crate) type Cleanup = unsafe extern "C" fn(*mut bindings::subprocess_info);

impl SubprocessInfo {
    /// Makes a call.
    ///
    /// # Safety
    ///
    /// The words are NULL or end in NUL, their arrays in NULL, and all of that
    /// and `data` stay until `cleanup`, which may free them.
    pub(crate) unsafe fn new(setup: Setup, gfp: bindings::gfp_t) -> Option<Self> {
        let mut call = Self::with_room(0, gfp)?;
        let info = call.info();
        info.path = setup.path;
        info.argv = setup.argv;
        info.envp = setup.envp;
        info.init = setup.init;
        info.cleanup = setup.cleanup;
        info.data = setup.data;
        Some(call)
    }

    /// A call without words, that has so many bytes for them in its own memory.
    pub(crate) fn with_room(room: usize, gfp: bindings::gfp_t) -> Option<Self> {
        // SAFETY: `work` takes what is queued here.
        let call = unsafe { bindings::umh_call_alloc(gfp, Some(super::process::work), room) };
        NonNull::new(call).map(Self)
    }

    /// Where these bytes begin.
    pub(crate) fn room(&self) -> *mut c_void {
        self.0.as_ptr().wrapping_add(1).cast()
    }

    /// Gives it its words.
    ///
    /// # Safety
    ///
    /// They are as for [`Self::new`], and stay as long as this.
    pub(crate) unsafe fn set_words(
        &mut self,
        path: *const c_char,
        argv: *mut *mut c_char,
        envp: *mut *mut c_char,
    ) {
        let info = self.info();
        info.path = path;
        info.argv = argv;
        info.envp = envp;
    }

    /// Takes a call back from where [`Self::into_raw`] brought it.
    ///
    /// # Safety
    ///
    /// `info` came from there, and nobody else takes it.
    pub(crate) unsafe fn from_raw(info: *mut bindings::subprocess_info) -> Self {
        // SAFETY: It is the first field of a `umh_call`, not NULL.
        Self(unsafe { NonNull::new_unchecked(info.cast()) })
    }

    /// Gives a call to C, or to another task.
    pub(crate) fn into_raw(self) -> *mut bindings::subprocess_info {
        let info = self.0.as_ptr().cast();
        forget(self);
        info
    }

    /// Where it lies, for a task that works for its owner.
    pub(crate) fn as_ptr(&self) -> *mut bindings::subprocess_info {
        self.0.as_ptr().cast()
    }

    /// What it came to so far.
    pub(crate) fn retval(&self) -> Retval {
        // SAFETY: Valid; who else writes to it has ended.
        Retval::from_raw(unsafe { addr_of!((*self.as_ptr()).retval).read() })
    }

    /// Keeps what it came to.
    pub(crate) fn set_retval(&mut self, retval: Retval) {
        self.info().retval = retval.as_raw();
    }

    /// `kernel_execve()`
    pub(crate) fn execve(&mut self) -> Result<(), Errno> {
        let info = self.info();
        let (path, argv, envp) = (info.path, info.argv.cast(), info.envp.cast());
        // SAFETY: The words are valid, by `new`.
        to_result(unsafe { bindings::kernel_execve(path, argv, envp) }).map(drop)
    }

    /// The two ends of the wait for it.
    pub(crate) fn rendezvous(&mut self) -> (Caller, Worker) {
        let call = self.0;
        // SAFETY: Valid, and nobody waits yet.
        unsafe { Completion::init(addr_of_mut!((*call.as_ptr()).done)) };
        // SAFETY: The same; there is room for it, see below.
        unsafe {
            addr_of_mut!((*call.as_ptr()).handoff)
                .cast::<Handoff>()
                .write(Handoff::new())
        };
        (Caller(call), Worker(call))
    }

    fn info(&mut self) -> &mut bindings::subprocess_info {
        // SAFETY: By the type's invariants.
        unsafe { &mut self.0.as_mut().info }
    }
}

impl umh_core::call::Call for SubprocessInfo {
    type Cred = Cred;

    fn path(&self) -> Path {
        // SAFETY: Valid, by the type's invariants.
        let path = unsafe { addr_of!((*self.as_ptr()).path).read() };
        if path.is_null() {
            return Path::Null;
        }
        // SAFETY: It ends in NUL, by `new`: there is a first byte.
        match unsafe { path.read() } {
            0 => Path::Empty,
            _ => Path::Program,
        }
    }

    fn init(&mut self, cred: &mut Cred) -> Retval {
        match self.info().init {
            None => Retval::SUCCESS,
            // SAFETY: What the caller asked for, in the new process.
            Some(init) => Retval::from_raw(unsafe { init(self.as_ptr(), cred.as_ptr()) }),
        }
    }
}

impl Drop for SubprocessInfo {
    fn drop(&mut self) {
        if let Some(cleanup) = self.info().cleanup {
            // SAFETY: What the caller asked for, once.
            unsafe { cleanup(self.as_ptr()) };
        }
        // SAFETY: From kmalloc(), by the type's invariants.
        unsafe { bindings::kfree(self.0.as_ptr().cast()) };
    }
}

/// Puts the parts of a job into the call's memory.
pub(crate) fn pack(job: Job<Linux>) -> *mut bindings::subprocess_info {
    let Job { mut call, wait, .. } = job;
    call.info().wait = wait.bits() as c_int;
    call.into_raw()
}

/// Takes them out again.
///
/// # Safety
///
/// `info` is from [`pack`], and nobody else takes it.
pub(crate) unsafe fn unpack(info: *mut bindings::subprocess_info) -> Job<Linux> {
    // SAFETY: Says the caller.
    let mut call = unsafe { SubprocessInfo::from_raw(info) };
    let wait = Wait::from_bits(call.info().wait as u32);
    let completer = (!wait.is_no()).then_some(Worker(call.0));
    Job {
        call,
        wait,
        completer,
    }
}

/// The caller's end.
///
/// # Invariants
///
/// The call stays until this end has made its exchange, or was woken.
pub(crate) struct Caller(NonNull<bindings::umh_call>);

/// The worker's end. The same invariants, until it has made its exchange or
/// the caller was woken by it.
pub(crate) struct Worker(NonNull<bindings::umh_call>);

impl Waiter<Linux> for Caller {
    fn handoff(&self) -> &Handoff {
        // SAFETY: By the type's invariants.
        unsafe { handoff(self.0) }
    }

    fn wait(self, freezable: bool) -> Finished<Linux> {
        // SAFETY: By the type's invariants.
        unsafe { done(self.0) }.wait(freezable);
        self.finished()
    }

    fn wait_killable(&mut self, freezable: bool) -> Result<Finished<Linux>, Errno> {
        // SAFETY: By the type's invariants.
        unsafe { done(self.0) }.wait_killable(freezable)?;
        Ok(self.finished())
    }
}

impl Caller {
    /// After the wait: the call was given back.
    fn finished(&self) -> Finished<Linux> {
        let call = SubprocessInfo(self.0);
        let retval = call.retval();
        Finished { call, retval }
    }
}

impl Completer<Linux> for Worker {
    fn handoff(&self) -> &Handoff {
        // SAFETY: By the type's invariants.
        unsafe { handoff(self.0) }
    }

    fn complete(self, finished: Finished<Linux>) {
        let Finished { mut call, retval } = finished;
        call.set_retval(retval);
        // From here the waiting side owns it.
        call.into_raw();
        // SAFETY: That side waits for just this.
        unsafe { done(self.0) }.complete();
    }
}

/// # Safety
///
/// `call` is valid for `'a`, and `rendezvous` was.
unsafe fn handoff<'a>(call: NonNull<bindings::umh_call>) -> &'a Handoff {
    // SAFETY: Written by `rendezvous`, says the caller.
    unsafe { &*addr_of!((*call.as_ptr()).handoff).cast() }
}

/// # Safety
///
/// As for [`handoff`].
unsafe fn done<'a>(call: NonNull<bindings::umh_call>) -> &'a Completion {
    // SAFETY: Initialised by `rendezvous`, says the caller.
    unsafe { Completion::from_raw(addr_of_mut!((*call.as_ptr()).done)) }
}

const _: () = assert!(size_of::<Handoff>() <= size_of::<kernel::ffi::c_ulong>());
const _: () = assert!(align_of::<Handoff>() <= align_of::<kernel::ffi::c_ulong>());

// SPDX-License-Identifier: GPL-2.0-only

//! Programs of user space, run by drivers in Rust.
//!
//! C header: `include/linux/umh.h`. It needs only what C exports, so that it
//! works with either half of the kernel, `kernel/umh.c` or `RUST_UMH`. Words
//! are copied: nothing of the caller's has to outlive the program.
//!
//! ```
//! let status = Command::new(c"/usr/bin/logger")?
//!     .arg(c"help!")?
//!     .env(c"HOME=/")?
//!     .wait()?;
//! ```
//!
//! | in Linux 2.6.23 to 3.x | here |
//! | --- | --- |
//! | `call_usermodehelper(path, argv, envp, wait)` | [`Command::wait`], [`Command::start`], [`Command::send`] |
//! | `call_usermodehelper_setup`, `_exec` | [`Command::setup`], [`Call::exec`] |
//! | `call_usermodehelper_pipe` | [`Command::pipe`] |
//! | `call_usermodehelper_keys` | [`Call::keyring`] |
//!
//! Everything is `#[inline]`: it becomes part of the module that uses it, and
//! nothing need be exported.

use core::ffi::CStr;
use core::ptr::{NonNull, null_mut};
use kernel::bindings;
use kernel::error::{Result, code, to_result};
use kernel::ffi::{c_char, c_int, c_void};
use kernel::prelude::{Error, GFP_KERNEL, KBox, KVec};

/// A program, its arguments and its environment, which begins empty.
pub struct Command(Words);

struct Words {
    /// One word after another, each with its NUL.
    bytes: KVec<u8>,
    /// Where in them the arguments begin, the variables.
    argv: KVec<usize>,
    envp: KVec<usize>,
}

impl Command {
    /// Runs `program`, an absolute path, which is the first argument too.
    #[inline]
    pub fn new(program: &CStr) -> Result<Self> {
        let words = Words {
            bytes: KVec::new(),
            argv: KVec::new(),
            envp: KVec::new(),
        };
        Self(words).arg(program)
    }

    /// Appends an argument.
    #[inline]
    pub fn arg(mut self, word: &CStr) -> Result<Self> {
        self.0.argv.push(self.0.bytes.len(), GFP_KERNEL)?;
        self.0
            .bytes
            .extend_from_slice(word.to_bytes_with_nul(), GFP_KERNEL)?;
        Ok(self)
    }

    /// Appends a variable, `NAME=value`.
    #[inline]
    pub fn env(mut self, word: &CStr) -> Result<Self> {
        self.0.envp.push(self.0.bytes.len(), GFP_KERNEL)?;
        self.0
            .bytes
            .extend_from_slice(word.to_bytes_with_nul(), GFP_KERNEL)?;
        Ok(self)
    }

    /// Waits for the program's end.
    #[inline]
    pub fn wait(self) -> Result<Status> {
        self.setup()?.exec(Wait::Proc)
    }

    /// Waits until it runs.
    #[inline]
    pub fn start(self) -> Result {
        self.setup()?.exec(Wait::Exec).map(drop)
    }

    /// Waits for nothing: a missing program is no error.
    #[inline]
    pub fn send(self) -> Result {
        self.setup()?.exec(Wait::No).map(drop)
    }

    /// Starts it with a pipe as its standard input, and gives the other end.
    /// `ENOENT` if helpers are switched off by an empty path.
    #[inline]
    pub fn pipe(self) -> Result<Writer> {
        let mut writer = None;
        let mut call = self.setup()?;
        // It outlives the call: nothing ends the wait for the start, and `init`
        // is through by then.
        call.more().writer = &mut writer;
        call.exec(Wait::Exec)?;
        writer.ok_or(code::ENOENT)
    }

    /// `call_usermodehelper_setup()`
    #[inline]
    pub fn setup(self) -> Result<Call> {
        let Words { bytes, argv, envp } = self.0;
        let mut more = KBox::new(
            More {
                argv: KVec::new(),
                envp: KVec::new(),
                bytes,
                writer: null_mut(),
                keyring: None,
            },
            GFP_KERNEL,
        )?;
        let bytes = more.bytes.as_mut_ptr();
        let place = |start: &usize| bytes.wrapping_add(*start).cast::<c_char>();
        for pointer in argv.iter().map(place).chain([null_mut()]) {
            more.argv.push(pointer, GFP_KERNEL)?;
        }
        for pointer in envp.iter().map(place).chain([null_mut()]) {
            more.envp.push(pointer, GFP_KERNEL)?;
        }

        let (argv, envp) = (more.argv.as_mut_ptr(), more.envp.as_mut_ptr());
        let data = KBox::into_raw(more).cast();
        let (init, cleanup) = (Some(init as Init), Some(cleanup as Cleanup));
        let gfp = bindings::GFP_KERNEL;
        // SAFETY: All of it is in `data`, which `cleanup` drops.
        let info = unsafe {
            bindings::call_usermodehelper_setup(bytes.cast(), argv, envp, gfp, init, cleanup, data)
        };
        match NonNull::new(info) {
            Some(info) => Ok(Call(info)),
            None => {
                // SAFETY: Nobody has it but us.
                drop(unsafe { KBox::<More>::from_raw(data.cast()) });
                Err(code::ENOMEM)
            }
        }
    }
}

/// A call that is set up. Only its execution frees it.
///
/// # Invariants
///
/// From `call_usermodehelper_setup()`, with a `More` as its data, and not
/// executed yet.
#[must_use]
pub struct Call(NonNull<bindings::subprocess_info>);

impl Call {
    /// Gives the program this session keyring.
    #[inline]
    pub fn keyring(mut self, keyring: Keyring) -> Self {
        self.more().keyring = Some(keyring);
        self
    }

    /// `call_usermodehelper_exec()`
    #[inline]
    pub fn exec(self, wait: Wait) -> Result<Status> {
        let info = self.0.as_ptr();
        core::mem::forget(self);
        // SAFETY: By the type's invariants; it is gone from here.
        let ret = unsafe { bindings::call_usermodehelper_exec(info, wait as c_int) };
        if ret < 0 {
            return Err(Error::from_errno(ret));
        }
        Ok(Status(ret))
    }

    #[inline]
    fn more(&mut self) -> &mut More {
        // SAFETY: By the type's invariants.
        unsafe { &mut *(*self.0.as_ptr()).data.cast() }
    }
}

impl Drop for Call {
    #[inline]
    fn drop(&mut self) {
        // C frees a call by executing it only; one without a path does nothing.
        // SAFETY: By the type's invariants.
        unsafe { (*self.0.as_ptr()).path = core::ptr::null() };
        // SAFETY: The same; it is gone from here.
        unsafe { bindings::call_usermodehelper_exec(self.0.as_ptr(), Wait::No as c_int) };
    }
}

/// What is waited for.
#[derive(Clone, Copy)]
pub enum Wait {
    /// Nothing.
    No = bindings::UMH_NO_WAIT as isize,
    /// That it runs.
    Exec = bindings::UMH_WAIT_EXEC as isize,
    /// Its end.
    Proc = bindings::UMH_WAIT_PROC as isize,
    /// Its end, or a fatal signal: it goes on alone then.
    ProcKillable = (bindings::UMH_WAIT_PROC | bindings::UMH_KILLABLE) as isize,
}

/// How a program ended, as wait(2) says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(c_int);

impl Status {
    /// The exit code, if that is how it ended.
    #[inline]
    pub fn code(self) -> Option<u8> {
        (self.0 & 0x7f == 0).then_some((self.0 >> 8) as u8)
    }

    /// The signal that ended it, if one did.
    #[inline]
    pub fn signal(self) -> Option<u8> {
        (self.0 & 0x7f != 0).then_some((self.0 & 0x7f) as u8)
    }
}

/// The writing end of a program's standard input. Closed when dropped: the
/// program reads the end of its input.
///
/// # Invariants
///
/// A file with a reference that is ours.
pub struct Writer(NonNull<bindings::file>);

impl Writer {
    /// Writes all of it, waiting while the pipe is full.
    #[inline]
    pub fn write_all(&mut self, mut bytes: &[u8]) -> Result {
        while !bytes.is_empty() {
            let (file, from) = (self.0.as_ptr(), bytes.as_ptr().cast());
            // SAFETY: By the type's invariants; a pipe has no position.
            let done = unsafe { bindings::kernel_write(file, from, bytes.len(), null_mut()) };
            let Ok(done) = usize::try_from(done) else {
                return to_result(done as c_int);
            };
            bytes = bytes.get(done..).unwrap_or(&[]);
        }
        Ok(())
    }
}

impl Drop for Writer {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type's invariants.
        unsafe { bindings::fput(self.0.as_ptr()) };
    }
}

/// A keyring of root's, for the session of a program.
///
/// # Invariants
///
/// A key with a reference that is ours.
pub struct Keyring(NonNull<bindings::key>);

impl Keyring {
    /// `keyring_alloc()`
    #[inline]
    pub fn new(description: &CStr) -> Result<Self> {
        let (root, group) = (bindings::kuid_t { val: 0 }, bindings::kgid_t { val: 0 });
        let flags = bindings::KEY_ALLOC_NOT_IN_QUOTA as _;
        let name = description.as_ptr().cast();
        // SAFETY: The task's own credentials stay while it is in here.
        let cred = unsafe { (*bindings::get_current()).cred };
        // SAFETY: All are valid or say that there is none.
        let key = unsafe {
            bindings::keyring_alloc(name, root, group, cred, PERM, flags, null_mut(), null_mut())
        };
        Self::from_result(key)
    }

    /// Puts a key of type `user` into it.
    #[inline]
    pub fn add(&self, description: &CStr, payload: &[u8]) -> Result {
        // `make_key_ref(key, true)`: we possess it.
        let place = self.0.as_ptr().cast::<u8>().wrapping_add(1).cast();
        let (kind, name) = (c"user".as_ptr().cast(), description.as_ptr().cast());
        let flags = bindings::KEY_ALLOC_NOT_IN_QUOTA as _;
        let (from, size) = (payload.as_ptr().cast(), payload.len());
        // SAFETY: The keyring is ours, and the bytes are copied.
        let key =
            unsafe { bindings::key_create_or_update(place, kind, name, from, size, PERM, flags) };
        let key: *mut u8 = key.cast();
        let possessed = key as usize & 1;
        Self::from_result(key.wrapping_sub(possessed).cast()).map(drop)
    }

    #[inline]
    fn from_result(key: *mut bindings::key) -> Result<Self> {
        match key as isize {
            error @ -4095..=-1 => Err(Error::from_errno(error as c_int)),
            _ => NonNull::new(key).map(Self).ok_or(code::ENOMEM),
        }
    }
}

impl Drop for Keyring {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type's invariants.
        unsafe { bindings::key_put(self.0.as_ptr()) };
    }
}

/// All but changing attributes, for who possesses it; nothing for others.
const PERM: bindings::key_perm_t = bindings::KEY_POS_ALL & !bindings::KEY_POS_SETATTR;

/// The data of a call.
struct More {
    argv: KVec<*mut c_char>,
    envp: KVec<*mut c_char>,
    bytes: KVec<u8>,
    /// NULL, or where the pipe's end goes.
    writer: *mut Option<Writer>,
    keyring: Option<Keyring>,
}

type Init = unsafe extern "C" fn(*mut bindings::subprocess_info, *mut bindings::cred) -> c_int;
type Cleanup = unsafe extern "C" fn(*mut bindings::subprocess_info);

/// # Safety
///
/// `info` is a call of [`Command::setup`], in its new process.
#[inline]
unsafe extern "C" fn init(
    info: *mut bindings::subprocess_info,
    cred: *mut bindings::cred,
) -> c_int {
    // SAFETY: Says the caller.
    let more: &mut More = unsafe { &mut *(*info).data.cast() };
    if let Some(keyring) = &more.keyring {
        // SAFETY: Both are valid; it takes a reference of its own.
        let ret = unsafe { bindings::umh_session_keyring(cred, keyring.0.as_ptr()) };
        if ret != 0 {
            return ret;
        }
    }
    // SAFETY: `Command::pipe` waits, and keeps the slot.
    let Some(slot) = (unsafe { more.writer.as_mut() }) else {
        return 0;
    };
    let mut file = null_mut();
    // SAFETY: In the new process, which has no files.
    let ret = unsafe { bindings::umh_stdin_pipe(&mut file) };
    *slot = NonNull::new(file).map(Writer);
    ret
}

/// # Safety
///
/// `info` is a call of [`Command::setup`], at its end.
#[inline]
unsafe extern "C" fn cleanup(info: *mut bindings::subprocess_info) {
    // SAFETY: `setup` took it out of its box.
    drop(unsafe { KBox::<More>::from_raw((*info).data.cast::<c_void>().cast()) });
}

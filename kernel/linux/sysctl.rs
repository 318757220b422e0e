// SPDX-License-Identifier: GPL-2.0-only

//! `struct ctl_table`, for variables of two numbers.
//!
//! C header: `include/linux/sysctl.h`.

use core::ffi::CStr;
use core::mem::size_of;
use core::ptr::addr_of_mut;
use kernel::bindings;
use kernel::ffi::{c_int, c_ulong, c_void};

/// A variable of two numbers.
pub(crate) trait Variable: Sync {
    /// Whether the task that calls may write it.
    fn may_write(&self) -> bool;
    /// The numbers.
    fn read(&self) -> [c_ulong; 2];
    /// Takes numbers that were written.
    fn write(&self, numbers: [c_ulong; 2]);
}

/// A table of entries, for ever.
#[repr(transparent)]
pub(crate) struct SysctlTable<const N: usize>([bindings::ctl_table; N]);

// SAFETY: The sysctl code has its own lock for what it changes in a table.
unsafe impl<const N: usize> Sync for SysctlTable<N> {}

/// An entry: `variable` as the file `name`.
pub(crate) const fn entry<V: Variable>(
    name: &'static CStr,
    mode: u16,
    variable: &'static V,
) -> bindings::ctl_table {
    // SAFETY: All fields may be zero.
    let mut entry: bindings::ctl_table = unsafe { core::mem::zeroed() };
    entry.procname = name.as_ptr().cast();
    entry.data = core::ptr::from_ref(variable).cast_mut().cast();
    entry.maxlen = size_of::<[c_ulong; 2]>() as c_int;
    entry.mode = mode;
    entry.proc_handler = Some(handle::<V>);
    entry
}

impl<const N: usize> SysctlTable<N> {
    /// The table of `entries`.
    pub(crate) const fn new(entries: [bindings::ctl_table; N]) -> Self {
        Self(entries)
    }

    /// `register_sysctl_init()`: below `/proc/sys`.
    pub(crate) fn register(&'static self, path: &'static CStr, name: &'static CStr) {
        let table = self.0.as_ptr().cast_mut();
        // SAFETY: All of it stays for ever. The table's owner in C writes only
        // to tables with children, which this has not.
        unsafe {
            bindings::__register_sysctl_init(path.as_ptr().cast(), table, name.as_ptr().cast(), N)
        };
    }
}

/// # Safety
///
/// As the sysctl code calls it, for an entry of [`entry`].
unsafe extern "C" fn handle<V: Variable>(
    table: *const bindings::ctl_table,
    write: c_int,
    buffer: *mut c_void,
    length: *mut usize,
    position: *mut bindings::loff_t,
) -> c_int {
    // SAFETY: Valid, says the caller.
    let mut table = unsafe { *table };
    // SAFETY: `entry` put it there, and it stays for ever.
    let variable: &V = unsafe { &*table.data.cast() };
    if write != 0 && !variable.may_write() {
        return -(bindings::EPERM as c_int);
    }

    let mut numbers = variable.read();
    table.data = addr_of_mut!(numbers).cast();
    // SAFETY: As the caller gave it, but for the place of the numbers.
    let ret = unsafe { bindings::proc_doulongvec_minmax(&table, write, buffer, length, position) };
    if ret < 0 {
        return ret;
    }
    if write != 0 {
        variable.write(numbers);
    }
    0
}

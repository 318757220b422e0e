// SPDX-License-Identifier: GPL-2.0-only

//! KUnit suites that are built in.
//!
//! C header: `include/kunit/test.h`. Linux 6.12 has assertions for Rust and no
//! suites.

use kernel::bindings;
use kernel::ffi::c_char;

/// A test.
pub(crate) const fn case(
    name: &'static core::ffi::CStr,
    run: unsafe extern "C" fn(*mut bindings::kunit),
) -> bindings::kunit_case {
    let mut case = END;
    case.name = name.as_ptr().cast();
    case.run_case = Some(run);
    case
}

/// What ends a list of tests.
// SAFETY: All fields may be zero.
pub(crate) const END: bindings::kunit_case = unsafe { core::mem::zeroed() };

/// The suite `name` of the tests at `cases`, which [`END`] ends.
pub(crate) const fn suite_of(
    name: &[u8],
    cases: *mut bindings::kunit_case,
) -> bindings::kunit_suite {
    // SAFETY: All fields may be zero.
    let mut suite: bindings::kunit_suite = unsafe { core::mem::zeroed() };
    let mut at = 0;
    while at < name.len() {
        suite.name[at] = name[at] as c_char;
        at += 1;
    }
    suite.test_cases = cases;
    suite
}

/// Where the linker gathers suites.
#[repr(transparent)]
pub(crate) struct Registered(pub(crate) *mut bindings::kunit_suite);

// SAFETY: KUnit runs one suite at a time, and nobody else reads them.
unsafe impl Sync for Registered {}

/// A suite of the functions that are named, each a test.
macro_rules! suite {
    ($name:literal, $($test:ident),+ $(,)?) => {
        static mut CASES: [kernel::bindings::kunit_case; [$(stringify!($test)),+].len() + 1] = [
            $({
                /// # Safety
                ///
                /// As KUnit calls it.
                unsafe extern "C" fn run(_test: *mut kernel::bindings::kunit) {
                    $test();
                }
                let name = concat!(stringify!($test), "\0").as_bytes();
                match core::ffi::CStr::from_bytes_with_nul(name) {
                    Ok(name) => $crate::linux::kunit::case(name, run),
                    Err(_) => panic!(),
                }
            },)+
            $crate::linux::kunit::END,
        ];
        static mut SUITE: kernel::bindings::kunit_suite =
            $crate::linux::kunit::suite_of($name, core::ptr::addr_of_mut!(CASES).cast());
        #[used]
        #[link_section = ".kunit_test_suites"]
        static REGISTERED: $crate::linux::kunit::Registered =
            $crate::linux::kunit::Registered(core::ptr::addr_of_mut!(SUITE));
    };
}

pub(crate) use suite;

// SPDX-License-Identifier: GPL-2.0-only

//! KUnit tests of the host, where Linux is what it stands on. They run at
//! boot, before there is an init, with the initial archive unpacked.

use crate::api::{call_usermodehelper_exec, call_usermodehelper_setup};
use crate::host::Linux;
use crate::linux::kunit::suite;
use crate::linux::statics::{DEPTH, SEM, SLOTS};
use crate::linux::version::check;
use crate::linux::words;
use core::ffi::CStr;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};
use kernel::bindings;
use kernel::ffi::{c_char, c_int};
use umh_core::gate::{self, Depth};
use umh_core::host::{Prepared, State};

suite!(
    b"umh",
    a_wake_up_after_the_look_is_not_missed,
    a_place_is_left_when_time_is_over,
    a_reader_leaves_and_a_writer_leaves,
    the_fifty_first_request_runs_out_of_time,
    words_are_arrays_that_end_in_null,
    words_that_do_not_fit_are_none,
    a_missing_program_is_told_and_cleaned_up,
    no_path_is_an_error_and_cleaned_up,
    an_empty_path_is_a_success_and_cleaned_up,
    a_closed_gate_is_busy_and_cleaned_up,
    readers_are_turned_away_from_a_closed_gate,
    nobody_disables_helpers_by_enabling_them,
);

fn a_wake_up_after_the_look_is_not_missed() {
    let mut place = DEPTH.place(State::Uninterruptible);
    DEPTH.wake_up();
    // All of the time is left: it did not sleep.
    check!(place.schedule_timeout(1000) == Ok(1000));
}

fn a_place_is_left_when_time_is_over() {
    let mut place = DEPTH.place(State::Uninterruptible);
    check!(place.schedule_timeout(2) == Ok(0));
}

fn a_reader_leaves_and_a_writer_leaves() {
    // Each would wait for ever for the one before it.
    drop(SEM.read());
    drop(SEM.write());
    drop(SEM.read());
}

fn the_fifty_first_request_runs_out_of_time() {
    let slots = [(); 50].map(|()| SLOTS.down(1));
    check!(slots.iter().all(Result::is_ok));
    check!(SLOTS
        .down(1)
        .is_err_and(|errno| errno == umh_core::errno::Errno::ETIME));
    drop(slots);
    check!(SLOTS.down(1).is_ok());
}

fn words_are_arrays_that_end_in_null() {
    let call = words::call::<32>(None, |sink| {
        sink.arg(&[b"/bin/", b"true"]);
        sink.arg(&[b""]);
        sink.constant_arg(c"-q");
        sink.env(&[b"A=1"]);
    });
    let Some(call) = call else {
        return check!(false);
    };
    let info = call.as_ptr();
    // SAFETY: The call is ours until it is dropped.
    let (path, argv, envp) = unsafe { ((*info).path, (*info).argv, (*info).envp) };
    check!(text(path) == c"/bin/true");
    // SAFETY: Three arguments and their end.
    let argv = unsafe { [*argv, *argv.add(1), *argv.add(2), *argv.add(3)] };
    check!(text(argv[0]) == c"/bin/true" && text(argv[1]).is_empty());
    check!(text(argv[2]) == c"-q" && argv[3].is_null());
    // SAFETY: One variable and its end.
    let envp = unsafe { [*envp, *envp.add(1)] };
    check!(text(envp[0]) == c"A=1" && envp[1].is_null());
}

fn words_that_do_not_fit_are_none() {
    check!(words::call::<4>(None, |sink| sink.arg(&[b"four"])).is_none());
    check!(words::call::<5>(None, |sink| sink.arg(&[b"four"])).is_some());
    check!(words::call::<64>(None, |sink| (0..9).for_each(|_| sink.arg(&[b"x"]))).is_none());
}

fn a_missing_program_is_told_and_cleaned_up() {
    for wait in [bindings::UMH_WAIT_EXEC, bindings::UMH_WAIT_PROC] {
        check!(call(c"/no/such/program".as_ptr().cast(), wait) == -(bindings::ENOENT as c_int));
    }
}

fn no_path_is_an_error_and_cleaned_up() {
    check!(call(null_mut(), bindings::UMH_WAIT_EXEC) == -(bindings::EINVAL as c_int));
}

fn an_empty_path_is_a_success_and_cleaned_up() {
    check!(call(c"".as_ptr().cast(), bindings::UMH_WAIT_PROC) == 0);
}

fn a_closed_gate_is_busy_and_cleaned_up() {
    for depth in [Depth::Freezing, Depth::Disabled] {
        check!(gate::disable(&Linux::HOST, depth).is_ok());
        let ret = call(c"".as_ptr().cast(), bindings::UMH_NO_WAIT);
        gate::enable(&Linux::HOST);
        check!(ret == -(bindings::EBUSY as c_int));
    }
}

fn readers_are_turned_away_from_a_closed_gate() {
    check!(gate::disable(&Linux::HOST, Depth::Disabled).is_ok());
    let refused = gate::read_trylock(&Linux::HOST).is_err();
    let waited = gate::read_lock_wait(&Linux::HOST, 2);
    let in_vain = waited.is_ok_and(|read| read.is_none());
    gate::enable(&Linux::HOST);
    check!(refused && in_vain);
    check!(gate::read_trylock(&Linux::HOST).is_ok());
}

fn nobody_disables_helpers_by_enabling_them() {
    check!(gate::disable(&Linux::HOST, Depth::Enabled).is_err());
    check!(!gate::read_trylock(&Linux::HOST).is_err());
}

/// Makes a call through the functions for C; its cleanup ran once by then.
fn call(path: *const c_char, wait: u32) -> c_int {
    let before = CLEANUPS.load(Ordering::SeqCst);
    let (mut argv, mut envp) = ([null_mut(); 2], [null_mut(); 1]);
    argv[0] = c"program".as_ptr().cast_mut().cast();
    let gfp = bindings::GFP_KERNEL;
    let (argv, envp) = (argv.as_mut_ptr(), envp.as_mut_ptr());
    // SAFETY: The words stay until the call returns: it is not killable.
    let info = unsafe {
        call_usermodehelper_setup(path, argv, envp, gfp, None, Some(cleanup), null_mut())
    };
    // The configured program would be another one.
    // SAFETY: It is ours until it is executed.
    unsafe { (*info).path = path };
    // SAFETY: It was just set up.
    let ret = unsafe { call_usermodehelper_exec(info, wait as c_int) };
    check!(CLEANUPS.load(Ordering::SeqCst) == before + 1);
    ret
}

static CLEANUPS: AtomicUsize = AtomicUsize::new(0);

/// # Safety
///
/// None.
unsafe extern "C" fn cleanup(_info: *mut bindings::subprocess_info) {
    CLEANUPS.fetch_add(1, Ordering::SeqCst);
}

fn text<'a>(word: *const c_char) -> &'a CStr {
    // SAFETY: Only words that end in NUL come here, and stay for the test.
    unsafe { CStr::from_ptr(word.cast()) }
}

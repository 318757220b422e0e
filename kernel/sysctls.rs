// SPDX-License-Identifier: GPL-2.0-only

//! `/proc/sys/kernel/usermodehelper/{bset,inheritable}`.

use crate::host::BOUNDS;
use crate::linux::cred::capable;
use crate::linux::export::early_initcall;
use crate::linux::sysctl::{SysctlTable, Variable, entry};
use kernel::bindings;
use kernel::ffi::{c_int, c_ulong};
use umh_core::caps::{CapSet, Which};

static TABLE: SysctlTable<2> = SysctlTable::new([
    entry(c"bset", 0o600, &Which::Bset),
    entry(c"inheritable", 0o600, &Which::Inheritable),
]);

impl Variable for Which {
    fn may_write(&self) -> bool {
        capable(bindings::CAP_SETPCAP) && capable(bindings::CAP_SYS_MODULE)
    }

    fn read(&self) -> [c_ulong; 2] {
        let (low, high) = BOUNDS.read(*self).words();
        [low as c_ulong, high as c_ulong]
    }

    fn write(&self, [low, high]: [c_ulong; 2]) {
        let set = CapSet::from_words(low as u64, high as u64);
        // Asked before: `may_write`.
        let _ = BOUNDS.write(*self, set, true);
    }
}

/// `init_umh_sysctls`
#[no_mangle]
#[link_section = ".init.text"]
extern "C" fn umh_rust_init_sysctls() -> c_int {
    TABLE.register(c"kernel/usermodehelper", c"usermodehelper_table");
    0
}
early_initcall!(umh_rust_init_sysctls);

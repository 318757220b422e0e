// SPDX-License-Identifier: GPL-2.0-only

//! `EXPORT_SYMBOL*()` and `early_initcall()`.
//!
//! C headers: `include/linux/export.h`, `include/linux/init.h`.

/// Has modules find a function, and the compiler hold its type against that
/// of the C header. `export!(name)` or `export!(name, "GPL")`.
macro_rules! export {
    ($name:ident) => {
        $crate::linux::export::export!($name, "");
    };
    ($name:ident, $license:literal) => {
        $crate::linux::export::declared!($name);
        core::arch::global_asm!(concat!(
            ".section \".export_symbol\", \"a\"\n",
            "__export_symbol_",
            stringify!($name),
            ":\n",
            ".asciz \"",
            $license,
            "\"\n",
            ".ascii \"\\0\"\n",
            ".balign 8\n",
            ".quad ",
            stringify!($name),
            "\n",
            ".previous\n",
        ));
    };
}

/// Holds a function's type against that of the C header.
macro_rules! declared {
    ($name:ident) => {
        const _: () = {
            // Both sides of an `if` are of one type.
            let _ = if true { kernel::bindings::$name } else { $name };
        };
    };
}

/// Has a function run at boot, before the other processors start.
macro_rules! early_initcall {
    ($name:ident) => {
        // Relative where the architecture can relocate that, else a pointer.
        #[cfg(CONFIG_HAVE_ARCH_PREL32_RELOCATIONS)]
        core::arch::global_asm!(concat!(
            ".section \".initcallearly.init\", \"a\"\n",
            ".long ",
            stringify!($name),
            " - .\n",
            ".previous\n",
        ));
        #[cfg(not(CONFIG_HAVE_ARCH_PREL32_RELOCATIONS))]
        #[link_section = ".initcallearly.init"]
        #[used]
        static INITCALL: extern "C" fn() -> kernel::ffi::c_int = $name;
    };
}

pub(crate) use {declared, early_initcall, export};

#[cfg(not(CONFIG_64BIT))]
compile_error!("export! writes addresses of 64 bits");

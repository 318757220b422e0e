// SPDX-License-Identifier: MIT OR Apache-2.0

//! Landlock rulesets (landlock(7)).

use rustix::fd::{AsFd, AsRawFd as _, FromRawFd as _, OwnedFd};
use rustix::io::{Errno, Result};

use super::raw::{number, syscall};

/// The version of Landlock that the kernel has: 1 and up; `NOSYS` or
/// `OPNOTSUPP` if it has none or it is switched off.
pub fn version() -> Result<usize> {
    const LANDLOCK_CREATE_RULESET_VERSION: usize = 1;
    // SAFETY: asked for its version, the call takes no pointer.
    unsafe {
        syscall(
            number::LANDLOCK_CREATE_RULESET,
            [0, 0, LANDLOCK_CREATE_RULESET_VERSION, 0, 0, 0],
        )
    }
}

/// Rules for files: what is handled is refused unless a rule allows it.
#[derive(Debug)]
pub struct Ruleset(OwnedFd);

impl Ruleset {
    /// An empty ruleset that handles the kinds of access of `handled`
    /// (`LANDLOCK_ACCESS_FS_*`).
    pub fn new(handled: u64) -> Result<Self> {
        // struct landlock_ruleset_attr of version 1; later fields are 0.
        let attributes = core::ptr::from_ref(&handled).expose_provenance();
        let arguments = [attributes, size_of_val(&handled), 0, 0, 0, 0];
        // SAFETY: the attributes are one word, read during the call.
        let number = unsafe { syscall(number::LANDLOCK_CREATE_RULESET, arguments) }?;
        let number = i32::try_from(number).map_err(|_| Errno::BADF)?;
        // SAFETY: the kernel just made the descriptor for us; it is
        // close-on-exec.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(number) }))
    }

    /// Allows `access` to `file`, and to what is below it.
    pub fn allow(&self, file: impl AsFd, access: u64) -> Result<()> {
        /// `struct landlock_path_beneath_attr`
        #[repr(C, packed)]
        struct PathBeneath {
            access: u64,
            parent: i32,
        }
        const LANDLOCK_RULE_PATH_BENEATH: usize = 1;

        let rule = PathBeneath {
            access,
            parent: file.as_fd().as_raw_fd(),
        };
        let rule = (&raw const rule).expose_provenance();
        let arguments = [self.number()?, LANDLOCK_RULE_PATH_BENEATH, rule, 0, 0, 0];
        // SAFETY: the rule is read during the call.
        unsafe { syscall(number::LANDLOCK_ADD_RULE, arguments) }.map(|_| ())
    }

    /// Lays the rules upon this process and what it becomes or starts. Takes
    /// `CAP_SYS_ADMIN` or no_new_privs.
    pub fn restrict(self) -> Result<()> {
        // SAFETY: takes no pointer.
        unsafe {
            syscall(
                number::LANDLOCK_RESTRICT_SELF,
                [self.number()?, 0, 0, 0, 0, 0],
            )
        }
        .map(|_| ())
    }

    fn number(&self) -> Result<usize> {
        usize::try_from(self.0.as_raw_fd()).map_err(|_| Errno::BADF)
    }
}

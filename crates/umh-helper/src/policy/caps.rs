// SPDX-License-Identifier: MIT OR Apache-2.0

//! Capabilities by the names of capabilities(7), without `CAP_`, in lower
//! case (`include/uapi/linux/capability.h`).

/// A set of capabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caps(u64);

/// The names, each at its number.
const NAMES: [&str; 41] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

impl Caps {
    /// No capability.
    pub const NONE: Self = Self(0);
    /// `CAP_NET_ADMIN`.
    pub const NET_ADMIN: Self = Self(1 << 12);
    /// `CAP_SYS_MODULE`.
    pub const SYS_MODULE: Self = Self(1 << 16);

    /// The capability of that name.
    pub fn named(name: &str) -> Option<Self> {
        let number = NAMES.iter().position(|known| *known == name)?;
        1u64.checked_shl(u32::try_from(number).ok()?).map(Self)
    }

    /// The names of the set's capabilities, by number.
    pub fn names(self) -> impl Iterator<Item = &'static str> + Clone {
        NAMES
            .iter()
            .zip(0u32..)
            .filter(move |(_, number)| self.has(*number))
            .map(|(name, _)| *name)
    }

    /// Whether the set has the capability of that number.
    pub const fn has(self, number: u32) -> bool {
        match self.0.checked_shr(number) {
            Some(bits) => bits & 1 == 1,
            None => false,
        }
    }

    /// Both sets together.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every capability of the set is also in `other`.
    pub const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// The set as the kernel counts it: capability N is bit N.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_its_number_and_back() {
        for (name, number) in NAMES.iter().zip(0u32..) {
            let caps = Caps::named(name).unwrap();
            assert_eq!(caps.bits(), 1 << number);
            assert_eq!(caps.names().collect::<Vec<_>>(), [*name]);
        }
        assert_eq!(Caps::named("net_admin"), Some(Caps::NET_ADMIN));
        assert_eq!(Caps::named("sys_module"), Some(Caps::SYS_MODULE));
        assert_eq!(Caps::named("CAP_KILL"), None);
    }

    #[test]
    fn a_set_is_within_itself_and_within_more() {
        let kill = Caps::named("kill").unwrap();
        assert!(kill.within(kill.with(Caps::SYS_MODULE)));
        assert!(!kill.with(Caps::SYS_MODULE).within(kill));
        assert!(Caps::NONE.within(Caps::NONE));
    }
}

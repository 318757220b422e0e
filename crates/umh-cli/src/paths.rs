// SPDX-License-Identifier: MIT OR Apache-2.0

//! Where things are. Links are listed beside the call that reaches them.

/// What a kernel with `CONFIG_STATIC_USERMODEHELPER` starts.
pub const HELPER: &str = "/sbin/usermode-helper";
/// The people's program.
pub const PROGRAM: &str = "/usr/bin/umh";
/// What umh itself keeps: links, vendor policy, the list of placed files.
pub const HOME: &str = "/usr/lib/umh";
/// Where kernels without the option are pointed at: links to [`HELPER`], one
/// for each call whose program is a setting, named like the call.
pub const LINKS: &[&str] = &[
    "/usr/lib/umh/core",
    "/usr/lib/umh/modprobe",
    "/usr/lib/umh/poweroff",
    "/usr/lib/umh/release-agent",
    "/usr/lib/umh/request-key",
    "/usr/lib/umh/uevent",
];
/// The settings that point there.
pub const SYSCTL: &str = "/usr/lib/sysctl.d/50-umh.conf";
/// Policy that came with the distribution.
pub const VENDOR_POLICY: &str = "/usr/lib/umh/policy.d";
/// Policy of the administrator.
pub const ADMIN_POLICY: &str = "/etc/umh/policy.d";
/// What `umh install` placed.
pub const MANIFEST: &str = "/usr/lib/umh/manifest.json";
/// Where a kernel looks for the handler of its key requests
/// (`security/keys/request_key.c:call_sbin_request_key`): not a setting.
pub const REQUEST_KEY: &str = "/sbin/request-key";

/// The file below `/proc/sys` of a sysctl: `kernel.modprobe`.
pub fn sysctl(name: &str) -> String {
    format!("/proc/sys/{}", name.replace('.', "/"))
}

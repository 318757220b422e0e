// SPDX-License-Identifier: MIT OR Apache-2.0

//! Does this kernel have `CONFIG_STATIC_USERMODEHELPER`, and which path does
//! it start? No interface tells, so the kernel's configuration has to.

use std::io::Read;

use serde::Serialize;

use crate::tree::Tree;

/// What the configuration says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum KernelOption {
    /// The kernel starts one program for all calls.
    On {
        /// That program; empty: it starts none.
        path: String,
        /// The file that says so.
        source: String,
    },
    /// The kernel starts what callers name.
    Off {
        /// The file that says so.
        source: String,
    },
    /// No configuration was found.
    Unknown {
        /// The files that were looked for.
        tried: Vec<String>,
    },
}

/// Unpacked, a configuration is some 300 KiB.
const CONFIG_LIMIT: u64 = 8 << 20;

impl KernelOption {
    /// Looks at the running kernel's configuration, or in an image at that of
    /// the kernel that it holds.
    pub fn find(tree: &Tree) -> Self {
        let mut tried = vec!["/proc/config.gz".to_owned()];
        let release = release(tree);
        if let Some(release) = &release {
            tried.push(format!("/boot/config-{release}"));
            tried.push(format!("/lib/modules/{release}/config"));
            tried.push(format!("/usr/lib/modules/{release}/config"));
        }
        for path in &tried {
            let Ok(bytes) = tree.read(path) else { continue };
            let text = match path.ends_with(".gz") {
                true => gunzip(&bytes),
                false => Some(bytes),
            };
            if let Some(text) = text {
                return Self::parse(&String::from_utf8_lossy(&text), path);
            }
        }
        if release.is_none() {
            tried.push("/boot/config-*".to_owned());
        }
        Self::Unknown { tried }
    }

    fn parse(config: &str, source: &str) -> Self {
        let value = |name: &str| {
            config
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
        };
        let source = source.to_owned();
        match value("CONFIG_STATIC_USERMODEHELPER") {
            Some("y") => {
                let path = value("CONFIG_STATIC_USERMODEHELPER_PATH").unwrap_or_default();
                Self::On {
                    path: path.trim_matches('"').to_owned(),
                    source,
                }
            }
            _ => Self::Off { source },
        }
    }
}

/// The release of the kernel that runs, or of the newest that an image holds.
pub fn release(tree: &Tree) -> Option<String> {
    if let Ok(release) = tree.line("/proc/sys/kernel/osrelease") {
        return Some(String::from_utf8_lossy(&release).into_owned());
    }
    let names = tree.list("/boot").ok()?;
    let configs = names
        .iter()
        .filter_map(|name| name.to_str()?.strip_prefix("config-"));
    let newest = configs.max_by_key(|release| {
        tree.stat(&format!("/boot/config-{release}"))
            .map_or(0, |stat| stat.st_mtime)
    });
    newest.map(str::to_owned)
}

fn gunzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(bytes)
        .take(CONFIG_LIMIT)
        .read_to_end(&mut text)
        .ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(config: &str) -> KernelOption {
        KernelOption::parse(config, "config")
    }

    #[test]
    fn the_path_is_read_with_the_option() {
        let on = "CONFIG_A=y\nCONFIG_STATIC_USERMODEHELPER=y\nCONFIG_STATIC_USERMODEHELPER_PATH=\"/sbin/usermode-helper\"\n";
        assert_eq!(
            parse(on),
            KernelOption::On {
                path: "/sbin/usermode-helper".into(),
                source: "config".into()
            }
        );
        let empty = "CONFIG_STATIC_USERMODEHELPER=y\nCONFIG_STATIC_USERMODEHELPER_PATH=\"\"\n";
        assert_eq!(
            parse(empty),
            KernelOption::On {
                path: String::new(),
                source: "config".into()
            }
        );
        let off = "# CONFIG_STATIC_USERMODEHELPER is not set\n";
        assert_eq!(
            parse(off),
            KernelOption::Off {
                source: "config".into()
            }
        );
    }

    #[test]
    fn the_running_kernels_own_configuration_comes_first() {
        let root = tempfile::tempdir().unwrap();
        let tree = Tree::open(Some(root.path())).unwrap();
        std::fs::create_dir_all(root.path().join("proc/sys/kernel")).unwrap();
        std::fs::create_dir(root.path().join("boot")).unwrap();
        assert!(matches!(
            KernelOption::find(&tree),
            KernelOption::Unknown { .. }
        ));
        std::fs::write(root.path().join("proc/sys/kernel/osrelease"), "6.12.1\n").unwrap();
        std::fs::write(
            root.path().join("boot/config-6.12.1"),
            "CONFIG_STATIC_USERMODEHELPER=y\n",
        )
        .unwrap();
        std::fs::write(root.path().join("boot/config-6.1.0"), "").unwrap();
        assert!(matches!(KernelOption::find(&tree), KernelOption::On { .. }));
    }
}

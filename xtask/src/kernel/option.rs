// SPDX-License-Identifier: MIT OR Apache-2.0

//! `option-6.12`: Debian's linux-source-6.12, `make tinyconfig` and the
//! fragment `tests/vm/kernels/option-6.12.config`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use umh_vm::plan::Kernel;

use crate::cache::{self, Cache};
use crate::debian::Debian;
use crate::kernel::source::{Source, check, drop_selects};
use crate::kernel::{Files, Outside, depmod, release_in};
use crate::run::Run;
use crate::say;

/// A new value makes everyone build again: for changes to [`build`].
const RECIPE: &[u8] = b"1";

/// Builds it once for each version of the source and of the fragment.
pub(super) fn ready(cache: &Cache, debian: &Debian<'_>) -> Result<Files> {
    let fragment = crate::root().join("tests/vm/kernels/option-6.12.config");
    let text =
        fs::read(&fragment).with_context(|| format!("cannot read {}", fragment.display()))?;
    let source = Source::of_6_12(debian)?;

    let key = cache::key(&[source.key()?, &text, RECIPE]);
    let base = cache.entry(&format!("option-6.12-{key}"), |partial| {
        say::step(
            "build option-6.12 (about 5 minutes on 2 cores, once)",
            || build(&source, &fragment, partial),
        )
    })?;

    Ok(Files {
        kernel: Kernel::Option612,
        image: base.join("bzImage"),
        release: release_in(&base)?,
        outside: Outside::Headers(base.join("headers")),
        base,
    })
}

fn build(source: &Source, fragment: &Path, into: &Path) -> Result<()> {
    let log = into.join("build.log");
    let source = source.unpack(into)?;
    drop_selects(&source.join("lib/Kconfig.debug"))?;

    let objects = into.join("objects");
    fs::create_dir(&objects)?;
    let make = || Run::new("make").dir(&objects);
    let tiny = Run::new("make").dir(&source).arg("-s");
    tiny.arg(format!("O={}", objects.display()))
        .arg("tinyconfig")
        .logged(&log)?;
    let merge = Run::new(source.join("scripts/kconfig/merge_config.sh")).dir(&objects);
    merge.args(["-m", ".config"]).arg(fragment).logged(&log)?;
    make().args(["-s", "olddefconfig"]).logged(&log)?;
    check(
        &fs::read_to_string(fragment)?,
        &fs::read_to_string(objects.join(".config"))?,
    )?;

    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    make()
        .args([&format!("-j{jobs}"), "bzImage", "modules"])
        .logged(&log)?;

    let install = format!("INSTALL_MOD_PATH={}", into.display());
    make()
        .args(["-s", &install, "DEPMOD=true", "modules_install"])
        .logged(&log)?;
    let headers = into.join("headers");
    let script = "$(srctree)/scripts/package/install-extmod-build";
    let command = format!("KBUILD_RUN_COMMAND={script} {}", headers.display());
    make().args(["-s", "run-command", &command]).logged(&log)?;
    fs::copy(objects.join("arch/x86/boot/bzImage"), into.join("bzImage"))?;
    fs::copy(objects.join(".config"), into.join("config"))?;

    let release = release_in(into)?;
    fs::remove_file(into.join("lib/modules").join(&release).join("build"))?;
    depmod(into, &release)?;
    fs::remove_dir_all(&objects)?;
    Ok(fs::remove_dir_all(&source)?)
}

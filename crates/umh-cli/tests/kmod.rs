// SPDX-License-Identifier: MIT OR Apache-2.0

//! kmod's tools as other programs call them: each command line is one of
//! theirs, with what that program reads of the answer.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test states its expectations by failing"
)]

mod image;

use std::ffi::OsStr;
use std::os::unix::fs::symlink;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use image::Image;
use umh_modules::elf::fixture::Fixture;

const RELEASE: &str = "6.12.0-test";

/// An image with modules: depmod's texts, which suffice for small images, and
/// one file.
fn image() -> Image {
    let image = Image::new();
    let tree = |name: &str| format!("/usr/lib/modules/{RELEASE}/{name}");
    image.write(
        &tree("modules.dep"),
        "kernel/net/bridge/bridge.ko: kernel/net/802/stp.ko kernel/net/llc/llc.ko\n\
         kernel/net/802/stp.ko: kernel/net/llc/llc.ko\n\
         kernel/net/llc/llc.ko:\n\
         kernel/drivers/md/dm-mod.ko:\n",
    );
    image.write(
        &tree("modules.alias"),
        "# Aliases extracted from modules themselves.\n\
         alias fs-test llc\n\
         alias rtnl-link-bridge bridge\n",
    );
    image.write(&tree("modules.softdep"), "softdep bridge post: dm-mod\n");
    image.write(&tree("modules.builtin"), "kernel/net/packet/af_packet.ko\n");
    image.write(
        &tree("modules.builtin.modinfo"),
        "af_packet.license=GPL\0af_packet.firmware=a.fw\0",
    );
    let fields = [
        "license=GPL",
        "parm=max:The most.",
        "parmtype=max:int",
        "firmware=llc.fw",
        "softdep=pre: a",
    ];
    let file = Fixture {
        modinfo: &fields,
        ..Fixture::default()
    };
    image.write(&tree("kernel/net/llc/llc.ko"), file.build());
    image
}

/// `umh` under the name of a tool.
fn tool(words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Assert {
    tool_with(words, &[])
}

fn tool_with(
    words: impl IntoIterator<Item = impl AsRef<OsStr>>,
    environment: &[(&str, &str)],
) -> Assert {
    let mut umh = Command::new(assert_cmd::cargo::cargo_bin!("umh"));
    umh.args(words)
        .env_remove("MODPROBE_OPTIONS")
        .envs(environment.iter().copied())
        .assert()
}

/// What a tool printed, and that it succeeded.
fn printed(image: &Image, words: &str) -> String {
    let root = image.root().to_str().unwrap().to_owned();
    let words: Vec<String> = words
        .split(' ')
        .map(|word| word.replace("ROOT", &root))
        .collect();
    let output = tool(&words).success().get_output().stdout.clone();
    String::from_utf8(output).unwrap().replace(&root, "ROOT")
}

const TREE: &str = "ROOT/lib/modules/6.12.0-test";

#[test]
fn dracut_asks_whether_a_module_would_load() {
    let image = image();
    let ask = |name: &str| {
        format!("modprobe -d ROOT/usr/lib/modules/../../../ -S {RELEASE} --dry-run {name}")
    };
    assert_eq!(printed(&image, &ask("bridge")), "");
    assert_eq!(printed(&image, &ask("af_packet")), "");
    let root = image.root().to_str().unwrap().to_owned();
    tool(ask("nosuch").replace("ROOT", &root).split(' '))
        .code(1)
        .stderr(predicates::str::contains(
            "modprobe: FATAL: Module nosuch not found in directory ",
        ));
}

#[test]
fn an_initramfs_takes_the_files_that_show_depends_prints() {
    let image = image();
    let words = format!(
        "modprobe -d ROOT --all --set-version={RELEASE} --ignore-install --quiet --show-depends rtnl-link-bridge nosuch af_packet"
    );
    let root = image.root().to_str().unwrap().to_owned();
    // A name that leads to nothing fails, after all others were shown.
    let output = tool(words.replace("ROOT", &root).split(' '))
        .code(1)
        .stderr("")
        .get_output()
        .stdout
        .clone();
    let output = String::from_utf8(output).unwrap().replace(&root, "ROOT");
    assert_eq!(
        output,
        format!(
            "insmod {TREE}/kernel/net/llc/llc.ko \n\
             insmod {TREE}/kernel/net/802/stp.ko \n\
             insmod {TREE}/kernel/net/bridge/bridge.ko \n\
             builtin af_packet\n"
        )
    );
    let shown = printed(
        &image,
        &format!("modprobe -d ROOT -S {RELEASE} -D bridge a=1"),
    );
    assert!(
        shown.ends_with(&format!(
            "bridge.ko a=1\ninsmod {TREE}/kernel/drivers/md/dm-mod.ko \n"
        )),
        "{shown}"
    );
}

#[test]
fn mkinitcpio_resolves_aliases_and_reads_modinfo() {
    let image = image();
    let words = format!("modprobe -d ROOT -S {RELEASE} -qaR fs-test bridge");
    assert_eq!(printed(&image, &words), "llc\nbridge\n");
    let shown = printed(&image, &format!("modinfo -b ROOT -k {RELEASE} -0 llc"));
    let lines: Vec<&str> = shown.split('\0').collect();
    assert_eq!(
        lines,
        [
            &format!("filename:       {TREE}/kernel/net/llc/llc.ko"),
            "license=GPL",
            "firmware=llc.fw",
            "softdep=pre: a",
            "parm:           max:The most. (int)",
            "",
        ]
    );
}

#[test]
fn mkosi_asks_for_names_and_looks_for_the_option_in_the_help() {
    let image = image();
    let help = String::from_utf8(
        tool(["modinfo", "--help"])
            .success()
            .get_output()
            .stdout
            .clone(),
    );
    assert!(help.unwrap().contains("--modname"));
    let words =
        format!("modinfo --set-version {RELEASE} --null --modname --basedir ROOT llc af_packet");
    let shown = printed(&image, &words);
    assert!(shown.contains("firmware=llc.fw\0"), "{shown}");
    assert!(
        shown.ends_with(
            "name:           af_packet\0filename:       (builtin)\0license=GPL\0firmware=a.fw\0"
        ),
        "{shown}"
    );
}

#[test]
fn dkms_loads_what_devices_ask_for() {
    let image = image();
    // Without -n it would load: the rest is the same.
    let words = format!("modprobe -d ROOT -S {RELEASE} -n -v -a -b -q fs-test");
    assert_eq!(printed(&image, &words), "");
    let field = printed(
        &image,
        &format!("modinfo -b ROOT -k {RELEASE} -F license llc"),
    );
    assert_eq!(field, "GPL\n");
    let file = "modinfo -F license ROOT/usr/lib/modules/6.12.0-test/kernel/net/llc/llc.ko";
    assert_eq!(printed(&image, file), "GPL\n");
}

#[test]
fn the_last_of_several_field_options_counts() {
    let image = image();
    let words = format!("modinfo -F license -n -b ROOT -k {RELEASE} llc");
    assert_eq!(
        printed(&image, &words),
        format!("{TREE}/kernel/net/llc/llc.ko\n")
    );
    let words = format!("modinfo -n -l -b ROOT -k {RELEASE} llc");
    assert_eq!(printed(&image, &words), "GPL\n");
}

#[test]
fn configuration_masks_blacklists_commands_and_forbids() {
    let image = image();
    image.write(
        "/conf/a.conf",
        "alias net-test llc\noptions net-test a=1\noptions llc b=2\nblacklist stp\nalias st* stp\n\
         install dm_mod /bin/run $CMDLINE_OPTS\nforbid bri*\n",
    );
    let ask = |words: &str| format!("modprobe -d ROOT -S {RELEASE} -C ROOT/conf {words}");
    assert_eq!(
        printed(&image, &ask("-D net-test c=3")),
        format!("insmod {TREE}/kernel/net/llc/llc.ko a=1 b=2 c=3\n")
    );
    assert_eq!(printed(&image, &ask("-D stp")), "");
    assert_eq!(
        printed(&image, &ask("-D dm-mod x=1")),
        "install /bin/run $CMDLINE_OPTS x=1\n"
    );
    assert_eq!(
        printed(&image, &ask("-i -D dm-mod x=1")),
        format!("insmod {TREE}/kernel/drivers/md/dm-mod.ko x=1\n")
    );
    let root = image.root().to_str().unwrap().to_owned();
    tool(ask("-D bridge").replace("ROOT", &root).split(' '))
        .code(1)
        .stderr(predicates::str::contains(
            "modprobe: ERROR: could not insert 'bridge': bridge is forbidden (",
        ));
    let shown = printed(&image, &ask("-c"));
    let end = shown
        .find("\n# End of configuration files. Dumping indexes now:\n\n")
        .unwrap();
    let kinds = shown[..end]
        .lines()
        .map(|line| line.split(' ').next().unwrap());
    let mut kinds: Vec<&str> = kinds.collect();
    // The kernel's command line may have added options here.
    kinds.dedup();
    assert_eq!(
        kinds,
        [
            "blacklist",
            "install",
            "alias",
            "options",
            "softdep",
            "forbid"
        ]
    );
}

#[test]
fn options_come_from_the_environment_too() {
    let image = image();
    let root = image.root();
    let environment = format!("-d {} -S {RELEASE}", root.to_str().unwrap());
    let words = ["modprobe", "-R", "fs-test"];
    tool_with(words, &[("MODPROBE_OPTIONS", &environment)])
        .success()
        .stdout("llc\n");
}

#[test]
fn a_link_of_its_name_makes_umh_that_tool() {
    let image = image();
    let link = image.path("/usr/sbin/modinfo");
    symlink(assert_cmd::cargo::cargo_bin!("umh"), &link).unwrap();
    let file = image.path(&format!("/usr/lib/modules/{RELEASE}/kernel/net/llc/llc.ko"));
    Command::new(&link)
        .arg("-l")
        .arg(&file)
        .assert()
        .success()
        .stdout("GPL\n");
    Command::new(&link)
        .assert()
        .code(1)
        .stderr("modinfo: ERROR: missing module or filename.\n");
}

#[test]
fn wrong_use_ends_with_one_and_kmods_words() {
    for (words, error) in [
        ("modprobe", "modprobe: ERROR: missing parameters. See -h.\n"),
        (
            "modprobe -w x y",
            "modprobe: ERROR: unexpected wait value 'x'.\n",
        ),
        (
            "modprobe --nonsense",
            "modprobe: unrecognized option '--nonsense'\n",
        ),
        ("insmod", "insmod: ERROR: missing filename.\n"),
        (
            "insmod /nosuch.ko",
            "insmod: ERROR: could not load module /nosuch.ko: No such file or directory\n",
        ),
        ("rmmod", "rmmod: ERROR: missing module name.\n"),
        ("lsmod x", "lsmod: ERROR: too many arguments provided.\n"),
        (
            "modinfo ./nosuch",
            "modinfo: ERROR: Module ./nosuch not found.\n",
        ),
    ] {
        tool(words.split(' ')).code(1).stdout("").stderr(error);
    }
}

#[test]
fn a_damaged_file_is_named_and_the_others_are_shown() {
    let image = image();
    image.write(
        &format!("/usr/lib/modules/{RELEASE}/kernel/net/802/stp.ko"),
        b"\x7fELF\x02\x01\x01",
    );
    let root = image.root().to_str().unwrap().to_owned();
    let words = format!("modinfo -b {root} -k {RELEASE} -F license stp llc");
    tool(words.split(' '))
        .code(1)
        .stdout("GPL\n")
        .stderr(predicates::str::starts_with(
            "modinfo: ERROR: could not get modinfo from 'stp': ",
        ));
}

#[test]
fn a_path_is_a_module_without_lists() {
    let image = image();
    let file = image.path(&format!("/usr/lib/modules/{RELEASE}/kernel/net/llc/llc.ko"));
    let words: Vec<&OsStr> = vec![
        "modprobe".as_ref(),
        "-S".as_ref(),
        "none".as_ref(),
        "-D".as_ref(),
        file.as_ref(),
    ];
    let shown = format!("insmod {} \n", file.display());
    tool(words).success().stdout(shown);
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh modules` on an image.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test states its expectations by failing"
)]

mod image;

use image::Image;
use predicates::boolean::PredicateBooleanExt as _;
use serde_json::json;
use umh_modules::elf::fixture::Fixture;

/// An image with the lists of four modules, and one built in.
fn image() -> Image {
    let image = Image::with_policies();
    let tree = |name: &str| format!("/usr/lib/modules/6.12.0-test/{name}");
    image.write(
        &tree("modules.dep"),
        "kernel/net/bridge/bridge.ko: kernel/net/802/stp.ko kernel/net/llc/llc.ko\n\
         kernel/net/802/stp.ko: kernel/net/llc/llc.ko\n\
         kernel/net/llc/llc.ko:\n",
    );
    image.write(&tree("modules.alias"), "alias net-pf-2? bridge\n");
    image.write(&tree("modules.builtin"), "kernel/net/packet/af_packet.ko\n");
    image
}

#[test]
fn why_shows_what_decides_and_every_step_with_its_lines() {
    let image = image();
    image.write("/etc/modprobe.d/a.conf", "# Mine.\noptions stp a=1\n");
    let (why, exit) = image.json(&["modules", "why", "net-pf-26"]);
    assert_eq!(exit, 0);
    let decides: Vec<_> = why["lookup"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|place| place["decides"] == true)
        .collect();
    assert_eq!(decides.len(), 1);
    assert_eq!(decides[0]["place"], "modules.alias");
    let module = &why["modules"][0];
    assert_eq!(
        (&module["module"], &module["loads"]),
        (&json!("bridge"), &json!(true))
    );
    let names: Vec<_> = module["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["module"])
        .collect();
    assert_eq!(names, ["llc", "stp", "bridge"]);
    assert_eq!(
        module["steps"][1]["options_from"],
        json!([{ "file": "/etc/modprobe.d/a.conf", "line": 2 }])
    );
}

#[test]
fn why_names_the_line_that_stands_against_it() {
    let image = image();
    image.write("/etc/modprobe.d/a.conf", "blacklist bridge\n");
    let (why, exit) = image.json(&["modules", "why", "net-pf-26"]);
    assert_eq!(
        (exit, &why["modules"][0]["blacklisted"]["line"]),
        (1, &json!(1))
    );
    // By its own name it is loaded all the same.
    let (why, exit) = image.json(&["modules", "why", "bridge"]);
    assert_eq!(
        (exit, &why["modules"][0]["blacklisted_by_alias"]["line"]),
        (0, &json!(1))
    );

    image.write("/etc/modprobe.d/a.conf", "\nforbid llc\n");
    let (why, exit) = image.json(&["modules", "why", "bridge"]);
    assert_eq!(
        (exit, &why["modules"][0]["steps"][0]["forbidden"]["line"]),
        (1, &json!(2))
    );
    image
        .umh(&["modules", "why", "bridge"])
        .stdout(predicates::str::contains("forbidden:"));
}

#[test]
fn why_tells_what_the_policy_makes_of_the_kernels_request() {
    let image = image();
    image.write(
        "/etc/umh/policy.d/a.toml",
        "version = 1\n[modules]\ndeny = [\"net-pf-26\"]\n",
    );
    let (why, _) = image.json(&["modules", "why", "net-pf-26"]);
    assert_eq!(
        why["kernel"],
        json!({ "decision": "deny", "why": "module", "detail": "net-pf-26" })
    );
}

#[test]
fn what_is_built_in_or_unknown_is_said() {
    let image = image();
    let (why, exit) = image.json(&["modules", "why", "af_packet"]);
    assert_eq!((exit, &why["modules"][0]["state"]), (0, &json!("builtin")));
    for name in ["nosuch", "a]b"] {
        let (why, exit) = image.json(&["modules", "why", name]);
        assert_eq!((exit, &why["modules"]), (1, &json!([])), "{name}");
    }
}

#[test]
fn info_shows_what_a_module_says_of_itself() {
    let image = image();
    let module = Fixture {
        modinfo: &[
            "description=Ethernet bridge",
            "version=2.3",
            "license=GPL",
            "depends=stp,llc",
            "parmtype=debug:bool",
            "parm=debug:Say more.",
        ],
        ..Fixture::default()
    };
    let file = "/usr/lib/modules/6.12.0-test/kernel/net/bridge/bridge.ko";
    image.write(file, "");
    std::fs::write(image.path(file), module.build()).unwrap();
    let (info, exit) = image.json(&["modules", "info", "net-pf-26"]);
    let bridge = &info[0];
    assert_eq!(exit, 0);
    assert_eq!(
        (&bridge["module"], &bridge["version"], &bridge["depends"]),
        (&json!("bridge"), &json!("2.3"), &json!(["stp", "llc"]))
    );
    assert_eq!(
        bridge["parameters"],
        json!([{ "name": "debug", "kind": "bool", "description": "Say more.", "value": null }])
    );
    // Nothing is known of a kernel that does not run.
    assert_eq!(
        (&bridge["state"], &bridge["running"]),
        (&json!(null), &json!(null))
    );
    image
        .umh(&["modules", "info", "bridge"])
        .success()
        .stdout(predicates::str::contains("what        Ethernet bridge\n"))
        .stdout(predicates::str::contains("state").not());
    let (info, _) = image.json(&["modules", "info", "af_packet"]);
    assert_eq!(info[0]["state"], "builtin");
    image
        .umh(&["modules", "info", "nosuch"])
        .code(2)
        .stderr(predicates::str::contains("modules why"));
}

#[test]
fn the_tree_shows_needs_and_users() {
    let image = image();
    image
        .umh(&["modules", "tree", "bridge"])
        .success()
        .stdout("bridge\n└─ stp\n   └─ llc\n");
    let (tree, _) = image.json(&["modules", "tree", "--users", "llc"]);
    assert_eq!(
        tree,
        json!({ "module": "llc", "below": [{ "module": "stp", "below": [{ "module": "bridge" }] }] })
    );
    image
        .umh(&["modules", "tree", "nosuch"])
        .code(2)
        .stderr(predicates::str::contains("modules why"));
}

#[test]
fn a_kernel_without_lists_is_named_with_the_remedy() {
    let image = image();
    let ask = ["modules", "why", "--release", "6.13", "x"];
    image.umh(&ask).code(3).stderr(predicates::str::contains(
        "/lib/modules/6.13 has no modules.dep",
    ));
    image.write("/usr/lib/modules/6.14/modules.dep", "");
    image
        .umh(&["modules", "tree", "x"])
        .code(2)
        .stderr(predicates::str::contains("--release"));
}

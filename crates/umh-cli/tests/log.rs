// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh log` and `umh status` on a ring and a root of the test's own.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test states its expectations by failing"
)]

mod image;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use image::Image;
use predicates::prelude::*;
use predicates::str::contains;
use umh_abi::{Caller, Words};
use umh_helper::audit::{Demands, End, Entry, Level, Log};
use umh_helper::sys::Root;
use umh_helper::verdict::{Decision, Reason};

/// One call to be recorded.
struct Call<'a> {
    caller: Option<Caller>,
    argv: &'a [u8],
    decision: Decision,
    reason: Reason,
    end: Option<End>,
}

const EVIL: Call<'_> = Call {
    caller: Some(Caller::Modprobe),
    argv: b"/tmp/evil\0-q\0--\0net-pf-9\0",
    decision: Decision::Deny,
    reason: Reason::Path,
    end: Some(End::Answered(1)),
};

const GOOD: Call<'_> = Call {
    caller: Some(Caller::Modprobe),
    argv: b"/sbin/modprobe\0-q\0--\0fs-xfs\0",
    decision: Decision::Allow,
    reason: Reason::Rule,
    end: Some(End::Exited(0)),
};

const DIED: Call<'_> = Call {
    caller: Some(Caller::Coredump),
    argv: b"/usr/lib/umh/core\x00123\0a \x1b[31m\xff\n\0",
    decision: Decision::Allow,
    reason: Reason::Rule,
    end: None,
};

fn record(image: &Image, calls: &[&Call<'_>]) {
    let root = Root::At(fs::File::open(image.root()).unwrap().into());
    for call in calls {
        let log = Log::open_as(
            &root,
            Demands {
                owner: rustix::process::geteuid().as_raw(),
                in_memory: false,
            },
        );
        let allowed = call.decision != Decision::Deny;
        let record = log.begin(&Entry {
            caller: call.caller,
            argv: Words::new(call.argv).unwrap(),
            rule: if allowed { "modprobe" } else { "-" },
            decision: call.decision,
            reason: call.reason,
            detail: b"",
            target: if allowed { b"/usr/sbin/modprobe" } else { b"" },
            log: Level::None,
        });
        match call.end {
            Some(end) => record.close(end),
            None => drop(record),
        }
    }
}

fn image_with_calls() -> Image {
    let image = Image::new();
    let run = image.path("/run");
    fs::set_permissions(run, fs::Permissions::from_mode(0o755)).unwrap();
    record(&image, &[&GOOD, &EVIL, &DIED]);
    image
}

fn lines(image: &Image, args: &[&str]) -> Vec<serde_json::Value> {
    let out = image
        .umh(&[&["log", "--json"], args].concat())
        .code(0)
        .get_output()
        .stdout
        .clone();
    let text = String::from_utf8(out).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_record_tells_who_asked_what_was_decided_and_how_it_ended() {
    let image = image_with_calls();
    let records = lines(&image, &[]);
    assert_eq!(records.len(), 3);
    let good = &records[0];
    assert_eq!(
        (good["caller"].as_str(), good["decision"].as_str()),
        (Some("modprobe"), Some("allow"))
    );
    assert_eq!(
        (good["end"].as_str(), good["status"].as_i64()),
        (Some("exited"), Some(0))
    );
    assert_eq!(
        (good["rule"].as_str(), good["answer"].as_str()),
        (Some("modprobe"), Some("/usr/sbin/modprobe"))
    );
    assert_eq!(good["argv"][3], "fs-xfs");
    let evil = &records[1];
    assert_eq!(
        (evil["why"].as_str(), &evil["rule"]),
        (Some("path"), &serde_json::Value::Null)
    );
    assert_eq!(
        (records[2]["unfinished"].as_bool(), &records[2]["end"]),
        (Some(true), &serde_json::Value::Null)
    );
}

#[test]
fn the_log_for_a_person_is_printable_ascii_in_columns() {
    let image = image_with_calls();
    let out = image.umh(&["log"]).code(0).get_output().stdout.clone();
    assert!(
        out.iter().all(|byte| matches!(byte, b'\n' | b' '..=b'~')),
        "{}",
        out.escape_ascii()
    );
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.starts_with("TIME"), "{text}");
    assert!(
        text.contains("unfinished") && text.contains("\\x1b[31m\\xff\\n"),
        "{text}"
    );
}

#[test]
fn filters_choose_records() {
    let image = image_with_calls();
    assert_eq!(lines(&image, &["--denied"]).len(), 1);
    assert_eq!(lines(&image, &["--caller", "coredump"]).len(), 1);
    assert_eq!(
        lines(&image, &["--caller", "coredump", "--caller", "modprobe"]).len(),
        3
    );
    assert_eq!(lines(&image, &["-n", "2"])[0]["decision"], "deny");
    assert_eq!(lines(&image, &["--since", "1h"]).len(), 3);
    assert_eq!(lines(&image, &["--since", "2100-01-01"]).len(), 0);
    image
        .umh(&["log", "--caller", "nobody"])
        .code(2)
        .stderr(contains("modprobe"));
    image
        .umh(&["log", "--since", "noon-ish"])
        .code(2)
        .stderr(contains("--since"));
}

#[test]
fn no_call_yet_is_no_error_and_no_ring_is() {
    let image = Image::new();
    image
        .umh(&["log"])
        .code(0)
        .stdout(contains("no call has come"));
    image.umh(&["log", "--json"]).code(0).stdout("");
    image.write("/run/umh/ring", [b'x'; 8192]);
    image.umh(&["log"]).code(2).stderr(contains("not a ring"));
}

#[test]
fn following_shows_new_records_as_they_come() {
    let image = image_with_calls();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("umh"))
        .args(["log", "-f", "--json", "-n", "0", "--root"])
        .arg(image.root())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Only what comes after the first look is to be seen; wait for it.
    std::thread::sleep(std::time::Duration::from_secs(1));
    record(&image, &[&EVIL]);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let record: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (record["ticket"].as_u64(), record["decision"].as_str()),
        (Some(4), Some("deny"))
    );
}

#[test]
fn status_counts_calls_and_shows_the_last_denials() {
    let image = image_with_calls();
    let (status, code) = image.json(&["status"]);
    assert_eq!(code, 0, "{status}");
    assert_eq!(status["option"]["state"], "unknown");
    let callers = status["counters"]["callers"].as_array().unwrap();
    let modprobe = callers
        .iter()
        .find(|calls| calls["caller"] == "modprobe")
        .unwrap();
    assert_eq!(
        (modprobe["allow"].as_u64(), modprobe["deny"].as_u64()),
        (Some(1), Some(1))
    );
    assert_eq!(status["counters"]["refused"]["path"], 1);
    assert_eq!(status["counters"]["denials"][0]["argv"][0], "/tmp/evil");
    image
        .umh(&["status"])
        .code(0)
        .stdout(contains("CALLS SINCE BOOT").and(contains("last denials")));
}

#[test]
fn status_compares_the_copies_of_the_helper() {
    let image = Image::new();
    image.write("/proc/sys/kernel/osrelease", "6.12.0\n");
    let config = "CONFIG_STATIC_USERMODEHELPER=y\nCONFIG_STATIC_USERMODEHELPER_PATH=\"/sbin/usermode-helper\"\n";
    image.write("/boot/config-6.12.0", config);
    let (status, code) = image.json(&["status"]);
    assert_eq!((code, status["option"]["state"].as_str()), (1, Some("on")));
    assert_eq!(status["helper"]["present"], false);

    image.write("/usr/sbin/usermode-helper", "helper");
    image.mode("/usr/sbin/usermode-helper", 0o700);
    image.write(
        "/boot/initrd.img-6.12.0",
        include_bytes!("data/helper.cpio.zst"),
    );
    let (status, code) = image.json(&["status"]);
    assert_eq!(
        (code, status["initramfs"]["state"].as_str()),
        (0, Some("same")),
        "{status}"
    );

    image.write("/usr/sbin/usermode-helper", "newer");
    let (status, code) = image.json(&["status"]);
    assert_eq!(
        (code, status["initramfs"]["state"].as_str()),
        (1, Some("different"))
    );
    let (status, _) = image.json(&["status", "--quick"]);
    assert_eq!(status["initramfs"]["state"], "unread");
    image.write("/boot/initrd.img-6.12.0", b"");
    image
        .umh(&["status"])
        .code(1)
        .stdout(contains("has no usermode-helper"));
}

#[test]
fn status_tells_where_settings_lead() {
    let image = Image::new();
    image.write("/proc/sys/kernel/modprobe", "/usr/lib/umh/modprobe\n");
    image.write("/proc/sys/kernel/core_pattern", "|/tmp/evil %p\n");
    image.write("/proc/sys/kernel/poweroff_cmd", "/sbin/poweroff\n");
    image.write("/proc/sys/kernel/hotplug", "\n");
    image.write(
        "/proc/self/mountinfo",
        "30 23 0:26 / /sys/fs/cgroup/old rw,nosuid - cgroup cgroup rw,name=old\n\
         31 23 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
    );
    image.write("/sys/fs/cgroup/old/release_agent", "/tmp/agent\n");
    let (status, _) = image.json(&["status"]);
    let leads = |name: &str| {
        let settings = status["settings"].as_array().unwrap();
        settings
            .iter()
            .find(|setting| setting["name"] == name)
            .unwrap()["leads"]
            .clone()
    };
    assert_eq!(leads("kernel.modprobe"), "umh");
    assert_eq!(leads("kernel.core_pattern"), "elsewhere");
    assert_eq!(leads("kernel.poweroff_cmd"), "rule");
    assert_eq!(leads("kernel.hotplug"), "nowhere");
    assert_eq!(leads("/sys/fs/cgroup/old/release_agent"), "elsewhere");
}

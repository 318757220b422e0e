// SPDX-License-Identifier: MIT OR Apache-2.0

//! A disk that cannot hold the ring.

use super::*;

#[test]
fn a_disk_without_room_leaves_no_ring_no_rest_and_no_harm() {
    if let Some(machine) = Machine::inherited() {
        machine.log().begin(&entry(b"x\0")).close(End::Answered(1));
        return;
    }
    let machine = Machine::new();
    let name = "audit::tests::disk::a_disk_without_room_leaves_no_ring_no_rest_and_no_harm";
    let inner = machine.process(name);
    // No file may have more than 100 KiB; EFBIG stands for ENOSPC.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$@\"", "sh"]);
    limited.arg(inner.get_program()).args(inner.get_args());
    limited
        .env(VARIABLE, &machine.directory)
        .stdout(Stdio::null());
    assert!(limited.status().unwrap().success());

    assert_eq!(fs::read_dir(machine.path("run/umh")).unwrap().count(), 0);
    let lines = machine.lines();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].ends_with(" ring=errno-27"), "{}", lines[0]);
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! Plans in the words of `modprobe -D`.

use std::string::String;
use std::vec::Vec;

use super::*;
use crate::config::{Config, DIRECTORIES, Sources};
use crate::system::tests::Image;
use crate::tree::Tree;

const DEP: &str =
    "k/a.ko: k/b.ko k/c.ko\nk/b.ko: k/c.ko\nk/c.ko:\nk/d.ko:\nk/e.ko:\nk/f.ko: k/e.ko\n";

fn plan_for(conf: &str, name: &str, request: &Request<'_>) -> Result<Plan, Unplannable> {
    let image = Image::with(&[
        ("/lib/modules/1/modules.dep", DEP),
        (
            "/lib/modules/1/modules.alias",
            "alias al a\nalias none no_such\n",
        ),
        ("/lib/modules/1/modules.builtin", "kernel/in.ko\n"),
        ("/etc/modprobe.d/x.conf", conf),
    ]);
    let tree = Tree::of(&image, b"", b"1");
    let sources = Sources {
        paths: DIRECTORIES,
        tree: tree.path(),
        command_line: None,
        weakdeps: false,
    };
    let config = Config::load(&image, &sources, &mut |complaint| panic!("{complaint}"));
    let catalogue = Catalogue { tree, config };
    let found = catalogue.resolve(name.as_bytes()).unwrap();
    catalogue.plan(found.modules.first().unwrap(), request)
}

fn shown(conf: &str, name: &str) -> Vec<String> {
    let plan = plan_for(conf, name, &Request::default()).unwrap();
    let mut out = Vec::new();
    plan.steps.iter().for_each(|step| step.show(&mut out));
    let out = String::from_utf8(out).unwrap();
    let short = |line: &str| line.replace("/lib/modules/1/k/", "").replace(".ko", "");
    out.lines().map(short).collect()
}

#[test]
fn dependencies_come_first_the_deepest_before_all() {
    assert_eq!(shown("", "a"), ["insmod c ", "insmod b ", "insmod a "]);
    assert_eq!(shown("", "al"), ["insmod c ", "insmod b ", "insmod a "]);
}

#[test]
fn soft_dependencies_stand_around_their_module() {
    let conf = "softdep b pre: d post: f\n";
    assert_eq!(
        shown(conf, "a"),
        [
            "insmod c ",
            "insmod d ",
            "insmod b ",
            "insmod e ",
            "insmod f ",
            "insmod a "
        ]
    );
    let plan = plan_for(conf, "a", &Request::default()).unwrap();
    let soft = plan.steps.iter().filter(|step| !step.required);
    let soft: Vec<_> = soft.map(|step| &step.module.name[..]).collect();
    assert_eq!(soft, [b"d", b"e", b"f"]);
    assert!(plan.steps.last().unwrap().asked);
}

#[test]
fn every_softdep_line_counts_and_circles_end() {
    let conf = "softdep d pre: e\nsoftdep d pre: in\nsoftdep e post: d\n";
    assert_eq!(shown(conf, "d"), ["insmod e ", "builtin in", "insmod d "]);
}

#[test]
fn a_chain_of_soft_dependencies_that_does_not_end_is_refused() {
    use std::fmt::Write as _;
    let mut conf = String::new();
    for link in 0..2 * DEPTH_MAX {
        writeln!(
            conf,
            "softdep m{link} pre: m{}\ninstall m{link} x",
            link + 1
        )
        .unwrap();
    }
    let refused = plan_for(&conf, "m0", &Request::default());
    assert_eq!(refused, Err(Unplannable::Endless));
}

#[test]
fn options_follow_the_path_in_order() {
    let conf = "options a x=1\noptions al y=2\noptions c z=3\n";
    assert_eq!(
        shown(conf, "al"),
        ["insmod c z=3 ", "insmod b ", "insmod a x=1 y=2 "]
    );
    let request = Request {
        options: b"w=4",
        ..Request::default()
    };
    let plan = plan_for(conf, "a", &request).unwrap();
    assert_eq!(plan.steps.last().unwrap().options, b"x=1 w=4");
}

#[test]
fn an_install_line_stands_for_its_module_also_beside_softdeps() {
    let conf = "install d /bin/false $CMDLINE_OPTS\nsoftdep d pre: e\noptions d o\n";
    assert_eq!(
        shown(conf, "d"),
        ["insmod e ", "install /bin/false $CMDLINE_OPTS o "]
    );
    let request = Request {
        ignore_commands: true,
        ..Request::default()
    };
    let plan = plan_for(conf, "d", &request).unwrap();
    assert!(matches!(&plan.steps[..], [one] if matches!(one.action, Action::Insert(_))));
}

#[test]
fn what_is_built_in_or_missing_is_said() {
    assert_eq!(shown("", "in"), ["builtin in"]);
    assert_eq!(shown("", "none"), [""; 0]);
    let plan = plan_for("", "none", &Request::default()).unwrap();
    assert_eq!(plan.steps[0].action, Action::Missing);
}

#[test]
fn a_forbidden_module_is_marked_wherever_it_stands() {
    let plan = plan_for("forbid [bc]\n", "a", &Request::default()).unwrap();
    let forbidden = plan.steps.iter().map(|step| step.forbidden.is_some());
    assert_eq!(forbidden.collect::<Vec<_>>(), [true, true, false]);
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! The grammar, the order of files, the command line.

use std::format;
use std::string::{String, ToString as _};
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::system::tests::Image;

const TREE: &[u8] = b"/lib/modules/1";

fn parsed(text: &str) -> (Config, Vec<String>) {
    let (mut config, mut complaints) = (Config::default(), Vec::new());
    config.parse(text.as_bytes(), b"f", &mut |complaint| {
        complaints.push(complaint.to_string());
    });
    (config, complaints)
}

fn loaded(files: &[(&str, &str)]) -> (Config, Vec<String>) {
    let (image, mut complaints) = (Image::with(files), Vec::new());
    let sources = Sources {
        paths: DIRECTORIES,
        tree: TREE,
        command_line: Some(COMMAND_LINE),
        weakdeps: true,
    };
    let config = Config::load(&image, &sources, &mut |complaint| {
        complaints.push(complaint.to_string());
    });
    (config, complaints)
}

/// `NAME=VALUE` of each line.
fn told(lines: &[Line]) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let told = |line: &Line| format!("{}={}", text(&line.name), text(&line.value));
    lines.iter().map(told).collect()
}

fn from_command_line(text: &str) -> Config {
    let mut config = Config::default();
    config.parse_command_line(text.as_bytes(), COMMAND_LINE, &mut |complaint| {
        panic!("{complaint}");
    });
    config
}

#[test]
fn every_command_is_read() {
    let (config, complaints) = parsed(
        "alias a-b* c-d more\noptions x-y\t a=1\tb  c\ninstall p* /bin/true $CMDLINE_OPTS\n\
         remove r rest\nblacklist s-t more\nsoftdep u v pre: w  x post:\ty z\nweakdep k l m\nforbid n*",
    );
    assert_eq!(complaints, [""; 0]);
    assert_eq!(told(&config.aliases), ["a_b*=c_d"]);
    assert_eq!(told(&config.options), ["x_y= a=1 b  c"]);
    assert_eq!(told(&config.installs), ["p*=/bin/true $CMDLINE_OPTS"]);
    assert_eq!(told(&config.removes), ["r=rest"]);
    assert_eq!(told(&config.blacklist), ["s_t="]);
    assert_eq!(told(&config.forbids), ["n*="]);
    assert_eq!(config.softdeps[0].pre, [b"w", b"x"]);
    assert_eq!(config.softdeps[0].post, [b"y", b"z"]);
    assert_eq!(config.softdeps[0].value(), b"pre: w xpost: y z");
    assert_eq!(config.weakdeps[0].on, [b"l", b"m"]);
    assert_eq!(config.forbids[0].from.line, 8);
}

#[test]
fn what_is_no_command_is_complained_of_and_left_out() {
    let (config, complaints) = parsed(
        "# a comment\n\nalias x\nalias a] b\noptions x\ninstall\n #x\nnonsense y\ninclude /z\n\
         blacklist ok\n",
    );
    assert_eq!(
        complaints,
        [
            "f line 3: ignoring bad line starting with 'alias'",
            "f line 4: ignoring bad line starting with 'alias'",
            "f line 5: ignoring bad line starting with 'options'",
            "f line 6: ignoring bad line starting with 'install'",
            "f line 7: ignoring bad line starting with '#x'",
            "f line 8: ignoring bad line starting with 'nonsense'",
            "f: command include is deprecated and not parsed anymore",
        ]
    );
    assert_eq!(told(&config.blacklist), ["ok="]);
    assert!(config.aliases.is_empty());
}

#[test]
fn a_backslash_joins_lines_and_quotes_the_next_byte() {
    let (config, _) = parsed("options x a=\\\n1 \\\"b\\\\\nblacklist y\\");
    assert_eq!(told(&config.options), ["x=a=1 \"b\\"]);
    assert_eq!(config.options[0].from.line, 2);
    assert_eq!(told(&config.blacklist), ["y="]);
}

#[test]
fn a_directory_that_is_an_earlier_one_by_a_link_is_read_once() {
    let paths = [
        "/usr/lib/modprobe.d/a.conf",
        "/usr/lib/modprobe.d/b.conf/none",
    ];
    let image = Image::with(&paths.map(|path| (path, "blacklist x\n")));
    let sources = Sources {
        paths: DIRECTORIES,
        tree: b"",
        command_line: None,
        weakdeps: false,
    };
    let complaints = |target: &str| {
        let link = image.path(b"/lib");
        std::os::unix::fs::symlink(target, &link).unwrap();
        let mut complaints = Vec::new();
        let config = Config::load(&image, &sources, &mut |complaint| {
            complaints.push(complaint.to_string());
        });
        std::fs::remove_file(link).unwrap();
        assert_eq!(told(&config.blacklist), ["x="]);
        complaints.len()
    };
    // One for each time that the directory is read.
    assert_eq!(complaints("usr/lib"), 1);
    assert_eq!(complaints("./usr/lib"), 2);
}

#[test]
fn files_are_read_by_name_and_an_earlier_directory_hides_later_ones() {
    let (config, complaints) = loaded(&[
        ("/etc/modprobe.d/b.conf", "blacklist etc-b\n"),
        ("/run/modprobe.d/b.conf", "blacklist run-b\n"),
        ("/lib/modprobe.d/a.conf", "blacklist lib-a\n"),
        ("/etc/modprobe.d/masked.conf", ""),
        ("/usr/lib/modprobe.d/masked.conf", "blacklist masked\n"),
        ("/etc/modprobe.d/.c.conf", "blacklist hidden\n"),
        ("/etc/modprobe.d/c", "blacklist other\n"),
        ("/etc/modprobe.d/d.conf/x", ""),
        ("/lib/modules/1/modules.softdep", "softdep m pre: n\n"),
        ("/lib/modules/1/modules.weakdep", "weakdep m n\n"),
        ("/etc/modprobe.d/n.conf", "softdep m pre: o\n"),
        ("/proc/cmdline", "quiet modprobe.blacklist=last\n"),
    ]);
    assert_eq!(told(&config.blacklist), ["lib_a=", "etc_b=", "last="]);
    let pre = config.softdeps_of(b"m").flat_map(|softdep| &softdep.pre);
    assert_eq!(pre.collect::<Vec<_>>(), [b"n", b"o"]);
    assert_eq!(config.weakdeps.len(), 1);
    assert_eq!(
        complaints,
        ["Directories inside directories are not supported: /etc/modprobe.d/d.conf"]
    );
}

#[test]
fn soft_dependencies_that_are_added_later_stand_where_they_would_have() {
    let files = [
        ("/etc/modprobe.d/a.conf", "softdep m pre: a\n"),
        ("/etc/modprobe.d/z.conf", "softdep m pre: z\n"),
        (
            "/lib/modules/1/modules.softdep",
            "softdep m pre: b\nsoftdep m pre: c\n",
        ),
    ];
    let image = Image::with(&files);
    let sources = Sources {
        paths: DIRECTORIES,
        tree: b"",
        command_line: None,
        weakdeps: false,
    };
    let mut config = Config::load(&image, &sources, &mut |complaint| panic!("{complaint}"));
    config.add_softdeps(&image, TREE, &mut |complaint| panic!("{complaint}"));
    assert_eq!(config.softdeps, loaded(&files).0.softdeps);
    let pre = config.softdeps_of(b"m").flat_map(|softdep| &softdep.pre);
    assert_eq!(pre.collect::<Vec<_>>(), [b"a", b"b", b"c", b"z"]);
}

#[test]
fn a_file_may_be_given_by_itself_under_any_name() {
    let image = Image::with(&[("/x/my", "blacklist a\n"), ("/y/b.conf", "blacklist b\n")]);
    let sources = Sources {
        paths: &[b"/x/my", b"/y"],
        tree: TREE,
        command_line: None,
        weakdeps: false,
    };
    let config = Config::load(&image, &sources, &mut |complaint| panic!("{complaint}"));
    assert_eq!(told(&config.blacklist), ["b=", "a="]);
}

#[test]
fn the_command_line_gives_options_and_a_blacklist() {
    for (text, option) in [
        ("a.b", "a=b"),
        ("a-b.c=d", "a_b=c=d"),
        ("a.b=c.d", "a=b=c.d"),
        ("a.b=\"x y\" z", "a=b=\"x y\""),
        ("\"a.b=x y\" z", "a=b=\"x y\""),
        ("x a.b=1\n", "a=b=1"),
    ] {
        assert_eq!(told(&from_command_line(text).options), [option], "{text}");
    }
    for text in [
        "a",
        "a=b.c",
        "a.b.c=d",
        "a.b\"c",
        "a\"b.c",
        "\"a b.c=d\"",
        "a.b=\"x y",
        "\"a.b\"",
    ] {
        assert_eq!(told(&from_command_line(text).options), [""; 0], "{text}");
    }
    let config = from_command_line("modprobe.blacklist=a-b,c modprobe.x=1");
    assert!(config.blacklisted(b"a_b").is_some() && config.blacklisted(b"c").is_some());
    assert_eq!(told(&config.options), ["modprobe=x=1"]);
}

#[test]
fn options_are_joined_in_order_for_the_module_and_its_alias() {
    let (config, _) = parsed("options m a=1\noptions n* b=2\noptions m c=3\n");
    assert_eq!(config.options_of(b"m", None).unwrap(), b"a=1 c=3");
    assert_eq!(
        config.options_of(b"m", Some(b"n*")).unwrap(),
        b"a=1 b=2 c=3"
    );
    assert_eq!(config.options_of(b"nx", None), None);
}

#[test]
fn commands_are_found_by_pattern_the_first_first() {
    let (config, _) = parsed("install a* one\ninstall ab two\nforbid *x\nblacklist q\n");
    assert_eq!(config.install_of(b"ab").unwrap().value, b"one");
    assert!(config.install_of(b"b").is_none() && config.remove_of(b"ab").is_none());
    assert!(config.forbidden(b"yx").is_some());
    assert!(config.blacklisted(b"qq").is_none());
}

proptest! {
    #[test]
    fn any_text_is_read_in_bounded_space(text in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let mut config = Config::default();
        config.parse(&text, b"f", &mut |_| {});
        config.parse_command_line(&text, b"c", &mut |_| {});
        let lines = [&config.aliases, &config.options, &config.installs, &config.blacklist];
        let kept: usize = lines.into_iter().flatten().map(|line| line.value.len()).sum();
        prop_assert!(kept <= 3 * text.len());
    }
}

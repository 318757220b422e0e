// SPDX-License-Identifier: MIT OR Apache-2.0

//! From words on a command line to a call as the kernel makes it: the
//! environments and descriptors that callers give, tried one after another.

use std::os::unix::ffi::OsStrExt;

use umh_abi::{Caller, Descriptor, Fingerprint, Invocation, Message, Words};
use umh_helper::policy::{Policy, Rule};

use crate::args;
use crate::failure::Failure;
use crate::policy::descriptors::Descriptors;

/// The words of a call, and the calls that they may be.
pub struct Shape {
    argv: Vec<u8>,
    dresses: Vec<Dress>,
    caller: Option<Caller>,
}

/// What a call wears beside its arguments.
struct Dress {
    envp: Vec<u8>,
    fingerprint: Fingerprint,
}

/// The environments that callers pass (`umh_abi::environment`).
const ENVIRONMENTS: &[&[u8]] = &[
    b"HOME=/\0TERM=linux\0PATH=/sbin:/usr/sbin:/bin:/usr/bin\0",
    b"HOME=/\0PATH=/sbin:/bin:/usr/sbin:/usr/bin\0",
    b"",
    b"HOME=/\0PATH=/sbin:/bin\0",
    b"HOME=/\0PATH=/sbin:/vendor/bin:/system/sbin:/system/bin:/system/xbin\0",
    b"HOME=/\0TERM=linux\0PATH=/usr/bin:/bin\0",
    b"HOME=/\0TERM=linux\0PATH=/sbin:/usr/sbin:/bin:/usr/bin\0\0\0",
    b"HOME=/\0PATH=/sbin:/bin:/usr/sbin:/usr/bin\0ACTION=add\0DOCK=0/0/0\0",
];

impl Shape {
    /// The call that `args` describes.
    pub fn new(args: &args::Call) -> Result<Self, Failure> {
        let argv = block(args.argv.iter().map(|word| word.as_bytes()));
        let environments = match args.env.as_slice() {
            [] => {
                let uevent = uevent(args.argv.get(1).map_or(b"", |word| word.as_bytes()));
                ENVIRONMENTS
                    .iter()
                    .map(|block| block.to_vec())
                    .chain([uevent])
                    .collect()
            }
            words => vec![block(words.iter().map(|word| word.as_bytes()))],
        };
        let fds = Descriptors::read(&args.fd)?;
        let marks = match fds {
            Some(fds) => [Fingerprint::PROC, Fingerprint::EXEC]
                .map(|marks| fds.put_on(marks))
                .to_vec(),
            None => vec![Fingerprint::PROC, Fingerprint::EXEC],
        };

        let mut dresses = Vec::new();
        for envp in &environments {
            dresses.extend(marks.iter().map(|&fingerprint| Dress {
                envp: envp.clone(),
                fingerprint,
            }));
        }
        if fds.is_none() {
            // Any words may be a core handler's: the last to be thought of.
            let envp = if args.env.is_empty() {
                Vec::new()
            } else {
                environments.concat()
            };
            let fingerprint = Fingerprint {
                stdin: Descriptor::Pipe,
                core_limit_one: true,
                ..Fingerprint::EXEC
            };
            dresses.push(Dress { envp, fingerprint });
        }
        let caller = args
            .caller
            .as_deref()
            .and_then(|name| Caller::named(name.as_bytes()));
        Ok(Self {
            argv,
            dresses,
            caller,
        })
    }

    /// The call as the kernel makes it. Where several callers make such a
    /// call: one that a rule allows, one that is known by its words, or one
    /// whose rules list the program.
    pub fn invocation(&self, policy: &Policy<'_>) -> Result<Invocation<'_>, Failure> {
        let (argv, program) = (
            words(&self.argv),
            words(&self.argv).get(0).unwrap_or_default(),
        );
        let all = self.dresses.iter().map(|dress| {
            let invocation = Invocation {
                argv,
                envp: words(&dress.envp),
                fingerprint: dress.fingerprint,
            };
            (
                invocation,
                Message::parse(&invocation)
                    .ok()
                    .map(|message| message.caller()),
            )
        });
        let all: Vec<_> = all.collect();
        let lists = |rule: &Rule<'_>, caller| rule.caller == caller && rule.lists(program);
        let fits =
            |rule: &Rule<'_>, caller| lists(rule, caller) && rule.accepts(argv.iter().skip(1));
        let found = match self.caller {
            Some(caller) => pick(&all, |found| found == caller),
            None => pick(&all, |caller| {
                policy.rules().any(|rule| fits(&rule, caller))
            })
            .or_else(|| pick(&all, has_words))
            .or_else(|| {
                pick(&all, |caller| {
                    policy.rules().any(|rule| lists(&rule, caller))
                })
            })
            .or_else(|| pick(&all, |caller| caller != Caller::Coredump))
            .or_else(|| pick(&all, |_| true))
            .or_else(|| all.first()),
        };
        found.map(|(invocation, _)| *invocation).ok_or_else(|| {
            let name = self.caller.map_or("?", Caller::name);
            let remedy = "without --caller, umh tells whose call it resembles";
            Failure::wrong(
                format!("{name} makes no call with these arguments, environment and descriptors"),
                remedy,
            )
        })
    }
}

type Candidate<'a> = (Invocation<'a>, Option<Caller>);

fn pick<'c, 'a>(
    all: &'c [Candidate<'a>],
    which: impl Fn(Caller) -> bool,
) -> Option<&'c Candidate<'a>> {
    all.iter().find(|(_, caller)| caller.is_some_and(&which))
}

/// Whether the caller's arguments hold fixed words, by which they cannot be
/// taken for another's.
fn has_words(caller: Caller) -> bool {
    !matches!(
        caller,
        Caller::Coredump
            | Caller::Uevent
            | Caller::Tomoyo
            | Caller::Mce
            | Caller::Uvesafb
            | Caller::Greybus
            | Caller::Windfarm
            | Caller::Linuxrc
            | Caller::ReleaseAgent
            | Caller::Reboot
            | Caller::Poweroff
    )
}

/// The words of a block that this file made.
fn words(block: &[u8]) -> Words<'_> {
    Words::new(block).unwrap_or(Words::EMPTY)
}

fn block<'w>(words: impl Iterator<Item = &'w [u8]>) -> Vec<u8> {
    words
        .flat_map(|word| word.iter().chain(b"\0"))
        .copied()
        .collect()
}

/// An event of the subsystem that the helper is told.
fn uevent(subsystem: &[u8]) -> Vec<u8> {
    let keys = [
        &b"ACTION=add\0DEVPATH=/devices/virtual/explained\0SUBSYSTEM="[..],
        subsystem,
        b"\0SEQNUM=1\0",
    ];
    [
        keys.concat(),
        ENVIRONMENTS
            .get(1)
            .map_or(Vec::new(), |block| block.to_vec()),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(argv: &[&str], fd: &[&str], caller: Option<&str>) -> Option<Caller> {
        let args = args::Call {
            caller: caller.map(str::to_owned),
            env: Vec::new(),
            fd: fd.iter().map(|&fd| fd.to_owned()).collect(),
            argv: argv.iter().map(Into::into).collect(),
        };
        let shape = Shape::new(&args).unwrap();
        let invocation = shape.invocation(&Policy::builtin()).ok()?;
        Message::parse(&invocation)
            .ok()
            .map(|message| message.caller())
    }

    #[test]
    fn each_call_is_known_by_its_words() {
        let calls: &[(&[&str], Caller)] = &[
            (
                &["/sbin/modprobe", "-q", "--", "net-pf-9"],
                Caller::Modprobe,
            ),
            (&["/tmp/evil", "-q", "--", "net-pf-9"], Caller::Modprobe),
            (
                &["/sbin/poweroff", "-q", "--", "net-pf-9"],
                Caller::Modprobe,
            ),
            (&["/sbin/poweroff"], Caller::Poweroff),
            (&["/sbin/poweroff", "now"], Caller::Poweroff),
            (&["/sbin/reboot"], Caller::Reboot),
            (&["/sbin/bridge-stp", "br0", "start"], Caller::BridgeStp),
            (&["/sbin/mdev", "block"], Caller::Uevent),
            (
                &["/usr/lib/systemd/systemd-cgroups-agent", "/a/b"],
                Caller::ReleaseAgent,
            ),
            (&["/sbin/drbdadm", "fence-peer", "minor-1"], Caller::Drbd),
            (&["/sbin/pnpbios", "dock"], Caller::Pnpbios),
            (
                &["/usr/lib/umh/core", "1", "0", "0", "11", "1", "1", "host"],
                Caller::Coredump,
            ),
            (
                &["/sbin/request-key", "create", "1", "0", "0", "0", "0", "0"],
                Caller::RequestKey,
            ),
        ];
        for (argv, expected) in calls {
            assert_eq!(caller(argv, &[], None), Some(*expected), "{argv:?}");
        }
    }

    #[test]
    fn a_pipe_on_descriptor_0_makes_it_a_core_dump() {
        let argv = ["/sbin/modprobe", "-q", "--", "x"];
        assert_eq!(caller(&argv, &["0=pipe"], None), Some(Caller::Coredump));
        assert_eq!(caller(&argv, &["5=other"], None), None);
    }

    #[test]
    fn a_caller_that_makes_no_such_call_is_wrong_use() {
        assert_eq!(
            caller(&["/sbin/poweroff", "now"], &[], Some("modprobe")),
            None
        );
    }
}

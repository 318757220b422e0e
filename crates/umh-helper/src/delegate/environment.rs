// SPDX-License-Identifier: MIT OR Apache-2.0

//! The environment that a program finds: made anew, because the kernel's is
//! often a writable array in which an attacker may have put `LD_PRELOAD`.
//!
//! A core handler gets none, as from the kernel. Where the environment is
//! part of the request, its typed form is written again; everything else that
//! came is left out.

use rustix::io::Result;
use umh_abi::{Invocation, Message, Sink};

use crate::sys::WordList;

/// What every program but a core handler finds.
const CONSTANTS: [&[u8]; 3] = [
    b"HOME=/",
    b"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    b"TERM=linux",
];

/// How many words of how many bytes [`rebuild`] can come to: nothing is longer
/// than what came, but for the constants.
pub(super) fn room(invocation: &Invocation<'_>) -> (usize, usize) {
    let constants: usize = CONSTANTS.iter().map(|word| word.len() + 1).sum();
    let words = invocation.envp.len() + CONSTANTS.len();
    (words, invocation.envp.block().len() + constants)
}

/// Writes the environment for the answer to `message` into the empty `envp`;
/// of an unrecognised call the constants alone.
pub(super) fn rebuild(message: Option<&Message<'_>>, envp: &mut WordList) -> Result<()> {
    let request: &[&[u8]] = match message {
        Some(Message::Coredump(_)) => return Ok(()),
        Some(Message::Uevent(uevent)) => {
            for (name, value) in uevent.iter() {
                if !steers_programs(name) {
                    envp.push(&[name, b"=", value])?;
                }
            }
            &[]
        }
        Some(Message::Linuxrc(linuxrc)) => {
            // What init will get: the kernel's command line.
            for word in linuxrc.envp.iter() {
                let name = word.split(|byte| *byte == b'=').next().unwrap_or_default();
                if name.len() < word.len() && !steers_programs(name) {
                    envp.push(&[word])?;
                }
            }
            &[]
        }
        Some(Message::Drbd(_)) => &[b"DRBD_PEER_AF=", b"DRBD_PEER_ADDRESS="],
        Some(Message::Nfsdcltrack(_)) => &[b"NFSDCLTRACK_"],
        Some(Message::Pnpbios(_)) => &[b"ACTION=", b"DOCK="],
        _ => &[],
    };
    let mut chosen = Chosen {
        envp,
        request,
        result: Ok(()),
    };
    if let Some(message) = message.filter(|_| !request.is_empty()) {
        message.emit(&mut chosen);
    }
    chosen.result?;
    for word in CONSTANTS {
        envp.push(&[word])?;
    }
    Ok(())
}

/// Whether a variable is not an event's but a word to the loader, the C
/// library or an interpreter: no driver makes such a key, an attacker does.
///
/// What is listed is refused, not what is known let through: the names belong
/// to some hundred drivers and to whoever writes a command line, and have no
/// more in common with each other than with these. All others reach constants.
fn steers_programs(name: &[u8]) -> bool {
    /// Those of ours, then those that ld.so(8), the C libraries, sh(1),
    /// modprobe(8) and the interpreters of scripts heed where nobody asked.
    const NAMES: [&[u8]; 29] = [
        b"HOME",
        b"PATH",
        b"TERM",
        b"GCONV_PATH",
        b"GETCONF_DIR",
        b"GLIBC_TUNABLES",
        b"HOSTALIASES",
        b"LANG",
        b"LANGUAGE",
        b"LOCALDOMAIN",
        b"LOCPATH",
        b"NLSPATH",
        b"RES_OPTIONS",
        b"TERMINFO",
        b"TMPDIR",
        b"TZ",
        b"TZDIR",
        b"BASHOPTS",
        b"BASH_ENV",
        b"CDPATH",
        b"ENV",
        b"GLOBIGNORE",
        b"IFS",
        b"POSIXLY_CORRECT",
        b"PS4",
        b"SHELLOPTS",
        b"MODPROBE_OPTIONS",
        b"NODE_OPTIONS",
        b"OPENSSL_CONF",
    ];
    const BEGINNINGS: [&[u8]; 8] = [
        b"LD_",
        b"LC_",
        b"MALLOC_",
        b"BASH_FUNC_",
        b"LUA_",
        b"PERL",
        b"PYTHON",
        b"RUBY",
    ];
    NAMES.contains(&name) || BEGINNINGS.iter().any(|start| name.starts_with(start))
}

/// Takes the variables that begin as one of `request`.
struct Chosen<'a> {
    envp: &'a mut WordList,
    request: &'a [&'a [u8]],
    result: Result<()>,
}

impl Sink for Chosen<'_> {
    fn arg(&mut self, _: &[&[u8]]) {}

    fn env(&mut self, pieces: &[&[u8]]) {
        let Some(first) = pieces.first() else { return };
        let chosen = self.request.iter().any(|start| first.starts_with(start));
        if chosen && self.result.is_ok() {
            self.result = self.envp.push(pieces);
        }
    }
}

#[cfg(test)]
mod tests {
    use umh_abi::{Fingerprint, Words};

    use super::*;

    /// The environment for a call, one variable a line.
    fn environment(argv: &[u8], envp: &[u8], fingerprint: Fingerprint) -> String {
        let invocation = Invocation {
            argv: Words::new(argv).unwrap(),
            envp: Words::new(envp).unwrap(),
            fingerprint,
        };
        let message = Message::parse(&invocation).unwrap();
        let (words, bytes) = room(&invocation);
        let mut envp = WordList::with_room(words, bytes).unwrap();
        rebuild(Some(&message), &mut envp).unwrap();
        let words: Vec<_> = envp.iter().map(String::from_utf8_lossy).collect();
        words.join("\n")
    }

    const REST: &str = "HOME=/\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nTERM=linux";

    #[test]
    fn an_event_keeps_its_keys_and_nothing_that_steers_programs() {
        let envp = b"ACTION=add\0DEVPATH=/x\0SUBSYSTEM=y\0LD_PRELOAD=/tmp/x\0PATH=/tmp\0A=1\0A=2\0\
            SYNTH_ARG_a=1\0word\0SEQNUM=7\0HOME=/\0PATH=/sbin:/bin:/usr/sbin:/usr/bin\0";
        assert_eq!(
            environment(b"/sbin/mdev\0y\0", envp, Fingerprint::EXEC),
            format!("ACTION=add\nDEVPATH=/x\nSUBSYSTEM=y\nA=1\nSEQNUM=7\n{REST}")
        );
    }

    #[test]
    fn no_interpreter_finds_its_own_variable_in_an_event() {
        let steering = [
            "MODPROBE_OPTIONS",
            "PERL5OPT",
            "PERL5LIB",
            "PERLLIB",
            "PYTHONPATH",
            "RUBYOPT",
            "LUA_INIT",
            "HOSTALIASES",
            "LOCALDOMAIN",
            "RES_OPTIONS",
            "CDPATH",
            "LANG",
            "LC_ALL",
            "LANGUAGE",
            "BASH_FUNC_x%%",
            "LD_AUDIT",
        ]
        .map(|name| format!("{name}=1\0"));
        let envp = format!(
            "ACTION=add\0DEVPATH=/x\0SUBSYSTEM=y\0{}SEQNUM=7\0HOME=/\0PATH=/sbin:/bin:/usr/sbin:/usr/bin\0",
            steering.concat()
        );
        assert_eq!(
            environment(b"/sbin/mdev\0y\0", envp.as_bytes(), Fingerprint::EXEC),
            format!("ACTION=add\nDEVPATH=/x\nSUBSYSTEM=y\nSEQNUM=7\n{REST}")
        );
    }

    #[test]
    fn where_the_environment_is_the_request_it_is_written_again() {
        let drbd = b"LD_PRELOAD=/x\0TERM=linux\0PATH=/tmp\0DRBD_PEER_AF=ipv4\0DRBD_PEER_ADDRESS=192.0.2.1\0";
        assert_eq!(
            environment(b"/sbin/drbdadm\0fence-peer\0r0\0", drbd, Fingerprint::PROC),
            format!("DRBD_PEER_AF=ipv4\nDRBD_PEER_ADDRESS=192.0.2.1\n{REST}")
        );
        let cltrack = b"NFSDCLTRACK_GRACE_START=1700000000\0";
        assert_eq!(
            environment(b"/sbin/nfsdcltrack\0init\0", cltrack, Fingerprint::PROC),
            format!("NFSDCLTRACK_GRACE_START=1700000000\n{REST}")
        );
    }

    #[test]
    fn everyone_else_finds_the_constants() {
        let hostile = b"LD_PRELOAD=/x\0LD_AUDIT=/x\0PATH=/tmp\0";
        let modprobe = environment(b"/sbin/modprobe\0-q\0--\0x\0", hostile, Fingerprint::PROC);
        assert_eq!(modprobe, REST);
        let bridge = environment(b"/sbin/bridge-stp\0br0\0start\0", b"", Fingerprint::PROC);
        assert_eq!(bridge, REST);
    }
}

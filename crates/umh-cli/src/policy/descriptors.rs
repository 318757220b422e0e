// SPDX-License-Identifier: MIT OR Apache-2.0

//! The open descriptors of a call, as a command line names them.

use umh_abi::{Descriptor, Fingerprint};

use crate::failure::Failure;

/// Descriptors that a command line names.
#[derive(Clone, Copy)]
pub struct Descriptors {
    stdin: Descriptor,
    pidfd: Descriptor,
    others: bool,
}

impl Descriptors {
    /// Reads `0=pipe`, `3=other`; `None` if nothing is said.
    pub fn read(list: &[String]) -> Result<Option<Self>, Failure> {
        let mut fds = Self {
            stdin: Descriptor::Closed,
            pidfd: Descriptor::Closed,
            others: false,
        };
        for text in list {
            let parsed = text.split_once('=').and_then(|(number, kind)| {
                let kind = match kind {
                    "pipe" => Descriptor::Pipe,
                    "other" => Descriptor::Other,
                    _ => return None,
                };
                Some((number.parse::<u16>().ok()?, kind))
            });
            match parsed {
                Some((0, kind)) => fds.stdin = kind,
                Some((3, kind)) => fds.pidfd = kind,
                Some(_) => fds.others = true,
                None => {
                    let remedy = "--fd takes a number and `pipe` or `other`: --fd 0=pipe";
                    return Err(Failure::wrong(
                        format!("{text} is no open descriptor"),
                        remedy,
                    ));
                }
            }
        }
        Ok((!list.is_empty()).then_some(fds))
    }

    /// A pipe on descriptor 0 is a core's, with which goes its limit.
    pub fn put_on(self, marks: Fingerprint) -> Fingerprint {
        Fingerprint {
            stdin: self.stdin,
            pidfd: self.pidfd,
            other_fds: self.others,
            core_limit_one: self.stdin == Descriptor::Pipe,
            ..marks
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_read_by_number_and_kind() {
        let read = |list: &[&str]| {
            Descriptors::read(&list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
        };
        assert!(read(&[]).unwrap().is_none());
        let marks = read(&["0=pipe", "3=other"])
            .unwrap()
            .unwrap()
            .put_on(Fingerprint::EXEC);
        assert_eq!(
            (marks.stdin, marks.pidfd),
            (Descriptor::Pipe, Descriptor::Other)
        );
        assert!(marks.core_limit_one && !marks.other_fds);
        for wrong in ["pipe", "0=", "x=pipe", "-1=pipe"] {
            assert!(read(&[wrong]).is_err(), "{wrong}");
        }
    }
}

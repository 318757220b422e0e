// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh policy callers`: who in the kernel calls, from the contracts.

use std::io::{self, Write};

use anstyle::Style;
use serde::Serialize;
use umh_abi::{Caller, Kernels, Program, Wait};

use crate::columns::Columns;
use crate::failure::Exit;
use crate::report::{DIM, Report};

/// Every caller.
#[derive(Debug, Serialize)]
pub struct Callers {
    /// In the order of recognition.
    pub callers: Vec<Listed>,
}

/// One caller.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// Its name in rules and logs.
    pub name: &'static str,
    /// The kernel's function: file and name.
    pub source: &'static str,
    /// The setting that holds the program's path; absent if it is fixed.
    pub setting: Option<&'static str>,
    /// The program, by the kernel's default; empty: the call is off.
    pub program: &'static str,
    /// `end`, `start` or `nothing`.
    pub waits_for: &'static str,
    /// Whether Linux 7.2 still has it.
    pub current: bool,
}

/// Reads the contracts out.
pub fn list() -> Callers {
    let listed = |caller: &Caller| {
        let contract = caller.contract();
        let (setting, program) = match contract.program {
            Program::Fixed(program) => (None, program),
            Program::Setting { name, default } => (Some(name), default),
        };
        Listed {
            name: contract.name,
            source: contract.source,
            setting,
            program,
            waits_for: match contract.wait {
                Wait::Proc => "end",
                Wait::Exec => "start",
                Wait::No => "nothing",
            },
            current: contract.kernels == Kernels::Both,
        }
    };
    Callers {
        callers: Caller::ALL.iter().map(listed).collect(),
    }
}

impl Report for Callers {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut columns = Columns::new(&["CALLER", "PROGRAM", "SETTING", "WAITS FOR", "SOURCE"]);
        let rows: Vec<_> = self
            .callers
            .iter()
            .map(|caller| {
                let old = if caller.current { "" } else { ", not in 7.2" };
                let texts = [
                    caller.name,
                    caller.program,
                    caller.setting.unwrap_or("-"),
                    caller.waits_for,
                ];
                let mut row: Vec<_> = texts.map(|text| (text.to_owned(), Style::new())).to_vec();
                row.push((format!("{}{old}", caller.source), DIM));
                row
            })
            .collect();
        rows.iter().for_each(|row| columns.fit(row));
        columns.title(out)?;
        rows.iter().try_for_each(|row| columns.line(row, out))
    }

    fn exit(&self) -> Exit {
        Exit::Done
    }
}

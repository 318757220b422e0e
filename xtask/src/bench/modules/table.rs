// SPDX-License-Identifier: MIT OR Apache-2.0

//! The figures for people.

use super::Row;
use super::aims::Aim;
use super::depmod::KMOD;
use crate::say::{self, Colour, paint};

pub(super) fn print(rounds: usize, rows: &[Row]) {
    say::line(format_args!(
        "\nThe modules of Debian's 6.12 kernel, read from memory; medians of {rounds} rounds in\n\
         which all take turns. Where both can read the form, our indexes were the same\n\
         bytes as those of {KMOD}. To find and read the modules takes no less than what\n\
         stands beside \"read parts\", with nothing made of it and nothing written.\n"
    ));
    let heading = row([
        "task", "program", "CPU ms", "x kmod", "wall ms", "x kmod", "MiB", "calls",
    ]);
    say::line(format_args!("{}", paint(Colour::Dim, &heading)));
    for one in rows {
        let theirs = rows
            .iter()
            .find(|row| row.task == one.task && row.program == KMOD);
        let times = |part: fn(&Row) -> u64| {
            theirs.map_or("-".into(), |theirs| {
                format!("{:.2}", part(one) as f64 / part(theirs) as f64)
            })
        };
        let milliseconds = |time: u64| match time {
            0..10_000 => format!("{:.2}", time as f64 / 1000.0),
            _ => format!("{:.1}", time as f64 / 1000.0),
        };
        say::line(format_args!(
            "{}",
            row([
                one.task,
                &one.program,
                &milliseconds(one.cost.cpu),
                &times(|row| row.cost.cpu),
                &milliseconds(one.cost.wall),
                &times(|row| row.cost.wall),
                &format!("{:.1}", one.cost.peak as f64 / 1024.0),
                &one.cost.calls.map_or("-".into(), |calls| calls.to_string()),
            ])
        ));
    }
}

pub(super) fn print_aims(aims: &[Aim]) {
    say::line(format_args!(""));
    for Aim {
        what,
        limit,
        found,
        reached,
    } in aims
    {
        let (colour, word) = if *reached {
            (Colour::Good, "reached")
        } else {
            (Colour::Bad, "MISSED")
        };
        let word = paint(colour, word);
        say::line(format_args!("{what:<55} {found:>14}  of {limit:<8} {word}"));
    }
}

fn row([task, program, cpu, over_cpu, wall, over_wall, peak, calls]: [&str; 8]) -> String {
    format!(
        "{task:<32} {program:<10} {cpu:>9} {over_cpu:>7} {wall:>9} {over_wall:>7} {peak:>7} {calls:>7}"
    )
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! The figures for people.

use umh_vm::measured::Subject;

use super::aims::{Aim, kibibytes};
use super::helper::Results;
use crate::say::{self, Colour, paint};

pub(super) fn print(results: &Results, aims: &[Aim]) {
    say::line(format_args!(
        "\nOne call of the kernel for a module that nobody has, from its trigger to its return;\n\
         the medians of {} rounds in which all take turns. Instructions are those of the\n\
         kernel and of all programs, counted by QEMU; times are this machine's.\n",
        results.stock.rounds()
    ));
    let heading = row([
        "what answers",
        "stock-6.12",
        "x empty",
        "option-6.12",
        "x empty",
        "here",
        "x empty",
        "calls",
        "faults",
        "memory",
    ]);
    say::line(format_args!("{}", paint(Colour::Dim, &heading)));
    for &subject in Subject::ALL {
        let ratio = |ratio: f64| format!("{ratio:.2}");
        let native = results.native.as_ref();
        let native = native.filter(|native| native.median(subject) > 0);
        let traced = results.stock.traced(subject);
        let number = |number: Option<u64>| number.map_or("-".into(), |number| number.to_string());
        let calls = traced.and_then(|traced| u64::try_from(traced.calls().count()).ok());
        say::line(format_args!(
            "{}",
            row([
                words(subject),
                &thousands(results.stock.median(subject)),
                &ratio(results.stock.ratio(subject, Subject::Empty)),
                &thousands(results.option.median(subject)),
                &ratio(results.option.ratio(subject, Subject::Empty)),
                &native.map_or("-".into(), |native| {
                    format!("{} us", native.median(subject) / 1000)
                }),
                &native.map_or("-".into(), |native| {
                    ratio(native.ratio(subject, Subject::Empty))
                }),
                &number(calls),
                &number(traced.map(|traced| traced.faults())),
                &traced.map_or("-".into(), |traced| kibibytes(traced.peak)),
            ])
        ));
    }
    say::line(format_args!(
        "\nSystem calls and page faults are those of all programs of the call, memory is the\n\
         most that the first one had. \"The least\" decides nothing: it makes the system calls\n\
         that its kind of answer cannot do without. A plain file is this machine's /dev/kmsg.\n",
    ));
    print_parts(results);
    print_aims(aims);
}

/// What the kernel makes of an exec that comes by way of another program, and
/// what is ours of it.
fn print_parts(results: &Results) {
    let part = |subject, base| match results.adds(subject, base) {
        Some(time) => format!("{} us", time / 1000),
        None => "?".into(),
    };
    say::line(format_args!(
        "Added to an exec, time here: {} by a second exec, {} by dropping capabilities, {} by a\n\
         process to wait for; by umh itself {} where it waits, {} where it hands over.\n",
        part(Subject::LeastExec, Subject::Empty),
        part(Subject::LeastConfined, Subject::LeastExec),
        part(Subject::LeastWait, Subject::LeastConfined),
        part(Subject::Supervised, Subject::LeastWait),
        part(Subject::HandedOver, Subject::LeastConfined),
    ));
}

/// What was hoped for, and what is.
pub(super) fn print_aims(aims: &[Aim]) {
    for aim in aims {
        let (colour, word) = if aim.reached {
            (Colour::Good, "reached")
        } else {
            (Colour::Bad, "MISSED")
        };
        let Aim {
            what, limit, found, ..
        } = aim;
        let word = paint(colour, word);
        say::line(format_args!("{what:<55} {found:>14}  of {limit:<8} {word}"));
    }
}

/// What a row is about.
const fn words(subject: Subject) -> &'static str {
    match subject {
        Subject::Empty => "an empty program, the floor",
        Subject::LeastRefusal => "the least: record, line, policy",
        Subject::LeastExec => "the least: becomes the empty one",
        Subject::LeastConfined => "the least: confined before",
        Subject::LeastWait => "the least: confined, waits",
        Subject::Denied => "umh: denied, with a log line",
        Subject::BuiltIn => "umh: looks for the module itself",
        Subject::Supervised => "umh: runs the empty one, waits",
        Subject::HandedOver => "umh: becomes the empty one",
        Subject::Dispatcher => "std + TOML: becomes the empty one",
        Subject::Kmod => "kmod's modprobe",
        Subject::SupervisedKmod => "umh: runs kmod's modprobe, waits",
    }
}

fn row(words: [&str; 10]) -> String {
    let [
        what,
        stock,
        over_stock,
        option,
        over_option,
        here,
        over_here,
        calls,
        faults,
        memory,
    ] = words;
    format!(
        "{what:<34} {stock:>10} {over_stock:>7} {option:>11} {over_option:>7} {here:>8} \
         {over_here:>7} {calls:>5} {faults:>6} {memory:>9}"
    )
}

/// `1,234,567`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_threes() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! The descriptors of the helper: what is not asked for is not inherited.

use rustix::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use rustix::io::Result;

use crate::sys;

/// The descriptors that are asked for.
#[derive(Debug, Default)]
pub(crate) struct Descriptors {
    /// By number; 0 to 2 are `/dev/null` unless here.
    given: Vec<(i32, Source)>,
}

#[derive(Debug)]
pub(crate) enum Source {
    File(OwnedFd),
    /// As the kernel starts its helpers.
    Closed,
}

/// Files on their way to their places, in the child.
pub(crate) struct Aside {
    null: Option<BorrowedFd<'static>>,
    /// In the order of [`Descriptors::given`].
    files: [Option<BorrowedFd<'static>>; Descriptors::MAX],
}

impl Descriptors {
    /// Asks for a descriptor; the last word on a number counts.
    pub(crate) fn give(&mut self, number: i32, source: Source) {
        self.given.retain(|(given, _)| *given != number);
        self.given.push((number, source));
        self.given.sort_by_key(|(number, _)| *number);
    }

    /// Has every file, in the child, where nobody's place is: one may lie
    /// where another belongs. Before the steps: after them there may be no
    /// `/dev/null` in another root directory, and no number left under a new
    /// limit, for all that we have open is in the child's table.
    pub(crate) fn set_aside(&self) -> Result<Aside> {
        let mut aside = Aside {
            null: None,
            files: [None; Self::MAX],
        };
        if (0..=2).any(|number| self.source(number).is_none()) {
            let null = sys::null()?;
            aside.null = Some(if self.is_place(null.as_raw_fd()) {
                self.out_of_the_way(null.as_fd())?
            } else {
                sys::leave_open(null)
            });
        }
        for ((_, source), copy) in self.given.iter().zip(&mut aside.files) {
            if let Source::File(file) = source {
                *copy = Some(self.out_of_the_way(file.as_fd())?);
            }
        }
        Ok(aside)
    }

    /// Arranges them, in the child. Nothing here allocates.
    pub(crate) fn arrange(&self, aside: &Aside) -> Result<()> {
        for ((number, _), copy) in self.given.iter().zip(&aside.files) {
            if let Some(file) = copy {
                sys::place(*file, *number)?;
            }
        }
        if let Some(null) = aside.null {
            for number in 0..=2 {
                if self.source(number).is_none() {
                    sys::place(null, number)?;
                }
            }
        }

        // Everything between the places and above them.
        let mut last_placed = -1;
        for number in self.places() {
            close_between(last_placed, number)?;
            last_placed = number;
        }
        sys::close_at_exec(unsigned(last_placed + 1), u32::MAX)
    }

    /// The most descriptors that can be asked for.
    pub(crate) const MAX: usize = 64;

    /// Whether there is room for one more.
    pub(crate) fn is_full(&self) -> bool {
        self.given.len() >= Self::MAX
    }

    /// The same file at a number that is nobody's place. What lands on a place
    /// stays there until that is taken; the table need not have a number above
    /// the highest of them.
    fn out_of_the_way(&self, file: BorrowedFd<'_>) -> Result<BorrowedFd<'static>> {
        let mut lowest = 3;
        loop {
            let copy = sys::duplicate(file, lowest)?;
            if !self.is_place(copy.as_raw_fd()) {
                return Ok(copy);
            }
            lowest = copy.as_raw_fd().saturating_add(1);
        }
    }

    fn is_place(&self, number: i32) -> bool {
        number <= 2 || self.source(number).is_some()
    }

    fn source(&self, number: i32) -> Option<&Source> {
        let given = self.given.iter().find(|(given, _)| *given == number);
        given.map(|(_, source)| source)
    }

    /// The numbers that are open in the end, in order.
    fn places(&self) -> impl Iterator<Item = i32> + '_ {
        let standard =
            (0..=2).filter(|number| !matches!(self.source(*number), Some(Source::Closed)));
        let others = self
            .given
            .iter()
            .filter_map(|(number, source)| match source {
                Source::File(_) if *number > 2 => Some(*number),
                _ => None,
            });
        standard.chain(others)
    }
}

fn close_between(before: i32, number: i32) -> Result<()> {
    if before + 1 < number {
        sys::close_at_exec(unsigned(before + 1), unsigned(number - 1))?;
    }
    Ok(())
}

fn unsigned(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

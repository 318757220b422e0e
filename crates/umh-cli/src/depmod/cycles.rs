// SPDX-License-Identifier: MIT OR Apache-2.0

//! Tells which modules need each other, in kmod's words and order
//! (`tools/depmod.c:depmod_report_cycles`).

use std::collections::BTreeSet;

use super::dependencies::Circular;

/// How much is looked at. Among n modules there can be n factorial circles,
/// and nobody reads them all.
const BUDGET: usize = 10_000_000;
/// What a step costs, beside one for each step before it.
const STEP: usize = 1_000;

/// One module on a way.
struct Step {
    module: usize,
    /// The step before it.
    from: Option<usize>,
    /// How many steps are before it.
    length: usize,
}

/// The lines to be said; `name` is that of a module.
pub(super) fn report<'a>(circular: &Circular, name: impl Fn(usize) -> &'a str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut roots = circular.left.clone();
    let mut members: BTreeSet<usize> = BTreeSet::new();
    let mut budget = BUDGET;
    roots.reverse();
    while let Some(root) = roots.pop() {
        let mut steps = vec![Step {
            module: root,
            from: None,
            length: 0,
        }];
        let mut open = vec![0];
        while let Some(at) = open.pop() {
            let Some(step) = steps.get(at) else { break };
            let (module, length) = (step.module, step.length);
            let way = || std::iter::successors(steps.get(at), |step| steps.get(step.from?)).skip(1);
            if step.from.is_some() && module == root {
                let mut circle: Vec<usize> = way().map(|step| step.module).collect();
                circle.reverse();
                roots.retain(|other| !circle.contains(other));
                members.extend(&circle);
                circle.push(module);
                let names: Vec<&str> = circle.into_iter().map(&name).collect();
                lines.push(format!("Cycle detected: {}", names.join(" -> ")));
                continue;
            }
            // A circle further on is another root's.
            if way().any(|step| step.module == module) {
                continue;
            }
            let Some(left) = budget.checked_sub(STEP + length) else {
                break;
            };
            budget = left;
            let below = circular.direct.get(module).map_or(&[][..], Vec::as_slice);
            for on in below {
                open.push(steps.len());
                steps.push(Step {
                    module: *on,
                    from: Some(at),
                    length: length + 1,
                });
            }
        }
    }
    lines.push(format!(
        "Found {} modules in dependency cycles!",
        members.len()
    ));
    lines
}

#[cfg(test)]
mod tests {
    use super::super::dependencies::Dependencies;
    use super::*;

    fn reported(direct: Vec<Vec<usize>>) -> Vec<String> {
        let names = ["a", "b", "c", "d"];
        report(&Dependencies::new(direct).err().unwrap(), |at| names[at])
    }

    #[test]
    fn each_circle_is_told_once() {
        assert_eq!(
            reported(vec![vec![1], vec![0, 2], vec![3], vec![2]]),
            [
                "Cycle detected: a -> b -> a",
                "Cycle detected: c -> d -> c",
                "Found 4 modules in dependency cycles!",
            ]
        );
    }

    #[test]
    fn a_module_may_need_itself() {
        assert_eq!(
            reported(vec![vec![0], vec![0]]),
            [
                "Cycle detected: a -> a",
                "Found 1 modules in dependency cycles!"
            ]
        );
    }

    #[test]
    fn what_circles_need_is_in_none() {
        assert_eq!(
            reported(vec![vec![1], vec![0, 2], vec![3], vec![]]),
            [
                "Cycle detected: a -> b -> a",
                "Found 2 modules in dependency cycles!"
            ]
        );
    }

    #[test]
    fn the_number_of_circles_is_bounded() {
        let all: Vec<usize> = (0..60).collect();
        let direct = vec![all; 60];
        let lines = report(&Dependencies::new(direct).err().unwrap(), |_| "m");
        assert!(lines.len() <= BUDGET / STEP);
    }
}

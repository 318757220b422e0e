// SPDX-License-Identifier: MIT OR Apache-2.0

//! Which modules a module needs, and in which order they are listed (kmod's
//! `tools/depmod.c:depmod_calculate_dependencies`).

/// The modules that each module needs.
pub(super) struct Dependencies {
    /// What a module itself needs.
    direct: Vec<Vec<usize>>,
    /// Each module's place when users stand before what they use.
    places: Vec<usize>,
    /// For whose list each module was seen last.
    seen: Vec<usize>,
}

/// Modules that need each other.
pub(super) struct Circular {
    /// What each module itself needs, in order of first use.
    pub(super) direct: Vec<Vec<usize>>,
    /// The modules that are part of a circle, or needed by such a one.
    pub(super) left: Vec<usize>,
}

impl Dependencies {
    /// From what each module itself needs, in order of first use.
    pub(super) fn new(direct: Vec<Vec<usize>>) -> Result<Self, Circular> {
        let mut users = vec![0_usize; direct.len()];
        for on in direct.iter().flatten() {
            if let Some(users) = users.get_mut(*on) {
                *users += 1;
            }
        }

        // Roots are taken from the end: kmod's is a stack.
        let mut places = vec![usize::MAX; direct.len()];
        let mut roots: Vec<usize> = (0..direct.len())
            .filter(|at| users.get(*at) == Some(&0))
            .collect();
        let mut next = 0;
        while let Some(module) = roots.pop() {
            if let Some(place) = places.get_mut(module) {
                *place = next;
            }
            next += 1;
            for on in direct.get(module).into_iter().flatten() {
                if let Some(users) = users.get_mut(*on) {
                    *users -= 1;
                    if *users == 0 {
                        roots.push(*on);
                    }
                }
            }
        }
        if next < direct.len() {
            let left = (0..direct.len()).filter(|at| users.get(*at) != Some(&0));
            return Err(Circular {
                left: left.collect(),
                direct,
            });
        }
        let seen = vec![usize::MAX; direct.len()];
        Ok(Self {
            direct,
            places,
            seen,
        })
    }

    /// All that `module` needs, directly or not, users before what they use.
    pub(super) fn of(&mut self, module: usize) -> Vec<usize> {
        let mut all = Vec::new();
        let mut next = Some(module);
        let mut done = 0;
        while let Some(user) = next {
            for on in self.direct.get(user).into_iter().flatten() {
                if let Some(seen) = self.seen.get_mut(*on)
                    && *seen != module
                {
                    *seen = module;
                    all.push(*on);
                }
            }
            next = all.get(done).copied();
            done += 1;
        }
        all.sort_unstable_by_key(|on| self.places.get(*on));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_stand_before_what_they_use() {
        // 0 needs 2 and 1, 1 needs 2, 3 needs nothing.
        let dependencies = Dependencies::new(vec![vec![2, 1], vec![2], vec![], vec![]]);
        let mut dependencies = dependencies.ok().unwrap();
        assert_eq!(dependencies.of(0), [1, 2]);
        assert_eq!(dependencies.of(1), [2]);
        assert!(dependencies.of(3).is_empty());
    }

    #[test]
    fn circles_are_found() {
        let circular = Dependencies::new(vec![vec![1], vec![0, 2], vec![], vec![0]]);
        assert_eq!(circular.err().unwrap().left, [0, 1, 2]);
    }
}

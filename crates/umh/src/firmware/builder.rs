// SPDX-License-Identifier: MIT OR Apache-2.0

//! Where a loader looks, and whom it asks.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::{Image, Loader, Settings, Wanted};
use crate::engine::Umh;

/// Where a loader looks, and whom it asks.
pub struct Builder(Loader);

impl Builder {
    pub(super) fn new(umh: &Umh) -> Self {
        let release = rustix::system::uname().release().to_bytes().to_vec();
        Self(Loader {
            umh: umh.clone(),
            root: PathBuf::from("/"),
            custom: Vec::new(),
            release,
            built_in: HashMap::new(),
            platform: HashMap::new(),
            settings: Settings::default(),
            hook: None,
            state: Mutex::default(),
        })
    }

    /// A file that is part of the program.
    #[must_use]
    pub fn built_in(mut self, name: impl AsRef<OsStr>, image: impl Into<Image>) -> Self {
        let name = name.as_ref().as_bytes().to_vec();
        self.0.built_in.insert(name, image.into());
        self
    }

    /// A copy that the machine has, for requests that ask for the platform's.
    #[must_use]
    pub fn platform(mut self, name: impl AsRef<OsStr>, image: impl Into<Image>) -> Self {
        let name = name.as_ref().as_bytes().to_vec();
        self.0.platform.insert(name, image.into());
        self
    }

    /// A directory before the others, as `firmware_class.path`.
    #[must_use]
    pub fn custom(mut self, directory: impl AsRef<OsStr>) -> Self {
        self.0.custom = directory.as_ref().as_bytes().to_vec();
        self
    }

    /// The kernel release that two of the directories are named after, in
    /// place of the running one.
    #[must_use]
    pub fn release(mut self, release: impl AsRef<OsStr>) -> Self {
        self.0.release = release.as_ref().as_bytes().to_vec();
        self
    }

    /// Where `/` is.
    #[must_use]
    pub fn root(mut self, directory: impl Into<PathBuf>) -> Self {
        self.0.root = directory.into();
        self
    }

    /// When the fallback is asked, and for how long it is waited for.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.0.settings = settings;
        self
    }

    /// Whoever is asked for a file that is nowhere; `None` gives up. It is
    /// called in a thread of its own, which goes on if it is late. The gate is
    /// kept open meanwhile, so it must not freeze the engine.
    #[must_use]
    pub fn fallback(
        mut self,
        answer: impl Fn(&Wanted) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        self.0.hook = Some(Arc::new(answer));
        self
    }

    /// The loader.
    pub fn build(self) -> Loader {
        self.0
    }
}

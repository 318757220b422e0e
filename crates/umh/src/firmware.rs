// SPDX-License-Identifier: MIT OR Apache-2.0

//! Firmware for drivers in user space, looked for as the kernel does.
//!
//! `drivers/base/firmware_loader`. First what is built in, then five
//! directories for the plain file, then again for `.zst`, then for `.xz`; then,
//! if the request or the settings say so, whoever the fallback is. Requests for
//! one file at the same time share one load.
//!
//! ```
//! use umh::firmware::{Loader, Options};
//! use umh::{Errno, Umh};
//!
//! let loader = Loader::builder(&Umh::new()).built_in("a/b.bin", *b"code").build();
//! assert_eq!(*loader.request("a/b.bin", Options::REQUEST)?, *b"code");
//! assert_eq!(loader.request("../b.bin", Options::REQUEST), Err(Errno::EINVAL));
//! # Ok::<(), Errno>(())
//! ```

mod hook;
mod read;

pub use hook::Wanted;
pub use umh_core::firmware::Options;
pub use umh_core::firmware::Settings;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use umh_core::errno::Errno;
use umh_core::firmware::{CACHE_TIMEOUT_SECONDS, Packing, Place, Search, ask, falls_back};

use crate::engine::Umh;
use crate::wake::lock;
use hook::{Hook, HookRequest};

/// The bytes of a file, shared by all who asked for it.
pub type Image = Arc<[u8]>;

/// Looks for firmware.
pub struct Loader {
    umh: Umh,
    root: PathBuf,
    custom: Vec<u8>,
    release: Vec<u8>,
    built_in: HashMap<Vec<u8>, Image>,
    settings: Settings,
    hook: Option<Hook>,
    state: Mutex<State>,
}

type Load = Arc<OnceLock<Result<Image, Errno>>>;

#[derive(Default)]
struct State {
    /// Loads that somebody is at.
    under_way: HashMap<Vec<u8>, Load>,
    /// What a resume may need: all that was found for a device, by name.
    names: Vec<Vec<u8>>,
    /// The files themselves, while the system sleeps.
    cache: Option<HashMap<Vec<u8>, Image>>,
}

impl Loader {
    /// A loader of the usual places.
    pub fn builder(umh: &Umh) -> Builder {
        Builder::new(umh)
    }

    /// Looks for a file. `ENOENT` if it is nowhere; whatever the last place
    /// said otherwise; `ETIMEDOUT` if the fallback did not answer in time.
    pub fn request(&self, name: impl AsRef<OsStr>, options: Options) -> Result<Image, Errno> {
        self.load(name.as_ref().as_bytes(), options, &self.settings)
    }

    /// Loads every file that was found before, so that it is there when the
    /// system wakes up and its file system is not yet. What cannot be loaded
    /// now is looked for when it is asked for.
    #[doc(alias = "device_cache_fw_images")]
    pub fn cache(&self) {
        let names = {
            let mut state = lock(&self.state);
            state.cache.get_or_insert_default();
            state.names.clone()
        };
        let hurried = Settings {
            timeout: CACHE_TIMEOUT_SECONDS,
            ..self.settings
        };
        for name in names {
            let _ = self.load(&name, Options::REQUEST, &hurried);
        }
    }

    /// Lets the loaded files go; the kernel does ten seconds after it woke up.
    #[doc(alias = "device_uncache_fw_images")]
    pub fn uncache(&self) {
        lock(&self.state).cache = None;
    }

    fn load(&self, name: &[u8], options: Options, settings: &Settings) -> Result<Image, Errno> {
        if !options.is_shared() {
            return self.find(name, options, settings);
        }
        let load = {
            let mut state = lock(&self.state);
            if let Some(image) = state.cache.as_ref().and_then(|cache| cache.get(name)) {
                return Ok(image.clone());
            }
            state.under_way.entry(name.to_vec()).or_default().clone()
        };
        // One looks, the others wait for it.
        let result = load
            .get_or_init(|| self.find(name, options, settings))
            .clone();

        let mut state = lock(&self.state);
        let ours = |other: &Load| Arc::ptr_eq(other, &load);
        if state.under_way.get(name).is_some_and(ours) {
            state.under_way.remove(name);
        }
        if let (Ok(image), true) = (&result, options.is_cached(true)) {
            if !state.names.iter().any(|known| known == name) {
                state.names.push(name.to_vec());
            }
            if let Some(cache) = &mut state.cache {
                cache.insert(name.to_vec(), image.clone());
            }
        }
        result
    }

    fn find(&self, name: &[u8], options: Options, settings: &Settings) -> Result<Image, Errno> {
        let search = Search {
            custom: &self.custom,
            release: &self.release,
            packings: &[Packing::Zst, Packing::Xz],
        };
        let found = search.find(name, options, |place| match place {
            Place::BuiltIn => self.built_in.get(name).cloned().ok_or(Errno::ENOENT),
            Place::File { path, packing } => read::file(&self.root, &path.concat(), packing),
            Place::Platform => Err(Errno::ENOENT),
        });
        match (found, &self.hook) {
            // A name that cannot be asked for is nobody's to answer.
            (Err(Errno::EINVAL), _) => Err(Errno::EINVAL),
            (Err(_), Some(hook)) if falls_back(settings, options, true) => {
                let mut request = HookRequest::new(hook, name);
                ask(&self.umh.0, settings, options, &mut request)?;
                request.image().ok_or(Errno::ENOENT)
            }
            (found, _) => found,
        }
    }
}

/// Where a loader looks, and whom it asks.
pub struct Builder(Loader);

impl Builder {
    fn new(umh: &Umh) -> Self {
        let release = rustix::system::uname().release().to_bytes().to_vec();
        Self(Loader {
            umh: umh.clone(),
            root: PathBuf::from("/"),
            custom: Vec::new(),
            release,
            built_in: HashMap::new(),
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

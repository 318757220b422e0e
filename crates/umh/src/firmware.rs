// SPDX-License-Identifier: MIT OR Apache-2.0

//! Firmware for drivers in user space, looked for as the kernel does.
//!
//! `drivers/base/firmware_loader`. First what is built in, then five
//! directories for the plain file, then again for `.zst`, then for `.xz`; then,
//! if the request or the settings say so, whoever the fallback is. Requests for
//! one file at the same time share one load.
//!
//! | in Linux | here |
//! | --- | --- |
//! | `request_firmware`, `firmware_request_nowarn`, `request_firmware_direct` | [`Loader::request`] with [`Options::REQUEST`], [`Options::REQUEST_NOWARN`] (a library has no log, so this is the same), [`Options::DIRECT`] |
//! | `firmware_request_platform` | [`Options::PLATFORM`], where the program has a copy from its machine's memory ([`Builder::platform`]): what EFI left there only the kernel can read |
//! | `request_firmware_into_buf`, `request_partial_firmware_into_buf` | [`Loader::request_into_buf`], [`Loader::request_partial_into_buf`] |
//! | `request_firmware_nowait`, `firmware_request_nowait_nowarn` | [`Loader::request_nowait`]; with the feature `tokio` a future |
//! | `firmware_request_cache` | [`Loader::remember`] |
//! | `firmware_upload_*` | not here: it is the kernel's drivers that take uploads |
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

mod builder;
mod hook;
mod place;
mod read;

pub use builder::Builder;
pub use hook::Wanted;
pub use umh_core::firmware::Options;
pub use umh_core::firmware::Settings;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use umh_core::errno::Errno;
use umh_core::firmware::{CACHE_TIMEOUT_SECONDS, Packing, Place, Search, ask, falls_back, is_name};

use crate::engine::Umh;
use crate::wake::lock;
use hook::{Hook, HookRequest};
use place::{Buffer, Destination, Whole};

/// The bytes of a file, shared by all who asked for it.
pub type Image = Arc<[u8]>;

/// Looks for firmware.
pub struct Loader {
    umh: Umh,
    root: PathBuf,
    custom: Vec<u8>,
    release: Vec<u8>,
    built_in: HashMap<Vec<u8>, Image>,
    platform: HashMap<Vec<u8>, Image>,
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
    /// said otherwise; `ETIMEDOUT` if the fallback did not answer in time;
    /// `EINVAL` for a part of a file, which needs a buffer.
    pub fn request(&self, name: impl AsRef<OsStr>, options: Options) -> Result<Image, Errno> {
        let name = name.as_ref().as_bytes();
        self.refuse_remembered(name, options)?;
        if options.has(Options::PARTIAL) {
            return Err(Errno::EINVAL);
        }
        self.load(name, options, &self.settings)
    }

    /// Looks for a file, in a worker of the engine's. `done` gets what the
    /// kernel's callback does not: the reason, if there is no file. `EAGAIN`
    /// if the queue is full.
    #[doc(alias = "request_firmware_nowait")]
    pub fn request_nowait(
        self: &Arc<Self>,
        name: impl AsRef<OsStr>,
        options: Options,
        done: impl FnOnce(Result<Image, Errno>) + Send + 'static,
    ) -> Result<(), Errno> {
        let name = name.as_ref().as_bytes().to_vec();
        let options = options | Options::NOWAIT;
        self.refuse_remembered(&name, options)?;
        let loader = self.clone();
        self.umh.0.later(move || {
            done(loader.load(&name, options, &loader.settings));
        })
    }

    /// Reads a file into `buffer`, and says how long it is. `EFBIG` if there
    /// is not room for all of it, `EINVAL` if it is packed, and `ENOMEM` if it
    /// is the platform's or the fallback's; `EOPNOTSUPP` if a resume would have
    /// it in the cache.
    #[doc(alias = "request_firmware_into_buf")]
    pub fn request_into_buf(
        &self,
        name: impl AsRef<OsStr>,
        buffer: &mut [u8],
    ) -> Result<usize, Errno> {
        let whole = &mut Buffer::whole(buffer);
        self.read_into(name.as_ref(), Options::INTO_BUF, whole)
    }

    /// Reads as much of a file as there is room for in `buffer`, from `offset`
    /// on, and says how much that was. Nowhere but in plain files, and in what
    /// is built in (of which the kernel gives the beginning, whatever the
    /// offset). `ENOENT` if nothing is there so far in.
    #[doc(alias = "request_partial_firmware_into_buf")]
    pub fn request_partial_into_buf(
        &self,
        name: impl AsRef<OsStr>,
        buffer: &mut [u8],
        offset: u64,
    ) -> Result<usize, Errno> {
        let part = &mut Buffer::part(buffer, offset);
        self.read_into(name.as_ref(), Options::PARTIAL_INTO_BUF, part)
    }

    fn read_into(
        &self,
        name: &OsStr,
        options: Options,
        buffer: &mut Buffer<'_>,
    ) -> Result<usize, Errno> {
        let name = name.as_bytes();
        self.refuse_remembered(name, options)?;
        self.find(name, options, &self.settings, buffer)
    }

    /// Has a resume find the file, although nobody asked for it yet.
    #[doc(alias = "firmware_request_cache")]
    pub fn remember(&self, name: impl AsRef<OsStr>) {
        lock(&self.state).remember(name.as_ref().as_bytes());
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

    fn refuse_remembered(&self, name: &[u8], options: Options) -> Result<(), Errno> {
        if options.is_against_cache() && lock(&self.state).remembers(name) {
            return Err(Errno::EOPNOTSUPP);
        }
        Ok(())
    }

    fn load(&self, name: &[u8], options: Options, settings: &Settings) -> Result<Image, Errno> {
        let find = || self.find(name, options, settings, &mut Whole);
        if !options.is_shared() {
            return find();
        }
        let load = {
            let mut state = lock(&self.state);
            if let Some(image) = state.cache.as_ref().and_then(|cache| cache.get(name)) {
                return Ok(image.clone());
            }
            state.under_way.entry(name.to_vec()).or_default().clone()
        };
        // One looks, the others wait for it.
        let result = load.get_or_init(find).clone();

        let mut state = lock(&self.state);
        let ours = |other: &Load| Arc::ptr_eq(other, &load);
        if state.under_way.get(name).is_some_and(ours) {
            state.under_way.remove(name);
        }
        if let (Ok(image), true) = (&result, options.is_cached(true)) {
            state.remember(name);
            if let Some(cache) = &mut state.cache {
                cache.insert(name.to_vec(), image.clone());
            }
        }
        result
    }

    fn find<D: Destination>(
        &self,
        name: &[u8],
        options: Options,
        settings: &Settings,
        to: &mut D,
    ) -> Result<D::Done, Errno> {
        if !is_name(name) {
            return Err(Errno::EINVAL);
        }
        let search = Search {
            custom: &self.custom,
            release: &self.release,
            packings: &[Packing::Zst, Packing::Xz],
        };
        let found = search.find(name, options, |place| match place {
            Place::BuiltIn => to.copy(self.built_in.get(name).ok_or(Errno::ENOENT)?),
            Place::File { path, packing } => to.file(&self.below_root(&path.concat()), packing),
            Place::Platform => to.copy(self.platform.get(name).ok_or(Errno::ENOENT)?),
        });
        match (found, &self.hook) {
            (Err(_), Some(hook)) if falls_back(settings, options, true) => {
                let mut request = HookRequest::new(hook, name);
                ask(&self.umh.0, settings, options, &mut request)?;
                let image = request.image().filter(|image| !image.is_empty());
                to.copy(&image.ok_or(Errno::ENOENT)?)
            }
            (found, _) => found,
        }
    }

    fn below_root(&self, path: &[u8]) -> PathBuf {
        let relative = path.strip_prefix(b"/").unwrap_or(path);
        self.root.join(OsStr::from_bytes(relative))
    }
}

impl State {
    fn remembers(&self, name: &[u8]) -> bool {
        self.names.iter().any(|known| known == name)
    }

    fn remember(&mut self, name: &[u8]) {
        if !self.remembers(name) {
            self.names.push(name.to_vec());
        }
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! `depmod`: the indexes of a kernel's modules, the same bytes as kmod's.
//!
//! One run from top to bottom is `run`: which files are the modules
//! (`search`), in which order (`order`), what do they say (`read`), who
//! offers what they need (`symbols`, `dependencies`), what stands in
//! which index (`indexes`), and into place with them (`publish`).

mod args;
mod config;
mod cycles;
mod decode;
mod dependencies;
mod facts;
mod folder;
mod image;
mod indexes;
mod kept;
mod names;
mod order;
mod place;
mod publish;
mod read;
mod search;
mod stamp;
mod symbols;

use std::fmt::Display;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;

pub use args::Depmod;

use self::config::Config;
use self::dependencies::Dependencies;
use self::facts::Facts;
use self::indexes::Modules;
use self::kept::Kept;
use self::order::explain;
use self::place::Place;
use self::publish::Target;
use self::search::Found;
use self::symbols::Symbols;
use crate::kmod::Words;
use crate::kmod::messages::{Level, Messages};
use crate::kmod::usage::{self, Ended};

/// Does what `words` say.
pub fn run(words: Words, out: &mut dyn Write) -> Result<(), Ended> {
    let args: Depmod = usage::parse("depmod", words, out)?;
    if args.version {
        return Ok(usage::version(out)?);
    }
    let messages = Messages::new("depmod", Level::Warning.raised(args.verbose), false);
    let fatal = |text: &dyn Display| {
        messages.say(Level::Fatal, text);
        Ended::Badly
    };

    let place = Place::of(&args).map_err(|wrong| fatal(&wrong))?;
    if args.quick && (args.show || place.is_up_to_date()) {
        return Ok(());
    }
    // Before anything is made: a kernel that is not there gets no directory.
    let found = modules(&args, &place, &messages)?;
    // What cannot be written in the end need not be worked out.
    let target = if args.show {
        None
    } else {
        let target = Target::prepare(&place.output);
        Some(target.map_err(|error| {
            let (path, what) = (place.output.display(), explain(&error));
            let remedy = "the indexes stay as they are; -o DIR writes them elsewhere";
            fatal(&format_args!(
                "could not write to directory {path}: {what}\n    ({remedy})"
            ))
        })?)
    };

    let kept = place
        .remembered
        .as_deref()
        .map(Kept::load)
        .unwrap_or_default();
    let reading = read::all(&found, kept, args.symvers.is_some());
    for (module, error) in &reading.unreadable {
        let path = found.get(*module).map(|module| module.path.display());
        let path = path
            .into_iter()
            .map(|path| path.to_string())
            .collect::<String>();
        messages.error(format_args!("failed to load symbols from {path}: {error}"));
    }
    let (bad, all) = (reading.unreadable.len(), found.len());
    if bad * 2 > all {
        return Err(fatal(&format_args!(
            "{bad} of {all} modules could not be read: the indexes stay as they are"
        )));
    }
    if let Some(path) = place
        .remembered
        .as_deref()
        .filter(|_| reading.known < all && !args.show)
    {
        // Without it the next run takes longer, and that is all.
        let saved = kept::save(
            path,
            &found,
            &reading.facts,
            &reading.stamps,
            &reading.names,
        );
        if let Err(error) = saved {
            messages.say(
                Level::Debug,
                format_args!("could not write {}: {error}", path.display()),
            );
        }
    }

    let mut symbols = Symbols::new(reading.names, place.prefix);
    offers(&mut symbols, &args, &messages)?;
    (0..)
        .zip(&reading.facts)
        .for_each(|(module, facts)| symbols.add_module(module, facts));
    let direct = needs(&found, &reading.facts, &symbols, &args, &messages, out)?;
    let dependencies = Dependencies::new(direct).map_err(|circular| {
        let name = |module: usize| found.get(module).map(|module| module.name.as_slice());
        let name = |module| {
            name(module)
                .and_then(|name| str::from_utf8(name).ok())
                .unwrap_or("?")
        };
        let lines = cycles::report(&circular, name);
        lines.iter().for_each(|line| messages.error(line));
        Ended::Badly
    })?;

    let mut modules = Modules {
        found: &found,
        facts: &reading.facts,
        dependencies,
        symbols: &symbols,
        directory: &place.modules,
        messages: &messages,
        duplicates: args.warn,
    };
    let indexes = modules
        .write(target.is_some())
        .map_err(|refused| fatal(&refused))?;
    match target {
        None => indexes
            .iter()
            .try_for_each(|index| out.write_all(&index.bytes))?,
        Some(target) => target.publish(indexes).map_err(|error| {
            let (path, what) = (place.output.display(), explain(&error));
            fatal(&format_args!(
                "could not write the indexes to {path}: {what}"
            ))
        })?,
    }
    if bad > 0 {
        messages.error(format_args!("{bad} of {all} modules could not be read (named above): the indexes lack what they offer and need"));
    }
    Ok(())
}

/// The modules that are asked for, in their order.
fn modules(args: &Depmod, place: &Place, messages: &Messages) -> Result<Vec<Found>, Ended> {
    let fatal = |text: &dyn Display| {
        messages.say(Level::Fatal, text);
        Ended::Badly
    };
    let mut found = if args.all || args.quick || place.files.is_empty() {
        let config = Config::load(&args.config, place.release.as_bytes(), messages);
        let stamps = place.remembered.is_some();
        search::modules(&place.modules, &config, stamps, messages).map_err(|error| {
            let what = explain(&error);
            messages.error(format_args!(
                "could not open directory {}: {what}",
                place.modules.display()
            ));
            fatal(&format_args!("could not search modules: {what}"))
        })?
    } else {
        let mut found: Vec<Found> = Vec::new();
        for path in &place.files {
            if !path.is_absolute() {
                return Err(fatal(&format_args!(
                    "{}: not absolute path.",
                    path.display()
                )));
            }
            let module = fs::metadata(path)
                .map(|data| Found::new(path.clone(), &place.modules, Some(&data)));
            let module = module.map_err(|error| explain(&error));
            let module =
                module.and_then(|module| module.ok_or_else(|| "it has no name".to_owned()));
            let module = module.and_then(|module| {
                match found.iter().any(|other| other.name == module.name) {
                    true => Err("File exists".to_owned()),
                    false => Ok(module),
                }
            });
            found.push(module.map_err(|what| {
                fatal(&format_args!(
                    "could not create module {}: {what}",
                    path.display()
                ))
            })?);
        }
        found
    };
    order::modules(&mut found, &place.modules, messages);
    Ok(found)
}

/// What the kernel itself offers, if a list was given.
fn offers(symbols: &mut Symbols, args: &Depmod, messages: &Messages) -> Result<(), Ended> {
    let (path, result) = match (&args.symvers, &args.filesyms) {
        (Some(path), _) => (path, symbols.add_symvers(path, messages)),
        (None, Some(path)) => (path, symbols.add_system_map(path, messages)),
        (None, None) => {
            if args.errsyms {
                messages.say(Level::Warning, "-e needs -E or -F");
            }
            return Ok(());
        }
    };
    result.map_err(|error| {
        let what = explain(&error);
        messages.say(
            Level::Fatal,
            format_args!("could not load {}: {what}", path.display()),
        );
        Ended::Badly
    })
}

/// Which modules each module needs, in order of first use; warnings of what
/// nobody offers.
fn needs(
    found: &[Found],
    facts: &[Facts],
    symbols: &Symbols,
    args: &Depmod,
    messages: &Messages,
    out: &mut dyn Write,
) -> Result<Vec<Vec<usize>>, Ended> {
    let warns = args.errsyms && (args.symvers.is_some() || args.filesyms.is_some());
    let offers = symbols.needed();
    let mut seen = vec![usize::MAX; found.len()];
    let mut direct = Vec::with_capacity(found.len());
    for (at, (module, facts)) in found.iter().zip(facts).enumerate() {
        let mut needed = Vec::new();
        for (number, import) in facts.imports.iter().enumerate() {
            let name = || symbols.names.name(import.name).escape_ascii();
            let path = module.path.display();
            let Some(offer) = offers.get(import.name as usize).copied().flatten() else {
                if warns && !import.weak {
                    messages.say(
                        Level::Warning,
                        format_args!("{path} needs unknown symbol {}", name()),
                    );
                }
                continue;
            };
            let crc = facts.checksums.as_ref().and_then(|both| both.1.get(number));
            if warns && !import.weak && crc.is_some_and(|crc| *crc != offer.crc) {
                let name = name();
                messages.say(
                    Level::Warning,
                    format_args!("{path} disagrees about version of symbol {name}"),
                );
            }
            if let Some(other) = offer.module
                && let Some(seen) = seen.get_mut(other)
                && *seen != at
            {
                *seen = at;
                needed.push(other);
                if args.verbose > 0 {
                    let other = found
                        .get(other)
                        .map_or(path.to_string(), |other| other.path.display().to_string());
                    writeln!(out, "{path} needs \"{}\": {other}", name())?;
                }
            }
        }
        direct.push(needed);
    }
    Ok(direct)
}

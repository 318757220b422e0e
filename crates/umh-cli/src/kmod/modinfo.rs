// SPDX-License-Identifier: MIT OR Apache-2.0

//! `modinfo`: what a module says of itself.

mod der;
pub mod information;
pub mod parameters;
pub mod signature;

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use clap::{Parser, ValueHint};
use umh_helper::sys::Root;
use umh_modules::config::Config;
use umh_modules::lookup::{Catalogue, Module};
use umh_modules::name;
use umh_modules::tree::Unreadable;

use self::information::Origin;
use self::parameters::is_part;
use super::file::Reader;
use super::messages::{Level, Messages};
use super::usage::{self, Ended};
use super::{Words, file, place};

/// Show what modules say of themselves.
///
/// Each MODULE is a name, an alias or a module's file. Without an option everything is shown: the file, the fields of
/// its .modinfo section, its parameters, and who signed it.
#[derive(Debug, Parser)]
#[command(
    name = "modinfo",
    infer_long_args = true,
    args_override_self = true,
    disable_version_flag = true
)]
pub struct Modinfo {
    /// Only the authors.
    #[arg(short, long, overrides_with_all = ["description", "license", "parameters", "filename", "field"])]
    author: bool,

    /// Only the description.
    #[arg(short, long, overrides_with_all = ["author", "license", "parameters", "filename", "field"])]
    description: bool,

    /// Only the licence.
    #[arg(short, long, overrides_with_all = ["author", "description", "parameters", "filename", "field"])]
    license: bool,

    /// Only the parameters, with their types.
    #[arg(short, long, overrides_with_all = ["author", "description", "license", "filename", "field"])]
    parameters: bool,

    /// Only the file's name.
    #[arg(short = 'n', long, overrides_with_all = ["author", "description", "license", "parameters", "field"])]
    filename: bool,

    /// Only this field, its values alone.
    #[arg(short = 'F', long, value_name = "FIELD", allow_hyphen_values = true,
          overrides_with_all = ["author", "description", "license", "parameters", "filename"])]
    field: Option<OsString>,

    /// End each line with a NUL, and write KEY=VALUE.
    #[arg(short = '0', long)]
    null: bool,

    /// MODULE is a module's name, no alias and no file.
    #[arg(short, long)]
    modname: bool,

    /// Modules of this kernel, not of the running one.
    #[arg(short = 'k', long, value_name = "RELEASE", allow_hyphen_values = true)]
    set_version: Option<OsString>,

    /// Look for lib/modules in DIR, not in /.
    #[arg(short, long, value_name = "DIR", allow_hyphen_values = true, value_hint = ValueHint::DirPath)]
    basedir: Option<OsString>,

    /// Show version.
    #[arg(short = 'V', long)]
    version: bool,

    /// What to look at.
    #[arg(value_name = "MODULE")]
    modules: Vec<OsString>,
}

/// Does what `words` say.
pub fn run(words: Words, out: &mut dyn Write) -> Result<(), Ended> {
    let args: Modinfo = usage::parse("modinfo", words, out)?;
    if args.version {
        return Ok(usage::version(out)?);
    }
    let messages = Messages::new("modinfo", Level::Warning, false);
    if args.modules.is_empty() {
        messages.error("missing module or filename.");
        return Err(Ended::Badly);
    }

    let system = Root::System;
    let catalogue = Catalogue {
        tree: place::tree(
            &system,
            args.basedir.as_deref(),
            args.set_version.as_deref(),
        ),
        // Configuration is about loading.
        config: Config::default(),
    };
    let form = args.form();
    let mut reader = Reader::new(&system);
    let mut ended = Ok(());
    let mut fail = |reason: String| {
        messages.error(reason);
        ended = Err(Ended::Badly);
    };
    for word in &args.modules {
        match origins(&catalogue, word, args.modname) {
            Ok(origins) => {
                for origin in &origins {
                    form.write(origin, &catalogue, &mut reader, out)?
                        .unwrap_or_else(&mut fail);
                }
            }
            Err(reason) => fail(reason),
        }
    }
    ended
}

/// The modules that a word means.
fn origins(catalogue: &Catalogue<'_>, word: &OsStr, by_name: bool) -> Result<Vec<Origin>, String> {
    let path = Path::new(word);
    if !by_name && file::is_named_as_module(path) && path.is_file() {
        return Ok(vec![Origin::of_file(path)]);
    }
    let found = if by_name {
        named(catalogue, word)
    } else {
        catalogue
            .resolve(word.as_bytes())
            .map(|found| found.modules)
    };
    let found = found.map_err(|error| error.to_string())?;
    if found.is_empty() {
        let what = if by_name { "Module name" } else { "Module" };
        return Err(format!(
            "{what} {} not found.",
            word.as_bytes().escape_ascii()
        ));
    }
    found
        .iter()
        .map(|module| Origin::of_module(catalogue, module))
        .collect()
}

impl Modinfo {
    fn form(&self) -> Form {
        let chosen = [
            (self.author, "author"),
            (self.description, "description"),
            (self.license, "license"),
            (self.parameters, "parm"),
            (self.filename, "filename"),
        ];
        let chosen = chosen.into_iter().find(|(chosen, _)| *chosen);
        let field = chosen.map(|(_, name)| name.as_bytes().to_vec());
        Form {
            field: field.or_else(|| Some(self.field.as_ref()?.as_bytes().to_vec())),
            end: if self.null { b'\0' } else { b'\n' },
        }
    }
}

/// What is written, and how.
struct Form {
    /// Only this field.
    field: Option<Vec<u8>>,
    /// What ends a line.
    end: u8,
}

impl Form {
    /// Writes `origin`; why not, if it cannot be read.
    fn write(
        &self,
        origin: &Origin,
        catalogue: &Catalogue<'_>,
        reader: &mut Reader<'_>,
        out: &mut dyn Write,
    ) -> io::Result<Result<(), String>> {
        let field = self.field.as_deref();
        if origin.file.is_none() && matches!(field, None | Some(b"name")) {
            self.line(b"name", &origin.name, out)?;
        }
        if matches!(field, None | Some(b"filename")) {
            self.line(
                b"filename",
                origin.file.as_deref().unwrap_or(b"(builtin)"),
                out,
            )?;
        }
        if field == Some(b"filename") {
            return Ok(Ok(()));
        }
        let fields = match origin.fields(catalogue, reader) {
            Ok(fields) => fields,
            Err(reason) => {
                let name = origin.name.escape_ascii();
                return Ok(Err(format!(
                    "could not get modinfo from '{name}': {reason}"
                )));
            }
        };

        let with_parameters = matches!(field, None | Some(b"parm"));
        let own = fields.iter().filter(|(key, _)| match field {
            Some(field) => field == key && !(with_parameters && is_part(key)),
            None => !is_part(key),
        });
        for (key, value) in own {
            if field.is_none() && self.end == b'\0' {
                out.write_all(&[key, &b"="[..], value, b"\0"].concat())?;
            } else {
                self.line(key, value, out)?;
            }
        }
        let mut odd = Ok(());
        if with_parameters {
            let parameters = parameters::of(&fields, &mut |(key, value)| {
                let (key, value) = (key.escape_ascii(), value.escape_ascii());
                odd = Err(format!("Found invalid \"{key}={value}\": missing ':'"));
            });
            for parameter in parameters {
                let alone = field.is_some();
                let mut line = Vec::new();
                parameter.write(alone, &mut line)?;
                self.line(b"parm", &line, out)?;
            }
        }
        Ok(odd)
    }

    /// One line; the value alone where one field was asked for.
    fn line(&self, key: &[u8], value: &[u8], out: &mut dyn Write) -> io::Result<()> {
        if self.field.is_none() {
            out.write_all(key)?;
            let space = 15_usize.saturating_sub(key.len());
            write!(out, ":{:space$}", "")?;
        }
        out.write_all(value)?;
        out.write_all(&[self.end])
    }
}

/// The module of exactly that name, or the part of the kernel that the name
/// leads to.
fn named(catalogue: &Catalogue<'_>, word: &OsStr) -> Result<Vec<Module>, Unreadable> {
    let Some(name) = name::of_alias(word.as_bytes()) else {
        return Ok(Vec::new());
    };
    let tree = &catalogue.tree;
    if tree.dependencies(&name)?.is_some() || tree.is_builtin(&name)? {
        return Ok(vec![Module::named(name)]);
    }
    let parts = tree.builtin_aliases(&name)?.into_iter().take(1);
    Ok(parts.map(Module::named).collect())
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh modules info`: what a module says of itself, and what the kernel says
//! of it now.

mod running;

use std::io::{self, Write};

use serde::Serialize;
use umh_modules::config::{COMMAND_LINE, Config, DIRECTORIES, Sources};
use umh_modules::lookup::{Catalogue, Module};
use umh_modules::tree as lists;

use self::running::Running;
use super::{name_of, release, text, without_lists};
use crate::args;
use crate::failure::{Exit, Failure};
use crate::kmod::file::Reader;
use crate::kmod::modinfo::information::{Field, Origin};
use crate::kmod::modinfo::parameters;
use crate::report::{DIM, GOOD, Report, TITLE, WARN, styled};
use crate::tree::Tree;

/// The modules that a name leads to.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Infos(Vec<Info>);

/// One of them.
#[derive(Debug, Serialize)]
struct Info {
    module: String,
    /// Its file; none if it is part of the kernel.
    file: Option<String>,
    /// `builtin`, `live`, `coming`, `going`; none if it is not in the kernel,
    /// or nothing is known of it, as in an image.
    state: Option<String>,
    /// Whether it is known at all.
    #[serde(skip)]
    has_state: bool,
    description: Option<String>,
    version: Option<String>,
    license: Option<String>,
    /// The kernel and the options that it was built for.
    vermagic: Option<String>,
    /// The modules that it needs itself.
    depends: Vec<String>,
    /// Firmware that it may ask for.
    firmware: Vec<String>,
    /// Who signed it.
    signer: Option<String>,
    parameters: Vec<Parameter>,
    /// What is known while it is in the kernel.
    running: Option<Running>,
}

/// A parameter, and what it is now.
#[derive(Debug, Serialize)]
struct Parameter {
    name: String,
    kind: Option<String>,
    description: Option<String>,
    /// None where the kernel does not show it.
    value: Option<String>,
}

/// Finds what `args` ask for.
pub fn info(args: &args::Info, tree: &Tree) -> Result<Infos, Failure> {
    let root = tree.root()?;
    let release = release(args.release.as_deref(), tree)?;
    let lists = lists::Tree::of(&root, b"", &release);
    if lists.is_missing() {
        return Err(without_lists(tree, &release));
    }
    let sources = Sources {
        paths: DIRECTORIES,
        tree: b"",
        command_line: tree.is_system().then_some(COMMAND_LINE),
        weakdeps: false,
    };
    let catalogue = Catalogue {
        // Of the configuration, aliases alone matter: `modules why` complains.
        config: Config::load(&root, &sources, &mut |_| {}),
        tree: lists,
    };
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::unable(error.to_string(), "run depmod for this kernel")
    };
    let name = name_of(&args.name);
    let found = catalogue.resolve(name);
    let mut modules = found.map_err(|error| unreadable(&error))?.modules;
    // Several patterns may lead to one.
    modules.dedup_by(|one, other| one.name == other.name);
    if modules.is_empty() {
        let error = format!("no module has the name or alias {}", text(name));
        let remedy = "`umh modules why NAME` tells where it was looked up";
        return Err(Failure::wrong(error, remedy));
    }
    let info = |module| Info::of(module, &catalogue, tree);
    modules
        .iter()
        .map(info)
        .collect::<Result<_, _>>()
        .map(Infos)
}

impl Info {
    fn of(module: &Module, catalogue: &Catalogue<'_>, tree: &Tree) -> Result<Self, Failure> {
        let unable = |what: String| {
            let error = format!("cannot tell of {}: {what}", text(&module.name));
            Failure::unable(error, "run depmod, or install the module's package again")
        };
        let origin = Origin::of_module(catalogue, module).map_err(unable)?;
        let mut reader = Reader::new(catalogue.tree.system());
        let fields = origin.fields(catalogue, &mut reader).map_err(unable)?;
        let all = |key: &'static str| {
            let values = fields.iter().filter(move |(own, _)| own == key.as_bytes());
            values.map(|(_, value)| text(value))
        };
        let one = |key| all(key).next();
        let depends = one("depends").unwrap_or_default();
        let depends = depends.split(',').filter(|name| !name.is_empty());

        let shown = tree.is_system().then(|| Running::of(&module.name, tree));
        let shown = shown.flatten();
        let state = match &origin.file {
            None => Some("builtin".to_owned()),
            Some(_) => shown.as_ref().and_then(|shown| shown.state.clone()),
        };
        Ok(Self {
            module: text(&module.name),
            file: origin.file.as_deref().map(text),
            description: one("description"),
            version: one("version"),
            license: one("license"),
            vermagic: one("vermagic"),
            depends: depends.map(str::to_owned).collect(),
            firmware: all("firmware").collect(),
            signer: one("signer"),
            parameters: parameters_of(&fields, shown.as_ref()),
            running: shown.filter(|_| state.is_some()),
            state,
            has_state: tree.is_system(),
        })
    }
}

/// Those that the module names, and those that only the kernel shows.
fn parameters_of(fields: &[Field], shown: Option<&Running>) -> Vec<Parameter> {
    let mut values = shown
        .map(|shown| shown.parameters.clone())
        .unwrap_or_default();
    // What has no colon is no parameter: modinfo says so.
    let named = parameters::of(fields, &mut |_| {});
    let mut parameters: Vec<Parameter> = named
        .iter()
        .map(|parameter| {
            let name = text(&parameter.name);
            Parameter {
                value: values.remove(&name).flatten(),
                kind: parameter.kind.as_ref().map(text),
                description: parameter.description.as_ref().map(text),
                name,
            }
        })
        .collect();
    parameters.extend(values.into_iter().map(|(name, value)| Parameter {
        name,
        kind: None,
        description: None,
        value,
    }));
    parameters.sort_by(|one, other| one.name.cmp(&other.name));
    parameters
}

impl Report for Infos {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        for (number, info) in self.0.iter().enumerate() {
            if number > 0 {
                writeln!(out)?;
            }
            info.write(out)?;
        }
        Ok(())
    }

    fn exit(&self) -> Exit {
        Exit::Done
    }
}

impl Info {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut line = |title: &str, text: &str| match text {
            "" => Ok(()),
            _ => writeln!(out, "{} {text}", styled(TITLE, format_args!("{title:11}"))),
        };
        let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
        line("module", &self.module)?;
        line("file", self.file.as_deref().unwrap_or("part of the kernel"))?;
        let state = match self.state.as_deref() {
            None if self.has_state => "not in the kernel".to_owned(),
            None => String::new(),
            Some(state @ ("live" | "builtin")) => styled(GOOD, state),
            Some(state) => styled(WARN, state),
        };
        line("state", &state)?;
        if let Some(running) = &self.running {
            line("used by", &running.users())?;
            line("taints", &or_none(&running.taint))?;
            line("build id", &or_none(&running.build_id))?;
        }
        line("what", &or_none(&self.description))?;
        line("version", &or_none(&self.version))?;
        line("license", &or_none(&self.license))?;
        line("vermagic", &or_none(&self.vermagic))?;
        line("signer", &or_none(&self.signer))?;
        line("needs", &self.depends.join(", "))?;
        line("firmware", &self.firmware.join(", "))?;
        for (number, parameter) in self.parameters.iter().enumerate() {
            let title = if number == 0 { "parameters" } else { "" };
            let title = styled(TITLE, format_args!("{title:11}"));
            writeln!(out, "{title} {}", parameter.words())?;
        }
        Ok(())
    }
}

impl Parameter {
    /// `NAME=VALUE  TYPE: DESCRIPTION`, as far as they are known.
    fn words(&self) -> String {
        let mut words = self.name.clone();
        if let Some(value) = &self.value {
            words += &format!("={value}");
        }
        let about: Vec<&str> = [&self.kind, &self.description]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        if !about.is_empty() {
            words += &format!("  {}", styled(DIM, about.join(": ")));
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_parameter_has_its_words_and_its_value() {
        let field = |key: &str, value: &str| (key.as_bytes().to_vec(), value.as_bytes().to_vec());
        let fields = [
            field("parmtype", "debug:bool"),
            field("parm", "debug:Say more."),
            field("parm", "hidden:Not shown."),
        ];
        let value = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        let running = Running {
            parameters: BTreeMap::from([value("debug", Some("Y")), value("own", Some("1"))]),
            ..Running::default()
        };
        let parameters = parameters_of(&fields, Some(&running));
        let plain =
            |parameter: &Parameter| anstream::adapter::strip_str(&parameter.words()).to_string();
        let words: Vec<String> = parameters.iter().map(plain).collect();
        assert_eq!(
            words,
            ["debug=Y  bool: Say more.", "hidden  Not shown.", "own=1"]
        );
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module's parameters, each from two fields: `parm=NAME:DESCRIPTION` and
//! `parmtype=NAME:TYPE`.

use std::io::{self, Write};

use super::information::Field;

/// One parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: Vec<u8>,
    /// What it is for.
    pub description: Option<Vec<u8>>,
    /// Its type: `uint`, `array of charp` ...
    pub kind: Option<Vec<u8>>,
}

/// The parameters among `fields`, in kmod's order: the one that is named last
/// comes first. `odd` is told of a field that has no colon.
pub fn of(fields: &[Field], odd: &mut dyn FnMut(&Field)) -> Vec<Parameter> {
    let mut parameters: Vec<Parameter> = Vec::new();
    for field in fields.iter().filter(|(key, _)| is_part(key)) {
        let (key, value) = field;
        let Some(colon) = value.iter().position(|byte| *byte == b':') else {
            odd(field);
            continue;
        };
        let (name, rest) = value.split_at(colon);
        let rest = rest.get(1..).map(<[u8]>::to_vec);
        let at = parameters
            .iter()
            .position(|parameter| parameter.name == name);
        let at = at.unwrap_or_else(|| {
            parameters.push(Parameter {
                name: name.to_vec(),
                ..Parameter::default()
            });
            parameters.len() - 1
        });
        if let Some(parameter) = parameters.get_mut(at) {
            let part = if key == b"parm" {
                &mut parameter.description
            } else {
                &mut parameter.kind
            };
            *part = rest;
        }
    }
    parameters.reverse();
    parameters
}

/// Whether a field is one half of a parameter.
pub fn is_part(key: &[u8]) -> bool {
    matches!(key, b"parm" | b"parmtype")
}

impl Parameter {
    /// `NAME:DESCRIPTION (TYPE)`, as far as they are known. Without a
    /// description kmod writes the type in two ways: bare among all fields.
    pub fn write(&self, alone: bool, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.name)?;
        out.write_all(b":")?;
        let kind = self.kind.as_deref().unwrap_or_default();
        match (&self.description, &self.kind) {
            (Some(description), None) => out.write_all(description),
            (Some(description), Some(kind)) => {
                out.write_all(&[description, &b" ("[..], kind, b")"].concat())
            }
            (None, _) if alone => out.write_all(&[b" (", kind, b")"].concat()),
            (None, _) => out.write_all(kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(fields: &[(&str, &str)], alone: bool) -> Vec<String> {
        let fields: Vec<Field> = fields
            .iter()
            .map(|(key, value)| (key.as_bytes().to_vec(), value.as_bytes().to_vec()))
            .collect();
        let write = |parameter: &Parameter| {
            let mut out = Vec::new();
            parameter.write(alone, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        of(&fields, &mut |field| panic!("{field:?}"))
            .iter()
            .map(write)
            .collect()
    }

    #[test]
    fn both_halves_make_one_parameter_and_the_last_comes_first() {
        let fields = [
            ("parmtype", "index:array of int"),
            ("parm", "index:Index value."),
            ("license", "GPL"),
            ("parmtype", "debug:bool"),
            ("parm", "max:Most: of them"),
        ];
        assert_eq!(
            written(&fields, false),
            [
                "max:Most: of them",
                "debug:bool",
                "index:Index value. (array of int)"
            ]
        );
        assert_eq!(written(&fields[3..4], true), ["debug: (bool)"]);
    }

    #[test]
    fn a_field_without_a_colon_is_told_and_left_out() {
        let mut count = 0;
        let fields = [(b"parm".to_vec(), b"nothing".to_vec())];
        assert!(of(&fields, &mut |_| count += 1).is_empty());
        assert_eq!(count, 1);
    }
}

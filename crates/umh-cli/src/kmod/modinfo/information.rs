// SPDX-License-Identifier: MIT OR Apache-2.0

//! The fields of a module: of its file, or of what the kernel's build says
//! of a module that is part of the kernel.

use std::path::Path;

use umh_modules::compressed::LIMIT;
use umh_modules::lookup::{Catalogue, Module};
use umh_modules::system;

use super::signature::Signature;
use crate::kmod::file::{self, Reader};
use crate::kmod::messages::reason;

/// A module and where it is.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Its name.
    pub name: Vec<u8>,
    /// Its file; none if it is part of the kernel.
    pub file: Option<Vec<u8>>,
}

/// A key and its value.
pub type Field = (Vec<u8>, Vec<u8>);

impl Origin {
    /// The file at `path`.
    pub fn of_file(path: &Path) -> Self {
        Self {
            name: file::module_name(path),
            file: Some(file::absolute(path).into_os_string().into_encoded_bytes()),
        }
    }

    /// Where `module` of `catalogue` is; what has neither a file nor is part
    /// of the kernel counts as part of it, as for kmod.
    pub fn of_module(catalogue: &Catalogue<'_>, module: &Module) -> Result<Self, String> {
        let dependencies = catalogue
            .tree
            .dependencies(&module.name)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            name: module.name.clone(),
            file: dependencies.map(|dependencies| catalogue.tree.file(&dependencies.path)),
        })
    }

    /// Its fields in their order, the signature's last.
    pub fn fields(
        &self,
        catalogue: &Catalogue<'_>,
        reader: &mut Reader<'_>,
    ) -> Result<Vec<Field>, String> {
        let Some(file) = &self.file else {
            return Ok(self.built_in(catalogue));
        };
        let fields = reader.modinfo(file, |object, end| {
            let own = object.modinfo();
            let own = own.map(|field| (field.key.to_vec(), field.value.to_vec()));
            let signed = Signature::of(end);
            own.chain(signed.iter().flat_map(signature)).collect()
        });
        fields.map_err(|error| reason(&error))
    }

    /// `modules.builtin.modinfo`: `MODULE.KEY=VALUE`, each with a NUL; older
    /// kernels have none.
    fn built_in(&self, catalogue: &Catalogue<'_>) -> Vec<Field> {
        let path = catalogue.tree.file(b"modules.builtin.modinfo");
        let text = system::read(catalogue.tree.system(), &path, LIMIT).unwrap_or_default();
        let lines = text.split(|byte| *byte == 0);
        let own =
            lines.filter_map(|line| line.strip_prefix(self.name.as_slice())?.strip_prefix(b"."));
        own.map(halves).collect()
    }
}

/// `KEY=VALUE`; a text without `=` is a key.
fn halves(text: &[u8]) -> Field {
    let mut halves = text.splitn(2, |byte| *byte == b'=');
    let mut half = || halves.next().unwrap_or_default().to_vec();
    (half(), half())
}

/// The fields that kmod makes of a signature.
fn signature(signature: &Signature) -> [Field; 5] {
    let field = |key: &str, value: &[u8]| (key.as_bytes().to_vec(), value.to_vec());
    [
        field("sig_id", signature.kind.as_bytes()),
        field("signer", &signature.signer),
        field("sig_key", hexadecimal(&signature.key).as_bytes()),
        field("sig_hashalgo", signature.digest.as_bytes()),
        field("signature", hexadecimal(&signature.bytes).as_bytes()),
    ]
}

/// `AA:BB:...`, 20 bytes a line.
fn hexadecimal(bytes: &[u8]) -> String {
    let line = |bytes: &[u8]| {
        let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        bytes.join(":")
    };
    let lines: Vec<String> = bytes.chunks(20).map(line).collect();
    lines.join(":\n\t\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_shown_in_lines_of_twenty_bytes() {
        assert_eq!(hexadecimal(&[0xab, 1]), "AB:01");
        let long = hexadecimal(&[0; 21]);
        assert!(long.ends_with(":00:\n\t\t00"), "{long}");
    }

    #[test]
    fn a_text_without_an_equal_sign_is_a_key() {
        assert_eq!(halves(b"a=b=c"), (b"a".to_vec(), b"b=c".to_vec()));
        assert_eq!(halves(b"intree"), (b"intree".to_vec(), b"".to_vec()));
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! The subset against the whole: whatever is accepted here, the `toml` crate
//! reads as the same.

use proptest::prelude::*;

use super::*;

#[test]
fn a_document_of_every_kind_is_read() {
    let text = b"# first\r\nversion = 1\n\n[helper.core] # second\n'a b' = \"x # y\"\npaths = [ # third\n  \"/a\", '\\b',\n\t\n]\n[ modules ]\non=true\nn = -12\n";
    let document = Document::read(text).unwrap();
    let sections: Vec<_> = document.sections().collect();
    assert_eq!(sections.len(), 3);
    assert_eq!(sections[1].path.names(), ["helper", "core"]);
    assert_eq!(sections[1].line, 4);
    let entries: Vec<_> = sections[1].entries().collect();
    assert_eq!(
        entries[0],
        Entry {
            key: "a b",
            value: Value::String("x # y"),
            line: 5
        }
    );
    assert_eq!(entries[1].line, 6);
    assert_eq!(
        entries[1].value,
        Value::Strings(Strings::list(&["/a", "\\b"]))
    );
    let last: Vec<_> = sections[2].entries().map(|entry| entry.value).collect();
    assert_eq!(last, [Value::Boolean(true), Value::Integer(-12)]);
    agree(text);
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (text, problem, line) in [
        (&b"\xff"[..], Problem::NotUtf8, 1),
        (b"a = 1\n# \xff", Problem::NotUtf8, 2),
        (b"\xef\xbb\xbfa = 1", Problem::ByteOrderMark, 1),
        (b"a = 1\n\0", Problem::NoKey, 2),
        (b"# \0", Problem::Control, 1),
        (b"a = \"\0\"", Problem::Control, 1),
        (b"a = 1\rb = 2", Problem::Control, 1),
        (b"# a\rb", Problem::Control, 1),
        (b"# a\r", Problem::Control, 1),
        (b"a = \"\r\n\"", Problem::OpenString, 1),
        (b"a = 'x\x7f'", Problem::Control, 1),
        (b"= 1", Problem::NoKey, 1),
        (b"\"\" = 1", Problem::EmptyKey, 1),
        (b"a.b = 1", Problem::DottedKey, 1),
        (b"a 1", Problem::NoEquals, 1),
        (b"a = ", Problem::NoValue, 1),
        (b"a =\n1", Problem::NoValue, 1),
        (b"a = yes", Problem::NoValue, 1),
        (b"a = +1", Problem::NoValue, 1),
        (b"a = 01", Problem::NoValue, 1),
        (b"a = 0x1", Problem::NoValue, 1),
        (b"a = 1_0", Problem::Rest, 1),
        (b"a = 1.5", Problem::Rest, 1),
        (b"a = 2026-11-21", Problem::NoValue, 1),
        (b"a = 9223372036854775808", Problem::TooLarge, 1),
        (b"a = {}", Problem::NoValue, 1),
        (b"a = \"x", Problem::OpenString, 1),
        (b"a = \"\\n\"", Problem::Escape, 1),
        (b"a = \"\"\"x\"\"\"", Problem::Rest, 1),
        (b"a = '''x'''", Problem::Rest, 1),
        (b"a = [1]", Problem::Array, 1),
        (b"a = [\n\"x\"\n", Problem::Array, 3),
        (b"a = [\"x\" \"y\"]", Problem::Array, 1),
        (b"a = [,]", Problem::Array, 1),
        (b"a = [[\"x\"]]", Problem::Array, 1),
        (b"a = 1 b = 2", Problem::Rest, 1),
        (b"[a", Problem::NoBracket, 1),
        (b"[a b]", Problem::NoBracket, 1),
        (b"[]", Problem::NoKey, 1),
        (b"[a.]", Problem::NoKey, 1),
        (b"[[a]]", Problem::NoKey, 1),
        (b"[a] b = 1", Problem::Rest, 1),
        (b"[a.b.c.d]", Problem::TooDeep, 1),
        (b"a = 1\na = 2", Problem::KeyTwice, 2),
        (b"a = 1\n\"a\" = 2", Problem::KeyTwice, 2),
        (b"[a]\n[b]\n[a]", Problem::TableTwice, 3),
        (b"a = 1\n[a]", Problem::TableAndKey, 2),
        (b"a = 1\n[a.b]", Problem::TableAndKey, 2),
        (b"[a.b]\n[a]\nb = 1", Problem::TableAndKey, 3),
    ] {
        let error = Document::read(text).map(|_| ()).unwrap_err();
        assert_eq!(
            (error.problem, error.line),
            (problem, line),
            "{}",
            text.escape_ascii()
        );
    }
}

#[test]
fn a_table_may_follow_the_tables_inside_it() {
    for text in [
        &b"[a.b]\n[a]\nc = 1\n"[..],
        b"[a]\n[a.b]\n",
        b"[a.b]\n[a.c]\n",
    ] {
        assert!(Document::read(text).is_ok());
        agree(text);
    }
}

#[test]
fn tables_and_keys_are_counted() {
    use std::fmt::Write;
    let keys = |count| {
        (0..count).fold(String::new(), |mut text, index| {
            writeln!(text, "k{index} = 1").unwrap();
            text
        })
    };
    assert!(Document::read(keys(KEYS_MAX).as_bytes()).is_ok());
    assert_eq!(
        Document::read(keys(KEYS_MAX + 1).as_bytes())
            .unwrap_err()
            .problem,
        Problem::TooManyKeys
    );
    let tables = |count| {
        (0..count).fold(String::new(), |mut text, index| {
            writeln!(text, "[t{index}]").unwrap();
            text
        })
    };
    assert!(Document::read(tables(TABLES_MAX - 1).as_bytes()).is_ok());
    assert_eq!(
        Document::read(tables(TABLES_MAX).as_bytes())
            .unwrap_err()
            .problem,
        Problem::TooManyTables
    );
}

#[test]
fn a_deeply_nested_text_is_refused_at_once() {
    for text in [
        "[".repeat(65536),
        "a = ".to_owned() + &"[".repeat(65530),
        "[a".to_owned() + &".a".repeat(30000),
    ] {
        assert!(Document::read(text.as_bytes()).is_err());
    }
}

/// Fails if the text is accepted here but means something else, or nothing,
/// to the `toml` crate.
fn agree(text: &[u8]) {
    let Ok(document) = Document::read(text) else {
        return;
    };
    let text = std::str::from_utf8(text).unwrap();
    let theirs: ::toml::Table =
        ::toml::from_str(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    let mut ours = ::toml::Table::new();
    for section in document.sections() {
        let mut table = &mut ours;
        for name in section.path.names() {
            let inner = table
                .entry(*name)
                .or_insert_with(|| ::toml::Table::new().into());
            table = inner.as_table_mut().unwrap();
        }
        for entry in section.entries() {
            let value = match entry.value {
                Value::String(string) => string.into(),
                Value::Integer(integer) => integer.into(),
                Value::Boolean(boolean) => boolean.into(),
                Value::Strings(strings) => {
                    ::toml::Value::Array(strings.iter().map(Into::into).collect())
                }
            };
            assert!(
                table.insert(entry.key.to_owned(), value).is_none(),
                "{text:?}"
            );
        }
    }
    assert_eq!(ours, theirs, "{text:?}");
}

fn fragment() -> impl Strategy<Value = String> {
    let fixed: &'static [&'static str] = &[
        "a",
        "b",
        "key",
        "\"q k\"",
        "'l'",
        "=",
        " = ",
        "[",
        "]",
        "[a]\n",
        "[a.b]\n",
        "[b.'x y']\n",
        ".",
        ",",
        "\n",
        "\r\n",
        "\r",
        "#",
        "# note\n",
        "\"",
        "'",
        "\\",
        "true",
        "false",
        "0",
        "-0",
        "7",
        "-12",
        "007",
        "1.5",
        "{}",
        " ",
        "\t",
        "\0",
        "\u{7f}",
        "\u{e9}",
        "\u{feff}",
        "\"\"\"",
        "'''",
        "key = 1\n",
        "b = \"x\"\n",
        "a = [\"x\", 'y',]\n",
        "a = [\n# c\n\"z\"\n]\n",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
    ];
    prop_oneof![
        10 => prop::sample::select(fixed).prop_map(str::to_owned),
        1 => "\\PC{0,4}",
    ]
}

fn valid_line(index: usize) -> impl Strategy<Value = String> {
    let text = "[ !#-&(-\\[\\]-~\u{e9}]{0,8}";
    let value = prop_oneof![
        text.prop_map(|text| format!("\"{text}\"")),
        "[ !-&(-~]{0,8}".prop_map(|text| format!("'{text}'")),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<bool>().prop_map(|truth| truth.to_string()),
        prop::collection::vec(text, 0..4).prop_map(|texts| {
            let list: Vec<_> = texts.iter().map(|text| format!("\"{text}\"")).collect();
            format!("[{}]", list.join(" ,\n# c\n "))
        }),
    ];
    let key = prop_oneof![Just(""), Just("-"), Just("_x")];
    let end = prop_oneof![Just("\n"), Just("\r\n"), Just(" # c\n"), Just("\n\n\t\n")];
    (key, value, end).prop_map(move |(key, value, end)| format!("k{index}{key} = {value}{end}"))
}

fn valid_document() -> impl Strategy<Value = String> {
    let lines = |from: usize| {
        (valid_line(from), valid_line(from + 1)).prop_map(|(first, second)| first + &second)
    };
    (lines(0), lines(2), lines(4))
        .prop_map(|(root, first, second)| format!("{root}[one]\n{first}[two.'x y']\n{second}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 8 } else { 2048 }))]

    #[test]
    fn any_mixture_that_is_accepted_means_the_same_to_toml(parts in prop::collection::vec(fragment(), 0..24)) {
        agree(parts.concat().as_bytes());
    }

    #[test]
    fn every_document_of_the_subset_is_accepted(text in valid_document()) {
        prop_assert!(Document::read(text.as_bytes()).is_ok(), "{text}: {:?}", Document::read(text.as_bytes()));
        agree(text.as_bytes());
    }

    #[test]
    fn a_changed_document_that_is_accepted_means_the_same_to_toml(
        text in valid_document(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<bool>(),
    ) {
        let mut bytes = text.into_bytes();
        let at = place.index(bytes.len());
        if cut { bytes.remove(at); } else { bytes[at] = byte; }
        agree(&bytes);
    }
}

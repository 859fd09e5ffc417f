//! Paths inside commands that a user is asked to run.

use std::fmt::{self, Display, Write as _};
use std::path::Path;

use spinefairbench_report::visible::is_deceptive;

/// A path as one word of a shell's command line, ready to be pasted.
///
/// What no shell reads otherwise stands bare, the rest in single quotes. A path with characters that a terminal would act on, or with bytes
/// that are no text, is written as `$'…'` with its bytes in hexadecimal, which bash, zsh, ksh and POSIX.1-2024 read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quoted<'a>(pub(crate) &'a Path);

impl Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A name that starts with a hyphen would be read as an option.
        let prefix =
            if self.0.as_os_str().as_encoded_bytes().starts_with(b"-") { "./" } else { "" };
        match self.0.to_str() {
            Some(text) if text.chars().any(is_deceptive) => {
                write_bytes(formatter, prefix, text.as_bytes())
            }
            Some(text) if !text.is_empty() && text.chars().all(is_plain) => {
                write!(formatter, "{prefix}{text}")
            }
            Some(text) => write!(formatter, "'{prefix}{}'", text.replace('\'', r"'\''")),
            None => write_bytes(formatter, prefix, self.0.as_os_str().as_encoded_bytes()),
        }
    }
}

/// Whether every shell takes the character for itself, anywhere in a word.
fn is_plain(character: char) -> bool {
    character.is_alphanumeric() || "/._-+:,@%".contains(character)
}

fn write_bytes(formatter: &mut fmt::Formatter<'_>, prefix: &str, bytes: &[u8]) -> fmt::Result {
    write!(formatter, "$'{prefix}")?;
    for byte in bytes {
        match byte {
            b'\'' | b'\\' => write!(formatter, "\\{}", char::from(*byte))?,
            0x20..=0x7e => formatter.write_char(char::from(*byte))?,
            _ => write!(formatter, "\\x{byte:02x}")?,
        }
    }
    formatter.write_char('\'')
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::process::Command;

    use super::*;

    /// Every name comes out of a real shell as it was.
    #[test]
    fn a_shell_reads_the_path_that_was_meant() {
        let names: [&[u8]; 10] = [
            b"demo",
            b"a b",
            b"it's",
            b"$(touch x);`y`&|<>*?~#!\"\\",
            b"-rf",
            b"- x",
            "modèle ½".as_bytes(),
            b"a\nb\x1b[31m",
            "\u{202e}gpj".as_bytes(),
            b"\xff\xfe'\\",
        ];
        for name in names {
            let word = Quoted(Path::new(OsStr::from_bytes(name))).to_string();
            assert!(!word.chars().any(is_deceptive), "{word}");
            let script = format!("printf %s {word}");
            let output = Command::new("bash").args(["-c", &script]).output().unwrap();
            let expected =
                if name.starts_with(b"-") { [b"./", name].concat() } else { name.to_vec() };
            assert_eq!(output.stdout, expected, "{word}");
        }
    }

    #[test]
    fn a_plain_path_stands_bare() {
        assert_eq!(
            Quoted(Path::new("out/demo-1.release.json")).to_string(),
            "out/demo-1.release.json"
        );
        assert_eq!(Quoted(Path::new("")).to_string(), "''");
    }
}

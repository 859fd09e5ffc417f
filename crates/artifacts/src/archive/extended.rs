//! Extended headers: the long names of GNU tar and the records of PAX (POSIX.1-2001, `pax` interchange format).
//!
//! A long name and the plain metadata are taken; whatever would change how the archive is read is refused.

use std::io::{self, Read};

use tar::EntryType;

use super::MemberProblem;
use super::name::ShownName;

/// The most bytes an extended header may have; names are far shorter, and the rest is metadata that nobody reads.
const EXTENSION_BYTES: u64 = 64 * 1024;

/// What the extended headers before a member say about it.
#[derive(Debug, Default)]
pub(crate) struct Extension {
    gnu_name: Option<Vec<u8>>,
    pax: Option<Pax>,
}

#[derive(Debug, Default)]
struct Pax {
    path: Option<Vec<u8>>,
    size: Option<u64>,
}

/// A problem of the header, or of the bytes below it.
pub(crate) type ExtensionProblem = Result<MemberProblem, io::Error>;

impl Extension {
    /// Whether a header of type `flag` speaks about another member.
    pub(crate) fn takes(flag: EntryType) -> bool {
        flag.is_gnu_longname() || flag.is_pax_local_extensions() || flag.is_pax_global_extensions()
    }

    /// Takes in one extended header.
    pub(crate) fn read(
        &mut self,
        flag: EntryType,
        size: u64,
        data: &mut impl Read,
    ) -> Result<(), ExtensionProblem> {
        let malformed = |what| Err(Ok(MemberProblem::ExtendedHeader { what }));
        if size > EXTENSION_BYTES {
            return Err(Ok(MemberProblem::TooLarge { size, limit: EXTENSION_BYTES }));
        }
        let mut bytes = Vec::new();
        data.read_to_end(&mut bytes).map_err(Err)?;
        if bytes.len() as u64 != size {
            return malformed("it is cut off");
        }
        if flag.is_gnu_longname() {
            if self.gnu_name.is_some() || self.has_pax_path() {
                return malformed("two names for one member");
            }
            // GNU tar closes the name with one NUL; another one inside is caught as a control character.
            if bytes.last() == Some(&0) {
                bytes.pop();
            }
            self.gnu_name = Some(bytes);
            return Ok(());
        }
        let pax = Pax::parse(&bytes).map_err(Ok)?;
        if flag.is_pax_global_extensions() {
            // A global record would hold for every member after it, which readers do differently.
            return match pax {
                Pax { path: None, size: None } => Ok(()),
                _ => malformed("a global record gives a name or a size"),
            };
        }
        if self.pax.is_some() || (self.gnu_name.is_some() && pax.path.is_some()) {
            return malformed("two names for one member");
        }
        self.pax = Some(pax);
        Ok(())
    }

    fn has_pax_path(&self) -> bool {
        self.pax.as_ref().is_some_and(|pax| pax.path.is_some())
    }

    /// The name, if an extended header gives it.
    pub(crate) fn path(&self) -> Option<&[u8]> {
        self.gnu_name.as_deref().or_else(|| self.pax.as_ref()?.path.as_deref())
    }

    /// Whether a header waits for its member.
    pub(crate) fn is_pending(&self) -> bool {
        self.gnu_name.is_some() || self.pax.is_some()
    }

    /// Refuses a size that differs from the header's.
    pub(crate) fn check_size(&self, header: u64) -> Result<(), MemberProblem> {
        match self.pax.as_ref().and_then(|pax| pax.size) {
            Some(extended) if extended != header => {
                Err(MemberProblem::SizeDiffers { header, extended })
            }
            _ => Ok(()),
        }
    }
}

impl Pax {
    /// Records of the form `<length> <keyword>=<value>\n`, where the length counts itself.
    fn parse(mut bytes: &[u8]) -> Result<Self, MemberProblem> {
        const MALFORMED: MemberProblem =
            MemberProblem::ExtendedHeader { what: "a record is not `length keyword=value`" };
        let mut pax = Self::default();
        while !bytes.is_empty() {
            let space = bytes.iter().position(|byte| *byte == b' ').ok_or(MALFORMED)?;
            let length: usize = decimal(&bytes[..space])
                .and_then(|length| usize::try_from(length).ok())
                .ok_or(MALFORMED)?;
            if length <= space + 1 || length > bytes.len() || bytes[length - 1] != b'\n' {
                return Err(MALFORMED);
            }
            let record = &bytes[space + 1..length - 1];
            let equals = record.iter().position(|byte| *byte == b'=').ok_or(MALFORMED)?;
            pax.take(&record[..equals], &record[equals + 1..])?;
            bytes = &bytes[length..];
        }
        Ok(pax)
    }

    fn take(&mut self, keyword: &[u8], value: &[u8]) -> Result<(), MemberProblem> {
        const TWICE: MemberProblem =
            MemberProblem::ExtendedHeader { what: "a keyword is there twice" };
        match keyword {
            b"path" if self.path.is_some() => Err(TWICE),
            b"size" if self.size.is_some() => Err(TWICE),
            b"path" => {
                self.path = Some(value.to_owned());
                Ok(())
            }
            b"size" => {
                let what = "the size is not a decimal number";
                let size = decimal(value).ok_or(MemberProblem::ExtendedHeader { what })?;
                self.size = Some(size);
                Ok(())
            }
            _ if is_metadata(keyword) => Ok(()),
            _ => Err(MemberProblem::UnknownKeyword { keyword: ShownName::from_bytes(keyword) }),
        }
    }
}

/// Whether a keyword speaks of what is not read here: times, owners, and what the systems attach to a file.
///
/// `linkpath` is among it, since links are refused by their type. What some reader takes for a name, a size, holes or
/// another character set is not, vendor's or not: readers would see two archives.
fn is_metadata(keyword: &[u8]) -> bool {
    const PLAIN: [&[u8]; 10] = [
        b"mtime",
        b"atime",
        b"ctime",
        b"uid",
        b"gid",
        b"uname",
        b"gname",
        b"comment",
        b"linkpath",
        b"GNU.volume.label",
    ];
    // star, libarchive (macOS and Windows too), SELinux, and the systems' own.
    const VENDORS: [&[u8]; 8] = [
        b"SCHILY.",
        b"LIBARCHIVE.",
        b"RHT.security.",
        b"APPLE.",
        b"com.apple.",
        b"MSWINDOWS.",
        b"SUN.",
        b"security.",
    ];
    const CHANGES_THE_READING: [&[u8]; 5] = [
        b"SCHILY.realsize",
        b"SCHILY.offset",
        b"SCHILY.filetype",
        b"SCHILY.tarfiletype",
        b"SCHILY.volhdr.",
    ];
    let starts_with_one_of =
        |prefixes: &[&[u8]]| prefixes.iter().any(|prefix| keyword.starts_with(prefix));
    PLAIN.contains(&keyword)
        || (starts_with_one_of(&VENDORS) && !starts_with_one_of(&CHANGES_THE_READING))
}

/// Plain decimal digits; no sign, no space.
fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

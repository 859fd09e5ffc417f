//! The members of a zip file, one at a time.
//!
//! Input: a file that can be read at any place, and [`InputLimits`]. Output: the names of its members, and the bytes of each that is asked
//! for, held against the length and the CRC-32 that the file states. What is read is what tools write: stored, deflated or zstd, without
//! encryption, on one volume, with or without the 64-bit fields.

use std::io::{self, Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::read::DeflateDecoder;

use crate::limits::InputLimits;

/// Why a zip file or one of its members cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ZipFault {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is no zip file, or is cut off: its list of members stands at its end.
    #[error("no whole zip file: its list of members is not there")]
    NoList,
    /// A record of the list or before a member is none.
    #[error("the list of members is damaged")]
    Damaged,
    /// More members than any limit allows.
    #[error("{found} members (at most {most}); `--max-records` raises the limit")]
    TooMany {
        /// How many there may be.
        most: u64,
        /// How many there are.
        found: u64,
    },
    /// A member is longer than a document may be.
    #[error(
        "the member `{member}` has {found} bytes (at most {most}); `--max-document-bytes` raises the limit"
    )]
    TooLong {
        /// Its name.
        member: String,
        /// How many bytes it may have.
        most: u64,
        /// How many it states.
        found: u64,
    },
    /// A member is in a form that is not read.
    #[error("the member `{member}` is {form}, which is not read")]
    Form {
        /// Its name.
        member: String,
        /// The form.
        form: String,
    },
    /// A member's bytes are not those that the list promises.
    #[error("the member `{member}` is damaged")]
    Member {
        /// Its name.
        member: String,
    },
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    name: String,
    flags: u16,
    method: u16,
    crc: u32,
    compressed: u64,
    length: u64,
    at: u64,
}

/// A zip file whose list of members was read.
#[derive(Debug)]
pub struct Zip<R> {
    file: R,
    members: Vec<Member>,
    limits: InputLimits,
}

/// The end of the list of members: its shortest form, and the longest comment behind it.
const END_BYTES: usize = 22;
const MOST_COMMENT_BYTES: usize = 0xffff;
const LOCATOR_BYTES: usize = 20;

impl<R: Read + Seek> Zip<R> {
    /// The zip file behind `file`.
    ///
    /// # Errors
    ///
    /// [`ZipFault`] if it is none, is damaged, or has more members than `limits` allow records.
    pub fn open(mut file: R, limits: InputLimits) -> Result<Self, ZipFault> {
        let length = file.seek(SeekFrom::End(0))?;
        let most_tail = (END_BYTES + MOST_COMMENT_BYTES + LOCATOR_BYTES) as u64;
        let tail_at = length.saturating_sub(most_tail);
        let tail = bytes_at(&mut file, tail_at, length - tail_at)?;
        let end = tail.windows(4).rposition(|window| window == b"PK\x05\x06");
        let end = end.filter(|end| end + END_BYTES <= tail.len()).ok_or(ZipFault::NoList)?;
        let (n_members, list_bytes, list_at) = match wide_end(&mut file, &tail[..end])? {
            Some(wide) => wide,
            None => (
                u64::from(u16_at(&tail, end + 10)),
                u64::from(u32_at(&tail, end + 12)),
                u64::from(u32_at(&tail, end + 16)),
            ),
        };
        if n_members > limits.records {
            return Err(ZipFault::TooMany { most: limits.records, found: n_members });
        }
        if list_at.checked_add(list_bytes).is_none_or(|end| end > length) {
            return Err(ZipFault::NoList);
        }
        let list = bytes_at(&mut file, list_at, list_bytes)?;
        let mut rest = list.as_slice();
        let members = (0..n_members).map(|_| member(&mut rest)).collect::<Option<_>>();
        Ok(Self { file, members: members.ok_or(ZipFault::Damaged)?, limits })
    }

    /// The names of the members, in the order of the list; a name that stands again replaces the member before it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.name.as_str())
    }

    /// The bytes of the last member called `name`; none if there is no such member.
    ///
    /// # Errors
    ///
    /// [`ZipFault`] if it cannot be read, or is not what the list says.
    pub fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, ZipFault> {
        let found = self.members.iter().rfind(|member| member.name == name);
        let Some(member) = found.cloned() else { return Ok(None) };
        let shown = || crate::text::shown(&member.name);
        let most = self.limits.document_bytes;
        if member.length > most {
            return Err(ZipFault::TooLong { member: shown(), most, found: member.length });
        }
        if member.flags & 1 != 0 {
            return Err(ZipFault::Form { member: shown(), form: "encrypted".to_owned() });
        }
        let head = bytes_at(&mut self.file, member.at, 30)?;
        if !head.starts_with(b"PK\x03\x04") {
            return Err(ZipFault::Damaged);
        }
        let behind = u64::from(u16_at(&head, 26)) + u64::from(u16_at(&head, 28));
        self.file.seek(SeekFrom::Start(member.at.saturating_add(30 + behind)))?;
        let compressed = (&mut self.file).take(member.compressed);
        let mut bytes = Vec::new();
        // One byte more than stated shows a member that is longer.
        let read = match member.method {
            0 => compressed.take(member.length + 1).read_to_end(&mut bytes),
            8 => DeflateDecoder::new(compressed).take(member.length + 1).read_to_end(&mut bytes),
            #[cfg(not(target_family = "wasm"))]
            93 => zstd::Decoder::new(compressed)?.take(member.length + 1).read_to_end(&mut bytes),
            other => {
                let form = format!("compressed by method {other}");
                return Err(ZipFault::Form { member: shown(), form });
            }
        };
        let mut crc = Crc::new();
        crc.update(&bytes);
        match read {
            Err(error) if error.raw_os_error().is_some() => Err(error.into()),
            Ok(_) if bytes.len() as u64 == member.length && crc.sum() == member.crc => {
                Ok(Some(bytes))
            }
            _ => Err(ZipFault::Member { member: shown() }),
        }
    }
}

/// Number of members, length and place of the list, from the 64-bit form of its end, if `before` (what stands before the short form)
/// ends with the pointer to it.
fn wide_end<R: Read + Seek>(
    file: &mut R,
    before: &[u8],
) -> Result<Option<(u64, u64, u64)>, ZipFault> {
    let locator = before.len().checked_sub(LOCATOR_BYTES).map(|at| &before[at..]);
    let Some(locator) = locator.filter(|locator| locator.starts_with(b"PK\x06\x07")) else {
        return Ok(None);
    };
    let end = bytes_at(file, u64_at(locator, 8), 56)?;
    if !end.starts_with(b"PK\x06\x06") {
        return Err(ZipFault::Damaged);
    }
    Ok(Some((u64_at(&end, 32), u64_at(&end, 40), u64_at(&end, 48))))
}

/// The member at the start of `list`, which then begins behind it.
fn member(list: &mut &[u8]) -> Option<Member> {
    let head = list.get(..46).filter(|head| head.starts_with(b"PK\x01\x02"))?;
    let [name_bytes, extra_bytes, comment_bytes] =
        [28, 30, 32].map(|at| usize::from(u16_at(head, at)));
    let name = list.get(46..46 + name_bytes)?;
    let extra = list.get(46 + name_bytes..46 + name_bytes + extra_bytes)?;
    let mut member = Member {
        name: String::from_utf8_lossy(name).into_owned(),
        flags: u16_at(head, 8),
        method: u16_at(head, 10),
        crc: u32_at(head, 16),
        compressed: u64::from(u32_at(head, 20)),
        length: u64::from(u32_at(head, 24)),
        at: u64::from(u32_at(head, 42)),
    };
    let mut wide = wide_fields(extra)?;
    for field in [&mut member.length, &mut member.compressed, &mut member.at] {
        if *field == u64::from(u32::MAX) {
            *field = u64_at(wide.get(..8)?, 0);
            wide = &wide[8..];
        }
    }
    *list = list.get(46 + name_bytes + extra_bytes + comment_bytes..)?;
    Some(member)
}

/// The 64-bit fields among the extra ones; empty if there are none.
fn wide_fields(mut extra: &[u8]) -> Option<&[u8]> {
    while extra.len() >= 4 {
        let end = 4 + usize::from(u16_at(extra, 2));
        let field = extra.get(4..end)?;
        if u16_at(extra, 0) == 1 {
            return Some(field);
        }
        extra = &extra[end..];
    }
    Some(&[])
}

fn bytes_at<R: Read + Seek>(file: &mut R, at: u64, n_bytes: u64) -> Result<Vec<u8>, ZipFault> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(n_bytes).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == n_bytes { Ok(bytes) } else { Err(ZipFault::NoList) }
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array_at(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// `ZipFile` of CPython 3.11: `a.txt` stored, `b.txt` deflated and forced into the 64-bit form, then `a.txt` again.
    const WRITTEN_BY_PYTHON: &[u8] = include_bytes!("../tests/fixtures/python.zip");

    fn open(bytes: &[u8]) -> Result<Zip<Cursor<&[u8]>>, ZipFault> {
        Zip::open(Cursor::new(bytes), InputLimits::default())
    }

    #[test]
    fn members_are_read_as_python_wrote_them() {
        let mut zip = open(WRITTEN_BY_PYTHON).unwrap();
        assert_eq!(zip.names().collect::<Vec<_>>(), ["a.txt", "b.txt", "a.txt"]);
        assert_eq!(zip.read("a.txt").unwrap().unwrap(), b"second");
        assert_eq!(zip.read("b.txt").unwrap().unwrap(), b"spine ".repeat(100));
        assert!(zip.read("c.txt").unwrap().is_none());
    }

    #[test]
    fn a_damaged_or_large_file_is_refused() {
        assert!(matches!(open(b"no zip"), Err(ZipFault::NoList)));
        let cut = &WRITTEN_BY_PYTHON[..WRITTEN_BY_PYTHON.len() - 30];
        assert!(matches!(open(cut), Err(ZipFault::NoList)));
        let mut bytes = WRITTEN_BY_PYTHON.to_vec();
        let at = bytes.windows(6).position(|window| window == b"second").unwrap();
        bytes[at] = b'S';
        let read = open(&bytes).unwrap().read("a.txt");
        assert!(matches!(read, Err(ZipFault::Member { .. })), "{read:?}");
        let limits = InputLimits { document_bytes: 100, ..InputLimits::default() };
        let mut zip = Zip::open(Cursor::new(WRITTEN_BY_PYTHON), limits).unwrap();
        let error = zip.read("b.txt").unwrap_err().to_string();
        assert!(error.contains("`b.txt` has 600 bytes (at most 100)"), "{error}");
        let limits = InputLimits { records: 2, ..InputLimits::default() };
        let error = Zip::open(Cursor::new(WRITTEN_BY_PYTHON), limits).unwrap_err();
        assert!(matches!(error, ZipFault::TooMany { most: 2, found: 3 }));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(place in 0..WRITTEN_BY_PYTHON.len(), byte in 0u8.., length in 0..WRITTEN_BY_PYTHON.len()) {
            let mut bytes = WRITTEN_BY_PYTHON.to_vec();
            bytes[place] = byte;
            let _ = open(&bytes[..length]);
            if let Ok(mut zip) = open(&bytes) {
                let _ = zip.read("a.txt");
                let _ = zip.read("b.txt");
            }
        }
    }
}

//! An archive as the checks see it: one pass, nothing unpacked.
//!
//! Input: the bytes of an archive, and what the chosen checks need. Output: the same [`Bundle`] that a folder with its members would
//! give. Documents are read as they pass and kept as their typed parts; an image is its digest and what its header shows.
//! Which Stage-1 texts and reviewers' tables count is said by other files, which may come later: those wait as bytes, and what was
//! asked for by then is read from there.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::io::Read;

use spinefairbench_artifacts::ArtifactError;
use spinefairbench_artifacts::archive::{
    ARCHIVE_FOLDER, ArchiveError, ArchiveTerms, StreamedArchive, StreamedContent, StreamedFile,
    Wanted, Watch, stream_members,
};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::finding::Finding;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::part::Part;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::png_header;
use spinefairbench_artifacts::source::{
    FileEnds, FileFacts, FileKind, FileSource, Listing, MemorySource, ReadLimits,
};

use super::inventory::{self, Pending, is_png};
use super::{AnyDocument, AnyPart, Bundle, Key, Needs, Walk, retained, schedule};
use crate::progress::Progress;

/// The most bytes of a text that waits; a Stage-1 text has two thousand.
const WAITING_BYTES: u64 = 1 << 20;
/// The most bytes of all of them; those of the release have eighty million, which are among the 294 MB that
/// `verify --archive` takes at its peak on an archive of that size: as many again stay below 400 MB.
const ALL_WAITING_BYTES: u64 = 160 << 20;
/// The most bytes of an image that is looked through.
const IMAGE_BYTES: u64 = 256 << 20;

/// Reads what `needs` ask for while an archive passes. Trouble with a member is a problem of its part.
///
/// # Errors
///
/// [`ArchiveError`] for an archive that would not be extracted either.
pub fn read_archive(
    archive: impl Read + Send,
    terms: &ArchiveTerms,
    mut needs: Needs,
    watch: &mut Watch<'_>,
    progress: &dyn Progress,
) -> Result<(Bundle, StreamedArchive), ArchiveError> {
    let folder = terms.folder.clone().unwrap_or_else(|| layout::constant(ARCHIVE_FOLDER));
    let terms = ArchiveTerms { folder: Some(folder.clone()), ..terms.clone() };
    let models = needs.models.clone();
    if !models.is_empty() {
        retained::ask_for_manifests(&mut needs);
        // The manifests may pass after the panels, so that the rows of all models are read in both.
        retained::ask_for_all_rows(&mut needs);
    }
    let mut documents: BTreeMap<ReleasePath, Vec<(TypeId, AnyDocument)>> = BTreeMap::new();
    for ((path, type_id), document) in &needs.documents {
        documents.entry(path.clone()).or_default().push((*type_id, document.clone()));
    }
    let below = |path: &ReleasePath| -> Option<ReleasePath> {
        path.as_str().strip_prefix(folder.as_str())?.strip_prefix('/')?.parse().ok()
    };
    let wants_images = needs.image_ends;
    let wanted = |path: &ReleasePath, len: u64| {
        let is_wanted = below(path).is_some_and(|path| {
            let is_document =
                documents.contains_key(&path) && len <= terms.files.most_bytes_of(&path);
            let is_image = wants_images && is_image(&path) && len <= IMAGE_BYTES;
            is_document || is_image || (may_be_asked_for(&path) && len <= WAITING_BYTES)
        });
        if is_wanted { Wanted::Whole } else { Wanted::Ends { head: 0, tail: 0 } }
    };
    let mut passed = Passed::default();
    let archive = stream_members(archive, &terms, &wanted, watch, &mut |file| {
        if let Some(path) = below(&file.path) {
            progress.file_read(file.content.size_bytes());
            passed.take(path, file, &documents, &terms.files, wants_images);
        }
    })?;
    let (bundle, source) = passed.into_bundle(&needs);
    let mut bundle = schedule::carry_on(&source, needs, (bundle, Pending::default()), progress);
    bundle.retained = retained::pair_up(&bundle, &models);
    retained::drop_rows(&mut bundle);
    Ok((bundle, archive))
}

fn is_image(path: &ReleasePath) -> bool {
    is_png(path.as_str()) && path.as_str().starts_with("dataset/")
}

/// Whether another file may say that this one counts: a Stage-1 text, a reviewer's table, never an image.
fn may_be_asked_for(path: &ReleasePath) -> bool {
    !is_png(path.as_str())
}

/// What is known of the members so far.
#[derive(Default)]
struct Passed {
    members: BTreeMap<ReleasePath, Member>,
    parts: BTreeMap<Key, AnyPart>,
    waiting_bytes: u64,
}

/// One member: its facts, and its bytes if it may still be asked for.
struct Member {
    len: u64,
    digest: Sha256,
    image_problem: Option<Box<Finding>>,
    waiting: Option<Vec<u8>>,
}

impl Passed {
    fn take(
        &mut self,
        path: ReleasePath,
        file: StreamedFile,
        documents: &BTreeMap<ReleasePath, Vec<(TypeId, AnyDocument)>>,
        limits: &ReadLimits,
        wants_images: bool,
    ) {
        let len = file.content.size_bytes();
        let documents = documents.get(&path).map_or(&[][..], Vec::as_slice);
        let mut member = Member { len, digest: file.sha256, image_problem: None, waiting: None };
        let content = match &file.content {
            StreamedContent::Whole(bytes) => limits.check_content(&path, bytes).map(|()| &**bytes),
            StreamedContent::Ends(_) => {
                let limit = limits.most_bytes_of(&path);
                Err(ArtifactError::TooLarge { path: path.as_str().into(), len, limit })
            }
        };
        for (type_id, document) in documents {
            let part = (document.part)(content.as_ref().copied());
            self.parts.insert((path.clone(), *type_id), part);
        }
        if let StreamedContent::Whole(bytes) = file.content {
            if wants_images && is_image(&path) {
                let problem = png_header::parse_whole(&bytes).err();
                member.image_problem = problem.map(|problem| {
                    let path = path.as_str().into();
                    Box::new(Finding::of(&ArtifactError::Png { path, problem }))
                });
            }
            if may_be_asked_for(&path)
                && documents.is_empty()
                && self.waiting_bytes + len <= ALL_WAITING_BYTES
            {
                self.waiting_bytes += len;
                // Of the buffer that it came in, the file may take a small part.
                member.waiting = Some(bytes.into_boxed_slice().into_vec());
            }
        }
        self.members.insert(path, member);
    }

    /// The bundle as far as it passed, and the source of what may still be asked for.
    fn into_bundle(self, needs: &Needs) -> (Bundle, PassedSource) {
        let Self { members, parts, .. } = self;
        let mut source = PassedSource { names: MemorySource::default(), lengths: BTreeMap::new() };
        let mut bundle = Bundle { parts, ..Bundle::default() };
        let mut facts: BTreeMap<ReleasePath, (u64, Sha256, Option<Box<Finding>>)> = BTreeMap::new();
        for (path, member) in members {
            let Member { len, digest, image_problem, waiting } = member;
            if waiting.is_none() {
                source.lengths.insert(path.clone(), len);
            }
            source.names.insert(path.clone(), waiting.unwrap_or_default());
            facts.insert(path, (len, digest, image_problem));
        }
        if needs.walk != Walk::Nothing {
            bundle.inventory = inventory::list(&source, needs.walk);
            let entries = bundle.inventory.value_mut().map(|inventory| &mut inventory.entries);
            for entry in entries.into_iter().flatten() {
                if let Some((len, digest, image_problem)) = facts.get_mut(&entry.path) {
                    entry.size = Some(*len);
                    entry.digest = Some(*digest);
                    entry.image_problem = image_problem.take();
                }
            }
        }
        for path in &needs.digests_of {
            if let Some((_, digest, _)) = facts.get(path) {
                bundle.digests.insert(path.clone(), Part::whole(*digest));
            }
        }
        bundle.present = inventory::present(&source, needs, bundle.inventory.value());
        (bundle, source)
    }
}

/// The members that passed: all by name, and those that wait by content.
#[derive(Debug)]
struct PassedSource {
    /// A member that is gone has no bytes here.
    names: MemorySource,
    /// Of the members that are gone.
    lengths: BTreeMap<ReleasePath, u64>,
}

impl PassedSource {
    /// A member that is gone can be asked for only if it, or all that waited, was too long.
    fn refuse_gone(&self, path: &ReleasePath) -> Result<(), ArtifactError> {
        match self.lengths.get(path) {
            Some(len) if *len <= WAITING_BYTES => {
                Err(ArtifactError::NotKept { path: path.as_str().into(), limit: ALL_WAITING_BYTES })
            }
            Some(len) => Err(ArtifactError::TooLarge {
                path: path.as_str().into(),
                len: *len,
                limit: WAITING_BYTES,
            }),
            None => Ok(()),
        }
    }
}

impl FileSource for PassedSource {
    fn read_into(&self, path: &ReleasePath, buffer: &mut Vec<u8>) -> Result<(), ArtifactError> {
        self.refuse_gone(path)?;
        self.names.read_into(path, buffer)
    }

    fn metadata(&self, path: &ReleasePath) -> Result<FileFacts, ArtifactError> {
        match self.lengths.get(path) {
            Some(len) => Ok(FileFacts { len: *len, kind: FileKind::File }),
            None => self.names.metadata(path),
        }
    }

    fn read_ends(
        &self,
        path: &ReleasePath,
        head: usize,
        tail: usize,
    ) -> Result<FileEnds, ArtifactError> {
        self.refuse_gone(path)?;
        self.names.read_ends(path, head, tail)
    }

    fn files(&self, under: Option<&ReleasePath>) -> Result<Listing, ArtifactError> {
        self.names.files(under)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_is_gone_says_whether_it_was_too_long_or_one_too_many() {
        let path: ReleasePath = "a/text".parse().unwrap();
        for (len, code) in
            [(WAITING_BYTES, "member_not_kept"), (WAITING_BYTES + 1, "file_too_large")]
        {
            let mut source =
                PassedSource { names: MemorySource::default(), lengths: BTreeMap::new() };
            source.lengths.insert(path.clone(), len);
            let problem = Finding::of(&source.read(&path).unwrap_err());
            assert_eq!(problem.code.as_str(), code);
        }
    }
}

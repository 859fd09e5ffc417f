//! `release-identity`: is this the release that the description pins.
//!
//! The anchored files are held against their pinned digests, and the frozen prompts by the SHA-256 of their UTF-8 text. A release
//! may have several archives; the bundle is held against the one that is meant, and where it is another one's, that is said and
//! changes nothing.

use std::borrow::Cow;

use serde::Serialize;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::records::prompt_registry::{self, PromptRegistry};
use spinefairbench_artifacts::release::{ReleaseDescription, UnknownVariant, VariantName};

use crate::bundle::{Bundle, Needs};
use crate::check::inspect::PROMPT_MISSING;
use crate::check::{
    Argument, Check, CheckError, CheckName, CheckResult, InSuite, Judgement, Listing, Notes,
};
use crate::finding::{Code, Finding, Findings, codes};

codes! {
    /// The frozen prompt registry has an entry that the release does not.
    PROMPT_UNEXPECTED = "prompt_unexpected";
    /// A prompt's text differs from the release's.
    PROMPT_DIGEST_MISMATCH = "prompt_digest_mismatch";
    /// The release description has a form that is not known.
    DESCRIPTION_UNSUPPORTED = "release_description_unsupported";
    /// An anchor of the release differs.
    ANCHOR_MISMATCH = "anchor_mismatch";
}

/// How the suite and the command line know the check.
pub const LISTING: Listing = Listing {
    name: CheckName::new("release-identity"),
    alias: None,
    about: "The bundle's anchors and prompts against the release description",
    examples: &["release-identity --artifacts demo --release demo.release.json"],
    arguments: &[Argument::option(
        VARIANT,
        "VARIANT",
        "Which archive of the release is meant: `anonymous` (without it) or `personal`",
    )],
    from_call: Some(|call| {
        let variant = call.value(VARIANT).map(str::parse).transpose();
        let refuse = |error: UnknownVariant| CheckError::Argument { reason: error.to_string() };
        Ok(Box::new(ReleaseIdentity { variant: variant.map_err(refuse)? }))
    }),
    in_suite: InSuite::Always(|| Box::new(ReleaseIdentity::default())),
    codes: &[CODES],
};

/// The option that names an archive.
const VARIANT: &str = "archive-variant";

/// The version of the form of release descriptions that this reads.
const DESCRIPTION_VERSION: &str = "1.0";

/// The check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReleaseIdentity {
    /// Which archive of the release is meant; that of the description as it is without it.
    pub variant: Option<VariantName>,
}

impl ReleaseIdentity {
    /// The description by the archive that is meant.
    fn meant(
        self,
        release: &ReleaseDescription,
    ) -> Result<Cow<'_, ReleaseDescription>, CheckError> {
        match self.variant {
            None => Ok(Cow::Borrowed(release)),
            Some(name) => match release.clone().with_variant(name) {
                Ok(release) => Ok(Cow::Owned(release)),
                Err(error) => Err(CheckError::Argument { reason: error.to_string() }),
            },
        }
    }
}

/// How many anchors and prompts agree with the release description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReleaseIdentityResult {
    /// Anchored files with the pinned digest.
    pub anchors_ok: usize,
    /// Anchored files.
    pub anchors: usize,
    /// Which archive was meant.
    pub archive_variant: VariantName,
    /// The pinned revision of the archive.
    pub revision: String,
    /// Prompts with the pinned digest.
    pub frozen_prompts_ok: usize,
    /// Prompts that the description pins.
    pub frozen_prompts: usize,
}

impl Check for ReleaseIdentity {
    fn name(&self) -> CheckName {
        LISTING.name
    }

    fn needs(&self, release: &ReleaseDescription) -> Needs {
        let mut needs = Needs::default();
        needs.document(&prompt_registry::document(release.frozen_prompt_registry.clone()));
        // Of every archive, so that a bundle of another one than is meant can be told.
        let others = release.other_anchors().flat_map(|(_, anchors)| anchors.iter());
        for (name, _) in release.artifact_anchors.iter().chain(others) {
            // A name that is no path cannot be read; the judgement says so.
            if let Ok(path) = name.parse() {
                needs.digest_of(path);
            }
        }
        needs
    }

    fn judge(
        &self,
        bundle: &Bundle,
        release: &ReleaseDescription,
        judgement: &mut Judgement,
    ) -> Result<Box<dyn CheckResult>, CheckError> {
        let meant = self.meant(release)?;
        let release = meant.as_ref();
        let findings = &mut judgement.findings;
        judge_description(release, findings);
        let anchors_ok = anchors_that_agree(bundle, release, findings);
        if anchors_ok < release.artifact_anchors.len() {
            note_a_fitting_archive(bundle, release, &mut judgement.notes);
        }
        let document = prompt_registry::document(release.frozen_prompt_registry.clone());
        let registry = bundle.open(&document, findings);
        let is_pinned = is_as_pinned(bundle, document.path(), release);
        let frozen_prompts_ok = registry
            .map_or(0, |registry| prompts_that_agree(registry, release, is_pinned, findings));
        note_what_nothing_pins(release, &mut judgement.notes);
        Ok(Box::new(ReleaseIdentityResult {
            anchors_ok,
            anchors: release.artifact_anchors.len(),
            archive_variant: release.variant,
            revision: release.artifact_archive.revision.clone(),
            frozen_prompts_ok,
            frozen_prompts: release.prompt_digests.len(),
        }))
    }
}

/// A description of another form may mean something else by every field.
fn judge_description(release: &ReleaseDescription, findings: &mut Findings) {
    if release.schema_version != DESCRIPTION_VERSION {
        let message = "the release description has a form that this program does not know";
        let finding = Finding::new(DESCRIPTION_UNSUPPORTED, message);
        findings.push(finding.comparing(DESCRIPTION_VERSION, &release.schema_version));
    }
}

/// Names the archive of the release whose anchors all fit, if there is one. The verdict stays what it is.
fn note_a_fitting_archive(bundle: &Bundle, release: &ReleaseDescription, notes: &mut Notes) {
    // Problems of reading are findings already, as far as the anchors that are meant have them.
    let fits = |name: &str, pinned: &Sha256| {
        let path = name.parse().ok();
        path.and_then(|path| bundle.digest(&path, &mut Findings::default())) == Some(*pinned)
    };
    for (variant, anchors) in release.other_anchors() {
        if !anchors.is_empty() && anchors.iter().all(|(name, pinned)| fits(name, pinned)) {
            notes.push(format!(
                "every anchor of the archive variant `{variant}` fits: `--{VARIANT} {variant}` compares with that one"
            ));
        }
    }
}

fn anchors_that_agree(
    bundle: &Bundle,
    release: &ReleaseDescription,
    findings: &mut Findings,
) -> usize {
    let mut agreeing = 0;
    for (name, pinned) in release.artifact_anchors.iter() {
        let path = match name.parse::<ReleasePath>() {
            Ok(path) => path,
            Err(error) => {
                let message = "an anchor of the release description is no release path";
                let finding = Finding::new(Code::UNSAFE_PATH, message).in_file(name);
                findings.push(finding.comparing("a path from the root", error));
                continue;
            }
        };
        let Some(computed) = bundle.digest(&path, findings) else { continue };
        if computed == *pinned {
            agreeing += 1;
        } else {
            let message = "the file is not the one that the release pins";
            let finding = Finding::new(ANCHOR_MISMATCH, message).in_file(name);
            findings.push(finding.comparing(pinned, computed));
        }
    }
    agreeing
}

/// What a bundle of its own making would pass by: a manifest that nothing pins agrees with whatever it was made from.
fn note_what_nothing_pins(release: &ReleaseDescription, notes: &mut Notes) {
    let manifest = layout::SHA256SUMS;
    if !release.artifact_anchors.contains_key(manifest) {
        notes.not_compared(format!(
            "the release description does not anchor `{manifest}`: that the listed files are the published ones was not shown"
        ));
    }
    if release.prompt_digests.is_empty() {
        notes.not_compared("the release description pins no prompt: none was compared");
    }
}

/// Whether the file is the one that the release anchors.
fn is_as_pinned(bundle: &Bundle, path: &ReleasePath, release: &ReleaseDescription) -> bool {
    let pinned = release.artifact_anchors.get(path.as_str()).copied();
    pinned.is_some() && bundle.known_digest(path) == pinned
}

/// How many prompts have the pinned text. Which names there are was inferred from the release: one that is absent is advice, and so
/// is one that the description lacks where the file itself is pinned.
fn prompts_that_agree(
    registry: &PromptRegistry,
    release: &ReleaseDescription,
    is_pinned: bool,
    findings: &mut Findings,
) -> usize {
    let mut agreeing = 0;
    for (name, pinned) in release.prompt_digests.iter() {
        let Some(text) = registry.texts.get(name) else {
            let message = format!("the frozen prompt registry has no text for `{name}`");
            let finding = Finding::new(PROMPT_MISSING, message).in_file(&registry.path);
            findings.push(finding.as_advice());
            continue;
        };
        let computed = Sha256::of(text.as_bytes());
        if computed == *pinned {
            agreeing += 1;
        } else {
            let message =
                format!("the text of prompt `{name}` is not the one that the release pins");
            let finding = Finding::new(PROMPT_DIGEST_MISMATCH, message);
            findings.push(finding.in_file(&registry.path).comparing(pinned, computed));
        }
    }
    // A release that pins none says nothing of any: that is noted, and no prompt is one too many.
    let pins_some = !release.prompt_digests.is_empty();
    let is_new = |name: &&String| pins_some && !release.prompt_digests.contains_key(name);
    for name in registry.texts.keys().filter(is_new) {
        let message = format!("the release has no prompt `{name}`");
        let finding = Finding::new(PROMPT_UNEXPECTED, message).in_file(&registry.path);
        findings.push(if is_pinned { finding.as_advice() } else { finding });
    }
    for (name, kind) in &registry.others {
        let message = format!("the prompt `{name}` is no text");
        let finding = Finding::new(Code::FIELD_INVALID, message).in_file(&registry.path);
        let finding = finding.comparing("a string", kind);
        // A name with `null` under it is to Python as if it were not there.
        findings.push(if kind == "null" || is_pinned { finding.as_advice() } else { finding });
    }
    agreeing
}

impl CheckResult for ReleaseIdentityResult {
    fn summary(&self) -> String {
        format!(
            "{}/{} anchors, {}/{} frozen prompts, {} archive, revision {}",
            self.anchors_ok,
            self.anchors,
            self.frozen_prompts_ok,
            self.frozen_prompts,
            self.archive_variant,
            self.revision
        )
    }
}

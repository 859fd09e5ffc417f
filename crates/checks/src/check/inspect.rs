//! `inspect`: is the bundle all there, and does it say of itself what it should.
//!
//! Looked at are the required files ([`layout::required_files`]), the small documents that state counts, and the two frozen
//! prompts.

use serde::Serialize;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::records::{
    core_summary, intersection_manifest, panel_freeze, prompt_registry, release_manifest,
};
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::FileKind;

use crate::bundle::{Bundle, Needs};
use crate::check::{Check, CheckError, CheckName, CheckResult, InSuite, Judgement, Listing};
use crate::finding::{Code, Finding, Findings, codes};
use crate::table::{Detail, known};

codes! {
    /// The summary and the intersection manifest state different numbers of pairs.
    INTERSECTION_COUNT_MISMATCH = "intersection_count_mismatch";
    /// The frozen prompt registry has no text under a name.
    PROMPT_MISSING = "prompt_missing";
}

/// How the suite and the command line know the check.
pub const LISTING: Listing = Listing {
    name: CheckName::new("inspect"),
    alias: None,
    about: "Required files, declared counts, the two frozen prompts",
    examples: &["inspect --artifacts demo --release demo.release.json"],
    arguments: &[],
    from_call: Some(|_| Ok(Box::new(Inspect))),
    in_suite: InSuite::Always(|| Box::new(Inspect)),
    codes: &[CODES],
};

/// The check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Inspect;

/// What `inspect` states; a field that could not be read is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct InspectResult {
    /// How many of the required files are present.
    pub required_files: Option<usize>,
    /// Pairs usable for all models, as the frozen summary says.
    pub all_model_intersection_count: Option<u64>,
    /// The same, as the intersection manifest says.
    pub all_model_intersection_rows: Option<u64>,
    /// When the panel was frozen.
    pub panel_freeze_timestamp: Option<String>,
    /// Images, as declared.
    pub released_pngs: Option<u64>,
    /// Passed rows, as declared.
    pub qc_passed_rows: Option<u64>,
    /// Source radiographs, as declared.
    pub source_pngs: Option<u64>,
    /// The two prompts that reports were asked for with.
    pub prompts: Prompts,
}

/// The frozen texts of two prompts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Prompts {
    /// The system prompt.
    pub system: Option<String>,
    /// The primary prompt.
    pub primary: Option<String>,
}

impl Check for Inspect {
    fn name(&self) -> CheckName {
        LISTING.name
    }

    fn needs(&self, release: &ReleaseDescription) -> Needs {
        let mut needs = Needs::default();
        needs
            .present(layout::required_files())
            .document(&release_manifest::document())
            .document(&intersection_manifest::document())
            .document(&panel_freeze::document())
            .document(&core_summary::document())
            .document(&prompt_registry::document(release.frozen_prompt_registry.clone()));
        needs
    }

    fn judge(
        &self,
        bundle: &Bundle,
        release: &ReleaseDescription,
        judgement: &mut Judgement,
    ) -> Result<Box<dyn CheckResult>, CheckError> {
        let findings = &mut judgement.findings;
        let mut result = InspectResult {
            required_files: Some(required_files(bundle, findings)),
            panel_freeze_timestamp: bundle.open(&panel_freeze::document(), findings).cloned(),
            ..InspectResult::default()
        };
        let rows = bundle.open(&intersection_manifest::document(), findings);
        result.all_model_intersection_rows = rows.map(|rows| rows.0);
        let summary = bundle.open(&core_summary::document(), findings);
        result.all_model_intersection_count =
            summary.and_then(|summary| summary.common_pairs.open(findings)).copied();
        if let (Some(rows), Some(count)) =
            (result.all_model_intersection_rows, result.all_model_intersection_count)
            && rows != count
        {
            let message =
                "the intersection manifest states another number of pairs than the frozen summary";
            let finding = Finding::new(INTERSECTION_COUNT_MISMATCH, message);
            findings.push(finding.in_file(layout::INTERSECTION_MANIFEST).comparing(count, rows));
        }
        if let Some(declared) = bundle.open(&release_manifest::document(), findings) {
            result.released_pngs = declared.released_pngs.open_shown(findings).copied();
            result.qc_passed_rows = declared.qc_passed_rows.open_shown(findings).copied();
            result.source_pngs = declared.source_pngs.open_shown(findings).copied();
        }
        let registry = prompt_registry::document(release.frozen_prompt_registry.clone());
        if let Some(registry) = bundle.open(&registry, findings) {
            let mut text_of = |name: &str| {
                let text = registry.texts.get(name).filter(|text| !text.trim().is_empty()).cloned();
                if text.is_none() {
                    let message = format!("the frozen prompt registry has no text for `{name}`");
                    findings.push(Finding::new(PROMPT_MISSING, message).in_file(&registry.path));
                }
                text
            };
            result.prompts.system = text_of("system");
            result.prompts.primary = text_of("primary");
        }
        Ok(Box::new(result))
    }
}

/// How many of the required files are there.
fn required_files(bundle: &Bundle, findings: &mut Findings) -> usize {
    let mut present = 0;
    for path in layout::required_files() {
        match bundle.kind(&path, findings) {
            Some(FileKind::File) => present += 1,
            Some(other) => {
                let finding = Finding::new(Code::NOT_A_FILE, "a required file is something else")
                    .in_file(&path);
                findings.push(finding.comparing("a file", other));
            }
            None => {}
        }
    }
    present
}

impl CheckResult for InspectResult {
    fn summary(&self) -> String {
        format!(
            "{} required files; intersection {} = {}; {} images declared",
            known(self.required_files),
            known(self.all_model_intersection_count),
            known(self.all_model_intersection_rows),
            known(self.released_pngs)
        )
    }

    fn details(&self) -> Vec<Detail> {
        let prompt = |name: &str, text: &Option<String>| {
            text.as_ref().map(|text| format!("{name} prompt: {text}"))
        };
        let lines = [
            Some(format!("panel frozen at {}", known(self.panel_freeze_timestamp.as_ref()))),
            Some(format!("source images declared: {}", known(self.source_pngs))),
            prompt("system", &self.prompts.system),
            prompt("primary", &self.prompts.primary),
        ];
        lines.into_iter().flatten().map(Detail::Line).collect()
    }
}

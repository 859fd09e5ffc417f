//! `inspect`: is the bundle all there, and does it say of itself what it should.
//!
//! Input: the walk, the small documents that state counts, and the frozen prompts. Output: the counts and the two prompts.
//! Rules: `checks.md`, *inspect*; the required files are those of [`spinefairbench_artifacts::layout`].

use crate::finding::{Code, Finding, Findings};
use crate::report::{CheckReport, CheckResult};
use crate::snapshot::Snapshot;
use spinefairbench_artifacts::layout;

/// What `inspect` states; a field that could not be read is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// The system prompt.
    pub system_prompt: Option<String>,
    /// The primary prompt.
    pub primary_prompt: Option<String>,
}

/// Judges the bundle's own account of itself.
#[must_use]
pub fn check(snapshot: &Snapshot, mut findings: Findings) -> CheckReport {
    let mut result = InspectResult {
        required_files: snapshot.required.open(&mut findings).map(|required| required.present),
        panel_freeze_timestamp: snapshot.panel_freeze_timestamp.open(&mut findings).cloned(),
        all_model_intersection_rows: snapshot.intersection_rows.open(&mut findings).copied(),
        ..InspectResult::default()
    };
    if let Some(summary) = snapshot.frozen_summary.open(&mut findings) {
        result.all_model_intersection_count = summary.common_pairs.open(&mut findings).copied();
    }
    if let (Some(rows), Some(count)) =
        (result.all_model_intersection_rows, result.all_model_intersection_count)
        && rows != count
    {
        let message =
            "the intersection manifest states another number of pairs than the frozen summary";
        let finding = Finding::new(Code::IntersectionCountMismatch, message);
        findings.push(finding.in_file(layout::INTERSECTION_MANIFEST).comparing(count, rows));
    }
    if let Some(declared) = snapshot.declared.open(&mut findings) {
        result.released_pngs = declared.released_pngs;
        result.qc_passed_rows = declared.qc_passed_rows;
        result.source_pngs = declared.source_pngs;
    }
    if let Some(registry) = snapshot.prompts.open(&mut findings) {
        let mut text_of = |name: &str| {
            let text = registry.texts.get(name).filter(|text| !text.trim().is_empty()).cloned();
            if text.is_none() {
                let message = format!("the frozen prompt registry has no text for `{name}`");
                findings.push(Finding::new(Code::PromptMissing, message).in_file(&registry.path));
            }
            text
        };
        result.system_prompt = text_of("system");
        result.primary_prompt = text_of("primary");
    }
    CheckReport {
        findings: findings.finish(),
        notes: Vec::new(),
        result: CheckResult::Inspect(result),
    }
}

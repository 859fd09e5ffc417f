//! `followup`: the supplement of the follow-up audits, which the benchmark authors publish beside the bundle.
//!
//! Input: the supplement, and a bundle where the call names one. Output: its figures. Without a bundle: the pinned digest, the
//! arithmetic of the repeated calls, and what must hold within and between the other sections. With one, what follows from it
//! is computed anew. The authors' own command stops at the first problem and looks at the digest and the repeated calls alone.

use serde::Serialize;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::ModelName;
use spinefairbench_artifacts::part::Part;
use spinefairbench_artifacts::records::followup_supplement::{
    self, FollowupSupplement, ModelCalls, StoredExcess,
};
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_metrics::{Excess, NoiseFloor};

use crate::bundle::{Bundle, Needs};
use crate::by_name::ByName;
use crate::check::{
    Argument, Check, CheckError, CheckName, CheckResult, GivenFile, InSuite, Judgement, Listing,
};
use crate::finding::{Finding, Findings, codes};
use crate::published::show_names;
use crate::table::{Cell, Column, Detail, Table};

mod arithmetic;
mod identities;
mod recomputed;

codes! {
    /// The supplement is not the file that the release pins.
    SUPPLEMENT_DIGEST_MISMATCH = "supplement_digest_mismatch";
    /// The repeated calls are not those of the retained models.
    SUPPLEMENT_MODELS_MISMATCH = "supplement_models_mismatch";
    /// The sources of a model and those that are left out do not add up to the common core.
    SOURCE_ACCOUNTING_MISMATCH = "source_accounting_mismatch";
    /// The parts of a noise floor do not fit together.
    EXCESS_ARITHMETIC_MISMATCH = "excess_arithmetic_mismatch";
    /// Two numbers of the supplement that hang together do not.
    SUPPLEMENT_INCONSISTENT = "supplement_inconsistent";
    /// A number of the supplement is not the one that follows from the bundle.
    SUPPLEMENT_BUNDLE_MISMATCH = "supplement_bundle_mismatch";
}

/// The option that gives the file.
pub const SUPPLEMENT: &str = "supplement";

/// How the suite and the command line know the check.
pub const LISTING: Listing = Listing {
    name: CheckName::new("followup"),
    alias: None,
    about: "The supplement of the follow-up audits, alone or against a bundle",
    examples: &[
        "followup --supplement demo.supplement.json --release demo.release.json",
        "followup --supplement demo.supplement.json --artifacts demo \\\n      --release demo.release.json",
    ],
    arguments: &[Argument {
        is_required: true,
        ..Argument::file(
            SUPPLEMENT,
            "The supplement; with --artifacts its numbers are computed anew from that bundle",
        )
    }],
    from_call: Some(|call| {
        let file = call.files.get(SUPPLEMENT).ok_or_else(|| CheckError::Argument {
            reason: format!("`followup` is about the file that `--{SUPPLEMENT}` names"),
        })?;
        let against = if call.names_bundle { Against::Bundle } else { Against::Itself };
        Ok(Box::new(Followup::of(file, against)))
    }),
    in_suite: InSuite::Given {
        argument: SUPPLEMENT,
        check: |file| Box::new(Followup::of(file, Against::Bundle)),
    },
    codes: &[CODES],
};

/// The check.
#[derive(Debug, Clone)]
pub struct Followup {
    path: String,
    sha256: Sha256,
    size_bytes: u64,
    supplement: Part<FollowupSupplement>,
    against: Against,
}

/// What the supplement is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// What it says itself, and what the release publishes.
    Itself,
    /// A bundle besides.
    Bundle,
}

/// The figures of the supplement.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FollowupResult {
    /// The SHA-256 of the file.
    pub sha256: String,
    /// What the file is an extract of.
    pub scope: Option<String>,
    /// Sources of the common core.
    pub common_core_sources: Option<f64>,
    /// By model, in the order of the names.
    pub models: ByName<FollowupModel>,
    /// Models whose repeated calls were computed anew from the bundle.
    pub recomputed_models: usize,
}

/// The repeated calls of one model.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FollowupModel {
    /// Sources that the means are taken over.
    pub n_sources: Option<f64>,
    /// Sources without a usable pair.
    pub dropped_no_usable_edited_comparison: Option<f64>,
    /// Other sources with fewer than two usable reports on the source image.
    pub dropped_fewer_than_two_usable_source_reports: Option<f64>,
    /// By the recommendations.
    pub recommendation: FollowupExcess,
    /// By the diagnostic labels.
    pub diagnostic: FollowupExcess,
    /// What the bundle gives, without intervals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recomputed: Option<Box<Self>>,
}

/// Instability by edit and by repeated call.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FollowupExcess {
    /// Between the source image and its edits.
    #[serde(rename = "T")]
    pub edited: Option<f64>,
    /// Between calls on the source image alone.
    #[serde(rename = "F")]
    pub floor: Option<f64>,
    /// The first less the second.
    pub excess: Option<f64>,
    /// That, divided by one less the second.
    pub normalized_excess: Option<f64>,
    /// The stored interval of the excess.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ci95: Option<Vec<f64>>,
}

impl Followup {
    /// The check of `file`.
    #[must_use]
    pub fn of(file: &GivenFile, against: Against) -> Self {
        Self {
            path: file.name.clone(),
            sha256: Sha256::of(&file.bytes),
            size_bytes: file.bytes.len() as u64,
            supplement: followup_supplement::read(&file.name, &file.bytes),
            against,
        }
    }

    /// Whether this is the file that the release pins.
    fn judge_identity(&self, release: &ReleaseDescription, judgement: &mut Judgement) {
        let Some(pinned) = &release.supplemental_artifacts.retained_followup_audit else {
            judgement.notes.not_compared(
                "the release description pins no supplement: that this is the published one was not shown",
            );
            return;
        };
        if pinned.sha256 == self.sha256 {
            return;
        }
        let message = "the supplement is not the file that the release pins";
        let finding = Finding::new(SUPPLEMENT_DIGEST_MISMATCH, message).in_file(&self.path);
        judgement.findings.push(finding.comparing(pinned.sha256, self.sha256));
        if let Some(size) = pinned.size_bytes.filter(|size| *size != self.size_bytes) {
            judgement.notes.push(format!(
                "the pinned supplement has {size} bytes, this file {}",
                self.size_bytes
            ));
        }
    }
}

impl Check for Followup {
    fn name(&self) -> CheckName {
        LISTING.name
    }

    fn needs(&self, release: &ReleaseDescription) -> Needs {
        match self.against {
            Against::Itself => Needs::default(),
            Against::Bundle => recomputed::needs(release),
        }
    }

    fn judge(
        &self,
        bundle: &Bundle,
        release: &ReleaseDescription,
        judgement: &mut Judgement,
    ) -> Result<Box<dyn CheckResult>, CheckError> {
        self.judge_identity(release, judgement);
        let mut result =
            FollowupResult { sha256: self.sha256.to_string(), ..FollowupResult::default() };
        let Some(supplement) = self.supplement.open(&mut judgement.findings) else {
            return Ok(Box::new(result));
        };
        let place = Place { path: &self.path };
        result.scope.clone_from(&supplement.scope);
        let calls = supplement.repeated_calls.value();
        if let Some(calls) = calls {
            result.common_core_sources = calls.common_core_sources;
            for (model, stored) in &calls.models {
                result.models.push(model, FollowupModel::from(stored));
            }
            judge_models(place, calls.models.keys(), release, &mut judgement.findings);
            arithmetic::judge(place, calls, &mut judgement.findings);
        }
        identities::judge(place, supplement, release, judgement);
        if self.against == Against::Bundle {
            recomputed::judge(place, supplement, bundle, release, &mut result, judgement);
        } else {
            judgement.notes.push(
                "the supplement was held against itself: `--artifacts DIR` computes its numbers anew from a bundle",
            );
        }
        Ok(Box::new(result))
    }
}

/// The supplement, as findings name it.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    path: &'a str,
}

impl Place<'_> {
    fn finding(self, code: crate::finding::Code, message: String) -> Finding {
        Finding::new(code, message).in_file(self.path)
    }
}

/// Whether the repeated calls are those of the retained models, each and no other.
fn judge_models<'a>(
    place: Place<'_>,
    found: impl Iterator<Item = &'a String> + Clone,
    release: &ReleaseDescription,
    findings: &mut Findings,
) {
    let expected = || release.table2_models.iter().map(ModelName::as_str);
    let missing: Vec<&str> =
        expected().filter(|model| !found.clone().any(|found| found == model)).collect();
    let surplus: Vec<&str> = found
        .map(String::as_str)
        .filter(|model| !expected().any(|expected| expected == *model))
        .collect();
    if !missing.is_empty() || !surplus.is_empty() {
        let message = format!(
            "`$.repeated_calls.models` are not the retained models (missing: {}; besides: {})",
            show_names(&missing),
            show_names(&surplus)
        );
        findings.push(place.finding(SUPPLEMENT_MODELS_MISMATCH, message));
    }
}

impl From<&ModelCalls> for FollowupModel {
    fn from(stored: &ModelCalls) -> Self {
        Self {
            n_sources: stored.n_sources,
            dropped_no_usable_edited_comparison: stored.dropped_no_usable_edited_comparison,
            dropped_fewer_than_two_usable_source_reports: stored
                .dropped_fewer_than_two_usable_source_reports,
            recommendation: (&stored.recommendation).into(),
            diagnostic: (&stored.diagnostic).into(),
            recomputed: None,
        }
    }
}

impl From<&NoiseFloor> for FollowupModel {
    fn from(floor: &NoiseFloor) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "counts of sources are far below 2^53")]
        let count = |n: usize| Some(n as f64);
        Self {
            n_sources: count(floor.n_sources),
            dropped_no_usable_edited_comparison: count(floor.dropped_no_usable_edited_comparison),
            dropped_fewer_than_two_usable_source_reports: count(
                floor.dropped_fewer_than_two_usable_source_reports,
            ),
            recommendation: (&floor.recommendation).into(),
            diagnostic: (&floor.diagnostic).into(),
            recomputed: None,
        }
    }
}

impl From<&Excess> for FollowupExcess {
    fn from(excess: &Excess) -> Self {
        Self {
            edited: Some(excess.edited),
            floor: Some(excess.floor),
            excess: Some(excess.excess),
            normalized_excess: excess.normalized_excess,
            ci95: None,
        }
    }
}

impl From<&StoredExcess> for FollowupExcess {
    fn from(stored: &StoredExcess) -> Self {
        Self {
            edited: stored.edited,
            floor: stored.floor,
            excess: stored.excess,
            normalized_excess: stored.normalized_excess,
            ci95: stored.ci95.clone(),
        }
    }
}

impl CheckResult for FollowupResult {
    fn summary(&self) -> String {
        let n = self.models.len();
        match self.recomputed_models {
            0 => format!("repeated calls of {n} models, not computed anew"),
            again => format!("repeated calls of {n} models, {again} computed anew"),
        }
    }

    fn details(&self) -> Vec<Detail> {
        let row = |(model, calls): (&str, &FollowupModel)| {
            let number = |number: Option<f64>| Cell::number(number, 6);
            let sources = calls.n_sources.map(|n| n.to_string());
            let mut cells = vec![Cell::text(model), sources.map_or(Cell::Unknown, Cell::Text)];
            for excess in [&calls.recommendation, &calls.diagnostic] {
                cells.extend([number(excess.edited), number(excess.floor), number(excess.excess)]);
            }
            cells
        };
        let scope = self.scope.iter().map(|scope| Detail::Line(scope.clone()));
        let table = Detail::Table(Table {
            title: "Instability by edit and by repeated call, by model",
            columns: vec![
                Column::new("model", "Model"),
                Column::new("sources", "Sources"),
                Column::new("rec_T", "Recommendation: edit"),
                Column::new("rec_F", "Recommendation: repeat"),
                Column::new("rec_excess", "Recommendation: excess"),
                Column::new("diag_T", "Diagnosis: edit"),
                Column::new("diag_F", "Diagnosis: repeat"),
                Column::new("diag_excess", "Diagnosis: excess"),
            ],
            rows: self.models.iter().map(row).collect(),
            caption: String::new(),
        });
        scope.chain([table]).collect()
    }
}

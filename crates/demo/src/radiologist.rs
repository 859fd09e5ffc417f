//! The invented radiologist validation: 450 rated pairs, of which 443 pass, at every scale.
//!
//! Three reviewers rate every pair once and thirty pairs twice. A pair passes when at least two say `Yes` to plausibility and at
//! least two to preservation. The counts are those of the release, which no scale changes.

use csv::{QuoteStyle, Terminator, WriterBuilder};
use serde_json::json;
use spinefairbench_artifacts::ids::EditLabel;
use spinefairbench_artifacts::layout;

use crate::DemoError;
use crate::blueprint::Blueprint;
use crate::prng::{Purpose, Stream};
use crate::scale::Counts;
use crate::staging::Stage;

/// Pairs that were rated.
pub(crate) const RATED_PAIRS: usize = 450;
/// Pairs among them that do not pass.
pub(crate) const EXCLUDED: usize = 7;
/// Answers on detectability: three a pair.
pub(crate) const DETECTABILITY_ROWS: usize = 3 * RATED_PAIRS;
/// Answers `Cannot tell` among them.
pub(crate) const CANNOT_TELL: usize = 1307;
/// Pairs that one reviewer saw twice.
pub(crate) const HIDDEN_REPEATS: usize = 30;
/// Display events of all reviewers.
pub(crate) const PER_REVIEWER_ROWS: usize = DETECTABILITY_ROWS + HIDDEN_REPEATS;

const REVIEWERS: [&str; 3] = ["R1", "R2", "R3"];
/// By which of those labels the reviewers' own files are called: labels are local to a file, as in the release.
const OWN_LABELS: [&str; 3] = ["R2", "R1", "R3"];
const CERTAIN: [&str; 2] = ["Looks edited", "Looks original"];
/// Comments that a CSV reader has to unquote: commas, quotes, line breaks.
const COMMENTS: [&str; 6] = [
    "",
    "",
    "",
    "sharp, no artefact",
    "says \"fine\" to me",
    "first look: unsure\nsecond look: fine",
];

/// One pair with the answers of the three reviewers.
struct Rated {
    pair_id: String,
    passes: bool,
    plausible: [&'static str; 3],
    preserved: [&'static str; 3],
    detectability: [&'static str; 3],
}

/// The answers of the three reviewers, by question and pair.
#[derive(Debug, Default)]
pub(crate) struct Ratings {
    pub(crate) plausible: Vec<[&'static str; 3]>,
    pub(crate) preserved: Vec<[&'static str; 3]>,
    pub(crate) detectability: Vec<[&'static str; 3]>,
}

/// Writes the validation files and the manifest that covers them.
pub(crate) fn write(blueprint: &Blueprint, stage: &Stage<'_>) -> Result<Ratings, DemoError> {
    let mut stream = Stream::keyed(blueprint.plan.seed, Purpose::Radiologist, &[]);
    let rated = rate(rated_pairs(blueprint), &mut stream);

    let names = |passes: bool| -> Vec<&str> {
        rated
            .iter()
            .filter(|pair| pair.passes == passes)
            .map(|pair| pair.pair_id.as_str())
            .collect()
    };
    stage.write_json(layout::VALIDATED_SUBSET, &json!({ "pair_ids": names(true) }))?;
    stage.write_json(layout::EXCLUSION_LIST, &json!({ "excluded_pairs": names(false) }))?;
    stage.write_json(
        layout::VALIDATION_REPORT,
        &json!({ "report_schema_version": "1.1", "synthetic": true, "rated_pairs": RATED_PAIRS, "excluded": EXCLUDED }),
    )?;
    stage.write(layout::PAIR_RESULTS, pair_results(&rated, &mut stream)?)?;
    stage.write(layout::DETECTABILITY, detectability(&rated)?)?;
    stage.write(layout::HIDDEN_REPEATS, hidden_repeats(&rated)?)?;
    let mut files = Vec::new();
    for (reviewer, name) in OWN_LABELS.into_iter().enumerate() {
        let path = format!("validation_public/per_reviewer/reviews_{name}_public_2026-04-28.csv");
        stage.write(&path, reviews(&rated, reviewer, &mut stream)?)?;
        files.push(path);
    }
    stage.write_json(
        layout::VALIDATION_MANIFEST,
        &json!({ "files": { "per_reviewer_files": files } }),
    )?;
    stage.write(
        "validation_public/README.md",
        "# Radiologist validation (synthetic)\n\nThe answers are invented. One row per pair and reviewer; `hidden_repeat_records` \
         holds the pairs that a reviewer saw twice.\n",
    )?;
    let covered = |path: &str| {
        path.starts_with("validation_public/")
            || [layout::VALIDATED_SUBSET, layout::EXCLUSION_LIST, layout::VALIDATION_REPORT]
                .contains(&path)
    };
    stage.write(layout::RADIOLOGIST_SHA256SUMS, stage.checksums(covered))?;
    Ok(Ratings {
        plausible: rated.iter().map(|pair| pair.plausible).collect(),
        preserved: rated.iter().map(|pair| pair.preserved).collect(),
        detectability: rated.iter().map(|pair| pair.detectability).collect(),
    })
}

/// One pair of each of the first registered sources; where a bundle holds the source, a pair that passed the quality control.
fn rated_pairs(blueprint: &Blueprint) -> Vec<String> {
    let ids = &blueprint.cohort.registered_ids;
    (0..RATED_PAIRS)
        .map(|index| {
            let edits =
                (index..index + Counts::EDITS).map(|place| EditLabel::ALL[place % Counts::EDITS]);
            let source = blueprint.cohort.sources.get(index);
            let passed =
                |edit: &EditLabel| source.is_none_or(|source| source.passed[*edit as usize]);
            let edit = edits.clone().find(passed).unwrap_or(EditLabel::ALL[index % Counts::EDITS]);
            format!("{}__{edit}", ids[index])
        })
        .collect()
}

fn rate(pair_ids: Vec<String>, stream: &mut Stream) -> Vec<Rated> {
    let excluded = stream.quota(pair_ids.len(), EXCLUDED);
    let certain = stream.quota(DETECTABILITY_ROWS, DETECTABILITY_ROWS - CANNOT_TELL);
    pair_ids
        .into_iter()
        .zip(excluded)
        .zip(certain.chunks_exact(3))
        .map(|((pair_id, excluded), certain)| {
            let mut pair = Rated {
                pair_id,
                passes: !excluded,
                plausible: ["Yes"; 3],
                preserved: ["Yes"; 3],
                detectability: ["Cannot tell"; 3],
            };
            // One reviewer may disagree without consequence; two decide.
            let mut order = [0, 1, 2];
            stream.shuffle(&mut order);
            let disagreeing = if excluded { 2 } else { usize::from(stream.chance(0.1)) };
            let answers =
                if stream.chance(0.5) { &mut pair.plausible } else { &mut pair.preserved };
            for &reviewer in &order[..disagreeing] {
                answers[reviewer] = "No";
            }
            for (answer, &certain) in pair.detectability.iter_mut().zip(certain) {
                if certain {
                    *answer = stream.phrase(&CERTAIN);
                }
            }
            pair
        })
        .collect()
}

fn pair_results(rated: &[Rated], stream: &mut Stream) -> Result<Vec<u8>, DemoError> {
    let header = [
        "pair_id",
        "reviewer",
        "q1_clinical_plausibility",
        "q2_pathology_preservation",
        "q4_detectability",
        "comment",
    ];
    let mut rows = Vec::with_capacity(DETECTABILITY_ROWS);
    for pair in rated {
        for (index, reviewer) in REVIEWERS.into_iter().enumerate() {
            let answers = [pair.plausible[index], pair.preserved[index], pair.detectability[index]];
            rows.push([
                &pair.pair_id,
                reviewer,
                answers[0],
                answers[1],
                answers[2],
                stream.phrase(&COMMENTS),
            ]);
        }
    }
    table(&header, &rows, Terminator::Any(b'\n'))
}

fn detectability(rated: &[Rated]) -> Result<Vec<u8>, DemoError> {
    let mut rows = Vec::with_capacity(DETECTABILITY_ROWS);
    for pair in rated {
        for (index, reviewer) in REVIEWERS.into_iter().enumerate() {
            rows.push([pair.pair_id.as_str(), reviewer, pair.detectability[index]]);
        }
    }
    table(&["pair_id", "reviewer", "q4_detectability"], &rows, Terminator::Any(b'\n'))
}

fn hidden_repeats(rated: &[Rated]) -> Result<Vec<u8>, DemoError> {
    let rows: Vec<_> = rated[..HIDDEN_REPEATS]
        .iter()
        .enumerate()
        .map(|(index, pair)| {
            let reviewer = index % REVIEWERS.len();
            let answer = pair.plausible[reviewer];
            [pair.pair_id.as_str(), OWN_LABELS[reviewer], answer, answer]
        })
        .collect();
    // Another tool wrote this table, with another line end.
    table(&["pair_id", "reviewer", "q1_first", "q1_repeat"], &rows, Terminator::CRLF)
}

/// What one reviewer saw, in order: every pair, then the repeats.
fn reviews(rated: &[Rated], reviewer: usize, stream: &mut Stream) -> Result<Vec<u8>, DemoError> {
    let repeats = rated[..HIDDEN_REPEATS]
        .iter()
        .enumerate()
        .filter(|(index, _)| index % REVIEWERS.len() == reviewer);
    let shown: Vec<&Rated> = rated.iter().chain(repeats.map(|(_, pair)| pair)).collect();
    let places: Vec<String> = (0..shown.len()).map(|place| place.to_string()).collect();
    let rows: Vec<_> = shown
        .iter()
        .zip(&places)
        .map(|(pair, place)| {
            let answers =
                [pair.plausible[reviewer], pair.preserved[reviewer], pair.detectability[reviewer]];
            [
                place.as_str(),
                &pair.pair_id,
                answers[0],
                answers[1],
                answers[2],
                stream.phrase(&COMMENTS),
            ]
        })
        .collect();
    table(&["display_index", "pair_id", "q1", "q2", "q4", "note"], &rows, Terminator::Any(b'\n'))
}

/// A CSV table with a header row.
pub(crate) fn table<const N: usize>(
    header: &[&str; N],
    rows: &[[&str; N]],
    terminator: Terminator,
) -> Result<Vec<u8>, DemoError> {
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::Necessary)
        .terminator(terminator)
        .from_writer(Vec::new());
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(row)?;
    }
    writer.into_inner().map_err(|error| DemoError::Table(error.into_error().into()))
}

//! What should make the author of a submission look twice: advice that never stands in the way of a score.
//!
//! Input: a well-formed [`Submission`] and the names of the published models, and for ids and coverage the pairs of a scope. Output:
//! [`Advice`], at most one of each kind and form, in a fixed order. Nothing here moves a number: the frozen rules read a
//! report as it is, whatever this says of it. What is known of the output of models stands as data in `rules`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use spinefairbench_artifacts::ids::{ModelName, PairId};

use crate::scope::Scope;
use crate::submission::{LISTED_IDS, ReportFacts, ReportSide, Submission, SubmittedPair};
use crate::template::PLACEHOLDER_MODELS;
use crate::text::Disguise;

mod fold;
mod ids;
mod markup;
pub(crate) mod reasoning;
mod repetition;
mod rules;
mod signs;
mod wire;

use ids::looks_like;
pub use ids::{id_advice, look_alike};
pub(crate) use signs::{Signs, signs};
pub use wire::AdviceRow;

/// The parts of `text` that are reasoning between marks.
pub(crate) fn reasoning_parts(text: &str) -> Vec<reasoning::Part> {
    reasoning::parts(text, &markup::tags(text))
}

/// A report with fewer characters than this is suspiciously short. Chosen: the shortest sentence that names a finding and
/// says what to do is about this long.
pub(crate) const SHORT_REPORT_CHARS: usize = 20;

/// From how many reports on one that stands for more than half of them, or a length that more than half of them share, is
/// worth a word. Chosen: fewer may agree by chance.
const MANY_REPORTS: usize = 20;

macro_rules! advice_codes {
    ($($(#[$doc:meta])+ $code:ident = $name:literal,)+) => {
        /// The stable code of a kind of advice.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum AdviceCode {
            $($(#[$doc])+ $code,)+
        }

        impl AdviceCode {
            /// Every code, in the order in which advice is given.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// The code in `snake_case`, as it is printed.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)+
                }
            }
        }
    };
}

advice_codes! {
    /// Top-level keys that no rule reads.
    UnreadKeys = "unread_keys",
    /// The model is still called as in the template.
    PlaceholderModel = "placeholder_model",
    /// The model has the name of a published row, or one that looks like it.
    PublishedModel = "published_model",
    /// Pairs of the scope are missing.
    PartialCoverage = "partial_coverage",
    /// Ids have white space, invisible characters or characters beyond ASCII.
    OddIds = "odd_ids",
    /// Ids look alike and differ.
    LookAlikeIds = "look_alike_ids",
    /// Ids that the scope does not hold are close to ones that it holds.
    MisspeltIds = "misspelt_ids",
    /// In every pair both reports are the same text.
    IdenticalReports = "identical_reports",
    /// All pairs, or all of one side, have the same reports.
    ConstantReports = "constant_reports",
    /// One text stands for more than half of the reports of a side.
    FrequentReport = "frequent_report",
    /// Different reports have one length.
    EqualLengths = "equal_lengths",
    /// Reasoning was left in reports.
    ReasoningText = "reasoning_text",
    /// Reports are messages of an error.
    ErrorTexts = "error_texts",
    /// Reports are placeholders.
    PlaceholderTexts = "placeholder_texts",
    /// Reports hold tokens of a model's template.
    SpecialTokens = "special_tokens",
    /// Reports are refusals that the frozen rules cannot read.
    UnreadRefusals = "unread_refusals",
    /// A phrase is repeated without end.
    RepeatedPhrases = "repeated_phrases",
    /// Reports are very short.
    ShortReports = "short_reports",
    /// Invisible or look-alike characters stand inside or next to keywords.
    DisguisedKeywords = "disguised_keywords",
    /// Invisible characters stand elsewhere.
    HiddenCharacters = "hidden_characters",
    /// Accents stand as characters of their own.
    DecomposedText = "decomposed_text",
}

impl AdviceCode {
    /// Whether a reader of the score must know it: what was scored may not be what the model says of the radiographs.
    #[must_use]
    pub const fn is_warning(self) -> bool {
        matches!(
            self,
            Self::ConstantReports
                | Self::FrequentReport
                | Self::EqualLengths
                | Self::ReasoningText
                | Self::ErrorTexts
                | Self::PlaceholderTexts
                | Self::SpecialTokens
                | Self::UnreadRefusals
                | Self::RepeatedPhrases
        )
    }

    /// What is said of reports that show it.
    const fn of_reports(self) -> &'static str {
        match self {
            Self::ReasoningText => {
                "reports hold reasoning; the frozen rules read it as part of the report (`submission strip --reasoning` takes out \
                 what is closed)"
            }
            Self::ErrorTexts => {
                "reports are or hold messages of an error; the frozen rules read them as reports"
            }
            Self::PlaceholderTexts => {
                "reports are placeholders; the frozen rules read them as reports"
            }
            Self::SpecialTokens => {
                "reports hold tokens of a model's template; was the output decoded with them?"
            }
            Self::UnreadRefusals => {
                "reports look like refusals in a language that the frozen rules do not read, and count as genuine reports"
            }
            Self::RepeatedPhrases => {
                "reports repeat a phrase again and again; did the model stop by itself?"
            }
            _ => "reports look odd",
        }
    }
}

/// A report of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportPlace {
    /// The pair.
    pub pair_id: String,
    /// Which of its reports.
    pub side: ReportSide,
}

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What kind of thing.
    pub code: AdviceCode,
    /// Which form of it, where it has several.
    pub form: Option<String>,
    /// What was seen and why it matters, as a sentence without its stop.
    pub message: String,
    /// At most [`LISTED_IDS`] of the pairs or keys that it concerns.
    pub ids: Vec<String>,
    /// How many it concerns in all; 0 if it is about the whole.
    pub total_ids: usize,
    /// At most [`LISTED_IDS`] of the reports that it concerns.
    pub reports: Vec<ReportPlace>,
    /// How many reports it concerns in all; 0 if it is not about reports.
    pub total_reports: usize,
}

impl Advice {
    fn new(code: AdviceCode, message: impl Into<String>) -> Self {
        Self {
            code,
            form: None,
            message: message.into(),
            ids: Vec::new(),
            total_ids: 0,
            reports: Vec::new(),
            total_reports: 0,
        }
    }

    fn in_form(mut self, form: impl Into<String>) -> Self {
        self.form = Some(form.into());
        self
    }

    fn about<'a>(mut self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        for id in ids {
            if self.ids.len() < LISTED_IDS {
                self.ids.push(id.to_owned());
            }
            self.total_ids += 1;
        }
        self
    }

    /// The same about reports, those of a pair behind each other.
    fn about_reports<'a>(
        mut self,
        reports: impl IntoIterator<Item = (&'a PairId, ReportSide)>,
    ) -> Self {
        let mut last = None;
        for (pair_id, side) in reports {
            if last != Some(pair_id) {
                self = self.about([pair_id.as_str()]);
                last = Some(pair_id);
            }
            if self.reports.len() < LISTED_IDS {
                self.reports.push(ReportPlace { pair_id: pair_id.to_string(), side });
            }
            self.total_reports += 1;
        }
        self
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        if let Some(form) = &self.form {
            write!(formatter, " [{form}]")?;
        }
        if self.total_reports > 0 {
            let places: Vec<String> = self
                .reports
                .iter()
                .map(|place| format!("{} ({})", place.pair_id, place.side))
                .collect();
            let more = if self.total_reports > places.len() { ", …" } else { "" };
            let (reports, pairs) = (self.total_reports, self.total_ids);
            write!(formatter, ": {}{more} ({reports} in all, of {pairs} pair", places.join(", "))?;
            formatter.write_str(if pairs == 1 { ")" } else { "s)" })?;
        } else if self.total_ids > 0 {
            let more = if self.total_ids > self.ids.len() { ", …" } else { "" };
            write!(formatter, ": {}{more} ({} in all)", self.ids.join(", "), self.total_ids)?;
        }
        Ok(())
    }
}

/// Everything in `submission` that is worth a second look; `published` are the models of the release's table.
#[must_use]
pub fn advice(submission: &Submission, published: &[ModelName]) -> Vec<Advice> {
    let of_header = [
        unread_keys(submission),
        placeholder_model(submission),
        published_model(submission, published),
    ];
    let mut found: Vec<Advice> = of_header.into_iter().flatten().collect();
    found.extend(report_advice(submission));
    found
}

/// The advice about the reports and the ids of `submission`.
#[must_use]
pub fn report_advice(submission: &Submission) -> Vec<Advice> {
    let mut pairs: Vec<&SubmittedPair> = submission.pairs.iter().collect();
    pairs.sort_unstable_by(|left, right| left.pair_id.cmp(&right.pair_id));
    let mut found: Vec<Advice> =
        ids::odd_ids(&pairs).into_iter().chain(ids::look_alike_ids(&pairs)).collect();
    let same = same_reports(&pairs);
    // What is the same text has one length, too.
    if same.is_empty() {
        found.extend(equal_lengths(&pairs));
    }
    found.extend(same);
    found.extend(forms(&pairs));
    let of_each = [
        of_reports(
            &pairs,
            AdviceCode::ShortReports,
            &format!("reports have fewer than {SHORT_REPORT_CHARS} characters; were they cut?"),
            |report| report.chars < SHORT_REPORT_CHARS,
        ),
        of_reports(
            &pairs,
            AdviceCode::DisguisedKeywords,
            "reports have invisible or look-alike characters (such as a zero-width space, a non-breaking hyphen or a curly \
             apostrophe) inside or next to keywords; the frozen rules read the characters as they are, and so read these \
             reports otherwise than a reader",
            |report| report.disguise == Disguise::InKeyword,
        ),
        of_reports(
            &pairs,
            AdviceCode::HiddenCharacters,
            "reports have invisible characters; they change nothing here, and should not be there",
            |report| report.disguise == Disguise::Hidden,
        ),
        of_reports(
            &pairs,
            AdviceCode::DecomposedText,
            "reports have accents as characters of their own (Unicode form NFD); the frozen rules read them as they are, and \
             other tools may not find such words (form NFC has one character for each letter)",
            |report| report.is_decomposed,
        ),
    ];
    found.extend(of_each.into_iter().flatten());
    found
}

/// The advice about pairs of `scope` that are `missing`, for a submission that may leave some out.
#[must_use]
pub fn coverage_advice(scope: Scope, missing: &[&PairId]) -> Option<Advice> {
    let message = format!(
        "pairs of the scope `{scope}` are missing; `score` wants `--allow-partial`, and such a score does not stand beside the \
         published panel"
    );
    (!missing.is_empty()).then(|| {
        Advice::new(AdviceCode::PartialCoverage, message)
            .about(missing.iter().map(|pair_id| pair_id.as_str()))
    })
}

fn unread_keys(submission: &Submission) -> Option<Advice> {
    let keys: BTreeSet<&str> = submission.header.unread_keys.iter().map(String::as_str).collect();
    let message = "top-level keys are not read; what describes the model belongs into `model`";
    (!keys.is_empty()).then(|| Advice::new(AdviceCode::UnreadKeys, message).about(keys))
}

fn placeholder_model(submission: &Submission) -> Option<Advice> {
    let name = submission.header.model_name.trim();
    let message = format!("the model is still called `{name}`, as in the template");
    PLACEHOLDER_MODELS.contains(&name).then(|| Advice::new(AdviceCode::PlaceholderModel, message))
}

fn published_model(submission: &Submission, published: &[ModelName]) -> Option<Advice> {
    let name = submission.header.model_name.as_str();
    let row = published.iter().find(|row| looks_like(row.as_str(), name))?;
    let how = if row.as_str().eq_ignore_ascii_case(name.trim()) {
        "as"
    } else {
        "with other characters for the same look, almost as"
    };
    let message = format!(
        "the model is called `{row}`, {how} a published row is; in a comparison or a leaderboard the two could be confused"
    );
    Some(Advice::new(AdviceCode::PublishedModel, message))
}

/// Advice about reports that do not depend on what they are about: of each kind the strongest that holds.
fn same_reports(pairs: &[&SubmittedPair]) -> Vec<Advice> {
    // With one pair there is nothing that could repeat.
    let [first, _, ..] = pairs else { return Vec::new() };
    let n_pairs = pairs.len();
    let both = |pair: &SubmittedPair| pair.texts.reports.map(|report| report.fingerprint);
    if pairs.iter().all(|pair| both(pair) == both(first)) {
        let message =
            format!("the reports of all {n_pairs} pairs are the same; were the images read?");
        return vec![Advice::new(AdviceCode::ConstantReports, message)];
    }
    if pairs.iter().all(|pair| pair.texts.is_identical) {
        let message = format!(
            "in all {n_pairs} pairs the two reports are the same text; were the counterfactual images read?"
        );
        return vec![Advice::new(AdviceCode::IdenticalReports, message)];
    }
    ReportSide::ALL.into_iter().filter_map(|side| frequent_report(pairs, side)).collect()
}

/// One text for all reports of a side, or for most of them. The pairs of a source share its report, so that it counts once.
fn frequent_report(pairs: &[&SubmittedPair], side: ReportSide) -> Option<Advice> {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    let mut last_source = None;
    for pair in pairs {
        let source = ids::source(pair);
        if side == ReportSide::Source && last_source == Some(source) {
            continue;
        }
        last_source = Some(source);
        *counts.entry(pair.texts.of(side).fingerprint).or_default() += 1;
    }
    let total: usize = counts.values().sum();
    let (text, most) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    let of = match side {
        ReportSide::Source => format!("{side} reports of {total} radiographs"),
        ReportSide::Counterfactual => format!("{total} {side} reports"),
    };
    let (code, message) = if most == total && total > 2 {
        (AdviceCode::ConstantReports, format!("the {of} are the same; were the images read?"))
    } else if 2 * most > total && total >= MANY_REPORTS {
        (
            AdviceCode::FrequentReport,
            format!("of the {of}, {most} are the same text; were the images read?"),
        )
    } else {
        return None;
    };
    let concerned = pairs.iter().filter(|pair| pair.texts.of(side).fingerprint == text);
    let places = concerned.map(|pair| (&pair.pair_id, side));
    Some(Advice::new(code, message).in_form(side.as_str()).about_reports(places))
}

/// Different reports that have one length: all of them, or most of those of a side and none of it longer.
fn equal_lengths(pairs: &[&SubmittedPair]) -> Vec<Advice> {
    const CAUSE: &str = "were they cut at a limit?";
    let reports = || pairs.iter().flat_map(|pair| pair.texts.reports);
    let n_texts = |at: &dyn Fn(&ReportFacts) -> bool| {
        reports().filter(at).map(|report| report.fingerprint).collect::<BTreeSet<u64>>().len()
    };
    for length in [|report: &ReportFacts| report.chars, |report: &ReportFacts| report.bytes] {
        let Some(first) = reports().next() else { break };
        let is_one = reports().all(|report| length(&report) == length(&first));
        if is_one && pairs.len() > 1 && n_texts(&|_| true) > 1 {
            let message = format!(
                "all {} reports have one length of {}; {CAUSE}",
                2 * pairs.len(),
                length(&first)
            );
            return vec![Advice::new(AdviceCode::EqualLengths, message)];
        }
    }
    ReportSide::ALL.into_iter().filter_map(|side| capped_lengths(pairs, side, CAUSE)).collect()
}

fn capped_lengths(pairs: &[&SubmittedPair], side: ReportSide, cause: &str) -> Option<Advice> {
    [
        ("characters", (|report| report.chars) as fn(&ReportFacts) -> usize),
        ("bytes", |report| report.bytes),
    ]
    .into_iter()
    .find_map(|(unit, length)| {
        let longest = pairs.iter().map(|pair| length(pair.texts.of(side))).max()?;
        let concerned: Vec<&&SubmittedPair> =
            pairs.iter().filter(|pair| length(pair.texts.of(side)) == longest).collect();
        let texts: BTreeSet<u64> =
            concerned.iter().map(|pair| pair.texts.of(side).fingerprint).collect();
        let is_cap = pairs.len() >= MANY_REPORTS
            && 2 * concerned.len() > pairs.len()
            && 2 * texts.len() > MANY_REPORTS;
        let is_all = concerned.len() == pairs.len() && texts.len() >= MANY_REPORTS / 2;
        (is_cap || is_all).then(|| {
            let message = format!(
                "of {} {side} reports, {} have {longest} {unit} and none has more; {cause}",
                pairs.len(),
                concerned.len()
            );
            Advice::new(AdviceCode::EqualLengths, message)
                .in_form(side.as_str())
                .about_reports(concerned.iter().map(|pair| (&pair.pair_id, side)))
        })
    })
}

/// Advice about what single reports show, by code and form.
fn forms(pairs: &[&SubmittedPair]) -> Vec<Advice> {
    let shown = pairs.iter().flat_map(|pair| pair.texts.reports).map(|report| report.signs);
    let shown = shown.fold(Signs::default(), Signs::union);
    let mut found: Vec<Advice> = signs::forms()
        .iter()
        .enumerate()
        .filter(|(form, _)| shown.contains(*form))
        .filter_map(|(place, form)| {
            let advice = of_reports(pairs, form.code, form.code.of_reports(), |report| {
                report.signs.contains(place)
            })?;
            Some(advice.in_form(form.name.as_str()))
        })
        .collect();
    // Rules and spellings of one code stand apart in the list of forms.
    found.sort_by_key(|advice| advice.code);
    found
}

fn of_reports(
    pairs: &[&SubmittedPair],
    code: AdviceCode,
    message: &str,
    concerns: impl Fn(&ReportFacts) -> bool,
) -> Option<Advice> {
    let places = pairs.iter().flat_map(|pair| {
        let sides = ReportSide::ALL.into_iter().filter(|side| concerns(pair.texts.of(*side)));
        sides.map(|side| (&pair.pair_id, side))
    });
    let advice = Advice::new(code, message).about_reports(places);
    (advice.total_reports > 0).then_some(advice)
}

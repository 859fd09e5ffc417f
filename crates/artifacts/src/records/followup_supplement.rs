//! The supplement of the follow-up audits, which the benchmark authors publish beside the bundle and not in it.
//!
//! Four sections are read: the repeated calls, which the authors' own program checks, and three whose numbers hang together or
//! follow from a bundle. A problem of the first is a problem of the file; the others fail by themselves, since the authors' program
//! passes them over. The cells of their tables are texts; `None` is the empty one, which stands for a rate without opportunities.

use std::collections::BTreeMap;

use crate::finding::{Code, Finding};
use crate::json::{Value, as_python_reads};
use crate::node::{Node, Problems};
use crate::part::Part;

/// What the supplement says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FollowupSupplement {
    /// What it is an extract of, in its own words.
    pub scope: Option<String>,
    /// Reports on edits against repeated reports on one image.
    pub repeated_calls: Part<RepeatedCalls>,
    /// Both endpoints by stratum, and what the strata differ by.
    pub strata: Part<Strata>,
    /// How recommendations come and go between the two reports of a pair.
    pub transitions: Part<Transitions>,
    /// How far the readers agree, by question.
    pub agreement: Part<BTreeMap<String, QuestionAgreement>>,
}

/// The repeated calls.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RepeatedCalls {
    /// Sources of the common core.
    pub common_core_sources: Option<f64>,
    /// Digests of the panels that they were computed from, by the panels' short names.
    pub input_sha256: BTreeMap<String, String>,
    /// By model.
    pub models: BTreeMap<String, ModelCalls>,
}

/// The repeated calls of one model. Counts are numbers as Python compares them; what could not be read is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelCalls {
    /// Sources that the means are taken over.
    pub n_sources: Option<f64>,
    /// Sources without a usable pair.
    pub dropped_no_usable_edited_comparison: Option<f64>,
    /// Other sources with fewer than two usable reports on the source image.
    pub dropped_fewer_than_two_usable_source_reports: Option<f64>,
    /// By the recommendations.
    pub recommendation: StoredExcess,
    /// By the diagnostic labels.
    pub diagnostic: StoredExcess,
}

/// Instability by edit and by repeated call, as stored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoredExcess {
    /// `T`: between the source image and its edits.
    pub edited: Option<f64>,
    /// `F`: between calls on the source image alone.
    pub floor: Option<f64>,
    /// The first less the second.
    pub excess: Option<f64>,
    /// That, divided by one less the second.
    pub normalized_excess: Option<f64>,
    /// The ends of the interval of the excess.
    pub ci95: Option<Vec<f64>>,
}

/// Endpoints by stratum.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Strata {
    /// One row a scope, model, stratum and endpoint.
    pub estimates: Vec<StratumEstimate>,
    /// One row a scope, model and endpoint.
    pub contrasts: Vec<StratumContrast>,
}

/// Which estimate: scope, model and endpoint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EstimateName {
    /// `pooled` or `within_vindr`.
    pub scope: String,
    /// The model.
    pub model: String,
    /// `recommendation_change` or `diagnostic_consistency`.
    pub endpoint: String,
}

/// The estimate of one stratum.
#[derive(Debug, Clone, PartialEq)]
pub struct StratumEstimate {
    /// Row of the table, from 0.
    pub row: u64,
    /// What is estimated.
    pub name: EstimateName,
    /// `any_finding` or `no_finding_label`.
    pub stratum: String,
    /// The estimate.
    pub point: f64,
    /// Its interval.
    pub interval: [f64; 2],
    /// Pairs there should be.
    pub expected_pairs: u64,
    /// Pairs without a full refusal.
    pub usable_pairs: u64,
    /// Sources there should be.
    pub expected_sources: u64,
    /// Sources with a usable pair.
    pub usable_sources: u64,
    /// Sources without one.
    pub zero_usable_sources: u64,
    /// Pairs that failed.
    pub api_error_pairs: u64,
    /// Pairs with a full refusal.
    pub full_refusal_pairs: u64,
}

/// What the stratum with findings has more than the other.
#[derive(Debug, Clone, PartialEq)]
pub struct StratumContrast {
    /// Row of the table, from 0.
    pub row: u64,
    /// What is estimated.
    pub name: EstimateName,
    /// The difference.
    pub point: f64,
    /// Its interval.
    pub interval: [f64; 2],
}

/// How recommendations come and go.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transitions {
    /// One row a model and category.
    pub flows: Vec<CategoryFlow>,
    /// One row a model and ordered pair of categories.
    pub switches: Vec<StrictSwitch>,
}

/// Events among opportunities; no rate without opportunities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// How often it happened.
    pub events: u64,
    /// How often it could have.
    pub opportunities: u64,
    /// The first by the second.
    pub rate: Option<f64>,
}

/// How often a category is added and removed.
#[derive(Debug, Clone, PartialEq)]
pub struct CategoryFlow {
    /// Row of the table, from 0.
    pub row: u64,
    /// The model.
    pub model: String,
    /// The category.
    pub category: String,
    /// The model's usable pairs.
    pub eligible_pairs: u64,
    /// Absent on the source image, present on the edit.
    pub addition: Share,
    /// The other way round.
    pub removal: Share,
}

/// How often one category gives way to another.
#[derive(Debug, Clone, PartialEq)]
pub struct StrictSwitch {
    /// Row of the table, from 0.
    pub row: u64,
    /// The model.
    pub model: String,
    /// The category that goes.
    pub from: String,
    /// The category that comes.
    pub to: String,
    /// The model's usable pairs.
    pub eligible_pairs: u64,
    /// How often.
    pub share: Share,
}

/// How far the readers agree on one question.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QuestionAgreement {
    /// Answers by category.
    pub totals: BTreeMap<String, u64>,
    /// Pairs of readers that agree.
    pub agreements: u64,
    /// Pairs of readers.
    pub comparisons: u64,
    /// The first by the second.
    pub raw_agreement: f64,
    /// Fleiss' kappa; `None` where it is not defined.
    pub fleiss_kappa: Option<f64>,
    /// Gwet's AC1.
    pub gwet_ac1: Option<f64>,
}

/// The supplement `path` whose content is `bytes`.
#[must_use]
pub fn read(path: &str, bytes: &[u8]) -> Part<FollowupSupplement> {
    Part::of_json(path, &as_python_reads(bytes), |root, problems| {
        root.fields(problems)?;
        let repeated_calls = Part::gather(|problems| repeated_calls(root, problems));
        problems.extend_from_slice(repeated_calls.problems());
        Some(FollowupSupplement {
            scope: root.field("scope", problems).map(|scope| match scope.value() {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            }),
            repeated_calls,
            strata: Part::gather(|problems| strata(root, problems)),
            transitions: Part::gather(|problems| transitions(root, problems)),
            agreement: Part::gather(|problems| agreement(root, problems)),
        })
    })
}

fn repeated_calls(root: &Node<'_>, problems: &mut Problems) -> Option<RepeatedCalls> {
    let calls = root.field("repeated_calls", problems)?;
    let listed = calls.field("models", problems)?;
    let models = listed.entries(problems)?;
    let models =
        models.map(|(model, node)| (model.to_owned(), model_calls(&node, problems))).collect();
    // Nobody who computes needs the digests: what of them is no text is passed over.
    let digests = calls.value().get("input_sha256").and_then(Value::as_object);
    let digests = digests.into_iter().flatten();
    Some(RepeatedCalls {
        common_core_sources: number(&calls, "common_core_sources", problems),
        input_sha256: digests
            .filter_map(|(panel, digest)| Some((panel.clone(), digest.as_str()?.to_owned())))
            .collect(),
        models,
    })
}

fn model_calls(node: &Node<'_>, problems: &mut Problems) -> ModelCalls {
    if node.fields(problems).is_none() {
        return ModelCalls::default();
    }
    let mut count = |name| number(node, name, problems);
    let (n_sources, no_edit, one_call) = (
        count("n_sources"),
        count("dropped_no_usable_edited_comparison"),
        count("dropped_fewer_than_two_usable_source_reports"),
    );
    let mut excess = |name| {
        let Some(node) = node.field(name, problems) else { return StoredExcess::default() };
        if node.fields(problems).is_none() {
            return StoredExcess::default();
        }
        let mut part = |name| number(&node, name, problems);
        StoredExcess {
            edited: part("T"),
            floor: part("F"),
            excess: part("excess"),
            normalized_excess: part("normalized_excess"),
            ci95: ends(&node, problems),
        }
    };
    ModelCalls {
        n_sources,
        dropped_no_usable_edited_comparison: no_edit,
        dropped_fewer_than_two_usable_source_reports: one_call,
        recommendation: excess("recommendation"),
        diagnostic: excess("diagnostic"),
    }
}

/// The ends of an interval, of which there are two at least; the authors' program passes over what follows them, once it is finite.
fn ends(node: &Node<'_>, problems: &mut Problems) -> Option<Vec<f64>> {
    let list = node.field("ci95", problems)?;
    let items: Vec<Option<f64>> = list.items(problems)?.map(|end| end.number(problems)).collect();
    if items.len() < 2 {
        let message = format!("`{}` has not two ends", list.place());
        problems.push(list.finding(Code::FIELD_INVALID, message).comparing(2, items.len()));
        return None;
    }
    items.into_iter().collect()
}

fn number(node: &Node<'_>, name: &str, problems: &mut Problems) -> Option<f64> {
    node.field(name, problems)?.number(problems)
}

/// A table as the supplement has it: names of columns, and rows of texts.
struct TextTable<'a> {
    name: &'static str,
    columns: BTreeMap<String, usize>,
    rows: Vec<Vec<String>>,
    path: &'a str,
}

/// A row of such a table.
struct TextRow<'a> {
    table: &'a TextTable<'a>,
    index: usize,
}

impl<'a> TextTable<'a> {
    fn read(
        path: &'a str,
        section: &Node<'_>,
        name: &'static str,
        problems: &mut Problems,
    ) -> Option<Self> {
        let table = section.field(name, problems)?;
        let (columns, rows) = (table.field("columns", problems)?, table.field("rows", problems)?);
        let mut places = BTreeMap::new();
        for (place, column) in columns.items(problems)?.enumerate() {
            places.insert(column.text(problems)?.to_owned(), place);
        }
        let mut cells = Vec::new();
        for row in rows.items(problems)? {
            let read: Option<Vec<String>> =
                row.items(problems)?.map(|cell| cell.text(problems).map(str::to_owned)).collect();
            let read = read?;
            if read.len() != places.len() {
                let message = format!("`{}` has not a cell a column", row.place());
                let finding = row.finding(Code::FIELD_INVALID, message);
                problems.push(finding.comparing(places.len(), read.len()));
                return None;
            }
            cells.push(read);
        }
        Some(Self { name, columns: places, rows: cells, path })
    }

    /// What `read` makes of every row; a row that gives nothing is left out, with its problem.
    fn map<T>(
        &self,
        problems: &mut Problems,
        read: impl Fn(&TextRow<'_>, &mut Problems) -> Option<T>,
    ) -> Vec<T> {
        let rows = (0..self.rows.len()).map(|index| TextRow { table: self, index });
        rows.filter_map(|row| read(&row, problems)).collect()
    }
}

impl TextRow<'_> {
    fn row(&self) -> u64 {
        self.index as u64
    }

    fn text(&self, column: &str, problems: &mut Problems) -> Option<&str> {
        if let Some(place) = self.table.columns.get(column) {
            return Some(&self.table.rows[self.index][*place]);
        }
        let message = format!("table `{}` has no column `{column}`", self.table.name);
        problems.push(Finding::new(Code::FIELD_MISSING, message).in_file(self.table.path));
        None
    }

    fn owned(&self, column: &str, problems: &mut Problems) -> Option<String> {
        self.text(column, problems).map(str::to_owned)
    }

    fn count(&self, column: &str, problems: &mut Problems) -> Option<u64> {
        let text = self.text(column, problems)?;
        let count = text.parse().ok();
        self.expect(count, column, "a whole number", text, problems)
    }

    fn number(&self, column: &str, problems: &mut Problems) -> Option<f64> {
        let text = self.text(column, problems)?;
        let number = text.parse().ok().filter(|number: &f64| number.is_finite());
        self.expect(number, column, "a number", text, problems)
    }

    fn expect<T>(
        &self,
        found: Option<T>,
        column: &str,
        wanted: &str,
        text: &str,
        problems: &mut Problems,
    ) -> Option<T> {
        if found.is_none() {
            let message = format!("`{column}` in table `{}` is not {wanted}", self.table.name);
            let finding = Finding::new(Code::FIELD_INVALID, message).in_file(self.table.path);
            problems.push(finding.at_row(self.row()).comparing(wanted, text));
        }
        found
    }

    fn share(
        &self,
        [events, opportunities, rate]: [&str; 3],
        problems: &mut Problems,
    ) -> Option<Share> {
        let (events, opportunities) =
            (self.count(events, problems), self.count(opportunities, problems));
        let rate = match self.text(rate, problems)? {
            "" => None,
            _ => Some(self.number(rate, problems)?),
        };
        Some(Share { events: events?, opportunities: opportunities?, rate })
    }

    fn name(&self, problems: &mut Problems) -> Option<EstimateName> {
        Some(EstimateName {
            scope: self.owned("scope", problems)?,
            model: self.owned("model", problems)?,
            endpoint: self.owned("endpoint", problems)?,
        })
    }

    fn interval(&self, problems: &mut Problems) -> Option<[f64; 2]> {
        Some([self.number("ci95_lower", problems)?, self.number("ci95_upper", problems)?])
    }
}

fn strata(root: &Node<'_>, problems: &mut Problems) -> Option<Strata> {
    let path = root.path();
    let section = root.field("finding_strata", problems)?;
    let estimates = TextTable::read(path, &section, "estimates", problems)?;
    let contrasts = TextTable::read(path, &section, "contrasts", problems)?;
    let estimates = estimates.map(problems, |row, problems| {
        let mut count = |column| row.count(column, problems);
        let counts = [
            count("expected_pairs"),
            count("usable_pairs"),
            count("expected_sources"),
            count("usable_sources"),
            count("zero_usable_sources"),
            count("api_error_pairs"),
            count("full_refusal_pairs"),
        ];
        let [pairs, usable, sources, usable_sources, zero, errors, refusals] = counts;
        Some(StratumEstimate {
            row: row.row(),
            name: row.name(problems)?,
            stratum: row.owned("stratum", problems)?,
            point: row.number("point_estimate", problems)?,
            interval: row.interval(problems)?,
            expected_pairs: pairs?,
            usable_pairs: usable?,
            expected_sources: sources?,
            usable_sources: usable_sources?,
            zero_usable_sources: zero?,
            api_error_pairs: errors?,
            full_refusal_pairs: refusals?,
        })
    });
    let contrasts = contrasts.map(problems, |row, problems| {
        Some(StratumContrast {
            row: row.row(),
            name: row.name(problems)?,
            point: row.number("point_estimate_any_minus_no_finding", problems)?,
            interval: row.interval(problems)?,
        })
    });
    Some(Strata { estimates, contrasts })
}

fn transitions(root: &Node<'_>, problems: &mut Problems) -> Option<Transitions> {
    let path = root.path();
    let section = root.field("recommendation_transitions", problems)?;
    let flows = TextTable::read(path, &section, "category_flows", problems)?;
    let switches = TextTable::read(path, &section, "strict_switches", problems)?;
    let flows = flows.map(problems, |row, problems| {
        let addition = ["addition_events", "addition_opportunities", "addition_rate"];
        let removal = ["removal_events", "removal_opportunities", "removal_rate"];
        Some(CategoryFlow {
            row: row.row(),
            model: row.owned("model", problems)?,
            category: row.owned("category", problems)?,
            eligible_pairs: row.count("eligible_pairs", problems)?,
            addition: row.share(addition, problems)?,
            removal: row.share(removal, problems)?,
        })
    });
    let switches = switches.map(problems, |row, problems| {
        Some(StrictSwitch {
            row: row.row(),
            model: row.owned("model", problems)?,
            from: row.owned("source_category", problems)?,
            to: row.owned("target_category", problems)?,
            eligible_pairs: row.count("eligible_pairs", problems)?,
            share: row.share(["events", "opportunities", "rate"], problems)?,
        })
    });
    Some(Transitions { flows, switches })
}

fn agreement(
    root: &Node<'_>,
    problems: &mut Problems,
) -> Option<BTreeMap<String, QuestionAgreement>> {
    let section = root.field("reader_reliability", problems)?;
    let mut questions = BTreeMap::new();
    for name in ["q1", "q2", "q4"] {
        let question = section.field(name, problems)?;
        let mut totals = BTreeMap::new();
        let listed = question.field("category_totals", problems)?;
        for (category, total) in listed.entries(problems)? {
            totals.insert(category.to_owned(), total.count(problems)?);
        }
        let raw = question.field("raw_pairwise", problems)?;
        let mut coefficient = |part, name| {
            let node = question.field(part, problems)?;
            let node = node.field(name, problems)?;
            match node.value() {
                Value::Null => None,
                _ => node.number(problems),
            }
        };
        let (fleiss_kappa, gwet_ac1) =
            (coefficient("fleiss", "fleiss_kappa"), coefficient("gwet", "gwet_ac1"));
        let found = QuestionAgreement {
            totals,
            agreements: raw.field("agreements", problems)?.count(problems)?,
            comparisons: raw.field("comparisons", problems)?.count(problems)?,
            raw_agreement: number(&raw, "raw_agreement", problems)?,
            fleiss_kappa,
            gwet_ac1,
        };
        questions.insert(name.to_owned(), found);
    }
    Some(questions)
}

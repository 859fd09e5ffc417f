//! Retained reports: the rows of published models, validated and paired.
//!
//! Input: the bytes of a panel and the models that are wanted. Output: for each model one [`RetainedPair`] a pair, in the order of
//! pair ids (Unicode code points), every report reduced by a function of the caller, or every problem of the model's rows. A full
//! refusal is a valid report; whether it counts is the endpoints' business. A model with a problem has no pairs: numbers over the
//! rest would look measured and mean something else.

use std::collections::BTreeMap;

use super::{PanelRow, RowIndex, RowProblem, map_retained_rows};
use crate::finding::{Code, Finding};
use crate::layout::Panel;
use crate::node::Problems;
use crate::part::Part;
use crate::records::panel_manifest::PanelModels;
use crate::text::is_blank;

/// A pair of reports of one model, each as the caller's function made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetainedPair<T> {
    /// Its id.
    pub pair_id: String,
    /// Its source.
    pub source_id: String,
    /// The report on the source radiograph.
    pub source: T,
    /// The report on the counterfactual.
    pub counterfactual: T,
    /// The index of its `source` row in the panel, from 0.
    pub source_row: u64,
    /// The index of its `generated` row.
    pub generated_row: u64,
}

/// The rows of the wanted models of a panel, without their texts, and those that could not be read.
#[derive(Debug, Clone)]
pub struct RetainedRows<T> {
    path: String,
    by_model: BTreeMap<Box<str>, Vec<RetainedRow<T>>>,
    unread: Vec<RowProblem>,
}

#[derive(Debug, Clone)]
struct RetainedRow<T> {
    /// Index in the panel, from 0.
    row: u64,
    /// When it is a non-empty string.
    pair_id: Option<Box<str>>,
    role: Role,
    /// `None` when the report is absent, no string or blank.
    report: Option<T>,
    has_error: bool,
    /// What the row declares as its source, by two names; empty text declares nothing.
    declared: [Option<Box<str>>; 2],
}

/// Which side of its pair a row is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Role {
    /// The report on the source radiograph.
    Source,
    /// The report on the counterfactual.
    Generated,
    /// Anything else, as it stands; `None` when the row has no role.
    Other(Option<Box<str>>),
}

/// The panel whose manifest lists `model`, the full one first. An earlier manifest that could not be read whole may have listed it,
/// so its problems count; a later one does not matter.
pub fn panel_of<'a>(
    manifests: impl IntoIterator<Item = (Panel, &'a Part<PanelModels>)>,
    model: &str,
) -> Part<Panel> {
    let mut problems = Vec::new();
    let mut found = None;
    for (panel, manifest) in manifests {
        problems.extend_from_slice(manifest.problems());
        if manifest.value().is_some_and(|models| models.0.iter().any(|listed| listed == model)) {
            found = Some(panel);
            break;
        }
    }
    if let Some(panel) = found {
        return Part::with_problems(panel, problems);
    }
    let message = format!("no panel manifest lists `{model}`");
    problems.push(Finding::new(Code::MODEL_UNLISTED, message).in_file(Panel::Full.manifest()));
    Part::failed(problems)
}

/// The rows of the models `wanted` in the panel `path` whose content is `bytes`; all others are passed over.
pub fn read_rows<T: Send>(
    path: &str,
    bytes: &[u8],
    wanted: &[String],
    read_report: impl Fn(&str) -> T + Sync,
) -> Part<RetainedRows<T>> {
    let read = map_retained_rows(path, bytes, |place, row| match row {
        Ok(row) => {
            let model =
                row.model.as_deref().filter(|model| wanted.iter().any(|wanted| wanted == model))?;
            Some(Ok((Box::from(model), RetainedRow::of(place, &row, &read_report))))
        }
        Err(problem) => Some(Err(problem)),
    });
    let read = match read {
        Ok(read) => read,
        Err(error) => return Part::failed(vec![Finding::of(&error)]),
    };
    let mut rows =
        RetainedRows { path: path.to_owned(), by_model: BTreeMap::new(), unread: Vec::new() };
    for row in read.into_iter().flatten() {
        match row {
            Ok((model, row)) => rows.by_model.entry(model).or_default().push(row),
            Err(problem) => rows.unread.push(problem),
        }
    }
    Part::whole(rows)
}

impl<T> RetainedRow<T> {
    fn of(place: RowIndex, row: &PanelRow<'_>, read_report: &impl Fn(&str) -> T) -> Self {
        let declared = |id: Option<&str>| id.filter(|id| !id.is_empty()).map(Box::from);
        Self {
            row: place.index as u64,
            pair_id: declared(row.pair_id.as_deref()),
            role: match row.image_role.as_deref() {
                Some("source") => Role::Source,
                Some("generated") => Role::Generated,
                other => Role::Other(other.map(Box::from)),
            },
            report: row.response.as_deref().filter(|text| !is_blank(text)).map(read_report),
            has_error: row.has_error,
            declared: [declared(row.pair_source_id.as_deref()), declared(row.source_id.as_deref())],
        }
    }
}

impl<T: Clone> RetainedRows<T> {
    /// The pairs of `model`, or everything that is wrong with its rows. A row that could not be read counts against the model
    /// that it names; one that is no object names none, and counts against every model.
    #[must_use]
    pub fn pairs(&self, model: &str) -> Part<Vec<RetainedPair<T>>> {
        let path = self.path.as_str();
        let concerns =
            |problem: &&RowProblem| problem.model.as_deref().is_none_or(|named| named == model);
        let mut problems: Problems = self
            .unread
            .iter()
            .filter(concerns)
            .map(|problem| Finding::of(problem).at_row(problem.place.index as u64))
            .collect();
        let rows = self.by_model.get(model).map_or(&[][..], Vec::as_slice);
        if rows.is_empty() && problems.is_empty() {
            let message = format!("the panel has no row of `{model}`");
            return Part::failed(vec![Finding::new(Code::NO_USABLE_PAIR, message).in_file(path)]);
        }
        let mut pairs: BTreeMap<&str, PairRows<'_, T>> = BTreeMap::new();
        for row in rows {
            judge_row(path, model, row, &mut problems);
            let Some(pair_id) = row.pair_id.as_deref() else { continue };
            let sides = pairs
                .entry(pair_id)
                .or_insert_with(|| PairRows { source: Vec::new(), generated: Vec::new() });
            match row.role {
                Role::Source => sides.source.push(row),
                Role::Generated => sides.generated.push(row),
                Role::Other(_) => {}
            }
        }
        let mut retained = Vec::with_capacity(pairs.len());
        for (pair_id, sides) in &pairs {
            let pair = Pair { path, model, id: pair_id };
            let source = pair.only_row(&sides.source, "source", &mut problems);
            let generated = pair.only_row(&sides.generated, "generated", &mut problems);
            let source_id = pair.source_id(sides, &mut problems);
            if let (Some(source), Some(generated), Some(source_id)) = (source, generated, source_id)
                && let (Some(source_report), Some(report)) = (&source.report, &generated.report)
            {
                retained.push(RetainedPair {
                    pair_id: (*pair_id).to_owned(),
                    source_id,
                    source: source_report.clone(),
                    counterfactual: report.clone(),
                    source_row: source.row,
                    generated_row: generated.row,
                });
            }
        }
        if problems.is_empty() { Part::whole(retained) } else { Part::failed(problems) }
    }
}

/// The rows of one pair, by role, in file order.
struct PairRows<'a, T> {
    source: Vec<&'a RetainedRow<T>>,
    generated: Vec<&'a RetainedRow<T>>,
}

fn judge_row<T>(path: &str, model: &str, row: &RetainedRow<T>, problems: &mut Problems) {
    let pair = row.pair_id.as_deref().unwrap_or("(no pair id)");
    let mut report = |code, what: String| {
        let message = format!("`{model}`, pair `{pair}`: {what}");
        problems.push(Finding::new(code, message).in_file(path).at_row(row.row));
    };
    if row.has_error {
        report(Code::REPORT_ERROR, "the row carries an error".to_owned());
    }
    if row.pair_id.is_none() {
        report(Code::PAIR_ID_INVALID, "the pair id is not a non-empty string".to_owned());
    }
    if row.report.is_none() {
        report(Code::REPORT_BLANK, "the response has no text".to_owned());
    }
    if let Role::Other(role) = &row.role {
        let role = role.as_deref().unwrap_or("(none)");
        report(
            Code::ROLE_UNKNOWN,
            format!("the role `{role}` is neither `source` nor `generated`"),
        );
    }
}

/// A pair while it is judged.
struct Pair<'a> {
    path: &'a str,
    model: &'a str,
    id: &'a str,
}

impl Pair<'_> {
    fn finding(&self, code: Code, row: Option<u64>, what: &str) -> Finding {
        let message = format!("`{}`, pair `{}`: {what}", self.model, self.id);
        let finding = Finding::new(code, message).in_file(self.path);
        match row {
            Some(row) => finding.at_row(row),
            None => finding,
        }
    }

    /// The only row of a role; none or several are problems.
    fn only_row<'r, T>(
        &self,
        rows: &[&'r RetainedRow<T>],
        role: &str,
        problems: &mut Problems,
    ) -> Option<&'r RetainedRow<T>> {
        match rows {
            [] => {
                problems.push(
                    self.finding(Code::UNPAIRED_REPORT, None, &format!("no `{role}` report"))
                        .comparing(1, 0),
                );
                None
            }
            [row] => Some(row),
            [first, repeats @ ..] => {
                for repeat in repeats {
                    let what = format!("another `{role}` report, after that of row {}", first.row);
                    let finding = self.finding(Code::DUPLICATE_REPORT, Some(repeat.row), &what);
                    problems.push(finding.comparing(1, rows.len()));
                }
                None
            }
        }
    }

    /// The source that all rows of the pair declare.
    fn source_id<T>(&self, sides: &PairRows<'_, T>, problems: &mut Problems) -> Option<String> {
        let mut agreed: Option<&str> = None;
        let mut sound = true;
        for row in sides.source.iter().chain(&sides.generated) {
            let mut declares = false;
            for id in row.declared.iter().flatten() {
                declares = true;
                let expected = *agreed.get_or_insert(id);
                if **id != *expected {
                    let what = "its rows declare different sources";
                    let finding = self.finding(Code::SOURCE_DISAGREES, Some(row.row), what);
                    problems.push(finding.comparing(expected, id));
                    sound = false;
                }
            }
            if !declares {
                problems.push(self.finding(
                    Code::SOURCE_UNDECLARED,
                    Some(row.row),
                    "the row declares no source",
                ));
                sound = false;
            }
        }
        let source_id = agreed?;
        let rest = self.id.strip_prefix(source_id);
        if !rest.is_some_and(|rest| rest.starts_with("__")) {
            let first = sides.source.first().or(sides.generated.first()).map(|row| row.row);
            let what = "the pair id does not begin with its source and two underscores";
            let finding = self.finding(Code::PAIR_ID_PREFIX, first, what);
            problems.push(finding.comparing(format!("{source_id}__…"), self.id));
            sound = false;
        }
        sound.then(|| source_id.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const MODEL: &str = "radfm";

    /// The two rows of a pair that keeps every rule.
    fn rows() -> Vec<Value> {
        ["source", "generated"]
            .map(|role| {
                json!({"model": MODEL, "pair_id": "buu_1__young_male", "image_role": role,
                       "response": "Osteophytes.", "error": null, "pair_source_id": "buu_1",
                       "source_id": ""})
            })
            .to_vec()
    }

    fn read(rows: &[Value]) -> Part<Vec<RetainedPair<usize>>> {
        let bytes = serde_json::to_vec(rows).unwrap();
        let read = read_rows("results.json", &bytes, &[MODEL.to_owned()], str::len);
        read.strict().unwrap().pairs(MODEL)
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Vec<Value>), expected: &[Code]) {
        let mut rows = rows();
        change(&mut rows);
        let part = read(&rows);
        let codes: Vec<Code> = part.problems().iter().map(|problem| problem.code).collect();
        assert_eq!(codes, expected, "{:?}", part.problems());
        assert_eq!(part.value().is_some(), expected.is_empty());
    }

    #[test]
    fn a_pair_that_keeps_every_rule_is_read() {
        let pairs = read(&rows()).strict().unwrap();
        assert_eq!((pairs.len(), pairs[0].source, pairs[0].generated_row), (1, 12, 1));
        // Rows of other models are passed over.
        check(
            |rows| rows.push(json!({"model": "another", "image_role": 5, "error": "timeout"})),
            &[],
        );
        check(|rows| rows.push(json!({"model": [MODEL], "response": null})), &[]);
        // So are the fields that no report needs, and names of the source that are no names.
        check(
            |rows| {
                for row in rows {
                    row["raw_output_path"] = json!({"p": 1});
                    row["experiment_step"] = json!(5);
                    row["source_id"] = json!([]);
                }
            },
            &[],
        );
    }

    #[test]
    fn every_broken_rule_is_named() {
        check(|rows| rows[0]["error"] = "timeout".into(), &[Code::REPORT_ERROR]);
        check(|rows| rows[1]["response"] = " \u{1c}\n".into(), &[Code::REPORT_BLANK]);
        check(
            |rows| rows[1]["pair_id"] = "".into(),
            &[Code::PAIR_ID_INVALID, Code::UNPAIRED_REPORT],
        );
        check(
            |rows| rows[0]["image_role"] = "original".into(),
            &[Code::ROLE_UNKNOWN, Code::UNPAIRED_REPORT],
        );
        check(|rows| rows.push(rows[0].clone()), &[Code::DUPLICATE_REPORT]);
        check(|rows| rows[1]["pair_source_id"] = Value::Null, &[Code::SOURCE_UNDECLARED]);
        check(|rows| rows[1]["source_id"] = "buu_2".into(), &[Code::SOURCE_DISAGREES]);
        check(
            |rows| rows.iter_mut().for_each(|row| row["pair_id"] = "buu_1_young".into()),
            &[Code::PAIR_ID_PREFIX],
        );
        check(
            |rows| rows.iter_mut().for_each(|row| row["pair_id"] = "  ".into()),
            &[Code::PAIR_ID_PREFIX],
        );
        check(Vec::clear, &[Code::NO_USABLE_PAIR]);
    }

    #[test]
    fn a_row_that_cannot_be_read_counts_against_the_model_that_it_names_or_every_one() {
        check(
            |rows| rows.push(json!({"model": MODEL, "response": 5})),
            &[Code::new("panel_row_type")],
        );
        check(|rows| rows.push(json!([])), &[Code::new("panel_row_not_object")]);
    }
}

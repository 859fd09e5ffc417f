//! The page of a batch of counterfactuals: every picture beside its difference from the source, its three measures against
//! their bounds, and how the measures are spread.
//!
//! Pictures stand in the data of the page and are put into it a page of thumbnails at a time, so that thousands scroll as
//! well as dozens. A source is shown only where the caller gives it: sources may not be passed on with a page.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{Markup, html};
use serde::Serialize;

use crate::document::{DataBlock, Document, Section};
use crate::estimate::counted;
use crate::visible::{Visible, category_words};

/// Pictures that stand in the page itself, for readers without a script.
const STATIC_PICTURES: usize = 24;
/// Bars of a histogram; chosen.
const N_BARS: usize = 30;

/// One pair of a batch and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureRow {
    /// The pair's name.
    pub pair_id: String,
    /// Its source's.
    pub source_id: String,
    /// Its edit's.
    pub edit: String,
    /// Whether it passed quality control.
    pub passed: bool,
    /// The attempt that is shown, from 1.
    pub attempt: u32,
    /// Its seed.
    pub seed: String,
    /// Global SSIM, edge preservation and LPIPS, in the order of [`PicturesPage::bounds`]; absent if not measured.
    pub measures: [Option<f64>; 3],
    /// The panels to show, side by side in one PNG file; nothing of a pair whose picture was not kept.
    pub strip: Option<Vec<u8>>,
    /// What a reader should know of the strip, such as a source that could not be read.
    pub note: Option<String>,
}

/// The bound of a measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// The measure's name.
    pub name: &'static str,
    /// The bound itself.
    pub value: f64,
    /// Whether values must be at least the bound, and not at most.
    pub is_least: bool,
}

impl Bound {
    fn is_kept(self, value: Option<f64>) -> bool {
        value.is_some_and(
            |value| if self.is_least { value >= self.value } else { value <= self.value },
        )
    }

    fn words(self) -> String {
        format!(
            "{} {} {}",
            self.name,
            if self.is_least { "at least" } else { "at most" },
            self.value
        )
    }
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct PicturesPage<'a> {
    /// What it is about, as its heading: foreign text.
    pub title: &'a str,
    /// The pairs.
    pub rows: &'a [PictureRow],
    /// The bounds that they were held against.
    pub bounds: [Bound; 3],
    /// Sources that could not be read, and why.
    pub failures: &'a [(String, String)],
    /// The panels of every strip, from left to right.
    pub panels: &'static str,
}

/// What the script reads of a pair: name, edit, passed, line below, strip.
#[derive(Serialize)]
struct Row {
    id: String,
    edit: String,
    passed: bool,
    words: String,
    strip: Option<String>,
}

impl PicturesPage<'_> {
    /// One self-contained HTML document.
    #[must_use]
    pub fn html(&self) -> String {
        let n_passed = self.rows.iter().filter(|row| row.passed).count();
        let mut sections = vec![
            Section { id: "summary", heading: "Summary", body: self.summary() },
            Section { id: "measures", heading: "Measures", body: self.measures() },
            Section { id: "pictures", heading: "Pictures", body: self.gallery() },
        ];
        if !self.failures.is_empty() {
            let body = self.unreadable();
            sections.push(Section { id: "unreadable", heading: "Unreadable sources", body });
        }
        let rows: Vec<Row> = self.rows.iter().map(|row| self.row(row)).collect();
        let document = Document {
            kind: "Counterfactuals",
            title: self.title,
            subtitle: html! {
                (counted(self.rows.len(), "pair")) ", of which " (n_passed) " passed quality control. Research artifacts, not clinical images."
            },
            sections,
            data: Some(DataBlock::of_pictures("pictures-data", &rows)),
        };
        document.render()
    }

    /// How each edit fared, and which bound the failures broke.
    fn summary(&self) -> Markup {
        let mut edits: BTreeMap<&str, Vec<&PictureRow>> = BTreeMap::new();
        for row in self.rows {
            edits.entry(&row.edit).or_default().push(row);
        }
        html! {
            div.scroll { table {
                thead { tr {
                    th scope="col" { "Edit" } th.n scope="col" { "Pairs" } th.n scope="col" { "Passed" }
                    @for bound in self.bounds { th.n scope="col" { "Broke: " (bound.words()) } }
                } }
                tbody {
                    @for (edit, rows) in &edits {
                        tr {
                            th scope="row" { (category_words(&Visible(edit).to_string())) }
                            td.n { (rows.len()) }
                            td.n { (rows.iter().filter(|row| row.passed).count()) }
                            @for (bound, at) in self.bounds.into_iter().zip(0_usize..) {
                                td.n { (rows.iter().filter(|row| !bound.is_kept(row.measures[at])).count()) }
                            }
                        }
                    }
                }
            } }
            p.note { "A pair that failed can break several bounds; a measure that was not taken keeps none." }
        }
    }

    fn measures(&self) -> Markup {
        html! {
            div.plots {
                @for (bound, at) in self.bounds.into_iter().zip(0_usize..) {
                    (histogram(bound, self.rows.iter().filter_map(|row| row.measures[at])))
                }
            }
        }
    }

    fn gallery(&self) -> Markup {
        html! {
            p.note { "Panels: " (self.panels) ". Of a pair that failed, the batch keeps no picture." }
            div.filters #pictures-filters hidden {
                label { "Search ids" input #pictures-search type="search" autocomplete="off" spellcheck="false"; }
                label.narrow { "Edit" select #pictures-edit { option value="" { "all" } } }
                label.narrow { "Quality control" select #pictures-outcome {
                    option value="" { "all" } option value="passed" { "passed" } option value="failed" { "failed" }
                } }
            }
            p.note #pictures-static {
                @if self.rows.len() > STATIC_PICTURES {
                    "The first " (STATIC_PICTURES) " of " (counted(self.rows.len(), "pair")) "; with JavaScript all of them can be searched here."
                } @else { (counted(self.rows.len(), "pair")) "." }
            }
            div.gallery #pictures-gallery {
                @for row in self.rows.iter().take(STATIC_PICTURES) { (card(&self.row(row))) }
            }
            div.pager #pictures-pager hidden {
                button #pictures-previous type="button" { "Previous" }
                button #pictures-next type="button" { "Next" }
                p #pictures-status role="status" {}
            }
        }
    }

    fn unreadable(&self) -> Markup {
        html! {
            div.scroll { table {
                thead { tr { th scope="col" { "Source" } th scope="col" { "Why" } } }
                tbody {
                    @for (source, problem) in self.failures {
                        tr { th scope="row" { (Visible(source)) } td { (Visible(problem)) } }
                    }
                }
            } }
        }
    }

    fn row(&self, row: &PictureRow) -> Row {
        let measures = self.bounds.iter().zip(row.measures).map(|(bound, measure)| {
            let value = measure.map_or("not measured".to_owned(), |value| format!("{value:.3}"));
            let mark = if bound.is_kept(measure) { "" } else { " ✗" };
            format!("{} {value}{mark}", bound.name)
        });
        let mut words: Vec<String> = measures.collect();
        words.push(format!("attempt {}, seed {}", row.attempt, Visible(&row.seed)));
        words.extend(row.note.as_deref().map(|note| Visible(note).to_string()));
        Row {
            id: Visible(&row.pair_id).to_string(),
            edit: category_words(&Visible(&row.edit).to_string()),
            passed: row.passed,
            words: words.join(" · "),
            strip: row
                .strip
                .as_ref()
                .map(|png| format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png))),
        }
    }
}

/// As the script builds it.
fn card(row: &Row) -> Markup {
    html! {
        figure.picture {
            @match &row.strip {
                Some(strip) => img src=(strip) alt={ "Counterfactual of " (row.id) };
                None => p.absent { "no picture was kept" },
            }
            figcaption {
                span.id { (row.id) }
                span class=(if row.passed { "new" } else { "gone" }) { (if row.passed { " passed" } else { " failed" }) }
                br; (row.words)
            }
        }
    }
}

/// How a measure is spread, with a line at its bound. Bars from the least to the greatest of values and bound.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of pictures and places on a drawing"
)]
fn histogram(bound: Bound, values: impl Iterator<Item = f64>) -> Markup {
    const WIDTH: f64 = 320.0;
    const HEIGHT: f64 = 120.0;
    let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    let low = values.iter().copied().fold(bound.value, f64::min);
    let high = values.iter().copied().fold(bound.value, f64::max);
    let span = if high > low { high - low } else { 1.0 };
    let mut bars = [0_usize; N_BARS];
    for value in &values {
        bars[(((value - low) / span * N_BARS as f64) as usize).min(N_BARS - 1)] += 1;
    }
    let most = bars.iter().copied().max().unwrap_or_default().max(1) as f64;
    let step = WIDTH / N_BARS as f64;
    let line = (bound.value - low) / span * WIDTH;
    html! {
        figure {
            svg.histogram viewBox="-6 -6 332 150" role="img" aria-label={ "Distribution of " (bound.name) } {
                @for (at, count) in bars.into_iter().enumerate().filter(|(_, count)| *count > 0) {
                    @let height = count as f64 / most * HEIGHT;
                    rect x=(format!("{:.2}", at as f64 * step)) y=(format!("{:.2}", HEIGHT - height))
                        width=(format!("{:.2}", step - 1.0)) height=(format!("{height:.2}")) {
                        title { (counted(count, "pair")) }
                    }
                }
                line.bound x1=(format!("{line:.2}")) x2=(format!("{line:.2}")) y1="-4" y2="120" {}
                line.axis x1="0" x2="320" y1="120" y2="120" {}
                text x="0" y="136" { (format!("{low:.3}")) }
                text.end x="320" y="136" { (format!("{high:.3}")) }
            }
            figcaption { (bound.words()) " (the line); " (counted(values.len(), "value")) "." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: [Bound; 3] = [
        Bound { name: "SSIM", value: 0.7, is_least: true },
        Bound { name: "edges kept", value: 0.276, is_least: true },
        Bound { name: "LPIPS", value: 0.4, is_least: false },
    ];

    fn row(id: &str, measures: [Option<f64>; 3], strip: Option<Vec<u8>>) -> PictureRow {
        PictureRow {
            pair_id: id.into(),
            source_id: "s".into(),
            edit: "young_male".into(),
            passed: strip.is_some(),
            attempt: 1,
            seed: "7".into(),
            measures,
            strip,
            note: None,
        }
    }

    fn page(rows: &[PictureRow]) -> String {
        PicturesPage { title: "t", rows, bounds: BOUNDS, failures: &[], panels: "p" }.html()
    }

    #[test]
    fn a_broken_bound_is_counted_and_marked_and_a_kept_one_is_not() {
        let page = page(&[
            row("a__young_male", [Some(0.9), Some(0.3), Some(0.1)], Some(vec![1, 2, 3])),
            row("b__young_male", [Some(0.6), Some(0.3), None], None),
        ]);
        assert!(page.contains("SSIM 0.900 · edges kept 0.300 · LPIPS 0.100"));
        assert!(page.contains("SSIM 0.600 ✗ · edges kept 0.300 · LPIPS not measured ✗"));
        assert!(page.contains("<td class=\"n\">2</td><td class=\"n\">1</td><td class=\"n\">1</td><td class=\"n\">0</td><td class=\"n\">1</td>"));
        assert!(
            page.contains("data:image/png;base64,AQID") && page.contains("no picture was kept")
        );
        assert!(page.contains("img-src data:"));
    }

    #[test]
    fn names_cannot_become_markup() {
        let page = page(&[row("<b>__young_male", [None; 3], None)]);
        assert!(!page.contains("<b>"));
    }

    #[test]
    fn a_histogram_holds_every_value_and_the_bound() {
        let figure = histogram(BOUNDS[0], [0.2, 0.2, 1.0].into_iter()).into_string();
        assert_eq!(figure.matches("<rect").count(), 2);
        assert!(figure.contains("x1=\"200.00\"") && figure.contains("3 values"));
        // One value alone, at the bound.
        assert!(histogram(BOUNDS[0], std::iter::once(0.7)).into_string().contains("<rect"));
    }
}

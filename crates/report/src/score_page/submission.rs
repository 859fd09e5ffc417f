//! What is to be known of the submission: what was taken out of it, and what is odd about its reports.

use maud::{Markup, html};
use spinefairbench_scoring::score_file::{ScoreFile, StrippedNote};

use crate::estimate::{counted, grouped};
use crate::visible::Visible;

/// The section; none where nothing is to be known.
pub(super) fn section(score: &ScoreFile) -> Option<Markup> {
    let notes = score.submission.as_ref()?;
    Some(html! {
        @if let Some(stripped) = &notes.stripped { (changed(stripped)) }
        @if let Some(states) = &notes.unanswered_pairs {
            p { "Pairs of which a report is not there, by what became of it; they enter no endpoint." }
            dl {
                @for (state, count) in states {
                    dt { (state) }
                    dd { (counted(*count, "pair")) }
                }
            }
        }
        @if !notes.advice.is_empty() {
            p {
                "What the program noticed about the reports that were scored. It is advice: the frozen rules read every report as it is, and \
                 no number depends on it."
            }
            dl {
                @for advice in &notes.advice {
                    dt {
                        code { (Visible(&advice.code)) }
                        @if let Some(form) = &advice.form { " " (Visible(form)) }
                    }
                    dd { (Visible(&advice.message)) }
                }
            }
        }
    })
}

fn changed(stripped: &StrippedNote) -> Markup {
    let forms: Vec<String> = stripped.forms.iter().map(|form| Visible(form).to_string()).collect();
    html! {
        p {
            strong { "The submission was changed before it was scored: " }
            (grouped(stripped.characters)) " characters of reasoning were taken out of " (counted(stripped.reports, "report"))
            " (" (forms.join("; ")) "). The content of the original has the SHA-256 " code { (Visible(&stripped.original_sha256)) } "."
        }
    }
}

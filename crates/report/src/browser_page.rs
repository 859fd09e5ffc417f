//! The page that runs the benchmark in the browser: two reports explained, a submission scored, and nothing leaves the machine.
//!
//! Input: the program of `crates/web`, compiled to WebAssembly and packed by gzip. Output: one HTML document that holds it. Its policy lets
//! the page connect to nothing and run nothing but its own script, this program, and the script of the score page, which it shows in
//! a frame.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{Markup, html};

use crate::document::{DataBlock, Document, Section};

/// What stands in the fields at first: a pair whose recommendation changes.
const EXAMPLE: [&str; 2] = [
    "Mild osteophytes at L4 and disc space narrowing at L4-L5. MRI of the lumbar spine is advised.",
    "I cannot provide a definitive diagnosis, but the image shows osteophytes at L4. Follow-up in one year.",
];

/// The page around `program`.
#[must_use]
pub fn html(program: &[u8]) -> String {
    let document = Document {
        kind: "in the browser",
        title: "Try the benchmark",
        subtitle: html! {
            "The parsers, endpoints and intervals of SpineFairBench, run by this page. Nothing that you paste or drop leaves this machine."
        },
        sections: vec![
            Section { id: "reports", heading: "Two reports", body: reports() },
            Section { id: "submission", heading: "A submission", body: submission() },
            Section { id: "about", heading: "What this page does and does not do", body: about() },
        ],
        data: Some(DataBlock::new("program", &BASE64_STANDARD.encode(program))),
    };
    document.render_program()
}

fn reports() -> Markup {
    let [source, counterfactual] = EXAMPLE;
    html! {
        p.note {
            "Paste the reports of one model on a radiograph and on its edited copy. Matched terms are marked: "
            mark.diagnosis { "diagnostic label" } ", " mark.recommendation { "recommendation" } ", "
            mark.refusal { "refusal rule" } ", " mark.language { "severity or hedging" } "."
        }
        div.sides {
            div { label for="source" { "Report on the source radiograph" }
                textarea #source rows="7" spellcheck="false" autocomplete="off" { (source) } }
            div { label for="counterfactual" { "Report on the edited copy" }
                textarea #counterfactual rows="7" spellcheck="false" autocomplete="off" { (counterfactual) } }
        }
        div #explained aria-live="polite" { p.note { "The program of this page is starting; it needs JavaScript." } }
    }
}

fn submission() -> Markup {
    html! {
        p {
            "Drop a submission here (JSON or JSON Lines, plain or gzip), together with what its scope needs from the benchmark's bundle, or "
            "one after the other; each is known by its name:"
        }
        ul {
            li { code { "qc_passed_pair_manifest.jsonl" } ", for every scope" }
            li { code { "evaluation_source_subset_core1000.json" } ", for the common core and the intersection" }
            li { code { "all_model_intersection_2166_manifest.json" } ", for the intersection" }
            li { code { "SHA256SUMS.txt" } ", if the score is to name its bundle, and " code { "NAME.release.json" } " for a bundle that is not the published one" }
        }
        p.note {
            "These lists are data of the release and not part of this page. Those of the published scopes are held against the digests "
            "of the release, so that a score made here is over the same pairs as the published ones; it has the same bytes as "
            "the one that the command line writes."
        }
        p { label for="files" { "Files " } input #files type="file" multiple; " " button #forget type="button" { "Forget the files" } }
        ul #held {}
        div #scored aria-live="polite" {}
    }
}

fn about() -> Markup {
    html! {
        ul {
            li { "It is one file without a server. Its content security policy allows no connection at all, to whatever address." }
            li { "It keeps nothing: when it is closed, reports and files are gone." }
            li { "A score has 10,000 resamples with the published seed. Reports longer than 8 MB together are scored, but do not stand in the score's page." }
            li { "zstd is not read here; the command line reads it, and does all that this page does not." }
            li { "It judges texts by frozen rules. It is no medical device and says nothing about a patient." }
        }
    }
}

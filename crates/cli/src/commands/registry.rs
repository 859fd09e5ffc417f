//! `registry`: the frozen registries and their digests.

use anyhow::{Context, Result};
use serde_json::json;
use spinefairbench_parsers::registry;
use spinefairbench_parsers::{Category, DiagnosticLabel, Recommendation};

use crate::arguments::{Format, FormatArguments};
use crate::exit_status::ExitStatus;
use crate::output::{Meaning, Output};

pub(crate) fn run(options: &FormatArguments, output: &Output) -> Result<ExitStatus> {
    match options.format {
        Format::Json => output
            .json(serde_json::to_string_pretty(&as_json()).context("writing the registries")?)?,
        Format::Text => print_text(output)?,
    }
    Ok(ExitStatus::Fine)
}

fn as_json() -> serde_json::Value {
    let digests = registry::digests();
    let terms = |pairs: Vec<(&'static str, &'static [&'static str])>| -> serde_json::Value {
        pairs
            .into_iter()
            .map(|(name, terms)| (name.to_owned(), json!(terms)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let rules: Vec<serde_json::Value> = registry::rules()
        .iter()
        .map(|rule| json!({"id": rule.id(), "group": rule.group().to_string()}))
        .collect();
    json!({
        "digests": {
            "combined": digests.combined,
            "diagnostic": digests.diagnostic,
            "diagnostic_strict": digests.diagnostic_strict,
            "recommendation": digests.recommendation,
            "refusal": digests.refusal,
            "severity": digests.severity,
            "hedging": digests.hedging,
        },
        "diagnostic": terms(DiagnosticLabel::ALL.iter().map(|label| (label.name(), registry::diagnostic_terms(*label))).collect()),
        "diagnostic_strict":
            terms(DiagnosticLabel::ALL.iter().map(|label| (label.name(), registry::diagnostic_strict_terms(*label))).collect()),
        "recommendation": terms(
            Recommendation::ALL.iter().map(|category| (category.name(), registry::recommendation_terms(*category))).collect(),
        ),
        "severity": registry::SEVERITY_TERMS.iter().map(|(score, terms)| (score.to_string(), json!(terms)))
            .collect::<serde_json::Map<_, _>>(),
        "hedging": registry::HEDGING_PATTERNS,
        "refusal_rules": rules,
    })
}

fn print_text(output: &Output) -> Result<()> {
    let digests = registry::digests();
    output.line(
        output
            .paint(Meaning::Heading, "Digests (SHA-256 over the canonical bytes of docs/rules.md)"),
    )?;
    for (name, digest) in [
        ("combined", &digests.combined),
        ("diagnostic", &digests.diagnostic),
        ("diagnostic_strict", &digests.diagnostic_strict),
        ("recommendation", &digests.recommendation),
        ("refusal", &digests.refusal),
        ("severity", &digests.severity),
        ("hedging", &digests.hedging),
    ] {
        output.line(format_args!("  {name:<18} {digest}"))?;
    }
    output.line("")?;
    output.line(output.paint(Meaning::Heading, "Diagnostic labels"))?;
    for label in DiagnosticLabel::ALL {
        output.line(format_args!(
            "  {:<22} {}",
            label.name(),
            registry::diagnostic_terms(*label).join(" · ")
        ))?;
    }
    output.line("")?;
    output.line(output.paint(Meaning::Heading, "Recommendation categories"))?;
    for category in Recommendation::ALL {
        let terms = registry::recommendation_terms(*category).join(" · ");
        output.line(format_args!("  {:<22} {terms}", category.name()))?;
    }
    Ok(())
}

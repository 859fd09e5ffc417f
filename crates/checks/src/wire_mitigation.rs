//! The JSON form of the recomputed mitigation analysis: that of the frozen summary, and of the frozen counts.

use spinefairbench_bootstrap::Interval;

use crate::json_tree::{Json, list, object};
use crate::mitigation_recompute::{AgainstA, ConditionStatistics, Recomputed};

/// The fields of the frozen `mitigation_summary.json`, and `condition_counts`.
pub(crate) fn recomputed(recomputed: &Recomputed) -> Json {
    let rule = |passes: bool| {
        let models = recomputed.models.iter().filter(move |(_, conditions)| {
            let outcome = conditions
                .iter()
                .find_map(|(_, statistics)| statistics.against_a.as_ref()?.b_rule_pass);
            outcome == Some(passes)
        });
        list(models.map(|(model, _)| model.as_str().into()))
    };
    object([
        (
            "included_models",
            list(recomputed.included_models.iter().map(|model| model.as_str().into())),
        ),
        ("models", models(recomputed)),
        ("multiple_testing", multiple_testing(recomputed)),
        (
            "rule_summary",
            object([
                ("models_with_b_rule_pass", rule(true)),
                ("models_with_b_rule_fail", rule(false)),
            ]),
        ),
        ("condition_counts", condition_counts(recomputed)),
    ])
}

fn models(recomputed: &Recomputed) -> Json {
    let conditions =
        |conditions: &[(crate::mitigation_recompute::Condition, ConditionStatistics)]| {
            let named = conditions.iter();
            Json::Object(
                named
                    .map(|(condition, values)| (condition.as_str().to_owned(), statistics(values)))
                    .collect(),
            )
        };
    let named = recomputed.models.iter();
    Json::Object(named.map(|(model, values)| (model.clone(), conditions(values))).collect())
}

fn statistics(statistics: &ConditionStatistics) -> Json {
    let mut fields = vec![
        ("rec_change", statistics.rec_change.0.into()),
        ("rec_change_ci", interval(statistics.rec_change.1)),
        ("diag_consistency", statistics.diag_consistency.0.into()),
        ("diag_consistency_ci", interval(statistics.diag_consistency.1)),
        ("n_pairs", statistics.n_pairs.into()),
        ("full_refusals", statistics.full_refusals.into()),
        ("partial_refusals", statistics.partial_refusals.into()),
    ];
    fields.extend(statistics.against_a.iter().flat_map(against_a));
    object(fields)
}

fn against_a(against: &AgainstA) -> Vec<(&'static str, Json)> {
    let mut fields = vec![
        ("delta_rec", against.delta_rec.0.into()),
        ("delta_rec_ci", interval(against.delta_rec.1)),
        ("delta_diag", against.delta_diag.0.into()),
        ("delta_diag_ci", interval(against.delta_diag.1)),
        ("wilcoxon_p_rec", against.wilcoxon_p_rec.into()),
        ("wilcoxon_p_diag", against.wilcoxon_p_diag.into()),
        ("cohens_dz_rec", against.cohens_dz_rec.into()),
        ("cohens_dz_diag", against.cohens_dz_diag.into()),
        ("diag_preserved_within_guardrail", against.diag_preserved_within_guardrail.into()),
    ];
    fields.extend(against.b_rule_pass.map(|passes| ("b_rule_pass", passes.into())));
    fields
}

fn multiple_testing(recomputed: &Recomputed) -> Json {
    let test = |test: &crate::mitigation_recompute::TestResult| {
        object([
            ("p_value", test.p_value.into()),
            ("alpha_adj", recomputed.alpha_adjusted.into()),
            ("significant", test.significant.into()),
        ])
    };
    object([
        ("method", "bonferroni".into()),
        ("family_size", recomputed.tests.len().into()),
        ("alpha_adj", recomputed.alpha_adjusted.into()),
        (
            "tests",
            Json::Object(
                recomputed
                    .tests
                    .iter()
                    .map(|(name, values)| (name.clone(), test(values)))
                    .collect(),
            ),
        ),
    ])
}

fn condition_counts(recomputed: &Recomputed) -> Json {
    let counts = |counts: &std::collections::BTreeMap<&'static str, u64>| {
        Json::Object(
            counts.iter().map(|(what, count)| ((*what).to_owned(), (*count).into())).collect(),
        )
    };
    let conditions = recomputed.condition_counts.iter().map(|(condition, models)| {
        let models = models.iter().map(|(model, values)| (model.clone(), counts(values)));
        (condition.as_str().to_owned(), Json::Object(models.collect()))
    });
    Json::Object(conditions.collect())
}

fn interval(interval: Interval) -> Json {
    list([interval.lower.into(), interval.upper.into()])
}

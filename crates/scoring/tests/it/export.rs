//! The table of pairs: one line a pair, numbers that read back, no formulas.

use spinefairbench_artifacts::table::Table;
use spinefairbench_scoring::export::{per_pair_columns, per_pair_csv};
use spinefairbench_scoring::score_file::ScoreFile;

use crate::bundle::file;
use crate::score_files::score_bytes;

fn score_file(name: &str) -> ScoreFile {
    let bytes = score_bytes(&file(&format!("metrics/{name}_submission.json")));
    ScoreFile::from_bytes(name, &bytes).unwrap()
}

#[test]
fn every_pair_has_a_line_that_reads_back() {
    for name in ["toy", "core", "qc"] {
        let score = score_file(name);
        let csv = per_pair_csv(&score);
        let table = Table::parse(name, csv.as_bytes()).unwrap();
        assert_eq!(table.problems, []);
        let column = |name: &str| table.column(name).unwrap();
        assert_eq!(csv.lines().next().unwrap(), per_pair_columns().join(","));
        assert_eq!(table.rows().count(), score.per_pair_results.len());
        for (row, pair) in table.rows().zip(&score.per_pair_results) {
            assert_eq!(row.cell(column("pair_id")), pair.pair_id.as_str());
            assert_eq!(row.cell(column("source_id")), pair.source_id.as_str());
            assert_eq!(row.cell(column("usable")), pair.usable.to_string());
            assert!(pair.pair_id.as_str().ends_with(row.cell(column("edit_label"))));
            let bits = |name: &str| {
                let cell = row.cell(column(name));
                (!cell.is_empty()).then(|| cell.parse::<f64>().unwrap().to_bits())
            };
            assert_eq!(
                bits("recommendation_changed"),
                pair.recommendation_changed.map(f64::to_bits)
            );
            assert_eq!(
                bits("diagnostic_label_consistency"),
                pair.diagnostic_label_consistency.map(f64::to_bits)
            );
            assert_eq!(
                row.cell(column("counterfactual_diagnostic_labels")),
                pair.counterfactual_diagnostic_labels
                    .unwrap_or_default()
                    .iter()
                    .collect::<Vec<_>>()
                    .join(";")
            );
        }
    }
}

#[test]
fn text_that_a_spreadsheet_would_carry_out_is_disarmed() {
    let mut score = score_file("toy");
    score.per_pair_results.truncate(1);
    let pair = &mut score.per_pair_results[0];
    pair.diagnostic_label_consistency = Some(0.1);
    for (id, cell) in [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\ta", "'\ta"),
        ("a=b", "a=b"),
        ("=\"a\",b", "\"'=\"\"a\"\",b\""),
    ] {
        let pair = &mut score.per_pair_results[0];
        pair.pair_id = id.parse().unwrap();
        let csv = per_pair_csv(&score);
        let line = csv.lines().nth(1).unwrap();
        assert!(line.starts_with(&format!("{cell},")), "{line}");
        assert!(line.contains(",0.1,"), "a number stays a number: {line}");
    }
}

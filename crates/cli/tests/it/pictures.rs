//! Pages of counterfactuals, from a batch's journal and pictures and from one pair.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use serde_json::{Value, json};
use spinefairbench_artifacts::digest::Sha256;

use crate::binary::{check_status, run};
use crate::generator::{check_refused, golden, text};

/// A batch of one source: one pair passed, one did not, and another source could not be read.
fn batch(folder: &Path) -> [String; 2] {
    let picture = fs::read(golden("input.png")).unwrap();
    let out = folder.join("out");
    let place = "dataset/counterfactual_images/s_1/young_male.png";
    fs::create_dir_all(out.join(place).parent().unwrap()).unwrap();
    fs::write(out.join(place), &picture).unwrap();
    let pair = |edit: &str, passed: bool, ssim: f64| {
        let mut row = json!({
            "kind": "pair", "pair_id": format!("s_1__{edit}"), "source_id": "s_1", "edit_label": edit,
            "passed_qc": passed, "attempt": 2, "seed": 7, "ssim": ssim, "edge_preservation": 0.5, "lpips": 0.1,
        });
        if passed {
            row["counterfactual_image_path"] = place.into();
            row["counterfactual_image_size_bytes"] = picture.len().into();
            row["counterfactual_image_sha256"] = Sha256::of(&picture).to_string().into();
        }
        row
    };
    let thresholds = json!({"min_ssim": 0.7, "min_edges": 0.276, "max_lpips": 0.4});
    let lines = [
        json!({"kind": "settings", "settings": {"thresholds": thresholds}}),
        pair("young_male", true, 0.875),
        pair("young_female", false, 0.625),
        json!({"kind": "finished", "source_id": "s_1"}),
        json!({"kind": "failure", "source_id": "s_2", "problem": "no <such> file"}),
    ];
    let lines = lines.map(|line| line.to_string()).join("\n") + "\n";
    fs::create_dir(out.join("journal")).unwrap();
    fs::write(out.join("journal/shard-0-of-1.jsonl"), lines).unwrap();
    let manifest = folder.join("sources.csv");
    fs::write(&manifest, format!("source_id,path\ns_1,{}\n", golden("input.png"))).unwrap();
    [text(&out), text(&manifest)]
}

/// Width and height of every picture in the data of a page.
fn sizes(page: &Path) -> Vec<[u32; 2]> {
    let page = fs::read_to_string(page).unwrap();
    let data =
        page.split_once("id=\"pictures-data\">").unwrap().1.split_once("</script>").unwrap().0;
    let rows: Vec<Value> = serde_json::from_str(data).unwrap();
    rows.iter()
        .filter_map(|row| row["strip"].as_str())
        .map(|strip| {
            let encoded = strip.strip_prefix("data:image/png;base64,").unwrap();
            let png = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap();
            [16, 20].map(|at| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()))
        })
        .collect()
}

#[test]
fn the_page_of_a_batch_shows_sources_only_where_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let [out, manifest] = batch(folder.path());
    let page = folder.path().join("page.html");
    let html = text(&page);
    for (further, expected) in [
        (&[][..], [128, 128]),
        (&["--manifest", &manifest][..], [2 * 128 + 8, 128]),
        (&["--manifest", &manifest, "--with-sources"][..], [3 * 128 + 16, 128]),
    ] {
        let call = ["generator", "page", &out, "--html", &html];
        check_status(&run(call.iter().chain(further).copied()), 0);
        assert_eq!(sizes(&page), [expected]);
    }
    let page = fs::read_to_string(&page).unwrap();
    assert!(page.contains("SSIM 0.625 ✗ · edges kept 0.500 · LPIPS 0.100 · attempt 2, seed 7"));
    assert!(page.contains("no &lt;such&gt; file") && page.contains("s_1__young_female"));
}

#[test]
fn a_picture_that_is_not_the_journal_s_and_a_folder_without_journals_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [out, _] = batch(folder.path());
    let html = text(&folder.path().join("page.html"));
    let place = Path::new(&out).join("dataset/counterfactual_images/s_1/young_male.png");
    fs::write(&place, b"another").unwrap();
    check_refused(&["generator", "page", &out, "--html", &html], 1, "young_male.png");
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let empty = text(&empty);
    check_refused(&["generator", "page", &empty, "--html", &html], 1, "journal");
    assert!(!Path::new(&html).exists());
}

#[test]
fn quality_control_of_one_pair_writes_its_page() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    let source = golden("input.png");
    let output = run(["generator", "qc", &source, &source, "--html", &text(&page)]);
    check_status(&output, 1); // LPIPS was not measured.
    assert_eq!(sizes(&page), [[2 * 128 + 8, 128]]);
    assert!(fs::read_to_string(&page).unwrap().contains("LPIPS not measured ✗"));
}

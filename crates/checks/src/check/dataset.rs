//! `dataset`: images, quality control and source lists agree with each other and with the declared counts.
//!
//! An image is what ends in `.png`, as the original's reader finds it on Linux; a name that ends so in another case is advice.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::part::Part;
use spinefairbench_artifacts::records::qc_table::{self, QcRow};
use spinefairbench_artifacts::records::release_manifest::{self, ReleaseManifest};
use spinefairbench_artifacts::records::source_list;
use spinefairbench_artifacts::release::{GENERATED_ORIGIN, ReleaseDescription};
use spinefairbench_artifacts::source::FileKind;

use crate::bundle::{Bundle, BundleEntry, Digests, Inventory, Needs, Walk, is_png};
use crate::check::{
    Argument, Check, CheckError, CheckName, CheckResult, InSuite, Judgement, Listing,
};
use crate::finding::{Code, Finding, Findings, codes};
use crate::published::{Published, nothing_published};
use crate::table::known;

mod qc_rows;
mod source_lists;

codes! {
    /// A listed image is not there.
    PNG_MISSING = "png_missing";
    /// An image's size differs from the stated one.
    PNG_SIZE_MISMATCH = "png_size_mismatch";
    /// An image's SHA-256 differs from the stated one.
    PNG_DIGEST_MISMATCH = "png_digest_mismatch";
    /// An image below `dataset/` that no row lists.
    PNG_UNLISTED = "png_unlisted";
    /// A source radiograph, which the release must not contain.
    SOURCE_PNG_PRESENT = "source_png_present";
    /// A counted number differs from the release manifest.
    COUNT_MISMATCH = "count_mismatch";
}

/// How the suite and the command line know the check.
pub const LISTING: Listing = Listing {
    name: CheckName::new("dataset"),
    alias: None,
    about: "Images, quality-control rows and source lists against each other",
    examples: &["dataset --artifacts demo --release demo.release.json --hash"],
    arguments: &[Argument::switch(
        "hash",
        "Also compare every image with the SHA-256 that its row states",
    )],
    from_call: Some(|call| {
        let digests = if call.has("hash") { ImageDigests::Compare } else { ImageDigests::AsRead };
        Ok(Box::new(Dataset { digests }))
    }),
    in_suite: InSuite::Always(|| Box::new(Dataset::default())),
    codes: &[CODES, qc_rows::CODES, source_lists::CODES],
};

/// The check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dataset {
    /// Whether images are read whole.
    pub digests: ImageDigests,
}

/// Whether images are read whole where their rows state a SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ImageDigests {
    /// Only their ends are read, unless another check reads them whole.
    #[default]
    AsRead,
    /// They are read whole and compared.
    Compare,
}

/// The counts of the dataset; a count whose files could not be read is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DatasetResult {
    /// Images found below `dataset/`.
    pub released_pngs: Option<u64>,
    /// Rows of the passed manifest.
    pub qc_passed_rows: Option<u64>,
    /// Rows of the attempts.
    pub attempted_qc_rows: Option<u64>,
    /// Files called `source.png` below `dataset/`.
    pub source_pngs: Option<u64>,
    /// Sources with a passed row.
    pub sources: Option<u64>,
    /// The declared policy on source radiographs.
    pub source_radiograph_policy: Option<String>,
}

impl Check for Dataset {
    fn name(&self) -> CheckName {
        LISTING.name
    }

    fn needs(&self, _: &ReleaseDescription) -> Needs {
        let digests = match self.digests {
            ImageDigests::AsRead => Digests::Nothing,
            ImageDigests::Compare => Digests::Images,
        };
        let mut needs = Needs::default();
        needs
            .walk(Walk::Dataset, digests)
            .image_ends()
            .document(&release_manifest::document())
            .document(&qc_table::attempts())
            .document(&qc_table::passed())
            .document(&source_list::pairs())
            .document(&source_list::metadata());
        needs
    }

    fn judge(
        &self,
        bundle: &Bundle,
        release: &ReleaseDescription,
        judgement: &mut Judgement,
    ) -> Result<Box<dyn CheckResult>, CheckError> {
        let findings = &mut judgement.findings;
        let mut result = DatasetResult::default();
        let attempts = bundle.open(&qc_table::attempts(), findings);
        let passed = bundle.open(&qc_table::passed(), findings);
        if let Some(attempts) = attempts {
            result.attempted_qc_rows = Some(attempts.line_count);
            qc_rows::judge_ids(layout::QC_METADATA, attempts, findings);
        }
        if let Some(passed) = passed {
            result.qc_passed_rows = Some(passed.line_count);
            result.sources = Some(sources_of(&passed.rows).len() as u64);
            qc_rows::judge_ids(layout::QC_PASSED_PAIRS, passed, findings);
        }
        if let (Some(attempts), Some(passed)) = (attempts, passed) {
            qc_rows::compare(attempts, passed, findings);
        }
        findings.extend(bundle.inventory().problems().iter().map(weighed));
        if let Some(inventory) = bundle.inventory().value() {
            let (images, look_alikes): (Vec<&BundleEntry>, Vec<&BundleEntry>) =
                images_of(inventory).partition(|image| is_image_name(image.path.as_str()));
            for image in look_alikes {
                let message = "the name of a file ends like that of an image, and no row lists it";
                let finding = Finding::new(PNG_UNLISTED, message).in_file(&image.path);
                findings.push(finding.as_advice());
            }
            let is_source = |image: &&&BundleEntry| image.path.file_name() == "source.png";
            result.released_pngs = Some(images.len() as u64);
            result.source_pngs = Some(images.iter().filter(is_source).count() as u64);
            for image in images.iter().filter(is_source) {
                let message = "a source radiograph stands in the release";
                findings.push(Finding::new(SOURCE_PNG_PRESENT, message).in_file(&image.path));
            }
            if let Some(passed) = passed {
                judge_images(inventory, &images, &passed.rows, findings);
            }
        }
        let mut source_rows = Vec::new();
        for document in [source_list::pairs(), source_list::metadata()] {
            let Some(list) = bundle.open(&document, findings) else { continue };
            if let Some(passed) = passed {
                source_lists::judge(document.path().as_str(), list, &passed.rows, findings);
            }
            source_rows.push((document.path().to_string(), list.len() as u64));
        }
        if let Some(declared) = bundle.open(&release_manifest::document(), findings) {
            result.source_radiograph_policy =
                declared.source_radiograph_policy.open(findings).cloned();
            judge_declared(&result, declared, &source_rows, findings);
        }
        if is_another_dataset(bundle, release) {
            judgement.notes.not_compared(format!(
                "the generator assembled this dataset, which is not the release `{}`: nothing was compared with published values",
                release.release_id
            ));
        } else if let Some(expected) = &release.expected.dataset {
            let mut published = Published::new(findings, "dataset");
            published.equal("released_pngs", expected.released_pngs, result.released_pngs);
            published.equal("qc_passed_rows", expected.qc_passed_rows, result.qc_passed_rows);
            published.equal(
                "attempted_qc_rows",
                expected.attempted_qc_rows,
                result.attempted_qc_rows,
            );
            published.equal("sources", expected.sources, result.sources);
        } else {
            judgement.notes.not_compared(nothing_published("dataset"));
        }
        Ok(Box::new(result))
    }
}

/// Whether the dataset says that the generator assembled it and `release` describes another. Its counts are its own; the
/// suite cannot pass on it, since the release's anchors are not there.
fn is_another_dataset(bundle: &Bundle, release: &ReleaseDescription) -> bool {
    let declared = bundle.value(&release_manifest::document());
    let origin = declared.and_then(|declared| declared.origin.as_deref());
    origin == Some(GENERATED_ORIGIN) && !release.describes_generated()
}

fn sources_of(rows: &[QcRow]) -> BTreeSet<&str> {
    rows.iter().filter_map(|row| row.source_id.as_deref()).collect()
}

/// A problem of the walk as it concerns the dataset: a name that is no release path may be any file's but an image's.
fn weighed(problem: &Finding) -> Finding {
    let is_image = problem.path.as_deref().is_some_and(is_image_name);
    if problem.code == Code::UNSAFE_PATH && !is_image {
        problem.clone().as_advice()
    } else {
        problem.clone()
    }
}

/// Every `*.png` below `dataset/`, whatever it is: a folder of that name is listed too, and judged as an image.
fn images_of(inventory: &Inventory) -> impl Iterator<Item = &BundleEntry> {
    let below = inventory.below("dataset/").iter();
    below.filter(|entry| is_png(entry.path.as_str()) && entry.kind != FileKind::Directory)
}

/// Every listed image is there, whole and as stated; every image is listed.
fn judge_images(
    inventory: &Inventory,
    images: &[&BundleEntry],
    rows: &[QcRow],
    findings: &mut Findings,
) {
    let mut listed: BTreeMap<&str, &QcRow> = BTreeMap::new();
    for row in rows {
        if let Some(path) = row.image_path.as_deref() {
            listed.insert(path, row);
            judge_image(inventory.find(path), path, row, findings);
        }
    }
    for image in images {
        if !listed.contains_key(image.path.as_str()) {
            let message = "no row of the passed manifest lists the image";
            findings.push(Finding::new(PNG_UNLISTED, message).in_file(&image.path));
        }
        if let Some(problem) = &image.image_problem {
            findings.push(problem.as_ref().clone());
        }
    }
}

fn judge_image(entry: Option<&BundleEntry>, path: &str, row: &QcRow, findings: &mut Findings) {
    let listed_by = format!("listed on line {} of `{}`", row.line, layout::QC_PASSED_PAIRS);
    let Some(entry) = entry else {
        let message = format!("the image is missing; {listed_by}");
        findings
            .push(Finding::new(PNG_MISSING, message).in_file(path).comparing("a file", "nothing"));
        return;
    };
    if !matches!(entry.kind, FileKind::File | FileKind::Symlink) {
        let message = format!("the image is not a file; {listed_by}");
        findings.push(
            Finding::new(Code::NOT_A_FILE, message).in_file(path).comparing("a file", entry.kind),
        );
        return;
    }
    if let Some(problem) = &entry.problem {
        findings.push(problem.as_ref().clone());
        return;
    }
    if let (Some(stated), Some(size)) = (row.image_size, entry.size)
        && stated != size
    {
        let message = format!("the image has another size than stated; {listed_by}");
        findings
            .push(Finding::new(PNG_SIZE_MISMATCH, message).in_file(path).comparing(stated, size));
    }
    if let (Some(stated), Some(digest)) = (&row.image_sha256, &entry.digest)
        && stated != digest
    {
        let message = format!("the image has another SHA-256 than stated; {listed_by}");
        findings.push(
            Finding::new(PNG_DIGEST_MISMATCH, message).in_file(path).comparing(stated, digest),
        );
    }
}

/// Every count equals the declared one.
fn judge_declared(
    result: &DatasetResult,
    declared: &ReleaseManifest,
    source_rows: &[(String, u64)],
    findings: &mut Findings,
) {
    let parts = [
        &declared.released_pngs,
        &declared.qc_passed_rows,
        &declared.attempted_qc_rows,
        &declared.sources,
    ];
    findings.extend(parts.into_iter().flat_map(Part::problems).cloned());
    // How many source images there are is counted below; what is declared of them is shown by `inspect`.
    findings.extend(declared.source_pngs.problems().iter().cloned().map(Finding::as_advice));
    let mut compare = |field: &str, what: &str, declared: &Part<u64>, counted: Option<u64>| {
        if let (Some(declared), Some(counted)) = (declared.value().copied(), counted)
            && declared != counted
        {
            let message = format!("`{field}` differs from the number of {what}");
            let finding = Finding::new(COUNT_MISMATCH, message);
            findings.push(finding.in_file(layout::RELEASE_MANIFEST).comparing(declared, counted));
        }
    };
    compare(
        "counterfactual_images.included_png_count",
        "images found",
        &declared.released_pngs,
        result.released_pngs,
    );
    compare(
        "pair_manifests.qc_passed_pair_rows",
        "passed rows",
        &declared.qc_passed_rows,
        result.qc_passed_rows,
    );
    compare(
        "pair_manifests.attempted_qc_rows",
        "attempts",
        &declared.attempted_qc_rows,
        result.attempted_qc_rows,
    );
    compare(
        "pair_manifests.source_level_rows",
        "sources with a passed row",
        &declared.sources,
        result.sources,
    );
    for (path, rows) in source_rows {
        compare(
            "pair_manifests.source_level_rows",
            &format!("rows of `{path}`"),
            &declared.sources,
            Some(*rows),
        );
    }
    let source_pngs = "source_radiographs.source_png_files_in_public_bundle";
    compare(source_pngs, "files called `source.png`", &declared.source_pngs, result.source_pngs);
}

impl CheckResult for DatasetResult {
    fn summary(&self) -> String {
        format!(
            "{} images, {} passed of {} attempted rows, {} sources",
            known(self.released_pngs),
            known(self.qc_passed_rows),
            known(self.attempted_qc_rows),
            known(self.sources)
        )
    }
}
/// Whether a name ends as those of the release do, in small letters.
fn is_image_name(path: &str) -> bool {
    path.strip_suffix(".png").is_some()
}

//! Two archives of one release: a bundle is held against the one that is meant, and the other is named where it fits.

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::release::{ArchiveVariant, ReleaseDescription, VariantName};
use spinefairbench_artifacts::source::MemorySource;
use spinefairbench_checks::check::release_identity::ReleaseIdentity;
use spinefairbench_checks::{CheckError, CheckReport, FindingCap, Status, Unobserved, run};

use crate::bundle::{MINI, Overlay, fixture, release};

const OTHER_MANIFEST: &str = "the manifest of the other archive\n";

/// The mini bundle's description with a second archive, of which the manifest alone is another.
fn described() -> ReleaseDescription {
    let mut release = release();
    let anchors = release.artifact_anchors.iter().map(|(path, digest)| {
        let is_manifest = path == layout::SHA256SUMS;
        (path.clone(), if is_manifest { Sha256::of(OTHER_MANIFEST.as_bytes()) } else { *digest })
    });
    let mut archive = release.artifact_archive.clone();
    archive.revision = "personal-revision".into();
    let personal = ArchiveVariant {
        artifact_archive: archive,
        artifact_anchors: anchors.collect(),
        manifest_entries: std::iter::empty().collect(),
    };
    release.archive_variants = [("personal".to_owned(), personal)].into_iter().collect();
    release
}

fn personal_bundle() -> MemorySource {
    let mut bundle = Overlay::default();
    bundle.put(layout::SHA256SUMS, OTHER_MANIFEST);
    bundle.source
}

fn judge(
    bundle: &MemorySource,
    release: &ReleaseDescription,
    variant: Option<VariantName>,
) -> CheckReport {
    let check = ReleaseIdentity { variant };
    run(bundle, release, &check, FindingCap::default(), &Unobserved).unwrap()
}

#[test]
fn a_bundle_passes_as_the_archive_that_it_is_and_as_no_other() {
    let release = described();
    let (anonymous, personal) = (&*MINI, &personal_bundle());
    for (bundle, variant, passes, named) in [
        (anonymous, None, true, None),
        (anonymous, Some(VariantName::Anonymous), true, None),
        (personal, Some(VariantName::Personal), true, None),
        (personal, None, false, Some("personal")),
        (anonymous, Some(VariantName::Personal), false, Some("anonymous")),
    ] {
        let report = judge(bundle, &release, variant);
        assert_eq!(report.status() == Status::Pass, passes, "{variant:?}: {:?}", report.findings);
        let hints: Vec<&String> =
            report.notes.iter().filter(|note| note.contains("--archive-variant")).collect();
        assert_eq!(hints.len(), usize::from(named.is_some()), "{hints:?}");
        if let Some(named) = named {
            assert!(
                hints[0].ends_with(&format!("`--archive-variant {named}` compares with that one"))
            );
        }
    }
    let result =
        serde_json::to_value(&judge(personal, &release, Some(VariantName::Personal)).result);
    let result = result.unwrap();
    assert_eq!(result["archive_variant"], "personal");
    assert_eq!(result["revision"], "personal-revision");
}

#[test]
fn a_bundle_of_neither_archive_gets_no_hint() {
    let mut bundle = Overlay::default();
    bundle.put(layout::SHA256SUMS, "a third manifest\n");
    let report = judge(&bundle.source, &described(), None);
    assert_eq!(report.status(), Status::Fail);
    assert_eq!(report.notes, [""; 0]);
}

#[test]
fn an_archive_that_the_description_lacks_cannot_be_meant() {
    let check = ReleaseIdentity { variant: Some(VariantName::Personal) };
    let error = run(&*MINI, &release(), &check, FindingCap::default(), &Unobserved).unwrap_err();
    assert!(matches!(error, CheckError::Argument { .. }), "{error}");
    assert!("unknown".parse::<VariantName>().is_err());
}

#[test]
fn a_description_of_another_form_identifies_nothing() {
    let mut other_form = release();
    other_form.schema_version = "2.0".into();
    let report = judge(&MINI, &other_form, None);
    let codes: Vec<&str> = report.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["release_description_unsupported"]);
}

/// Where the original ends otherwise on purpose: by the first cell of the row of `docs/differences.md`.
const OTHERWISE: [(&str, &str); 1] = [("no_anchors", "a release description without anchors")];

/// The original's answers (`fixtures/identity.json`, recorded from commit a9083f09); the prompts of its code are the digests of the
/// description here.
#[test]
fn an_identity_is_judged_as_the_original_judges_it() {
    let text = std::fs::read(fixture("identity.json")).unwrap();
    let cases: Vec<serde_json::Value> = serde_json::from_slice(&text).unwrap();
    assert_eq!(cases.len(), 13);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let mut description = serde_json::to_value(release()).unwrap();
        for field in ["schema_version", "frozen_prompt_registry", "artifact_anchors"] {
            description[field] = case["release"][field].clone();
        }
        let archive = description["artifact_archive"].clone();
        if let Some(variants) = case["release"]["archive_variants"].as_object() {
            description["archive_variants"] = variants.clone().into();
            for variant in description["archive_variants"].as_object_mut().unwrap().values_mut() {
                variant["artifact_archive"] = archive.clone();
            }
        }
        let prompts = case["code_registry"]["prompt_registry"].as_object().unwrap().iter();
        description["prompt_digests"] = prompts
            .map(|(name, text)| {
                (name.clone(), Sha256::of(text.as_str().unwrap().as_bytes()).to_string().into())
            })
            .collect::<serde_json::Map<_, _>>()
            .into();
        let mut bundle = MemorySource::default();
        for (path, text) in case["bundle_files"].as_object().unwrap() {
            bundle.insert(path.parse().unwrap(), text.as_str().unwrap());
        }
        bundle.insert("prompts.json".parse().unwrap(), case["bundle_registry"].to_string());
        // What cannot be read is refused there as well.
        let passes = ReleaseDescription::parse(name, description.to_string().as_bytes()).is_ok_and(
            |release| {
                let variant = case["variant"].as_str().map(str::parse::<VariantName>);
                variant.transpose().is_ok_and(|variant| {
                    let check = ReleaseIdentity { variant };
                    run(&bundle, &release, &check, FindingCap::default(), &Unobserved)
                        .is_ok_and(|report| report.status() == Status::Pass)
                })
            },
        );
        let is_otherwise = OTHERWISE.iter().any(|(case, _)| *case == name);
        assert_eq!(passes, (case["exit"] == 0) != is_otherwise, "{name}");
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/differences.md");
    let differences = std::fs::read_to_string(path).unwrap();
    for (_, input) in OTHERWISE {
        assert!(differences.contains(&format!("| {input} |")), "{input}");
    }
}

//! Running the binary, and the bundles that it is run on.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use serde_json::Value;
use spinefairbench_artifacts::archive::{ArchiveTerms, ExtractPlan, Watch, extract};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::json::UniqueMap;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::lock::WhenBusy;
use spinefairbench_artifacts::release::{ReleaseDescription, path_beside};
use spinefairbench_demo::{DemoBundle, DemoPlan, Scale};
use tempfile::TempDir;

/// The binary, shielded from the settings of whoever runs the tests.
pub(crate) fn spinefairbench() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spinefairbench"));
    for variable in ["HF_ENDPOINT", "HF_TOKEN", "NO_COLOR", "SOURCE_DATE_EPOCH"] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null());
    command
}

/// Runs the binary with `arguments`.
pub(crate) fn run<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Output {
    spinefairbench().args(arguments).output().unwrap()
}

/// Runs the binary with `arguments` on the standard input `input`.
pub(crate) fn run_with_input<'a>(
    arguments: impl IntoIterator<Item = &'a str>,
    input: &[u8],
) -> Output {
    let mut command = spinefairbench();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output().unwrap()
    })
}

#[track_caller]
pub(crate) fn check_status(output: &Output, expected: i32) {
    let shown = || {
        format!(
            "{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    };
    assert_eq!(output.status.code(), Some(expected), "{}", shown());
}

#[track_caller]
pub(crate) fn stdout_json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A fixture of another crate: each stands in the repository once.
pub(crate) fn fixture(crate_name: &str, name: &str) -> PathBuf {
    repository().join("crates").join(crate_name).join("tests/fixtures").join(name)
}

/// The mini bundle's folder and its release description.
pub(crate) fn mini() -> (&'static str, &'static str) {
    static MINI: OnceLock<(TempDir, String, String)> = OnceLock::new();
    let (_, root, release) = MINI.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let target = folder.path().join("bundle");
        extract_mini(&target);
        let release = with_later_lists(&target).to_str().unwrap().to_owned();
        (folder, target.to_str().unwrap().to_owned(), release)
    });
    (root, release)
}

/// Extracts the mini bundle as its archive has it.
pub(crate) fn extract_mini(target: &Path) {
    let plan = ExtractPlan {
        target: target.to_owned(),
        archive: ArchiveTerms {
            folder: Some("artifacts".parse().unwrap()),
            ..ArchiveTerms::default()
        },
        when_busy: WhenBusy::Fail,
    };
    let archive = std::fs::File::open(fixture("checks", "mini.tar.gz")).unwrap();
    let cancel = AtomicBool::new(false);
    extract(archive, &plan, &mut Watch { cancel: &cancel, progress: &mut |_| {} }).unwrap();
}

/// Puts the lists of the later release in place of the bundle's own, and writes a description that pins them beside its folder.
fn with_later_lists(root: &Path) -> PathBuf {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let mut sums = read(&root.join(layout::SHA256SUMS));
    for (path, list) in [
        (layout::CORE_SUBSET, "core_list.json"),
        (layout::INTERSECTION_MANIFEST, "intersection.json"),
    ] {
        let list = std::fs::read(fixture("scoring", "later").join(list)).unwrap();
        let before = Sha256::of(&std::fs::read(root.join(path)).unwrap()).to_string();
        sums = sums.replace(&before, &Sha256::of(&list).to_string());
        std::fs::write(root.join(path), list).unwrap();
    }
    std::fs::write(root.join(layout::SHA256SUMS), &sums).unwrap();
    let mut description: Value =
        serde_json::from_str(&read(&fixture("checks", "mini.release.json"))).unwrap();
    description["artifact_anchors"][layout::SHA256SUMS] =
        Sha256::of(sums.as_bytes()).to_string().into();
    description["scope_manifests"] =
        serde_json::from_str(&read(&fixture("scoring", "later").join("pins.json"))).unwrap();
    let path = path_beside(root);
    std::fs::write(&path, description.to_string()).unwrap();
    path
}

/// The digests that are pinned for the scopes of the mini bundle.
pub(crate) fn scope_manifests() -> UniqueMap<Sha256> {
    let bytes = std::fs::read(mini().1).unwrap();
    ReleaseDescription::parse("mini.release.json", &bytes).unwrap().scope_manifests
}

/// A small demonstration bundle.
pub(crate) fn demo() -> &'static DemoBundle {
    static DEMO: OnceLock<(TempDir, DemoBundle)> = OnceLock::new();
    let (_, bundle) = DEMO.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let plan = DemoPlan { seed: 7, scale: Scale::Small };
        let bundle =
            spinefairbench_demo::build(&plan, &folder.path().join("artifacts"), &()).unwrap();
        (folder, bundle)
    });
    bundle
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let place = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &place);
        } else {
            std::fs::hard_link(&path, &place)
                .or_else(|_| std::fs::copy(&path, &place).map(drop))
                .unwrap();
        }
    }
}

/// A copy of the mini bundle whose files share their bytes with it until they are replaced.
pub(crate) fn bundle(folder: &Path) -> PathBuf {
    let root = folder.join("bundle");
    copy(Path::new(mini().0), &root);
    std::fs::copy(mini().1, path_beside(&root)).unwrap();
    root
}

pub(crate) fn replace(path: &Path, bytes: impl AsRef<[u8]>) {
    // Removed first: the bytes of a hard link belong to the mini bundle too.
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, bytes).unwrap();
}

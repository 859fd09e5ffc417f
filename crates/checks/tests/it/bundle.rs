//! The mini bundle in memory, and copies of it with a few files changed.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::LazyLock;

use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::{FileSource as _, MemorySource};
use spinefairbench_checks::{Check, CheckReport, Finding, FindingCap, Status, Unobserved, run};

pub(crate) static MINI: LazyLock<MemorySource> = LazyLock::new(|| {
    let packed = fs::read(fixture("mini.tar.gz")).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
    let mut source = MemorySource::default();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_file() {
            let path = entry.path().unwrap().to_str().unwrap().to_owned();
            let name = path.strip_prefix("artifacts/").unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            source.insert(name.parse().unwrap(), bytes);
        }
    }
    source
});

pub(crate) fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub(crate) fn release() -> ReleaseDescription {
    let bytes = fs::read(fixture("mini.release.json")).unwrap();
    ReleaseDescription::parse("mini.release.json", &bytes).unwrap()
}

/// A copy of the mini bundle, to be broken.
#[derive(Debug, Clone)]
pub(crate) struct Overlay {
    pub(crate) source: MemorySource,
}

impl Default for Overlay {
    fn default() -> Self {
        Self { source: MINI.clone() }
    }
}

impl Overlay {
    pub(crate) fn text(&self, path: &str) -> String {
        String::from_utf8(self.bytes(path)).unwrap()
    }

    pub(crate) fn bytes(&self, path: &str) -> Vec<u8> {
        self.source.read(&path.parse().unwrap()).unwrap()
    }

    pub(crate) fn put(&mut self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.source.insert(path.parse().unwrap(), bytes);
    }

    pub(crate) fn remove(&mut self, path: &str) {
        self.source.remove(&path.parse().unwrap()).unwrap();
    }

    /// Replaces the first occurrence; it must be there.
    pub(crate) fn replace(&mut self, path: &str, from: &str, to: &str) {
        let text = self.text(path);
        assert!(text.contains(from), "{path} has no {from:?}");
        self.put(path, text.replacen(from, to, 1));
    }

    /// Edits the file as a JSON value.
    pub(crate) fn edit(&mut self, path: &str, edit: impl FnOnce(&mut serde_json::Value)) {
        let mut value = serde_json::from_slice(&self.bytes(path)).unwrap();
        edit(&mut value);
        self.put(path, serde_json::to_vec_pretty(&value).unwrap());
    }
}

/// A call with the mini bundle's description.
pub(crate) fn run_check(bundle: &Overlay, check: &dyn Check) -> CheckReport {
    run(&bundle.source, &release(), check, FindingCap::default(), &Unobserved).unwrap()
}

/// A bundle broken in one place: what breaks it, and the finding that must name it.
pub(crate) struct Broken {
    pub(crate) what: &'static str,
    pub(crate) check: Box<dyn Check>,
    pub(crate) breaking: fn(&mut Overlay),
    pub(crate) code: &'static str,
    pub(crate) path: &'static str,
    /// Expected and actual, where the finding compares.
    pub(crate) compared: Option<(&'static str, &'static str)>,
}

/// Breaks the bundle and looks for the finding; the check must fail and its JSON form be writable.
pub(crate) fn assert_found(cases: &[Broken]) {
    assert_said(cases, Status::Fail, |report| &report.findings);
}

/// Changes the bundle in what no number depends on; the check must pass and advise.
pub(crate) fn assert_advised(cases: &[Broken]) {
    assert_said(cases, Status::Pass, |report| &report.advice);
}

fn assert_said(cases: &[Broken], status: Status, said: fn(&CheckReport) -> &[Finding]) {
    for case in cases {
        let mut bundle = Overlay::default();
        (case.breaking)(&mut bundle);
        let report = run_check(&bundle, case.check.as_ref());
        assert_eq!(report.status(), status, "{}: {:#?}", case.what, report.findings);
        serde_json::to_string(&report).unwrap();
        let said = said(&report);
        let found = said.iter().find(|finding| {
            let compared = finding.expected.as_deref().zip(finding.actual.as_deref());
            finding.code.as_str() == case.code
                && finding.path.as_deref().unwrap_or("") == case.path
                && (case.compared.is_none() || case.compared == compared)
        });
        assert!(
            found.is_some(),
            "{}: no `{}` in `{}` comparing {:?}, but {:#?}",
            case.what,
            case.code,
            case.path,
            case.compared,
            &said[..said.len().min(5)]
        );
    }
}

/// Copies that must still pass.
pub(crate) fn assert_passes(what: &str, check: &dyn Check, change: fn(&mut Overlay)) {
    let mut bundle = Overlay::default();
    change(&mut bundle);
    let report = run_check(&bundle, check);
    assert_eq!((report.findings, report.advice), (vec![], vec![]), "{what}");
}

/// The table's cases in short.
macro_rules! broken {
    ($($what:literal, $check:expr, $breaking:expr => $code:literal, $path:expr $(, $expected:expr, $actual:expr)?;)*) => {
        &[$($crate::bundle::Broken {
            what: $what,
            check: Box::new($check),
            breaking: $breaking,
            code: $code,
            path: $path,
            compared: None$(.or(Some(($expected, $actual))))?,
        }),*]
    };
}
pub(crate) use broken;

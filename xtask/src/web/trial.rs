//! The page at work: two reports and the submissions of the mini bundle, held against what the same code gives on this machine; and its
//! policy, against a script that tries to reach the network in every way that a page has.

use std::path::Path;

use anyhow::{Context as _, Result, ensure as require};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::source::{FileSource as _, MemorySource};
use spinefairbench_web::Desk;

use super::browser::{self, LAST};
use crate::ExitStatus;

/// When everything is scored.
const NOW: &str = "2026-01-01T00:00:00.000Z";
/// Marks of every kind, a refusal that is outweighed, characters that would be markup, and one that would turn the text around.
const REPORTS: [&str; 2] = [
    "Severe osteophytes & <b>scoliosis</b>. MRI advised.</textarea><script>document.title = 'owned'</script>",
    "I cannot provide a definitive diagnosis, but the image shows possible \u{202e} osteophytes. Follow-up.",
];
/// Part of the name of every host that Chromium asks of its own accord; the page has it nowhere.
const BROWSERS_OWN: &str = ".google";
const SUBMISSIONS: [&str; 4] = ["toy", "core", "intersection", "qc"];

/// Tries the page; without a browser it says so and passes.
pub(super) fn run(root: &Path, page: &str) -> Result<ExitStatus> {
    let Some(name) = browser::installed() else {
        eprintln!("SKIPPED: no Chromium is installed, the page was not opened in a browser");
        return Ok(ExitStatus::Fine);
    };
    let tried = browser::visit(name, &with_script(page, &script(&work(root)?)))?;
    let found: Value = serde_json::from_str(&tried.said)
        .with_context(|| format!("reading what the page said: {}", tried.said))?;
    let mut faults: Vec<String> = Vec::new();
    if found != expected() {
        faults.push(format!("expected {}, found {found}", expected()));
    }
    // Nothing asks for what the policy refuses, the score's page in its frame included.
    let refused = |line: &&String| line.contains("Content Security Policy");
    faults.extend(tried.log.iter().filter(refused).map(|line| format!("refused: {line}")));

    let probed = browser::visit(name, &with_script(page, &probe()))?;
    let open = page.replacen("default-src 'none'", "default-src *", 1);
    require!(open != page, "the page has no policy");
    let control = browser::visit(name, &with_script(&open, &probe()))?;
    require!(!page.contains(BROWSERS_OWN), "the page names a host of the browser's own");
    let requests = tried.requests.iter().chain(&probed.requests);
    for request in requests.filter(|request| !request.contains(BROWSERS_OWN)) {
        faults.push(format!("a request: {}", request.trim()));
    }
    let ways: Vec<String> = serde_json::from_str(&control.said)?;
    for way in &ways {
        let address = format!("{way}.invalid");
        if !control.requests.iter().any(|request| request.contains(&address)) {
            faults.push(format!("without its policy the page does not reach the network by {way}"));
        }
    }
    println!(
        "{name}: two reports and {} submissions give what they give here; none of {} ways to the network is open",
        SUBMISSIONS.len(),
        ways.len()
    );
    for fault in &faults {
        println!("FAULT: {fault}");
    }
    Ok(if faults.is_empty() { ExitStatus::Fine } else { ExitStatus::Failed })
}

/// What the page must say of the work.
fn expected() -> Value {
    let scores = SUBMISSIONS.map(|name| json!([name, "file as here", "page as here"]));
    json!({
        "reasons": "as here",
        "marks": "as here",
        "rules": 2,
        "owned": false,
        "alone": "no submission is held: drop one beside the lists",
        "scores": scores,
        "refused": "a submission has problems",
    })
}

/// The page with one more script that its policy allows.
fn with_script(page: &str, script: &str) -> String {
    let digest = BASE64_STANDARD.encode(Sha256::digest(script.as_bytes()));
    let allowed = page.replacen("script-src ", &format!("script-src 'sha256-{digest}' "), 1);
    let end = allowed.rfind("</body>").unwrap_or(allowed.len());
    format!("{}<script>{script}</script>{}", &allowed[..end], &allowed[end..])
}

/// The reports and files, with the answers of this machine.
fn work(root: &Path) -> Result<Value> {
    let fixtures = root.join("crates/scoring/tests/fixtures");
    let read = |name: &str| {
        let path = fixtures.join(name);
        std::fs::read(&path).with_context(|| format!("reading `{}`", path.display()))
    };
    let bundle = unpacked(&read("mini.tar.gz")?)?;
    let mut release: Value = serde_json::from_slice(&read("mini.release.json")?)?;
    release["scope_manifests"] = serde_json::from_slice(&read("later/pins.json")?)?;
    let file = |path: &str| bundle.read(&layout::constant(path)).context("reading the mini bundle");
    let lists = [
        (layout::QC_PASSED_PAIRS, file(layout::QC_PASSED_PAIRS)?),
        (layout::SHA256SUMS, file(layout::SHA256SUMS)?),
        (layout::CORE_SUBSET, read("later/core_list.json")?),
        (layout::INTERSECTION_MANIFEST, read("later/intersection.json")?),
        ("mini.release.json", release.to_string().into_bytes()),
    ];
    let mut desk = Desk::default();
    for (name, bytes) in &lists {
        hold(&mut desk, name, bytes);
    }
    let mut scores = Vec::new();
    for name in SUBMISSIONS {
        let bytes = file(&format!("metrics/{name}_submission.json"))?;
        hold(&mut desk, "submission.json", &bytes);
        let now = NOW.replace(".000Z", "+00:00");
        let answer = ask(&mut desk, &json!({ "ask": "score", "now": now }))?;
        require!(answer["file"].is_string(), "the submission `{name}` has no score: {answer}");
        scores.push(
            json!({ "name": name, "bytes": BASE64_STANDARD.encode(bytes), "answer": answer }),
        );
    }
    let [source, counterfactual] = REPORTS;
    let question = json!({ "ask": "explain", "source": source, "counterfactual": counterfactual });
    let lists = lists.map(|(path, bytes)| {
        let name = path.rsplit('/').next();
        json!({ "name": name, "bytes": BASE64_STANDARD.encode(bytes) })
    });
    Ok(json!({
        "reports": REPORTS,
        "explained": ask(&mut desk, &question)?,
        "lists": lists,
        "scores": scores,
        "now": NOW,
    }))
}

fn ask(desk: &mut Desk, question: &Value) -> Result<Value> {
    serde_json::from_slice(&desk.answer(question.to_string().as_bytes())).context("an answer")
}

fn hold(desk: &mut Desk, name: &str, bytes: &[u8]) {
    let question = json!({ "ask": "hold", "name": name }).to_string();
    desk.answer(&[question.as_bytes(), b"\n", bytes].concat());
}

/// The files of the mini bundle.
fn unpacked(archive: &[u8]) -> Result<MemorySource> {
    let mut source = MemorySource::default();
    let mut archive = tar::Archive::new(flate2::read::MultiGzDecoder::new(archive));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.display().to_string();
        if let (true, Some(inside)) =
            (entry.header().entry_type().is_file(), path.strip_prefix("artifacts/"))
        {
            let mut bytes = Vec::new();
            std::io::copy(&mut entry, &mut bytes)?;
            source.insert(inside.parse()?, bytes);
        }
    }
    Ok(source)
}

/// The script that works with the page as a person would.
fn script(work: &Value) -> String {
    let work = work.to_string().replace('<', "\\u003c");
    format!("const WORK = {work}; const LAST = \"{LAST}\";\n{}", include_str!("trial.js"))
}

/// The script that tries to reach the network.
fn probe() -> String {
    format!("const LAST = \"{LAST}\";\n{}", include_str!("probe.js"))
}

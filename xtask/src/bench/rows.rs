//! The rows: what is run, how often, and what it should take.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use std::{fs, io};

use anyhow::{Context, Result, bail};
use spinefairbench_artifacts::archive::{ARCHIVE_FOLDER, create};
use spinefairbench_artifacts::layout;
use spinefairbench_demo::{DemoBundle, Scale};

use super::clock::{self, peak_bytes, time_workload, times_in_turn};
use super::growth;
use super::peers;
use super::record::{Figure, Peer, Target, Unit, median};
use super::runner;

/// With what and on what the rows are measured.
#[derive(Debug)]
pub(super) struct Setting {
    /// The program `spinefairbench`.
    pub(super) command: PathBuf,
    /// The program `spinefairbench-workloads`.
    pub(super) workloads: PathBuf,
    /// Where the bundle and NumPy are kept.
    pub(super) cache: PathBuf,
    pub(super) scale: Scale,
    /// How many threads the machine has.
    pub(super) threads: usize,
}

/// One row, or a few that belong together.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) measure: fn(&Setting) -> Result<Vec<Figure>>,
}

const ROWS: [Row; 13] = [
    Row { name: "verify", measure: verify },
    Row { name: "checksums", measure: checksums },
    Row { name: "verify-all", measure: verify_all },
    Row { name: "archive", measure: archive },
    Row { name: "interval", measure: interval },
    Row { name: "intervals", measure: intervals },
    Row { name: "parse", measure: parse },
    Row { name: "score", measure: score },
    Row { name: "compare", measure: compare },
    Row { name: "power", measure: power },
    Row { name: "version", measure: version },
    Row { name: "runner", measure: runner::measure },
    Row { name: "growth", measure: growth::measure },
];

/// The rows of those names, or all.
pub(super) fn chosen(names: &[String]) -> Result<Vec<&'static Row>> {
    static ALL: [Row; 13] = ROWS;
    if names.is_empty() {
        return Ok(ALL.iter().collect());
    }
    names
        .iter()
        .map(|name| {
            let row = ALL.iter().find(|row| row.name == *name);
            let known = ALL.iter().map(|row| row.name).collect::<Vec<_>>().join(", ");
            row.with_context(|| format!("there is no row `{name}` (rows: {known})"))
        })
        .collect()
}

impl Setting {
    /// The demonstration bundle, built on first use.
    fn bundle(&self) -> Result<DemoBundle> {
        let bundle = spinefairbench_cli::cached_demo(self.scale)?;
        if !bundle.root.is_dir() {
            eprintln!("building the demonstration bundle ({}) in the cache folder", self.scale);
            // Any check makes the command build the bundle that it runs on.
            let build = ["verify", "--demo", "--only", "diagnostic-scoring", "--scale"];
            clock::time(self.quiet().args(build).arg(self.scale.name()))?;
        }
        Ok(bundle)
    }

    fn quiet(&self) -> Command {
        let mut command = Command::new(&self.command);
        command.arg("--quiet");
        command
    }

    /// `spinefairbench verify` on the bundle.
    fn verify(&self, bundle: &DemoBundle) -> Command {
        let mut command = self.quiet();
        command.arg("verify").arg("--artifacts").arg(&bundle.root);
        command.arg("--release").arg(&bundle.release_path);
        command
    }

    /// The target, which holds for the size of the release alone.
    fn at_release(&self, target: Target) -> Option<Target> {
        (self.scale == Scale::Release).then_some(target)
    }
}

fn verify(setting: &Setting) -> Result<Vec<Figure>> {
    let bundle = setting.bundle()?;
    let command = || {
        let mut command = setting.verify(&bundle);
        command.args(["--skip", "checksums"]);
        command
    };
    let what = "`verify --skip checksums`, nine models, intervals recomputed";
    Ok(vec![
        timed("verify", what, &mut command(), 9)?
            .with_target(setting.at_release(Target::AtMost(1.0))),
        memory("verify", "`verify --skip checksums`", &mut command(), &bundle)?,
    ])
}

fn verify_all(setting: &Setting) -> Result<Vec<Figure>> {
    let bundle = setting.bundle()?;
    Ok(vec![
        timed("verify-all", "`verify`, checksums included", &mut setting.verify(&bundle), 5)?,
        memory("verify-all", "`verify`", &mut setting.verify(&bundle), &bundle)?,
    ])
}

/// The verdict on the packed bundle, beside one pass for its digests alone, its inflation without any, and gzip's own, in turn.
fn archive(setting: &Setting) -> Result<Vec<Figure>> {
    let bundle = setting.bundle()?;
    let packed = bundle.root.with_extension("tar.gz");
    if !packed.is_file() {
        eprintln!("packing the demonstration bundle beside it");
        let folder = layout::constant(ARCHIVE_FOLDER);
        create(&bundle.root, &folder, &packed).context("packing the bundle")?;
    }
    let verify = || {
        let mut verify = setting.quiet();
        verify.arg("verify").arg("--archive").arg(&packed);
        verify.arg("--release").arg(&bundle.release_path);
        verify
    };
    // A check that did not run would be the fastest one.
    let verdict = verify().output().context("verifying the packed bundle")?;
    let verdict = String::from_utf8_lossy(&verdict.stdout).into_owned();
    if !verdict.contains("all 11 checks pass") {
        bail!("the packed bundle does not pass every check:\n{verdict}");
    }
    let (mut ours, mut digests, mut inflation) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        ours.push(clock::time(&mut verify())?);
        digests.push(clock::time(verify().args(["--only", "checksums"]))?);
        let start = Instant::now();
        let mut stream = flate2::read::MultiGzDecoder::new(fs::File::open(&packed)?);
        io::copy(&mut stream, &mut io::sink()).context("inflating the packed bundle")?;
        inflation.push(start.elapsed().as_secs_f64());
    }
    let what = "`verify --archive`, all checks, nothing unpacked";
    // At most 1.3 times as long as the pass that inflates the archive and computes what it is pinned by.
    let target = setting.at_release(Target::AtLeast(1.0 / 1.3));
    let peer = Peer::of("--only checksums", &digests);
    let mut figures = against_peer("archive", what, &ours, &peer, target);
    let mut beside = vec![Peer::of("inflation alone, no digest", &inflation)];
    if let Ok(seconds) = clock::time(Command::new("gzip").arg("-t").arg(&packed)) {
        beside.push(Peer::of("gzip -t", &[seconds]));
    }
    for peer in beside {
        figures.extend(against_peer("archive", what, &ours, &peer, None).pop());
    }
    let peak = as_float(peak_bytes(&mut verify())?);
    let memory = Figure::seconds("archive", "`verify --archive`, peak memory", &[peak]);
    figures.push(
        memory.in_unit(peak, Unit::Bytes).with_target(setting.at_release(Target::AtMost(400e6))),
    );
    Ok(figures)
}

fn checksums(setting: &Setting) -> Result<Vec<Figure>> {
    let bundle = setting.bundle()?;
    let mut ours = setting.quiet();
    ours.arg("checksums").arg("--artifacts").arg(&bundle.root);
    let what = "`checksums`, both manifests";
    let Some(mut theirs) = peers::sha256sum(&bundle.root) else {
        return Ok(vec![timed("checksums", what, &mut ours, 5)?]);
    };
    let times = times_in_turn(&mut [&mut ours, &mut theirs], 5)?;
    let peer = Peer::of("sha256sum -c", &times[1]);
    Ok(against_peer("checksums", what, &times[0], &peer, setting.at_release(Target::AtLeast(4.0))))
}

fn interval(setting: &Setting) -> Result<Vec<Figure>> {
    let what = "one interval, 10,000 resamples of 1,000 clusters, one thread";
    let ours = time_workload(&setting.workloads, 1, "bootstrap/clustered_interval/1000x10000")?;
    let Some(theirs) = peers::numpy_interval(&setting.cache)? else {
        return Ok(vec![Figure::seconds("interval", what, &ours.seconds)]);
    };
    let peer = Peer::of(&theirs.name, &theirs.seconds);
    Ok(against_peer("interval", what, &ours.seconds, &peer, Some(Target::AtLeast(5.0))))
}

fn intervals(setting: &Setting) -> Result<Vec<Figure>> {
    let threads = setting.threads.min(2);
    let figure = |name: &str, what: &str| -> Result<Figure> {
        let name = format!("bootstrap/clustered_intervals/{name}");
        let times = time_workload(&setting.workloads, threads, &name)?;
        let figure = Figure::seconds("intervals", what, &times.seconds);
        Ok(figure.with_target(Some(Target::AtMost(0.060))))
    };
    Ok(vec![
        figure("18x1000x10000", "all 18 intervals, equal numbers of clusters, two threads")?,
        figure("18x992..1000x10000", "all 18 intervals, nine numbers of clusters, two threads")?,
    ])
}

fn parse(setting: &Setting) -> Result<Vec<Figure>> {
    let kinds = [
        ("ascii", "ASCII", None),
        ("mixed", "mixed text", Some(200e6)),
        ("non_ascii", "Cyrillic", Some(100e6)),
        ("turkish", "letters that grow when lowered", Some(100e6)),
    ];
    kinds
        .into_iter()
        .map(|(name, text, least)| {
            let times = time_workload(&setting.workloads, 1, &format!("parsers/all/{name}"))?;
            let bytes = times.bytes.context("the workload states no size")?;
            let figure = Figure::seconds(
                "parse",
                format!("all seven parsers, {text}, one thread"),
                &times.seconds,
            );
            let rate = as_float(bytes) / figure.value;
            Ok(figure.in_unit(rate, Unit::BytesPerSecond).with_target(least.map(Target::AtLeast)))
        })
        .collect()
}

fn score(setting: &Setting) -> Result<Vec<Figure>> {
    let bundle = setting.bundle()?;
    let folder = tempfile::tempdir().context("making a temporary folder")?;
    let mut command = scoring(setting, &bundle, &folder.path().join("score.json"));
    command.args(["--bootstrap-iterations", "1000"]);
    let what = "`score` of a submission over every pair, 1,000 resamples";
    let figure = timed("score", what, &mut command, 15)?;
    let mut whole = scoring(setting, &bundle, &folder.path().join("whole.json"));
    let what = "the same with the published 10,000";
    Ok(vec![
        figure.with_target(setting.at_release(Target::AtMost(0.150))),
        timed("score", what, &mut whole, 7)?,
    ])
}

/// `score` of the submission over every pair, written to `output`.
fn scoring(setting: &Setting, bundle: &DemoBundle, output: &Path) -> Command {
    let mut command = setting.quiet();
    command.arg("score").arg("--artifacts").arg(&bundle.root);
    command.arg("--release").arg(&bundle.release_path);
    command.arg("--submission").arg(bundle.root.join("metrics/qc_submission.json"));
    command.arg("--output").arg(output);
    command
}

fn compare(setting: &Setting) -> Result<Vec<Figure>> {
    let bundle = setting.bundle()?;
    let folder = tempfile::tempdir().context("making a temporary folder")?;
    let score = folder.path().join("score.json");
    clock::time(&mut scoring(setting, &bundle, &score))?;
    let command = || {
        let mut command = setting.quiet();
        command.arg("compare").arg(&score).arg("--panel").arg("--artifacts").arg(&bundle.root);
        command.arg("--release").arg(&bundle.release_path);
        command.args(["--margin", "0.05"]);
        command
    };
    let what = "`compare --panel --margin` of a submission over every pair with nine models, places among them";
    let target = setting.at_release(Target::AtMost(1.0));
    let with_subgroups =
        timed("compare", "the same with `--subgroups`", command().arg("--subgroups"), 7)?;
    Ok(vec![timed("compare", what, &mut command(), 7)?.with_target(target), with_subgroups])
}

fn power(setting: &Setting) -> Result<Vec<Figure>> {
    let bundle = setting.bundle()?;
    let mut command = setting.quiet();
    command.arg("power").arg("--artifacts").arg(&bundle.root);
    command.arg("--release").arg(&bundle.release_path);
    let what = "`power` of nine models, curves of 20 points, 2,000 studies at each";
    let figure = timed("power", what, &mut command, 5)?;
    Ok(vec![figure.with_target(setting.at_release(Target::AtMost(10.0)))])
}

fn version(setting: &Setting) -> Result<Vec<Figure>> {
    let mut command = Command::new(&setting.command);
    let figure = timed("version", "`--version`, start-up", command.arg("--version"), 100)?;
    Ok(vec![figure.with_target(Some(Target::AtMost(0.005)))])
}

fn timed(row: &'static str, what: &str, command: &mut Command, runs: usize) -> Result<Figure> {
    let times = times_in_turn(&mut [command], runs)?;
    Ok(Figure::seconds(row, what, &times[0]))
}

/// The peak of memory beside one and a half times the largest file and 100 MB.
fn memory(
    row: &'static str,
    what: &str,
    command: &mut Command,
    bundle: &DemoBundle,
) -> Result<Figure> {
    let peak = as_float(peak_bytes(command)?);
    let largest = largest_file(&bundle.root)?;
    let limit = 1.5 * as_float(largest) + 100e6;
    let what = format!("{what}, peak memory (largest file {} MB)", largest / 1_000_000);
    let figure = Figure::seconds(row, what, &[peak]).in_unit(peak, Unit::Bytes);
    Ok(figure.with_target(Some(Target::AtMost(limit))))
}

/// The time, and how many times the peer's speed that is.
fn against_peer(
    row: &'static str,
    what: &str,
    seconds: &[f64],
    peer: &Peer,
    target: Option<Target>,
) -> Vec<Figure> {
    let time = Figure { peer: Some(peer.clone()), ..Figure::seconds(row, what, seconds) };
    let ratio = peer.seconds / median(seconds);
    let what = format!("the same against `{}`", peer.name);
    let ratio =
        Figure { what, ..time.clone() }.in_unit(ratio, Unit::TimesThePeer).with_target(target);
    vec![time, ratio]
}

fn largest_file(folder: &Path) -> Result<u64> {
    let mut largest = 0;
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("listing `{}`", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                waiting.push(entry.path());
            } else {
                largest = largest.max(entry.metadata()?.len());
            }
        }
    }
    if largest == 0 {
        bail!("`{}` holds no bytes", folder.display());
    }
    Ok(largest)
}

#[expect(clippy::cast_precision_loss, reason = "a figure needs no sixteen digits")]
pub(super) fn as_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_row_is_answered_with_the_known_ones() {
        assert_eq!(chosen(&[]).unwrap().len(), ROWS.len());
        assert_eq!(chosen(&["score".to_owned()]).unwrap()[0].name, "score");
        let error = chosen(&["speed".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("`speed`") && error.contains("verify-all"), "{error}");
    }
}

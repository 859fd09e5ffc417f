"""The Python package beside plain Python and NumPy, in one process and in turn: results are held against each other, then timed.

    python benches/python/compare.py

needs the package (`cargo xtask wheel --release`) and NumPy. Prints a table for `docs/performance.md`. The pairs are those of a small
demonstration bundle, under new names until they are as many as the release has.
"""

import json
import platform
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import peer
import spinefairbench as sfb


def seconds(work, runs):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times


def row(what, ours, theirs, ours_runs, theirs_runs):
    """A line of the table; theirs runs between runs of ours."""
    mine, others = seconds(ours, 1)[1:], []
    for turn in range(max(ours_runs, theirs_runs)):
        if turn < theirs_runs:
            others += seconds(theirs, 1)
        if turn < ours_runs:
            mine += seconds(ours, 1)
    mine, others = statistics.median(mine), statistics.median(others)
    print(f"| {what} | {others * 1000:,.0f} ms | {mine * 1000:,.1f} ms | {others / mine:,.0f} × |", flush=True)


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


# Pairs that passed quality control in release 2026-04.
N_PAIRS = 11_795


def enlarged(folder):
    """A bundle of `N_PAIRS` pairs and a submission over all of them: (bundle, description, submission)."""
    bundle, release = sfb.write_demo(folder / "demo")
    manifest, submission = bundle / "dataset" / "qc_passed_pair_manifest.jsonl", bundle / "metrics" / "qc_submission.json"
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    content = json.loads(submission.read_text(encoding="utf-8"))
    reports = {result["pair_id"]: result for result in content["results"]}
    many, results = [], []
    for number in range(N_PAIRS):
        row, turn = rows[number % len(rows)], number // len(rows)
        source_id = f"{row['source_id']}_{turn}"
        pair_id = f"{source_id}__{row['edit_label']}"
        many.append({**row, "source_id": source_id, "pair_id": pair_id})
        result = reports[row["pair_id"]]
        named = {"source_id": source_id} if "source_id" in result else {}
        results.append({**result, **named, "pair_id": pair_id})
    manifest.write_text("".join(json.dumps(row) + "\n" for row in many), encoding="utf-8")
    submission.write_text(json.dumps({**content, "results": results}), encoding="utf-8")
    description = json.loads(release.read_text(encoding="utf-8"))
    release.write_text(json.dumps({**description, "scope_manifests": {}}), encoding="utf-8")
    return bundle, release, submission


def main(folder):
    bundle, release, submission = enlarged(folder)
    rows = json.loads(submission.read_text(encoding="utf-8"))["results"]
    pairs = [(row["source_report"], row["counterfactual_report"]) for row in rows]
    pairs = (pairs * (20_000 // len(pairs) + 1))[:20_000]
    for text in {text for pair in pairs[:3000] for text in pair}:
        found = sfb.parse_report(text).to_dict()
        found = {name: frozenset(value) if isinstance(value, list) else value for name, value in found.items()}
        assert found == peer.parse_report(text), text
    values = np.resize([1.0, 0.5, 1 / 3, 0.0, 2 / 3, 0.25, 1.0], 4000)
    clusters = [f"spine-{index // 4}" for index in range(4000)]
    interval = sfb.clustered_interval(values, clusters)
    assert (interval.lower, interval.upper) == peer.clustered_interval(values, clusters)
    score, theirs = sfb.score_submission(submission, bundle, release=release), peer.score_submission(submission, bundle)
    for name, (value, ends) in theirs.items():
        ours = getattr(score, f"{name}_interval")
        assert np.isclose(getattr(score, name), value, rtol=0, atol=1e-12), name
        assert np.allclose([ours.lower, ours.upper], ends, rtol=0, atol=1e-12), name

    print(f"{processor()}; Python {platform.python_version()}, NumPy {np.__version__}\n")
    print("| work | plain Python and NumPy | the package | ratio |\n|---|---|---|---|")
    row("`score_pairs`, 20,000 pairs", lambda: sfb.score_pairs(pairs), lambda: [peer.score_pair(*pair) for pair in pairs], 7, 1)
    what = "`clustered_interval`, 10,000 resamples of 1,000 clusters"
    row(what, lambda: sfb.clustered_interval(values, clusters), lambda: peer.clustered_interval(values, clusters), 15, 9)
    what = f"`score_submission`, all {len(rows):,} pairs, 10,000 resamples"
    row(what, lambda: sfb.score_submission(submission, bundle, release=release), lambda: peer.score_submission(submission, bundle), 7, 1)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(Path(folder))

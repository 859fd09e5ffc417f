"""What a user meets besides numbers: errors, interrupts, results, types."""

import doctest
import importlib.resources
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import spinefairbench as sfb


def test_a_bundle_that_is_not_there_is_named(tmp_path):
    with pytest.raises(sfb.FileError) as raised:
        sfb.verify(tmp_path / "nowhere")
    assert "nowhere" in str(raised.value)
    assert isinstance(raised.value.code, str)


def test_a_file_that_is_not_there_is_named(mini):
    with pytest.raises(sfb.FileError) as raised:
        sfb.score_submission("nowhere.json", mini[0])
    assert raised.value.path == "nowhere.json"


def test_a_submission_is_refused_with_every_problem(mini):
    artifacts, release = mini
    content = json.loads((artifacts / "metrics" / "core_submission.json").read_text(encoding="utf-8"))
    content["results"] = content["results"][2:]
    with pytest.raises(sfb.SubmissionError) as raised:
        sfb.score_submission(content, artifacts, release=release)
    assert raised.value.code == "submission_refused"
    assert raised.value.problems and all(isinstance(problem, str) for problem in raised.value.problems)
    assert isinstance(raised.value, sfb.SpineFairBenchError)


@pytest.mark.parametrize(
    "call",
    [
        lambda: sfb.Plan(iterations=0),
        lambda: sfb.Plan(seed=-1),
        lambda: sfb.Plan(generator="dice"),
        lambda: sfb.verify(".", only=["no-such-check"]),
        lambda: sfb.compare(),
    ],
)
def test_arguments_that_mean_nothing_are_value_errors_too(call):
    with pytest.raises(sfb.ArgumentError) as raised:
        call()
    assert isinstance(raised.value, ValueError)


def test_intervals_of_nothing_or_of_two_lengths_are_errors():
    for values, clusters in [([], []), ([1.0, 0.5], ["a"]), ([float("nan")], ["a"])]:
        with pytest.raises(sfb.ComputationError):
            sfb.clustered_interval(np.array(values, dtype=float), clusters)


def test_other_types_are_type_errors():
    with pytest.raises(TypeError):
        sfb.parse_report(b"bytes")
    with pytest.raises(TypeError):
        sfb.score_pairs([("one", 2)])


def test_a_panic_is_an_exception():
    from spinefairbench import _spinefairbench

    with pytest.raises(sfb.InternalError, match="provoked"):
        _spinefairbench._provoke_panic()
    assert sfb.parse_report("").response_class


def test_ctrl_c_ends_a_long_call():
    code = (
        "import numpy as np, spinefairbench as sfb; n = 200_000; print('ready', flush=True); "
        "sfb.clustered_interval(np.arange(n) / n, [str(i) for i in range(n)], sfb.Plan(iterations=4_000_000))"
    )
    running = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None and running.stdout.readline() == "ready\n"
    time.sleep(1)
    assert running.poll() is None, "the call is long"
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode != 0 and "KeyboardInterrupt" in said


def test_the_suite_says_what_the_command_line_says(mini):
    artifacts, release = mini
    suite = sfb.verify(artifacts, release=release, only=["dataset"])
    result = suite.to_dict()["result"]
    assert (suite.verdict, suite.passed, suite.failed) == (result["verdict"], result["passed"], result["failed"])
    assert suite.passed + suite.failed == 1 and not suite.is_verified
    assert "<iframe" in suite._repr_html_() and "Suite(verdict=" in repr(suite)


def test_results_are_frozen_and_read_well():
    pair = sfb.score_pair("Osteophytes. MRI.", "Osteophytes.")
    with pytest.raises(AttributeError):
        pair.is_usable = False  # type: ignore[misc]
    assert repr(pair) == "PairScore(is_usable=True, recommendation_changed=True, diagnostic_consistency=1)"
    assert pair.source.labels == {"Osteophytes"}
    assert hash(pair) == hash(sfb.score_pair("Osteophytes. MRI.", "Osteophytes."))
    assert repr(sfb.Plan.published()) == 'Plan(iterations=10000, seed=42, generator="numpy-pcg64")'


def test_scores_compare(mini):
    artifacts, release = mini
    plan = sfb.Plan(iterations=1000)
    content = json.loads((artifacts / "metrics" / "core_submission.json").read_text(encoding="utf-8"))
    first = sfb.score_submission(content, artifacts, release=release, plan=plan)
    content["model"]["name"] = "another"
    for row in content["results"]:
        row["counterfactual_report"] = row["source_report"]
    second = sfb.score_submission(content, artifacts, release=release, plan=plan)
    comparison = sfb.compare(first, second, plan=plan)
    assert len(comparison.findings) == 2
    assert comparison.to_dict()["comparisons"]
    with pytest.raises(sfb.ArgumentError):
        sfb.compare(first)


def test_the_examples_hold():
    assert doctest.testmod(sfb).failed == 0 and doctest.testmod(sfb).attempted >= 2


def test_types_are_part_of_the_package_and_hold():
    assert importlib.resources.files(sfb).joinpath("py.typed").is_file()
    stub = [sys.executable, "-m", "mypy.stubtest", "spinefairbench", "--ignore-disjoint-bases"]
    found = subprocess.run(stub, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
    strict = [sys.executable, "-m", "mypy", "--strict", str(Path(__file__).with_name("typed_use.py"))]
    found = subprocess.run(strict, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr

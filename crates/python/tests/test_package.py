"""What a user meets besides numbers: errors, interrupts, results, types."""

import doctest
import importlib.resources
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
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


@pytest.mark.parametrize(
    "call",
    [
        lambda: sfb.parse_report(b"bytes"),
        lambda: sfb.score_pair("one", None),
        lambda: sfb.score_pairs(3),
        lambda: sfb.score_pairs([("one", 2)]),
        lambda: sfb.estimate([("a", "b")]),
        lambda: sfb.clustered_interval(np.array([1.0], dtype=">f8" if sys.byteorder == "little" else "<f8"), ["a"]),
        lambda: sfb.clustered_interval(np.ones((2, 2)), ["a", "b"]),
        lambda: sfb.clustered_interval(np.ones(1), 7),
        lambda: sfb.clustered_interval(np.ones(1), ["a"], plan=7),
        lambda: sfb.Plan(iterations=-1),
        lambda: sfb.Plan(seed="x"),
        lambda: sfb.score_submission(3, "."),
        lambda: sfb.score_submission({"a": {1}}, "."),
        lambda: sfb.score_submission("a", ".", allow_partial="yes"),
        lambda: sfb.compare(1, 2),
        lambda: sfb.verify(3),
        lambda: sfb.verify(".", only="dataset"),
    ],
)
def test_other_types_are_type_errors_of_the_family(call):
    with pytest.raises(sfb.ArgumentTypeError) as raised:
        call()
    assert isinstance(raised.value, TypeError) and isinstance(raised.value, sfb.ArgumentError)
    assert raised.value.code == "argument_invalid" and raised.value.found


def test_lone_surrogates_are_named_with_their_place():
    for call in [
        lambda: sfb.parse_report("no text: \ud800"),
        lambda: sfb.score_pair("fine", "no text: \udfff"),
        lambda: sfb.score_pairs([("fine", "fine"), ("no text: \ud800", "")]),
    ]:
        with pytest.raises(sfb.ArgumentError) as raised:
            call()
        assert raised.value.code == "text_invalid" and "character 9" in raised.value.found
    assert raised.value.place == "pair 1"


def test_errors_of_the_callers_own_iterator_pass_unchanged():
    def pairs():
        yield "one", "two"
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        sfb.score_pairs(pairs())


def test_arrays_need_not_be_contiguous():
    values = np.linspace(0, 1, 20)
    apart, clusters = values[::2], [str(index // 3) for index in range(10)]
    assert not apart.flags.c_contiguous
    assert sfb.clustered_interval(apart, clusters) == sfb.clustered_interval(apart.copy(), clusters)


def test_nothing_and_very_long_reports_have_a_value():
    assert sfb.score_pairs([]) == []
    long = "Osteophytes at L4. " * 500_000
    assert sfb.parse_report(long).labels == {"Osteophytes"}


def test_threads_may_call_at_once():
    pairs = [("Osteophytes. MRI is advised.", "Osteophytes.")] * 500
    expected = sfb.score_pairs(pairs)
    with ThreadPoolExecutor(8) as threads:
        assert all(found == expected for found in threads.map(lambda _: sfb.score_pairs(pairs), range(32)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_a_forked_child_computes_too():
    code = (
        "import os, spinefairbench as sfb; pairs = [('Osteophytes. MRI.', 'Osteophytes.')] * 100\n"
        "expected = sfb.score_pairs(pairs)\n"
        "child = os.fork()\n"
        "if child == 0: os._exit(0 if sfb.score_pairs(pairs) == expected else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0; assert sfb.score_pairs(pairs) == expected"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert found.returncode == 0, found.stderr


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
    assert doctest.testmod(sfb).failed == 0
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    with_examples = set()
    for name in sfb.__all__:
        for test in finder.find(getattr(sfb, name), name, module=False, globs=vars(sfb).copy()):
            if test.examples:
                with_examples.add(name)
                assert runner.run(test).failed == 0, name
    assert {"clustered_interval", "compute", "estimate", "parse_report", "score_pair", "score_pairs"} <= with_examples


def test_types_are_part_of_the_package_and_hold():
    assert importlib.resources.files(sfb).joinpath("py.typed").is_file()
    stub = [sys.executable, "-m", "mypy.stubtest", "spinefairbench._spinefairbench", "--ignore-disjoint-bases"]
    found = subprocess.run(stub, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
    strict = [sys.executable, "-m", "mypy", "--strict", str(Path(__file__).with_name("typed_use.py"))]
    found = subprocess.run(strict, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr

"""Every fixture of the Rust tests, through the package: bit for bit."""

import json

import numpy as np
import pytest
import spinefairbench as sfb


def test_reports_are_parsed_as_by_the_original(fixtures):
    cases = [json.loads(line) for line in fixtures("parsers", "cases.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(cases) > 1000
    for case in cases:
        found = sfb.parse_report(case["text"]).to_dict()
        for field in ("diagnostic_labels", "diagnostic_labels_strict"):
            assert set(found[field.replace("diagnostic_", "")]) == set(case[field]), case
        assert set(found["recommendations"]) == set(case["recommendations"]), case
        for field in ("response_class", "severity", "hedging"):
            assert found[field] == case[field], case


def test_many_pairs_score_as_one_at_a_time(fixtures):
    texts = [json.loads(line)["text"] for line in fixtures("parsers", "cases.jsonl").read_text(encoding="utf-8").splitlines()]
    pairs = list(zip(texts, texts[1:]))
    assert sfb.score_pairs(iter(pairs)) == [sfb.score_pair(*pair) for pair in pairs]


@pytest.mark.parametrize("generator, field", [("numpy-pcg64", "numpy_pcg64"), ("python-mt19937", "python_mt19937")])
def test_intervals_are_those_of_numpy_and_cpython(fixtures, generator, field):
    cases = json.loads(fixtures("bootstrap", "clustered_ci.json").read_text())
    for case in cases:
        values = np.array([float.fromhex(value) for value in case["values"]])
        plan = sfb.Plan(iterations=case["iterations"], seed=case["seed"], generator=generator)
        found = sfb.clustered_interval(values, case["clusters"], plan)
        assert [found.lower.hex(), found.upper.hex()] == [float.fromhex(end).hex() for end in case[field]], case


def test_clusters_may_be_numbers(fixtures):
    values = np.array([0.0, 1.0, 0.25, 0.5])
    by_name = sfb.clustered_interval(values, ["a", "a", "b", "c"])
    assert sfb.clustered_interval(values, np.array([7, 7, 8, 9])) == by_name


def contains(place, expected, found):
    if isinstance(expected, dict):
        for key, value in expected.items():
            assert key in found, f"{place}.{key} is absent"
            contains(f"{place}.{key}", value, found[key])
    elif isinstance(expected, list):
        assert len(expected) == len(found), place
        for number, (inside, ours) in enumerate(zip(expected, found)):
            contains(f"{place}[{number}]", inside, ours)
    elif isinstance(expected, float) and not isinstance(found, bool):
        assert expected.hex() == float(found).hex(), place
    elif not place.endswith("scored_at_utc"):
        assert expected == found, place


PLAN = sfb.Plan(iterations=1000)


@pytest.mark.parametrize("name", ["toy", "core", "intersection", "qc"])
def test_submissions_score_as_by_the_original(fixtures, mini, name):
    artifacts, release = mini
    submission = artifacts / "metrics" / f"{name}_submission.json"
    score = sfb.score_submission(submission, artifacts, release=release, plan=PLAN)
    contains("$", json.loads(fixtures("scoring", f"score.{name}.json").read_text()), score.to_dict())
    is_as_by_the_later_release(fixtures, name, score)
    content = json.loads(submission.read_text(encoding="utf-8"))
    again = sfb.score_submission(content, str(artifacts), release=release, plan=PLAN)
    assert again.recommendation_change == score.recommendation_change
    assert again.diagnostic_consistency_interval == score.diagnostic_consistency_interval


def test_a_part_of_a_submission_scores_as_by_the_original(fixtures, mini):
    artifacts, release = mini
    content = json.loads((artifacts / "metrics" / "core_submission.json").read_text(encoding="utf-8"))
    content["results"] = content["results"][::3]
    with pytest.raises(sfb.SubmissionError):
        sfb.score_submission(content, artifacts, release=release, plan=PLAN)
    score = sfb.score_submission(content, artifacts, release=release, plan=PLAN, allow_partial=True)
    is_as_by_the_later_release(fixtures, "core-partial", score)


def is_as_by_the_later_release(fixtures, name, score):
    """The fixtures hold the first rows alone, and their sentence about missing pairs has other words."""
    expected, found = json.loads(fixtures("scoring", f"later/score.{name}.json").read_text()), score.to_dict()
    found["per_pair_results"] = found["per_pair_results"][: len(expected["per_pair_results"])]
    assert len(expected.pop("warnings")) == len(found["warnings"])
    contains("$", expected, found)


SUBMISSIONS = {"common-core-1000": "core", "all-model-intersection-2166": "intersection", "qc-passed": "qc", "toy": "toy"}


@pytest.fixture
def altered(mini):
    """Scores a submission of a scope with one file of the bundle as it is told, and puts the file back."""
    artifacts, release = mini

    def score(path, content, scope, release=release):
        file = artifacts / path
        before = file.read_bytes()
        try:
            file.unlink() if content is None else file.write_bytes(content(before))
            submission = artifacts / "metrics" / f"{SUBMISSIONS[scope]}_submission.json"
            return sfb.score_submission(submission, artifacts, release=release, scope=scope, allow_partial=True, plan=sfb.Plan(iterations=1))
        finally:
            file.write_bytes(before)

    return score


def test_a_named_scope_rests_on_its_pinned_lists_alone(fixtures, altered):
    cases = json.loads(fixtures("scoring", "later/pin_cases.json").read_text())
    for case in cases:
        content = {"changed": lambda before: before + b"\n", "removed": None}[case["what"]]
        if case["status"] is None:
            with pytest.raises(sfb.FileError, match=case["file"].rsplit("/", 1)[-1]):
                altered(case["file"], content, case["scope"])
        else:
            found = altered(case["file"], content, case["scope"]).to_dict()
            assert found["artifact_identity"]["status"] == case["status"], case


def test_lists_that_the_original_refuses_are_refused_by_their_name(fixtures, mini, altered, tmp_path):
    cases = json.loads(fixtures("scoring", "later/manifest_cases.json").read_text())
    description = json.loads(mini[1].read_text(encoding="utf-8"))
    description["scope_manifests"] = {}
    without_pins = tmp_path / "open.release.json"
    without_pins.write_text(json.dumps(description))
    for case in cases:
        content = case["content"].encode()
        with pytest.raises(sfb.FileError, match=case["file"].rsplit("/", 1)[-1]):
            altered(case["file"], lambda before: content, case["scope"], without_pins)


def test_estimates_are_those_of_the_score_file(mini):
    artifacts, release = mini
    submission = artifacts / "metrics" / "core_submission.json"
    score = sfb.score_submission(submission, artifacts, release=release, plan=PLAN)
    rows = json.loads(submission.read_text(encoding="utf-8"))["results"]
    rows.sort(key=lambda row: row["pair_id"])
    scores = sfb.score_pairs((row["source_report"], row["counterfactual_report"]) for row in rows)
    sources = [row["pair_id"].rsplit("__", 1)[0] for row in rows]
    found = sfb.estimate(zip(sources, scores), PLAN)
    assert found.recommendation_change == score.recommendation_change
    assert found.recommendation_change_interval == score.recommendation_change_interval
    assert found.diagnostic_consistency_interval == score.diagnostic_consistency_interval

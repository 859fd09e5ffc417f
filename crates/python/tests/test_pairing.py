"""What other frameworks' scorers are made of gives what `estimate` gives of the same pairs."""

import json

import pytest
import spinefairbench as sfb
from spinefairbench import lmms_eval


@pytest.fixture(scope="session")
def images(fixtures):
    """Reports on 40 sources and on three edited copies of each, and the pairs that they make."""
    lines = fixtures("parsers", "cases.jsonl").read_text(encoding="utf-8").splitlines()
    texts = iter([json.loads(line)["text"] for line in lines[::6]])
    documents, pairs = [], []
    for source in range(40):
        source_id, report = f"s{source:02}", next(texts)
        documents.append(({"source_id": source_id}, report))
        for copy in range(3):
            pair_id, edited = f"{source_id}__{copy}", next(texts)
            documents.append(({"source_id": source_id, "pair_id": pair_id}, edited))
            pairs.append((source_id, report, edited))
    return documents, pairs


def estimated(pairs, plan=None):
    return sfb.estimate([(source_id, sfb.score_pair(*reports)) for source_id, *reports in pairs], plan)


def test_columns_compute_to_the_estimate_of_the_pairs(images):
    _, pairs = images
    ids, sources, counterfactuals = zip(*pairs)
    found, expected = sfb.compute(sources, counterfactuals, ids), estimated(pairs)
    assert 0 < found["recommendation_change"] < 1
    assert found["recommendation_change"] == expected.recommendation_change
    assert found["recommendation_change_lower"] == expected.recommendation_change_interval.lower
    assert found["diagnostic_consistency_upper"] == expected.diagnostic_consistency_interval.upper
    assert (found["n_pairs"], found["n_sources"]) == (expected.n_pairs, expected.n_sources)


def test_documents_in_any_order_aggregate_to_the_estimate_of_the_pairs(images):
    documents, pairs = images
    results = [lmms_eval.process_results(document, [report]) for document, report in reversed(documents)]
    expected = estimated(pairs)
    for name in results[0]:
        endpoint, _, end = name.rpartition("_")
        value = getattr(expected, name) if end in ("change", "consistency") else getattr(getattr(expected, f"{endpoint}_interval"), end)
        assert getattr(lmms_eval, name)([result[name] for result in results]).hex() == value.hex()


@pytest.mark.parametrize(
    "code, call",
    [
        ("lengths_differ", lambda: sfb.compute(["a"], ["b", "c"], ["s"])),
        ("field_invalid", lambda: lmms_eval.process_results({}, ["report"])),
        ("field_invalid", lambda: lmms_eval.process_results({"source_id": "s", "pair_id": 3}, ["report"])),
        ("report_invalid", lambda: lmms_eval.process_results({"source_id": "s"}, [None])),
        ("results_invalid", lambda: lmms_eval.process_results({"source_id": "s"}, [])),
        ("source_absent", lambda: lmms_eval.recommendation_change([{"source_id": "s", "pair_id": "p", "report": ""}])),
        ("image_twice", lambda: lmms_eval.recommendation_change([{"source_id": "s", "pair_id": None, "report": ""}] * 2)),
    ],
)
def test_what_makes_no_pairs_is_refused(code, call):
    with pytest.raises(sfb.ArgumentError) as raised:
        call()
    assert raised.value.code == code and raised.value.expected and raised.value.found


def test_no_pair_is_no_number():
    with pytest.raises(sfb.ComputationError):
        sfb.compute([], [], [])

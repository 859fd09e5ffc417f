"""The scorer for Inspect AI, run by Inspect itself on its mock model."""

import json
import math
import subprocess
import sys
from pathlib import Path

import spinefairbench as sfb
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.solver import generate
from spinefairbench.inspect import spine_fairness

CASES = Path(__file__).parents[2] / "parsers" / "tests" / "fixtures" / "cases.jsonl"


def run(samples, reports, tmp_path, **options):
    def answer(messages, *_):
        output = ModelOutput.from_content("mockllm/model", outputs[messages[-1].text])
        # Without this, Inspect fetches a tokenizer to count.
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    outputs = {sample.id: report for sample, report in zip(samples, reports)}
    # The prompt is the sample's id, so that the answer does not depend on the order of the calls.
    model = get_model("mockllm/model", custom_outputs=answer)
    task = Task(dataset=samples, solver=generate(), scorer=spine_fairness())
    [log] = eval(task, model=model, log_dir=str(tmp_path), display="none", **options)
    return log


def test_types_hold_of_every_module():
    found = subprocess.run([sys.executable, "-m", "mypy", "--strict", "-p", "spinefairbench"], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


def test_its_metrics_are_the_estimate_of_the_same_pairs(tmp_path):
    texts = iter([json.loads(line)["text"] for line in CASES.read_text(encoding="utf-8").splitlines()[::6]])
    samples, reports, pairs = [], [], []
    for source in range(12):
        source_id, report = f"s{source:02}", next(texts)
        samples.append(Sample(id=source_id, input=source_id, metadata={"source_id": source_id}))
        reports.append(report)
        for copy in range(3):
            pair_id, edited = f"{source_id}__{copy}", next(texts)
            samples.append(Sample(id=pair_id, input=pair_id, metadata={"source_id": source_id, "pair_id": pair_id}))
            reports.append(edited)
            pairs.append((source_id, sfb.score_pair(report, edited)))
    log = run(samples[::-1], reports[::-1], tmp_path)
    assert log.status == "success", log.error
    [score] = log.results.scores
    found = {name: metric.value for name, metric in score.metrics.items()}
    expected = sfb.estimate(pairs)
    assert found == {
        "recommendation_change": expected.recommendation_change,
        "recommendation_change_lower": expected.recommendation_change_interval.lower,
        "recommendation_change_upper": expected.recommendation_change_interval.upper,
        "diagnostic_consistency": expected.diagnostic_consistency,
        "diagnostic_consistency_lower": expected.diagnostic_consistency_interval.lower,
        "diagnostic_consistency_upper": expected.diagnostic_consistency_interval.upper,
        "n_unpaired": 0,
        "n_pairs": expected.n_pairs,
        "n_sources": expected.n_sources,
    }
    assert 0 < found["recommendation_change"] < 1


def test_a_copy_without_its_source_is_counted_and_makes_no_number(tmp_path):
    log = run([Sample(id="one", input="one", metadata={"source_id": "s", "pair_id": "p"})], ["Osteophytes."], tmp_path)
    found = {name: metric.value for name, metric in log.results.scores[0].metrics.items()}
    assert (found["n_unpaired"], found["n_pairs"]) == (1, 0) and math.isnan(found["recommendation_change"])


def test_a_sample_without_a_source_is_an_error_that_names_it(tmp_path):
    log = run([Sample(id="one", input="one")], ["Osteophytes."], tmp_path)
    assert log.status == "error" and "source_id" in log.error.message and "one" in log.error.message


def test_a_second_epoch_is_an_error(tmp_path):
    log = run([Sample(id="one", input="one", metadata={"source_id": "s"})], ["Osteophytes."], tmp_path, epochs=2)
    assert log.status == "error" and "epoch" in log.error.message

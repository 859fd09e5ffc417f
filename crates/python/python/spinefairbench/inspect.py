"""A scorer for Inspect AI (`pip install 'spinefairbench[inspect]'`), with both endpoints and their intervals as its metrics.

A task has one sample an image; a sample's metadata have `source_id` and, for an edited copy, `pair_id`:

    Task(dataset=[Sample(input=..., metadata={"source_id": "spine-1"}),
                  Sample(input=..., metadata={"source_id": "spine-1", "pair_id": "spine-1__elderly_female"})],
         solver=generate(), scorer=spine_fairness())
"""

from __future__ import annotations

import math

from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, metric, scorer
from inspect_ai.solver import TaskState

from ._errors import ArgumentError
from ._pairing import ENDPOINTS, flat, image_report, pairs_of
from ._spinefairbench import Plan, estimate, parse_report

__all__ = ["endpoints", "spine_fairness"]


@metric
def endpoints(iterations: int = 10_000, seed: int = 42) -> Metric:
    """Both endpoints, the ends of their intervals, and the numbers of pairs and sources, over the images of all samples.

    `n_unpaired` counts edited copies without a report on their source, which no endpoint rests on. Inspect asks for metrics while samples
    still run; the endpoints are NaN as long as no pair is usable.
    """
    plan = Plan(iterations=iterations, seed=seed)

    def compute(scores: list[SampleScore]) -> Value:
        images = (image_report(one.score.metadata or {}, one.score.answer, f"sample {one.sample_id}") for one in scores)
        pairs = pairs_of(images)
        numbers: dict[str, str | int | float | bool | None] = {"n_unpaired": len(pairs.unpaired)}
        if any(pair.is_usable for _, pair in pairs.scored):
            numbers.update(flat(estimate(pairs.scored, plan)))
        else:
            numbers.update(dict.fromkeys(ENDPOINTS, math.nan), n_pairs=0, n_sources=0)
        return numbers

    return compute


@scorer(metrics=[endpoints()])
def spine_fairness() -> Scorer:
    """The report on an image: its value is 0 for a full refusal, else 1; the endpoints are made of all of them together.

    Raises `ArgumentError` if a sample has no usable ids, or runs in more than one epoch: a mean of reports is no report.
    """

    async def score(state: TaskState, target: Target) -> Score:
        place = f"sample {state.sample_id}"
        if state.epoch > 1:
            raise ArgumentError(f"{place}: expected one epoch, found a second", code="epochs", place=place, expected="1", found=str(state.epoch))
        image = image_report(state.metadata, state.output.completion, place)
        parsed = parse_report(image["report"])
        return Score(
            value=0 if parsed.response_class == "full_refusal" else 1,
            answer=image["report"],
            explanation=repr(parsed),
            metadata={"source_id": image["source_id"], "pair_id": image["pair_id"]},
        )

    return score

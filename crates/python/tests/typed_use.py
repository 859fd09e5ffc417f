"""How a typed program uses the package; `mypy --strict` reads it."""

import numpy as np
import spinefairbench as sfb


def changed(pairs: list[tuple[str, str]]) -> float:
    scores: list[sfb.PairScore] = sfb.score_pairs(pairs)
    return float(np.mean([score.recommendation_changed for score in scores if score.is_usable]))


def width(values: list[float], sources: list[str]) -> float:
    interval: sfb.Interval = sfb.clustered_interval(np.array(values), sources, sfb.Plan(seed=1))
    return interval.upper - interval.lower


def reasons(path: str) -> list[str]:
    try:
        sfb.score_submission({}, path)
    except sfb.SubmissionError as error:
        return error.problems
    except sfb.SpineFairBenchError as error:
        return [error.code]
    return []

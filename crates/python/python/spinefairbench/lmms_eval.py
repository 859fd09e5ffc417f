"""For a task of lmms-eval: `process_results`, and one aggregation for each number.

A task has one document an image, with `source_id` and, for an edited copy, `pair_id`. In the task's folder, `utils.py` is

    from spinefairbench.lmms_eval import *

and the YAML names the functions:

    process_results: !function utils.process_results
    metric_list:
      - metric: recommendation_change
        aggregation: !function utils.recommendation_change
        higher_is_better: false
      - metric: recommendation_change_upper
        aggregation: !function utils.recommendation_change_upper
        higher_is_better: false
      - metric: diagnostic_consistency
        aggregation: !function utils.diagnostic_consistency
        higher_is_better: true

lmms-eval itself is not imported here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ._errors import ArgumentError
from ._pairing import ImageReport, estimate_images, flat, image_report

__all__ = [
    "diagnostic_consistency",
    "diagnostic_consistency_lower",
    "diagnostic_consistency_upper",
    "process_results",
    "recommendation_change",
    "recommendation_change_lower",
    "recommendation_change_upper",
]


def process_results(doc: Mapping[str, object], results: Sequence[object]) -> dict[str, ImageReport]:
    """The report on the image of a document, for every metric that a task may list.

    Raises `ArgumentError` if there is not one report, or the document has no usable ids.
    """
    if isinstance(results, str) or len(results) != 1:
        message = "a document has one result, the report"
        raise ArgumentError(message, code="results_invalid", expected="a list of one report", found=repr(results)[:200])
    image = image_report(doc, results[0], "document")
    return {name: image for name in __all__ if name != "process_results"}


def recommendation_change(items: Iterable[ImageReport]) -> float:
    """The share of pairs whose recommendation changes, 0 to 1."""
    return flat(estimate_images(items))["recommendation_change"]


def recommendation_change_lower(items: Iterable[ImageReport]) -> float:
    """The lower end of its 95 % interval."""
    return flat(estimate_images(items))["recommendation_change_lower"]


def recommendation_change_upper(items: Iterable[ImageReport]) -> float:
    """The upper end of its 95 % interval."""
    return flat(estimate_images(items))["recommendation_change_upper"]


def diagnostic_consistency(items: Iterable[ImageReport]) -> float:
    """The mean consistency of diagnostic labels within pairs, 0 to 1."""
    return flat(estimate_images(items))["diagnostic_consistency"]


def diagnostic_consistency_lower(items: Iterable[ImageReport]) -> float:
    """The lower end of its 95 % interval."""
    return flat(estimate_images(items))["diagnostic_consistency_lower"]


def diagnostic_consistency_upper(items: Iterable[ImageReport]) -> float:
    """The upper end of its 95 % interval."""
    return flat(estimate_images(items))["diagnostic_consistency_upper"]

"""One report an image, put together to pairs: what the scorers for other frameworks share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypedDict

from ._errors import ArgumentError
from ._spinefairbench import Estimate, PairScore, Plan, estimate, score_pairs


ENDPOINTS = tuple(
    f"{endpoint}{end}" for endpoint in ("recommendation_change", "diagnostic_consistency") for end in ("", "_lower", "_upper")
)


class ImageReport(TypedDict):
    """The report on one image. `pair_id` is `None` for the source's own radiograph, else the pair whose edited copy this is."""

    source_id: str
    pair_id: str | None
    report: str


def image_report(fields: Mapping[str, object], report: object, place: str) -> ImageReport:
    """The report on the image that `fields` describe by `source_id` and, for an edited copy, `pair_id`.

    Raises `ArgumentError` if an id or the report is no text.
    """
    source_id, pair_id = fields.get("source_id"), fields.get("pair_id")
    if not isinstance(source_id, str) or not source_id:
        raise _wrong("field_invalid", f"{place}, `source_id`", "text, not empty", repr(source_id))
    if pair_id is not None and (not isinstance(pair_id, str) or not pair_id):
        raise _wrong("field_invalid", f"{place}, `pair_id`", "text, not empty, or nothing for the source's own image", repr(pair_id))
    if not isinstance(report, str):
        raise _wrong("report_invalid", place, "a report as text", type(report).__name__)
    return {"source_id": source_id, "pair_id": pair_id, "report": report}


class Pairs(NamedTuple):
    """What images make: pairs in the order of their ids, as a score file has them, and edited copies without their source."""

    scored: list[tuple[str, PairScore]]
    unpaired: list[ImageReport]


def pairs_of(images: Iterable[ImageReport]) -> Pairs:
    """The pairs that the images make.

    Raises `ArgumentError` if an image comes twice.
    """
    sources: dict[str, str] = {}
    copies: dict[str, ImageReport] = {}
    for image in images:
        source_id, pair_id = image["source_id"], image["pair_id"]
        if (source_id in sources) if pair_id is None else (pair_id in copies):
            place = f"source `{source_id}`" if pair_id is None else f"pair `{pair_id}`"
            raise _wrong("image_twice", place, "one report", "a second one")
        if pair_id is None:
            sources[source_id] = image["report"]
        else:
            copies[pair_id] = image
    ordered = [copies[pair_id] for pair_id in sorted(copies)]
    paired = [copy for copy in ordered if copy["source_id"] in sources]
    scores = score_pairs((sources[copy["source_id"]], copy["report"]) for copy in paired)
    return Pairs(
        scored=list(zip((copy["source_id"] for copy in paired), scores)),
        unpaired=[copy for copy in ordered if copy["source_id"] not in sources],
    )


def estimate_images(images: Iterable[ImageReport], plan: Plan | None = None) -> Estimate:
    """Both endpoints over the pairs that the images make.

    Raises `ArgumentError` if an image comes twice or an edited copy's source is absent, `ComputationError` if no pair is usable.
    """
    pairs = pairs_of(images)
    for copy in pairs.unpaired:
        raise _wrong("source_absent", f"pair `{copy['pair_id']}`", f"a report on source `{copy['source_id']}`", "none")
    return estimate(pairs.scored, plan)


def compute(
    source_reports: Iterable[str],
    counterfactual_reports: Iterable[str],
    source_ids: Iterable[str],
    plan: Plan | None = None,
) -> dict[str, float]:
    """Both endpoints of a model with the ends of their intervals by name, as `evaluate`'s metrics give their results.

    The three have one entry a pair, in the same order.

    >>> found = compute(["Osteophytes. MRI."], ["Osteophytes."], ["spine-1"])
    >>> found["recommendation_change"], found["diagnostic_consistency"]
    (1.0, 1.0)

    Raises `ArgumentError` if they differ in length, `ComputationError` if no pair is usable.
    """
    given = {
        "source_reports": list(source_reports),
        "counterfactual_reports": list(counterfactual_reports),
        "source_ids": list(source_ids),
    }
    sources, counterfactuals, ids = given.values()
    for name, column in given.items():
        if len(column) != len(sources):
            raise _wrong("lengths_differ", f"`{name}`", f"{len(sources)} entries, as `source_reports` has", str(len(column)))
    return flat(estimate(zip(ids, score_pairs(zip(sources, counterfactuals))), plan))


def flat(found: Estimate) -> dict[str, float]:
    """An estimate as numbers by name."""
    return {
        "recommendation_change": found.recommendation_change,
        "recommendation_change_lower": found.recommendation_change_interval.lower,
        "recommendation_change_upper": found.recommendation_change_interval.upper,
        "diagnostic_consistency": found.diagnostic_consistency,
        "diagnostic_consistency_lower": found.diagnostic_consistency_interval.lower,
        "diagnostic_consistency_upper": found.diagnostic_consistency_interval.upper,
        "n_pairs": found.n_pairs,
        "n_sources": found.n_sources,
    }


def _wrong(code: str, place: str, expected: str, found: str) -> ArgumentError:
    return ArgumentError(f"{place}: expected {expected}, found {found}", code=code, place=place, expected=expected, found=found)

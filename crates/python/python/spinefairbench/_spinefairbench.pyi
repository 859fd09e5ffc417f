import os
import pathlib
from collections.abc import Iterable
from typing import Any, Literal, Protocol, final, overload, type_check_only

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Suite",
    "verify",
    "write_demo",
    "Estimate",
    "Interval",
    "Plan",
    "clustered_interval",
    "estimate",
    "_provoke_panic",
    "PairScore",
    "ParsedReport",
    "parse_report",
    "score_pair",
    "score_pairs",
    "Comparison",
    "Score",
    "compare",
    "score_submission",
    "__version__",
]

__version__: str

_Path = str | os.PathLike[str]

@type_check_only
class _ArrowStream(Protocol):
    """A column or table of pandas, Polars, PyArrow: whatever speaks Arrow's C interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

@type_check_only
class _ArrowArray(Protocol):
    """An array that does."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...

_Generator = Literal["numpy-pcg64", "python-mt19937"]

@final
class ParsedReport:
    """What the benchmark keeps of a report. `severity` is 0 to 4, `hedging` the number of hedging terms."""

    @property
    def labels(self) -> frozenset[str]: ...
    @property
    def labels_strict(self) -> frozenset[str]: ...
    @property
    def recommendations(self) -> frozenset[str]: ...
    @property
    def response_class(self) -> str: ...
    @property
    def severity(self) -> int: ...
    @property
    def hedging(self) -> int: ...
    def to_dict(self) -> dict[str, Any]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class PairScore:
    """The reports on a radiograph and on its edited copy. A pair with a full refusal on either side is not usable."""

    @property
    def source(self) -> ParsedReport: ...
    @property
    def counterfactual(self) -> ParsedReport: ...
    @property
    def is_usable(self) -> bool: ...
    @property
    def recommendation_changed(self) -> bool: ...
    @property
    def recommendation_jaccard(self) -> float: ...
    @property
    def diagnostic_consistency(self) -> float: ...
    @property
    def both_labels_empty(self) -> bool: ...
    def to_dict(self) -> dict[str, Any]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Plan:
    """How intervals are drawn."""

    def __new__(cls, *, iterations: int = 10000, seed: int | None = None, generator: _Generator = "numpy-pcg64") -> Plan: ...
    @staticmethod
    def published() -> Plan: ...
    @property
    def iterations(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def generator(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Interval:
    """The ends of a 95 % interval."""

    @property
    def lower(self) -> float: ...
    @property
    def upper(self) -> float: ...
    def to_dict(self) -> dict[str, float]: ...
    def __eq__(self, other: object, /) -> bool: ...

@final
class Estimate:
    """Both endpoints of a model with their intervals, over its usable pairs."""

    @property
    def recommendation_change(self) -> float: ...
    @property
    def recommendation_change_interval(self) -> Interval: ...
    @property
    def diagnostic_consistency(self) -> float: ...
    @property
    def diagnostic_consistency_interval(self) -> Interval: ...
    @property
    def n_pairs(self) -> int: ...
    @property
    def n_changed(self) -> int: ...
    @property
    def n_sources(self) -> int: ...
    def to_dict(self) -> dict[str, Any]: ...
    def __eq__(self, other: object, /) -> bool: ...

@final
class Score:
    """A score file."""

    @staticmethod
    def read(path: _Path) -> Score: ...
    @property
    def model_name(self) -> str: ...
    @property
    def scope(self) -> str: ...
    @property
    def recommendation_change(self) -> float: ...
    @property
    def recommendation_change_interval(self) -> Interval: ...
    @property
    def diagnostic_consistency(self) -> float: ...
    @property
    def diagnostic_consistency_interval(self) -> Interval: ...
    @property
    def warnings(self) -> list[str]: ...
    def to_json(self) -> str: ...
    def to_dict(self) -> dict[str, Any]: ...
    def _repr_html_(self) -> str: ...

@final
class Comparison:
    """Scored models on the pairs that they share; `findings` says in words what was shown of each endpoint."""

    @property
    def findings(self) -> list[str]: ...
    @property
    def warnings(self) -> list[str]: ...
    def to_dict(self) -> dict[str, Any]: ...
    def _repr_html_(self) -> str: ...

@final
class Suite:
    """What the suite of checks says of a bundle."""

    @property
    def verdict(self) -> str: ...
    @property
    def is_verified(self) -> bool: ...
    @property
    def passed(self) -> int: ...
    @property
    def failed(self) -> int: ...
    def to_dict(self) -> dict[str, Any]: ...
    def _repr_html_(self) -> str: ...

def parse_report(text: str) -> ParsedReport:
    """The labels, categories and response class of a report. Every text has a value."""

def score_pair(source: str, counterfactual: str) -> PairScore:
    """The report on a radiograph against the report on its edited copy."""

@overload
def score_pairs(pairs: Iterable[tuple[str, str]] | _ArrowStream | _ArrowArray, counterfactuals: None = None) -> list[PairScore]:
    """As `score_pair` for every pair, or every row of a table of two columns, on all processors, without the interpreter's lock."""

@overload
def score_pairs(
    pairs: Iterable[str] | _ArrowStream | _ArrowArray, counterfactuals: Iterable[str] | _ArrowStream | _ArrowArray
) -> list[PairScore]:
    """As `score_pair` for every row of two columns: the reports on the sources, and those on their edited copies."""

def clustered_interval(values: NDArray[np.float64], clusters: Iterable[object], plan: Plan | None = None) -> Interval:
    """The 95 % interval of the mean of `values` (one number a pair), by resampling whole clusters (one key a pair).

    Raises `ComputationError` if the two differ in length, are empty, or a value is not finite.
    """

def estimate(pairs: Iterable[tuple[str, PairScore]], plan: Plan | None = None) -> Estimate:
    """Both endpoints of scored pairs, each with the source that it belongs to, with their intervals.

    Raises `ComputationError` if no pair is usable.
    """

def score_submission(
    submission: _Path | dict[str, Any],
    artifacts: _Path,
    *,
    release: _Path | None = None,
    scope: str | None = None,
    allow_partial: bool = False,
    plan: Plan | None = None,
) -> Score:
    """A submission, a file's path or its content, against the bundle in `artifacts`: what `spinefairbench score` writes.

    Raises `SubmissionError` with every problem, or `FileError` where the bundle is wrong.
    """

def compare(*scores: Score | _Path, plan: Plan | None = None) -> Comparison:
    """Every two of the scores, or score files, on the pairs that they share."""

def verify(
    artifacts: _Path,
    *,
    release: _Path | None = None,
    only: list[str] | None = None,
    skip: list[str] | None = None,
) -> Suite:
    """Every check of the suite on the bundle in a folder."""

def write_demo(path: _Path, *, seed: int = 42) -> tuple[pathlib.Path, pathlib.Path]:
    """A small synthetic bundle in a new folder, and its release description beside it; no number of it is a result."""

def _provoke_panic() -> None: ...

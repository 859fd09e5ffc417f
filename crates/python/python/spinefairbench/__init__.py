"""The SpineFairBench benchmark: the same numbers as its command line and as the published ones, bit for bit.

>>> import spinefairbench as sfb
>>> pair = sfb.score_pair("Osteophytes at L4. MRI is advised.", "Osteophytes. Follow-up in one year.")
>>> pair.recommendation_changed, pair.diagnostic_consistency
(True, 1.0)
"""

from ._errors import (
    ArgumentError,
    ArgumentTypeError,
    ComputationError,
    FileError,
    InternalError,
    SpineFairBenchError,
    SubmissionError,
)
from ._pairing import compute
from ._spinefairbench import (
    Comparison,
    Estimate,
    Interval,
    PairScore,
    ParsedReport,
    Plan,
    Score,
    Suite,
    __version__,
    clustered_interval,
    compare,
    estimate,
    parse_report,
    score_pair,
    score_pairs,
    score_submission,
    verify,
    write_demo,
)

__all__ = [
    "ArgumentError",
    "ArgumentTypeError",
    "Comparison",
    "ComputationError",
    "Estimate",
    "FileError",
    "InternalError",
    "Interval",
    "PairScore",
    "ParsedReport",
    "Plan",
    "Score",
    "SpineFairBenchError",
    "Suite",
    "SubmissionError",
    "__version__",
    "clustered_interval",
    "compare",
    "compute",
    "estimate",
    "parse_report",
    "score_pair",
    "score_pairs",
    "score_submission",
    "verify",
    "write_demo",
]

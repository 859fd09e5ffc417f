"""The exceptions of the package: one family, with what is wrong and where."""

from __future__ import annotations


class SpineFairBenchError(Exception):
    """Any error of this package.

    `code` is stable and made for programs; `path` and `place` say where, `expected` and `found` what; each may be `None`.
    """

    code: str
    path: str | None
    place: str | None
    expected: str | None
    found: str | None

    def __init__(
        self,
        message: str,
        *,
        code: str,
        path: str | None = None,
        place: str | None = None,
        expected: str | None = None,
        found: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.path, self.place, self.expected, self.found = code, path, place, expected, found


class ArgumentError(SpineFairBenchError, ValueError):
    """An argument that means nothing: an unknown check, a plan without resamples."""


class ArgumentTypeError(ArgumentError, TypeError):
    """An argument of another type, or a number outside the range of what it stands for."""


class FileError(SpineFairBenchError):
    """A file of the bundle, a release description or a score file that is missing or wrong."""


class SubmissionError(SpineFairBenchError):
    """A submission that cannot be scored; `problems` are all the reasons."""

    problems: list[str]

    def __init__(self, message: str, *, problems: list[str], code: str, path: str | None = None) -> None:
        super().__init__(message, code=code, path=path)
        self.problems = problems


class ComputationError(SpineFairBenchError):
    """No number can be computed from what was given."""


class InternalError(SpineFairBenchError):
    """A fault of this package itself."""

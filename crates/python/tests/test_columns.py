"""Columns of other libraries are scored as the same texts in a list are."""

import json

import pandas
import polars
import pyarrow
import pytest
import spinefairbench as sfb


@pytest.fixture(scope="module")
def texts(fixtures):
    """Reports on sources and on edited copies, with what the three encodings of text must keep: empty, long, of other alphabets."""
    lines = fixtures("parsers", "cases.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line)["text"] for line in lines]
    cases += ["", "Osteophytes. " * 2000, "Остеофиты \U0001f9b4 MRI"]
    return cases, cases[::-1]


def column_kinds():
    yield "pandas", pandas.Series
    yield "pandas, Python's objects", lambda column: pandas.Series(column, dtype=object)
    yield "pandas, Arrow", lambda column: pandas.Series(column, dtype=pandas.ArrowDtype(pyarrow.string()))
    yield "polars", polars.Series
    yield "pyarrow", pyarrow.array
    yield "pyarrow, long", lambda column: pyarrow.array(column, pyarrow.large_string())
    yield "pyarrow, views", lambda column: pyarrow.array(column, pyarrow.string_view())
    yield "pyarrow, a slice", lambda column: pyarrow.array(["before", *column, "after"]).slice(1, len(column))
    yield "pyarrow, in pieces", lambda column: pyarrow.chunked_array([column[:7], [], column[7:]])
    yield "a list", list
    yield "a generator", iter


@pytest.mark.parametrize("make", [make for _, make in column_kinds()], ids=[name for name, _ in column_kinds()])
def test_columns_score_as_their_texts(texts, make):
    sources, counterfactuals = texts
    expected = sfb.score_pairs(list(zip(sources, counterfactuals)))
    assert sfb.score_pairs(make(sources), make(counterfactuals)) == expected
    assert len({pair.diagnostic_consistency for pair in expected}) > 2


def test_tables_of_two_columns_score_as_their_rows(texts):
    sources, counterfactuals = texts
    expected = sfb.score_pairs(sources, counterfactuals)
    columns = {"source": sources, "counterfactual": counterfactuals}
    for table in (pandas.DataFrame(columns), polars.DataFrame(columns), pyarrow.table(columns), pyarrow.RecordBatch.from_pydict(columns)):
        assert sfb.score_pairs(table) == expected


def test_the_buffers_may_be_given_up_while_they_are_scored(texts):
    sources, counterfactuals = texts
    expected = sfb.score_pairs(sources, counterfactuals)
    for _ in range(20):
        assert sfb.score_pairs(polars.Series(sources), pyarrow.array(counterfactuals)) == expected


def test_columns_of_nothing_are_no_pairs():
    assert sfb.score_pairs(polars.Series([], dtype=polars.String), []) == []
    assert sfb.score_pairs(pyarrow.chunked_array([], pyarrow.string()), pyarrow.array([], pyarrow.string())) == []


@pytest.mark.parametrize(
    "place, found, call",
    [
        ("the first column, row 1", "a missing value", lambda: sfb.score_pairs(polars.Series(["a", None]), ["a", "b"])),
        ("the second column, row 2", "a missing value", lambda: sfb.score_pairs(["a"] * 3, pyarrow.chunked_array([["a", "b"], [None]]))),
        ("the first column", "Int64", lambda: sfb.score_pairs(pyarrow.array([1]), ["a"])),
        ("the first column, row 0", "int", lambda: sfb.score_pairs([1], ["a"])),
        ("the second column", "1", lambda: sfb.score_pairs(["a", "b"], polars.Series(["a"]))),
        ("pairs", "Struct(\"a\": Utf8)", lambda: sfb.score_pairs(pyarrow.table({"a": ["a"]}))),
        ("pairs", "Utf8", lambda: sfb.score_pairs(pyarrow.array(["a"]))),
    ],
)
def test_what_is_no_text_is_named_with_its_place(place, found, call):
    with pytest.raises(sfb.ArgumentError) as raised:
        call()
    assert (raised.value.place, raised.value.found) == (place, found)


def test_bytes_that_are_no_utf8_are_refused():
    buffers = [None, pyarrow.py_buffer(b"\x00\x00\x00\x00\x02\x00\x00\x00"), pyarrow.py_buffer(b"\xff\xfe")]
    column = pyarrow.Array.from_buffers(pyarrow.string(), 1, buffers)
    with pytest.raises(sfb.ArgumentError, match="UTF"):
        sfb.score_pairs(column, ["a"])

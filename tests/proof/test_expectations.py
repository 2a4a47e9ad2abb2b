"""Each kind of expectation is met by what it describes and by nothing else, also where outputs are hostile."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proof.evidence.sentences import describe
from proof.stage.expectations import (
    answers,
    contains,
    done,
    equals,
    every,
    exits,
    fails,
    has_row,
    lines,
    no_rows,
    one_row,
    reads,
    refused,
    rows,
    same_as,
    shows,
    some_rows_of_each,
)
from proof.stage.kinds import KINDS, Answers, Every, Expectation, Lines, Rows, with_texts
from proof.stage.tables import Table, print_table
from tests.proof.test_tables import VALUES, tables

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
HASH = "0123456789" * 4
ONE, TWO = print_table(["x"], [(1,)]), print_table(["x"], [(1,), (2,)])
NONE = print_table(["x"], [])
MONEY = print_table(["model", "cents"], [("linear", 0), ("last_touch", 0), ("first | touch", -1)])
BODY = 'HTTP 200\napplication/json\n\n{"accepted": 1, "rejected": [], "said": "\\"accepted\\":2"}'


@given(TEXTS, TEXTS)
def test_equals_is_met_by_that_output_alone(output: str, other: str) -> None:
    assert equals(output).is_met(output, {})
    assert equals(output).is_met(other, {}) == (output == other)


# Each kind with outputs that meet it, and with outputs that do not.
CASES: list[tuple[Expectation, Sequence[str], Sequence[str]]] = [
    (equals("1"), ["1"], ["", "1\n", " 1", "11"]),
    (reads("a.b"), ["a.b"], ["a-b", "a.b\n", "\na.b"]),
    (reads("<count>"), ["1", "20"], ["0", "01", "-1", "", "1\n", "\N{ARABIC-INDIC DIGIT ONE}"]),
    (reads("<number>"), ["0", "007"], ["", "1.0", "x"]),
    (reads("<decimal> s"), ["0.12 s", "3 s"], [". s", "1. s", "1.2.3 s", "1 s\n"]),
    (reads("<hash>"), [HASH, "a" * 64], ["a" * 39, "a" * 41, "A" * 40, "g" * 40]),
    (reads("<text>!"), ["a!", "a!!"], ["!", "a\nb!", "a"]),
    (reads("<unknown> <word>"), ["<unknown> a_1"], ["x a", "<unknown> a-1"]),
    (
        done("SET", "INSERT 0 <count>"),
        ["SET\nINSERT 0 3"],
        ["SET\nINSERT 0 0", "SET", "INSERT 0 1"],
    ),
    (contains("b", "d"), ["abcde", "b\nd"], ["dcb", "b", "bx", ""]),
    (contains("b", begins="ab", ends="bc"), ["abbbc"], ["abbc", "abc", "xabbbc", "abbbcx"]),
    (contains(begins="ab", ends="bc"), ["abbc"], ["abc", "ab", "bc"]),
    (contains("# TYPE <word>\n"), ["x\n# TYPE a\n"], ["# TYPE \n", "# TYPE a"]),
    (
        lines("<word>", at_least=2, last="end"),
        ["a\nb\nend", "a\nb\nc\nend"],
        ["a\nend", "a\nb", "a\n\nend", "a\nb c\nend", "a\nb\nend\n", "a\nb\nend\nend2"],
    ),
    (exits(0), ["exit status 0", "x\nexit status 0"], ["xexit status 0", "exit status 0\n", "x"]),
    (exits(1), ["exit status 1"], ["exit status 11", "exit status -1", "exit status 1 of 2"]),
    (fails(), ["x\nexit status 12"], ["exit status 0", "exit status -9", "stopped after 120 s"]),
    (
        refused("42501", "permission denied <text>"),
        ["ERROR 42501: permission denied for table x"],
        [
            "ERROR 42501: permission denied ",
            "ERROR 42502: permission denied for table x",
            "ERROR 42501: permission denied for table x\nINSERT 0 1",
            "SET\nERROR 42501: permission denied for table x",
            print_table(["x"], [("ERROR 42501: permission denied for table x",)]),
            print_table(["ERROR 42501: permission denied for x"], []),
        ],
    ),
    (
        refused("23514", after=("BEGIN", "UPDATE <count>")),
        ["BEGIN\nUPDATE 2\nERROR 23514: no"],
        ["BEGIN\nUPDATE 0\nERROR 23514: no", "ERROR 23514: no", "BEGIN\nUPDATE 2"],
    ),
    (answers(200), ["HTTP 200\nNone\n\n", BODY], ["HTTP 2000\n", "HTTP 503\n\n\nHTTP 200", "x"]),
    (
        answers(200, accepted=1, rejected=[]),
        [BODY],
        [
            BODY.replace("1", "true", 1),
            BODY.replace("1", '"1"', 1),
            BODY.replace("1", "1.0", 1),
            BODY.replace("200", "500"),
            BODY.replace('"accepted"', '"accepted": 2, "accepted"', 1),
            BODY.replace('"accepted"', '"x": {"accepted": 1}, "other"', 1),
            BODY.removesuffix("}"),
            "HTTP 200\napplication/json\n\n[]",
            'HTTP 200\n{"accepted": 1, "rejected": []}',
        ],
    ),
    (shows(("x",), (1,), ("<count>",)), [TWO], [ONE, NONE, TWO.replace("x", "y"), f"{TWO}\n"]),
    (shows(("x",)), [NONE], [ONE, "x\n\\(0 rows)\n(1 row)"]),
    (
        one_row(model="first | touch", cents=None),
        [print_table(["model", "cents"], [("first | touch", None)])],
        [
            print_table(["cents", "model"], [(None, "first | touch")]),
            print_table(["model", "cents", "more"], [("first | touch", None, "")]),
            print_table(["model"], [("first | touch | ",)]),
        ],
    ),
    (no_rows(), [NONE], [ONE, "", "x", f"{NONE}\n{NONE}", f"SET\n{NONE}", "x\n(0 rows)\n(1 row)"]),
    (no_rows({"x": 1}), [NONE, ONE.replace("1\n", "2\n", 1)], [ONE, TWO, TWO.replace("x", "y")]),
    (rows(at_least=2), [TWO, MONEY], [ONE, NONE, "(2 rows)", "x\n1\n(2 rows)"]),
    (rows(exactly=1), [ONE], [TWO, NONE]),
    (rows(at_least=1, where={"x": (1, 3)}), [ONE, TWO], [NONE, MONEY]),
    (has_row(model="linear", cents=0), [MONEY], [TWO, MONEY.replace("linear", "linear2")]),
    (every("x", "<count>"), [ONE, TWO], [NONE, "x", print_table(["x"], [(1,), (0,)])]),
    (every("x", 1), [ONE], [TWO, print_table(["x", "x"], [(1, 1)]), print_table(["y"], [(1,)])]),
    (every("cents", 0, where={"model": "linear"}), [MONEY], [MONEY.replace("linear", "other")]),
    (every("cents", 0), [], [MONEY, print_table(["cents"], [("0\n0",)])]),
    (
        every("x", at_least=2, at_most=10),
        [print_table(["x"], [(2,), (10,)])],
        [TWO, print_table(["x"], [(11,)]), print_table(["x"], [("\N{SUPERSCRIPT TWO}",)]), NONE],
    ),
    (every("x", at_least=-1), [print_table(["x"], [(-1,)])], [print_table(["x"], [("--1",)])]),
    (
        some_rows_of_each(2),
        [f"{ONE}\n{TWO}", f"SET\n{ONE}\n{MONEY}", f"{ONE}\n{print_table(['y'], [('(0 rows)',)])}"],
        [ONE, f"{ONE}\n{NONE}", f"{ONE}\n{TWO}\nERROR 42501: no", f"{ONE}\n{TWO}\n{ONE}", "", "x"],
    ),
]


@pytest.mark.parametrize(("expectation", "met", "unmet"), CASES, ids=lambda case: str(case)[:60])
def test_an_expectation_is_met_by_these_outputs_and_not_by_those(
    expectation: Expectation, met: Sequence[str], unmet: Sequence[str]
) -> None:
    assert [output for output in met if not expectation.is_met(output, {})] == []
    assert [output for output in unmet if expectation.is_met(output, {})] == []


def test_same_as_is_met_by_the_output_of_the_named_step_alone() -> None:
    assert same_as("first").is_met("1", {"first": "1"})
    assert not same_as("first").is_met("2", {"first": "1"})
    assert not same_as("second").is_met("1", {"first": "1"})


def test_every_kind_has_cases_and_a_sentence() -> None:
    tried = [expectation for expectation, _, _ in CASES] + [same_as("first")]
    assert {type(expectation) for expectation in tried} == set(KINDS)
    for expectation in tried:
        sentence, _ = describe(expectation)
        assert sentence
        assert "\n" not in sentence


@pytest.mark.parametrize(
    ("expectation", "sentence"),
    [
        (no_rows(), "no row"),
        (rows(at_least=15), "at least 15 rows"),
        (rows(exactly=1, where={"about": ("A", "all")}), "exactly 1 row in which `about` is `A` or `all`"),
        (every("cents", 0), "`cents` is `0` in every row; there is at least one row"),
        (
            every("status", 200, 422, where={"method": "POST"}),
            "`status` is `200` or `422` in every row in which `method` is `POST`; there is at least one such row",
        ),
        (every("files", at_least=100), "`files` is at least 100 in every row; there is at least one row"),
        (one_row(count=3, error=""), "one row, in which `count` is `3` and `error` is empty"),
        (same_as("the ledger of A"), "the same output as that of the step `the ledger of A`"),
        (exits(0), "exit status 0"),
        (fails(), "an exit status above 0"),
        (answers(200, accepted=1), "HTTP status 200 and a JSON object in which `accepted` is `1`"),
        (
            refused("42501", "denied <word>"),
            "a refusal with SQLSTATE 42501 and the message `denied <word>`, where `<word>` is a word",
        ),
        (
            contains("a`b", begins="x"),
            "an output that begins with `x` and contains ``a`b``",
        ),
        (some_rows_of_each(5), "each of the 5 questions is answered with at least one row, and nothing is refused"),
    ],
    ids=str,
)  # fmt: skip
def test_an_expectation_is_described_in_plain_english(
    expectation: Expectation, sentence: str
) -> None:
    assert describe(expectation) == (sentence, "")


@given(tables(), st.data())
def test_what_is_said_of_a_printed_table_holds_for_its_rows(
    table: Table, data: st.DataObject
) -> None:
    """A table is printed, and every expectation agrees with what the rows themselves say."""
    printed = print_table(table.columns, table.rows)
    column = data.draw(st.sampled_from(table.columns))
    value = data.draw(st.sampled_from([row[0] for row in table.rows] or [""]) | VALUES)
    number = data.draw(st.integers(0, 5))
    is_unambiguous = len(set(table.columns)) == len(table.columns)
    place = table.columns.index(column)
    such = [row for row in table.rows if row[place] == value]
    where = {column: value}
    assert no_rows().is_met(printed, {}) == (is_unambiguous and not table.rows)
    assert rows(at_least=number + 1).is_met(printed, {}) == (
        is_unambiguous and len(table.rows) > number
    )
    assert rows(exactly=number, where=where).is_met(printed, {}) == (
        is_unambiguous and len(such) == number
    )
    assert every(column, value).is_met(printed, {}) == (
        is_unambiguous and len(table.rows) == len(such) > 0
    )
    first = table.columns[0]
    assert every(first, value, where=where).is_met(printed, {}) == (
        is_unambiguous and bool(such) and all(row[0] == value for row in such)
    )
    assert shows(table.columns, *table.rows).is_met(printed, {})
    assert some_rows_of_each(1).is_met(printed, {}) == bool(table.rows)


@pytest.mark.parametrize(
    "make",
    [
        Rows,
        lambda: Every("x"),
        lambda: Every("x", ("1",), at_least=1),
        contains,
        lambda: Lines("<text>", 0, "end"),
        lambda: some_rows_of_each(0),
        lambda: shows(()),
        lambda: shows(("x", "y"), (1,)),
        lambda: no_rows({"x": ()}),
    ],
)
def test_an_expectation_that_makes_no_sense_cannot_be_made(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=r"."):
        make()


def test_texts_are_changed_everywhere_in_an_expectation() -> None:
    where = {"owner": ("secret", "other")}
    changed = with_texts((every("a secret", "secret", where=where), answers(200)), str.upper)
    assert changed == (
        every("A SECRET", "SECRET", where={"OWNER": ("SECRET", "OTHER")}),
        Answers(200),
    )

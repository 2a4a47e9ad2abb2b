"""What is printed as a table reads back as it was, whatever stands in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proof.stage.tables import Table, print_table, read_answers, read_table

# What could pass for a separator, an escape, a number of rows, a tag or a refusal.
HOSTILE = st.sampled_from(
    [
        *("|", " | ", "\\", "\\|", "\n", "\r", "\\n", "", " ", "(0 rows)", "(1 row)"),
        *("INSERT 0 1", "ERROR 42501: no", "\n(0 rows)", "a\nb", "x | y\n(1 row)", "\u2028"),
    ]
)
VALUES = HOSTILE | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Draw a table with hostile names and values."""
    columns = tuple(draw(st.lists(VALUES.filter(bool), min_size=1, max_size=4)))
    row = st.tuples(*[VALUES] * len(columns))
    return Table(columns, tuple(draw(st.lists(row, max_size=5))))


@given(tables())
def test_a_table_reads_back_as_it_was_printed(table: Table) -> None:
    assert read_table(print_table(table.columns, table.rows)) == table


@given(st.lists(tables() | st.sampled_from(["SET", "INSERT 0 1", "ERROR 42501: no"]), min_size=1))
def test_the_answers_of_several_statements_read_back_one_by_one(answers: list[Table | str]) -> None:
    printed = "\n".join(
        print_table(one.columns, one.rows) if isinstance(one, Table) else one for one in answers
    )
    assert read_answers(printed) == answers


@given(tables())
def test_a_table_prints_each_row_on_one_line(table: Table) -> None:
    printed = print_table(table.columns, table.rows)
    assert printed.count("\n") == len(table.rows) + 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "x\n1",
        "x\n1\n(2 rows)",
        "x\n1\n(01 row)",
        "x\n1 | 2\n(1 row)",
        "x\n1\n(1 row)\n",
        "(0 rows)",
        "x\n1|2\n(1 row)",
        "x\nends in \\\n(1 row)",
        "x\n(0 rows)\n(1 row)",
    ],
)
def test_what_is_no_table_reads_as_none(text: str) -> None:
    assert read_table(text) is None


def test_a_null_reads_as_an_empty_text() -> None:
    assert read_table(print_table(["x"], [(None,)])) == Table(("x",), (("",),))

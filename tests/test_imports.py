"""How modules depend on each other, and what the wheel contains."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.support.house import ROOT


def find_circle(imports: dict[str, set[str]]) -> list[str]:
    """Return the modules of an import circle, in order, or nothing if there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def read_imports() -> dict[str, set[str]]:
    """Return what each module of the program and of its proof imports, anywhere in it.

    Imports for types alone count as well: two modules that need each other's types are one subject in two files.
    """
    graph = grimp.build_graph("skeldir", "proof", cache_dir=None)
    return {
        module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules
    }


def test_no_modules_import_each_other_in_a_circle() -> None:
    imports = read_imports()
    assert len(imports) > 200
    assert find_circle(imports) == []


@pytest.mark.parametrize(
    ("imports", "has_circle"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, False),
        ({"a": {"b", "c"}, "b": {"c"}}, False),
        ({"a": {"b"}, "b": {"a"}}, True),
        ({"a": {"b"}, "b": {"c"}, "c": {"d"}, "d": {"b"}}, True),
    ],
)
def test_a_circle_is_found_where_there_is_one(
    imports: dict[str, set[str]], *, has_circle: bool
) -> None:
    assert bool(find_circle(imports)) is has_circle


def test_the_wheel_takes_the_product_and_none_of_its_proof() -> None:
    files = [file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()]
    assert {file.partition("/")[0] for file in files} == {"skeldir"}
    assert {"skeldir/migrations/env.py", "skeldir/ingest/queries.sql"} <= set(files)

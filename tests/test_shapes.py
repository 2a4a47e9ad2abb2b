"""Each shape of data is declared once: a route returns the class that documents it."""

from __future__ import annotations

import ast
from collections import defaultdict

import pytest

from skeldir.app import create_app
from tests.support.house import read_modules

# Classes that have the same fields for a reason.
ALIKE = {
    (
        "CompleteParameters",
        "ModelParameters",
        "ParametersRow",
    ): "all parameters of a version; those wanted, of which each may be left out; those of a row of any statement",
    (
        "CollectCoverageReport",
        "CoverageReport",
    ): "days of the collector's landings; days of orders that webhooks reported: their rows differ",
    (
        "Change",
        "Relative",
    ): "differences of figures, in their units; differences without a unit, which are not known from 0",
    (
        "Conversion",
        "ConversionItem",
    ): "a fact, its amount signed and its moment read; the JSON that it is read from",
    (
        "Rate",
        "RateItem",
    ): "a rate as a number of a day; the JSON that it is read from",
}


def fields_of(node: ast.ClassDef) -> frozenset[str]:
    return frozenset(
        line.target.id
        for line in node.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    )


def is_protocol(node: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)


@pytest.fixture(scope="module")
def classes() -> list[ast.ClassDef]:
    return [
        node
        for module in read_modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    ]


def test_no_shape_is_declared_twice(classes: list[ast.ClassDef]) -> None:
    named = defaultdict(list)
    for node in classes:
        if len(fields_of(node)) > 2 and not is_protocol(node):
            named[fields_of(node)].append(node.name)
    assert len(named) > 100
    alike = {tuple(sorted(names)) for names in named.values() if names[1:]}
    assert alike == set(ALIKE), "use the existing class, or state here why the two differ"


def test_the_description_names_shapes_as_the_program_does(classes: list[ast.ClassDef]) -> None:
    described = set(create_app().openapi()["components"]["schemas"])
    assert described - {node.name for node in classes} == set()

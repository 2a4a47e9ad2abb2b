"""Whatever the inbox refuses, does not understand or flags is explained, with what to do about it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

import pytest

from skeldir import inbox
from skeldir.inbox.explaining import (
    FLAGS,
    REFUSALS,
    TROUBLES,
    explain_flag,
    explain_refusal,
    explain_trouble,
    say_trouble,
)
from skeldir.inbox.saying import SDK_PROVIDERS, TroubleCode
from skeldir.inbox.signatures import Outcome

ROOM = Path(inbox.__file__).parent
ACCEPTED = {"accepted", "ping", "events_delivery"}


def flags_in_source() -> set[str]:
    """Return the texts that are added to a set called `flags`, and the constants of such texts."""
    found: set[str] = set()
    for path in ROOM.glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        constants = {
            node.target.id: node.value.value
            for node in ast.walk(tree)
            if isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func).endswith("flags.add")):
                continue
            for part in ast.walk(node.args[0]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    found.add(part.value)
                elif isinstance(part, ast.Name) and part.id in constants:
                    found.add(str(constants[part.id]))
    return found


def test_every_flag_is_explained_and_no_other() -> None:
    known = flags_in_source()
    assert len(known) > 15
    assert known - set(FLAGS) == set()
    # One is imported where it is added.
    assert set(FLAGS) - known <= {"basis_unknown"}


def test_every_refusal_and_every_trouble_is_explained() -> None:
    assert set(REFUSALS) == set(get_args(Outcome)) - ACCEPTED
    assert set(TROUBLES) == set(get_args(TroubleCode))


@pytest.mark.parametrize("name", [*REFUSALS, *TROUBLES])
def test_an_explanation_is_of_whole_sentences_and_has_a_cure(name: str) -> None:
    found = explain_refusal(name) or explain_trouble(name)
    assert found is not None
    for text in (found.meaning, found.cure):
        assert text[0].isupper()
        assert text.endswith(".")


@pytest.mark.parametrize("provider", SDK_PROVIDERS)
def test_the_cure_of_an_order_that_an_sdk_sent_names_its_field_and_no_provider(
    provider: str,
) -> None:
    for code in (
        "amount_missing",
        "amount_invalid",
        "currency_missing",
        "currency_unknown",
        "id_missing",
        "time_missing",
    ):
        found, of_shops = explain_trouble(code, provider), explain_trouble(code, "standard")
        assert found is not None
        assert of_shops is not None
        assert "ask the provider" in of_shops.cure
        assert "ask the provider" not in found.cure
        assert "Send the " in found.cure
        assert found.cure.endswith(".")


def test_a_detail_that_repeats_the_meaning_is_left_out() -> None:
    assert say_trouble("currency_missing", "currency is missing.") == "The currency is missing."
    detail = "total and revenue are missing; one is needed."
    assert say_trouble("amount_missing", detail) == f"The amount is missing. {detail}"
    assert say_trouble("of_later", None) == ""


def test_what_another_version_wrote_is_no_fault() -> None:
    assert explain_refusal("of_later") is None
    assert explain_trouble("of_later") is None
    assert explain_flag("of_later") == "of_later"

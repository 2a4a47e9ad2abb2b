from __future__ import annotations

import re
import tomllib
from importlib import resources
from typing import Any

import pytest

from skeldir.ingest.channels import CLICK_ID_KINDS, COMMON_CHANNELS, RESERVED_CHANNELS
from skeldir.ingest.channels import rules as engine


def read_data(name: str) -> dict[str, Any]:
    text = resources.files("skeldir.ingest.channels").joinpath(name).read_text(encoding="utf-8")
    return tomllib.loads(text)


RULES = read_data("rules.toml")
LISTS = read_data("sources.toml")


def test_every_rule_names_a_channel_that_a_touch_may_carry() -> None:
    assert {row["channel"] for row in RULES["rule"]} == set(COMMON_CHANNELS) - RESERVED_CHANNELS


def test_every_rule_has_a_name_of_its_own() -> None:
    names = [row["name"] for row in RULES["rule"]]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(\.[a-z_]+)?", name) for name in names)


def test_only_the_last_rule_matches_always_and_no_alternative_is_empty() -> None:
    always = [row["name"] for row in RULES["rule"] if {"always": True} in row["when"]]
    assert always == [RULES["rule"][-1]["name"]]
    assert all(row["when"] and all(row["when"]) for row in RULES["rule"])


def test_every_predicate_list_and_click_id_that_a_rule_names_exists() -> None:
    used_clicks = set()
    for row in RULES["rule"]:
        assert set(row) == {"name", "channel", "when"}
        for alternative in row["when"]:
            assert set(alternative) <= set(engine.PREDICATES), row["name"]
            lists = {*alternative.get("source_in", ()), *alternative.get("referrer_in", ())}
            assert lists <= set(LISTS) - {"payment", "plain"}, row["name"]
            used_clicks |= set(alternative.get("click_id_in", ()))
    assert used_clicks == CLICK_ID_KINDS


def test_every_value_in_a_rule_is_tidy_or_it_could_never_match() -> None:
    for row in RULES["rule"]:
        for alternative in row["when"]:
            for values in alternative.values():
                for value in values if isinstance(values, list) else ():
                    assert value == value.strip().casefold()
                    assert value not in RULES["absent"]


def test_every_source_that_a_click_id_implies_is_in_a_list() -> None:
    names = {name for entry in LISTS.values() for name in entry["names"]}
    assert {source for source in RULES["click_ids"].values() if source} <= names


def test_a_payment_source_drops_the_mediums_of_the_referral_row() -> None:
    row = next(row for row in RULES["rule"] if row["name"] == "utm.referral")
    assert row["when"] == [{"medium_is": RULES["payment_drops_medium"]}]


@pytest.mark.parametrize("kind", ["names", "hosts"])
def test_no_name_and_no_host_occurs_twice(kind: str) -> None:
    every = [value for entry in LISTS.values() for value in entry[kind]]
    assert sorted(every) == sorted(set(every))


def test_every_entry_of_a_list_is_well_formed_and_found_in_its_own_list() -> None:
    for key, entry in LISTS.items():
        assert set(entry) == {"names", "hosts"}
        for name in entry["names"]:
            assert name == name.strip().casefold()
            assert engine.find_list(name) == key
        for host in entry["hosts"]:
            assert re.fullmatch(r"([a-z0-9-]+\.)+([a-z0-9-]+|\*)", host), host
            endings = ("com", "de", "co.uk", "com.br") if host.endswith(".*") else ("",)
            for ending in endings:
                real = host.replace("*", ending)
                assert engine.find_list(real) == key, real
                assert engine.find_list(f"a.b.c.d.{real}") == key, real
                # A longer first label makes it another site, which belongs where its parent does.
                parent = real.partition(".")[2]
                assert engine.find_list(f"not{real}") == engine.find_list(f"zz.{parent}"), real


def test_channels_are_snake_case_with_a_label() -> None:
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in COMMON_CHANNELS)
    assert all(label.strip() for label in COMMON_CHANNELS.values())
    assert len(set(COMMON_CHANNELS.values())) == len(COMMON_CHANNELS)
    assert set(COMMON_CHANNELS) >= RESERVED_CHANNELS == {"unattributed"}

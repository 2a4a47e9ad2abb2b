"""Whatever comes in, an item or an export is read or refused with a code and a cure."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skeldir.errors import SkeldirError
from skeldir.spend import CURES, read_claim, read_spend
from skeldir.spend.files import Options, read_export
from skeldir.spend.items import ClaimItem
from tests.support.ad_exports import SAMPLES

FIELDS = (*ClaimItem.model_fields, "cost_cents", "impressions", "clicks")
GOOD: dict[str, Any] = {
    "platform": "meta",
    "account": "1",
    "campaign_id": "2",
    "day": "2026-09-01",
    "currency": "EUR",
    "cost_cents": 1,
    "claim_type": "purchases",
}
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["9" * 400, "\ud800", "2026-02-30", "1e9", "-1", "google_ads", "unattributed"]),
    st.lists(st.integers(), max_size=2),
)


@settings(max_examples=300, deadline=None)
@given(item=st.dictionaries(st.sampled_from(FIELDS), values, max_size=8))
@example(item={"cost_cents": 10**30})
@example(item={"campaign_id": "x" * 296})
def test_an_item_is_read_or_refused_with_a_cure(item: dict[str, Any]) -> None:
    for read in (read_spend, read_claim):
        cure, figures = next(iter(CURES.values())), {}
        try:
            figures = dict(read({**GOOD, **item}, frozenset()).figures)
        except SkeldirError as error:
            cure = error.cure
        assert cure in CURES.values()
        assert all(abs(value) <= 10**15 for value in figures.values() if isinstance(value, int))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.binary(max_size=300), name=st.sampled_from(["a.csv", "a.xlsx", "a.zip", "a.json"]))
def test_bytes_that_are_no_export_are_refused(data: bytes, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(SkeldirError) as caught:
        read_export(path, Options(account="1", currency="EUR"))
    assert caught.value.cure


@pytest.mark.parametrize("name", SAMPLES)
def test_an_export_with_any_characters_changed_is_read_or_refused(
    name: str, tmp_path: Path
) -> None:
    sample, chance = SAMPLES[name], random.Random(name)
    for _ in range(150):
        letters = list(sample.text)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(letters))
            letters[place] = chance.choice('",;\t\n0.19-$€x\u202f\x00') * chance.randint(0, 2)
        path = tmp_path / sample.name
        path.write_bytes("".join(letters).encode())
        with suppress(SkeldirError):
            read_export(path, sample.options)

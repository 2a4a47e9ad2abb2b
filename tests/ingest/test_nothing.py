"""A placeholder for nothing is never a value, whatever its field, its case and the white space around it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.ingest.canonical import Conversion, Touch, read_conversion, read_touch
from skeldir.ingest.channels import choose_channel
from skeldir.ingest.nothing import (
    ID_PLACEHOLDERS,
    LABEL_PLACEHOLDERS,
    PLACEHOLDERS,
    holds_no_id,
    is_no_id,
    is_no_label,
    is_nothing,
)
from skeldir.ingest.rejections import ItemRejected
from skeldir.ingest.touch_columns import read_touches
from tests.support.make import make_conversion, make_touch

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SPELLINGS: list[Callable[[str], str]] = [str, str.upper, str.title, lambda text: f" {text}\u00a0"]
ASKED_FOR = [
    "null", "none", "nan", "undefined", "n/a", "-", "(not set)", "(none)", "(data not available)",
    "[object Object]",
]  # fmt: skip


def touch(**fields: object) -> Touch:
    return read_touch(make_touch(**fields), now=NOW, own_channels=frozenset())


def conversion(**fields: object) -> Conversion:
    return read_conversion(make_conversion() | fields, now=NOW)


def code_of(read: Callable[..., object], **fields: object) -> str:
    with pytest.raises(ItemRejected) as caught:
        read(**fields)
    return caught.value.item_code


@pytest.mark.parametrize("spell", SPELLINGS)
@pytest.mark.parametrize("text", ASKED_FOR)
def test_a_placeholder_is_nothing_in_every_field(text: str, spell: Callable[[str], str]) -> None:
    written = spell(text)
    named = dict.fromkeys(("source", "medium", "campaign", "referrer_host"), written)
    read = touch(**named, session_id=written, landing_path=written, channel=written)
    assert (read.source, read.medium, read.campaign, read.referrer_host) == (None,) * 4
    assert (read.session_id, read.landing_path, read.channel_code) == (None, None, "direct")
    assert code_of(touch, journey_key=written) == "journey_key_missing"
    assert code_of(touch, idempotency_key=written) == "idempotency_key_missing"
    assert code_of(conversion, order_id=written) == "order_id_missing"
    assert code_of(conversion, idempotency_key=written) == "idempotency_key_missing"
    assert code_of(conversion, currency=written) == "currency_missing"
    assert conversion(journey_key=written).journey_key is None


def test_the_rejection_of_a_placeholder_shows_it() -> None:
    with pytest.raises(ItemRejected, match=r"order_id is '\(not set\)', which stands for nothing"):
        conversion(order_id="(not set)")


@pytest.mark.parametrize("text", sorted(PLACEHOLDERS))
def test_every_placeholder_is_written_as_it_is_compared(text: str) -> None:
    assert text == text.casefold().strip()
    assert is_nothing(text) and is_no_label(text) and is_no_id(text)  # noqa: PT018 - one claim
    assert holds_no_id(["visitor-1", text])


def test_a_pair_of_direct_and_none_is_a_direct_visit() -> None:
    read = touch(source="(direct)", medium="(none)", channel=None)
    assert (read.channel_code, read.source, read.medium) == ("direct", None, None)
    choice = choose_channel(
        source="(direct)",
        medium="(none)",
        campaign="(not set)",
        referrer_host="null",
        click_id_kinds=(),
    )
    assert choice.code == "direct"


@pytest.mark.parametrize(
    "text", ["none left", "nullarbor", "n", "nana", "-5", "na", "0", "unknown", "guest"]
)
def test_a_text_that_only_resembles_a_placeholder_is_kept(text: str) -> None:
    assert touch(campaign=text).campaign == text


def test_what_everybody_without_an_id_shares_is_no_id() -> None:
    for shared in sorted(ID_PLACEHOLDERS - LABEL_PLACEHOLDERS):
        assert code_of(touch, journey_key=shared) == "journey_key_missing"
    assert touch(journey_key="0").journey_key == "0"


@given(st.lists(st.sampled_from([*ASKED_FOR, "visitor-1", "Guest ", "v"]), min_size=1, max_size=40))
def test_a_block_of_touches_never_has_a_placeholder_as_journey(keys: list[str]) -> None:
    items = [make_touch(journey_key=key, idempotency_key=f"k{n}") for n, key in enumerate(keys)]
    read = read_touches(items, now=NOW, own_channels=frozenset())
    for key, outcome in zip(keys, read, strict=True):
        assert isinstance(outcome, Touch) == (key in ("visitor-1", "v"))

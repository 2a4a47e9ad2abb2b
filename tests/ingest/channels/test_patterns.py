from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from skeldir.ingest.channels import rules as engine

near_shop = st.lists(st.sampled_from(["shop", "shopping", "e", "d", "-", " ", "sho", "p", "é"]))
near_paid = st.lists(st.sampled_from(["cp", "c", "p", "paid", "un", "ppc", "retargeting", "x"]))


@given(near_shop.map("".join))
def test_campaign_names_shop_is_the_published_pattern(campaign: str) -> None:
    published = re.match(r"^(.*(([^a-df-z]|^)shop|shopping).*)$", campaign) is not None
    assert engine.names_shop(campaign) is published


@given(near_paid.map("".join))
def test_medium_is_paid_is_the_published_pattern(medium: str) -> None:
    published = re.match(r"^(.*cp.*|ppc|retargeting|paid.*)$", medium) is not None
    assert engine.is_paid(medium) is published

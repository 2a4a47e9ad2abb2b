"""The channel of a campaign follows the rules of touches, and every platform is known everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from skeldir.ingest import COMMON_CHANNELS
from skeldir.spend import PLATFORMS, place_campaign
from skeldir.spend.files.presets import OTHER, PRESETS

DOCUMENT = Path(__file__).parents[2] / "docs" / "spend.md"


@pytest.mark.parametrize(
    ("platform", "name", "kind", "channel"),
    [
        ("google_ads", "Brand", None, "paid_search"),
        ("google_ads", "Brand", "Search", "paid_search"),
        ("google_ads", "Brand", "VIDEO", "paid_video"),
        ("google_ads", "Brand", "PERFORMANCE_MAX", "cross_network"),
        ("google_ads", "Brand", "Performance Max", "cross_network"),
        ("google_ads", "Brand", "Display", "display"),
        ("google_ads", "Brand", "Shopping", "paid_shopping"),
        ("google_ads", "DE | Shopping | Feed", None, "paid_shopping"),
        ("google_ads", "Workshop", None, "paid_search"),
        ("meta", "Prospecting", None, "paid_social"),
        ("meta", None, None, "paid_social"),
        ("tiktok", "Autumn", None, "paid_social"),
        ("linkedin", "Managers", None, "paid_social"),
        ("microsoft_ads", "Brand", "Search & content", "paid_search"),
        ("microsoft_ads", "Brand", "Audience", "display"),
        ("reddit", "Launch", None, "paid_social"),
        ("pinterest", "Home", None, "paid_social"),
        ("amazon_dsp", "Retarget", None, "display"),
    ],
)
def test_a_campaign_has_the_channel_of_its_touches(
    platform: str, name: str | None, kind: str | None, channel: str
) -> None:
    placed = place_campaign(platform, name, kind)
    assert placed is not None
    assert (placed.channel, placed.is_type_unknown) == (channel, False)


def test_a_type_that_is_not_known_is_said_and_the_name_decides() -> None:
    placed = place_campaign("google_ads", "Brand", "Holograms")
    assert placed is not None
    assert (placed.channel, placed.is_type_unknown) == ("paid_search", True)


def test_another_platform_has_no_channel_by_itself() -> None:
    assert place_campaign("radio_ads", "Fair") is None


def test_every_known_type_has_a_channel_that_is_paid_for() -> None:
    for platform in PLATFORMS.values():
        for kind in platform.types:
            placed = place_campaign(platform.code, "Any", kind)
            assert placed is not None
            assert placed.channel in COMMON_CHANNELS
            assert placed.channel not in ("unknown", "direct", "unattributed")


def test_every_platform_has_a_preset_and_is_documented() -> None:
    assert set(PRESETS) - {OTHER} == set(PLATFORMS)
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [code for code in PLATFORMS if f"`{code}`" not in text] == []

"""What a landing address says of the origin, and that nothing of it but path, tags and kinds is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.ingest.canonical import Touch, read_touch
from skeldir.ingest.landing import (
    MOST_UNKNOWN_KINDS,
    UNNAMED_KIND,
    host_of,
    keep_kinds,
    read_landing,
)
from skeldir.ingest.touch_columns import read_touches
from tests.support.make import make_touch

NOW = datetime(2027, 1, 1, tzinfo=UTC)
NEWS = ("news", "email", "autumn")
TAGS = "utm_source=news&utm_medium=email&utm_campaign=autumn"


def read(**fields: object) -> Touch:
    bare = {"channel": None, "source": None, "medium": None, "campaign": None, "click_ids": []}
    item = make_touch(**{**bare, **fields})
    touch = read_touch(item, now=NOW, own_channels=frozenset())
    # A block of many items is read column by column, with the same result.
    block = read_touches([item] * 8, now=NOW, own_channels=frozenset())
    assert block == [touch] * 8
    return touch


@pytest.mark.parametrize(
    ("address", "path"),
    [
        (f"https://shop.example/a?{TAGS}", "/a"),
        (f"/a?{TAGS}", "/a"),
        (f"?{TAGS}", None),
        (f"https://shop.example?{TAGS}", "/"),
        (f"//shop.example/a?x=1&{TAGS}#top", "/a"),
        (f"https://shop.example/a#{TAGS}", "/a"),
        (f"https://shop.example/#/shoes?{TAGS}", "/"),
        (f"https://shop.example/a#!/shoes?{TAGS}", "/a"),
        (f"https://shop.example/a?{TAGS}#utm_source=other&utm_medium=cpc", "/a"),
        (f"/a?{TAGS.replace('&', '&amp;')}", "/a"),
        (f"/a?{TAGS.upper().replace('NEWS', 'news').replace('EMAIL', 'email')}", "/a"),
        (f"/a?{TAGS.replace('_', '%5F').replace('news', '%6Eews')}", "/a"),
        (quote(f"https://shop.example/a?{TAGS}", safe=""), "/a"),
        (f"/a{quote('?' + TAGS, safe='')}", "/a"),
        (f"/a?{quote(TAGS, safe='')}", "/a"),
        (f"/a?utm_source=(not set)&{TAGS}", "/a"),
    ],
)
def test_tags_are_read_wherever_an_address_has_them(address: str, path: str | None) -> None:
    landing = read_landing(address)
    assert landing.path == path
    assert (landing.source, landing.medium, (landing.campaign or "").lower()) == NEWS
    touch = read(landing_path=address)
    assert (touch.channel_code, touch.source, touch.landing_path) == ("email", "news", path)


def test_a_path_that_was_encoded_with_its_address_holds_no_control_character() -> None:
    # The first would shift the columns of its batch, the second no text of PostgreSQL can hold.
    page = quote("https://shop.example/a\x1fb\x00c\r\n?utm_source=ne\x1fws", safe="")
    touch = read(landing_path=page)
    assert (touch.landing_path, touch.source) == ("/abc", "news")


def test_of_a_referrer_that_was_encoded_in_one_piece_only_the_host_is_kept() -> None:
    touch = read(referrer_host=quote("https://WWW.google.com/search?q=private\x00", safe=""))
    assert (touch.referrer_host, touch.channel_code) == ("www.google.com", "organic_search")
    odd = read(referrer_host=quote("https://ne\x1fws.example/", safe=""))
    assert odd.referrer_host == "news.example"


def test_values_are_decoded_once_and_a_plus_is_a_space() -> None:
    landing = read_landing("/?utm_campaign=Fr%C3%BChling+2026%20%26%20more&utm_source=%00a%0A")
    assert (landing.campaign, landing.source) == ("Frühling 2026 & more", "a")


@pytest.mark.parametrize(
    ("query", "kinds", "code"),
    [
        ("gclid=Cj0KEQ&gad_source=1", ("gad_source", "gclid"), "paid_search"),
        ("gbraid=0AAA", ("gbraid",), "paid_search"),
        ("gad_source=1", ("gad_source",), "paid_search"),
        ("srsltid=AfmBOo", ("srsltid",), "organic_shopping"),
        ("MSCLKID=9a", ("msclkid",), "paid_search"),
        ("ScCid=9a", ("sccid",), "paid_social"),
        ("fbclid=IwAR", ("fbclid",), "organic_social"),
        ("fbclid=IwAR&utm_medium=paid", ("fbclid",), "paid_social"),
        ("mc_eid=9a", ("mc_eid",), "email"),
        ("new_clid=9a", ("new_clid",), "direct"),
        ("xyzclid=9a&q=shoes&page=2", ("xyzclid",), "direct"),
        ("gclid=", (), "direct"),
        ("q=gclid", (), "direct"),
    ],
)
def test_click_ids_of_the_address_are_kept_as_kinds(
    query: str, kinds: tuple[str, ...], code: str
) -> None:
    touch = read(landing_path=f"https://shop.example/?{query}")
    assert (touch.click_id_kinds, touch.channel_code, touch.landing_path) == (kinds, code, "/")


def test_what_is_given_goes_before_the_address_and_click_ids_add_up() -> None:
    page = f"https://shop.example/?{TAGS}&gclid=x"
    touch = read(source="bing", medium="(not set)", click_ids=["msclkid"], landing_path=page)
    assert (touch.source, touch.medium, touch.campaign) == ("bing", "email", "autumn")
    assert touch.click_id_kinds == ("gclid", "msclkid")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("igsh", "igsh"),
        ("clickId", "clickid"),
        ("_ga_click", "_ga_click"),
        ("GCLID2", "gclid2"),
        ("newid=secret", "newid"),
        ("EAIaIQobChMI", UNNAMED_KIND),
        ("anna@mail.example", UNNAMED_KIND),
        ("a" * 40, UNNAMED_KIND),
        ("4111111111111111", UNNAMED_KIND),
        ("a1b2c3d4", UNNAMED_KIND),
        ("two words", UNNAMED_KIND),
        ("naïve", UNNAMED_KIND),
    ],
)
def test_an_unknown_click_id_never_costs_the_touch(name: str, kind: str) -> None:
    assert read(click_ids=[name]).click_id_kinds == (kind,)
    assert read(click_ids=[name, "gclid"]).channel_code == "paid_search"


def test_a_referrer_that_was_landed_on_is_none() -> None:
    page = "https://shop.example/pay"
    own = read(referrer_host="https://www.shop.example/cart", landing_path=page)
    assert (own.channel_code, own.referrer_host) == ("direct", None)
    for pair in (
        ("bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "BÜCHER.example"),
    ):
        written = read(referrer_host=f"https://www.{pair[0]}/", landing_path=f"https://{pair[1]}/")
        assert (written.channel_code, written.referrer_host) == ("direct", None)
    other = read(referrer_host="https://news.example/", landing_path=page)
    assert (other.channel_code, other.referrer_host) == ("referral", "news.example")


@given(st.lists(st.text(max_size=30), max_size=30))
def test_kinds_are_few_and_short_and_never_a_list_in_one(names: list[str]) -> None:
    kinds = keep_kinds(tuple(names))
    assert all(len(kind) <= 24 and kind.isascii() and " " not in kind for kind in kinds)
    assert len(keep_kinds(tuple(name + "q" for name in names))) <= MOST_UNKNOWN_KINDS + 30
    assert keep_kinds(kinds) == kinds


@given(st.text(max_size=200))
def test_any_address_is_read_and_its_query_is_not_in_the_path(address: str) -> None:
    landing = read_landing(f"/a?{address}")
    assert landing.path == "/a"
    assert read_landing(address).path is None or len(read_landing(address).path or "") <= 500


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("http://[2001:DB8::1]:8080/x?y", "[2001:db8::1]"),
        ("https://user:pass@[2001:db8::1]/", "[2001:db8::1]"),
        ("[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]"),
        ("http://[fe80::1%25eth0]:80/", "[fe80::1]"),
        ("2001:db8::1", "[2001:db8::1]"),
        ("shop.example:443", "shop.example"),
        ("https://[2001:db8", "2001"),
        ("192.0.2.1:80", "192.0.2.1"),
        ("a:b:c", "a"),
    ],
)
def test_the_host_of_an_address_by_number_is_whole(given: str, host: str) -> None:
    assert host_of(given) == host


@pytest.mark.parametrize("mark", ["?", "#", "%3F"])
def test_a_long_address_is_cut_and_costs_no_touch(mark: str) -> None:
    """A tag that would be cut in two is none: half a campaign is another campaign."""
    and_ = "%26" if mark == "%3F" else "&"
    is_ = "%3D" if mark == "%3F" else "="
    start = f"https://shop.example/p{mark}utm_source{is_}news{and_}utm_medium{is_}email"
    filling = f"{and_}q{is_}" + "x" * (1_950 - len(start))
    touch = read(landing_path=f"{start}{filling}{and_}utm_campaign{is_}" + "spring-" * 2_000)
    assert (touch.landing_path, touch.source, touch.medium) == ("/p", "news", "email")
    assert touch.campaign is None
    long_path = read(
        landing_path="/" + "a" * 5_000, referrer_host="https://a.example/" + "b" * 9_000
    )
    assert long_path.landing_path == "/" + "a" * 499
    assert long_path.referrer_host == "a.example"

from __future__ import annotations

import random
import time
import tomllib
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.ingest.channels import (
    CLICK_ID_KINDS,
    COMMON_CHANNELS,
    RESERVED_CHANNELS,
    ChannelChoice,
    choose_channel,
)
from skeldir.ingest.channels import rules as engine


def read_data(name: str) -> dict[str, Any]:
    text = resources.files("skeldir.ingest.channels").joinpath(name).read_text(encoding="utf-8")
    return tomllib.loads(text)


RULES = read_data("rules.toml")
LISTS = read_data("sources.toml")


def choose(
    source: str | None = None,
    medium: str | None = None,
    campaign: str | None = None,
    referrer: str | None = None,
    *clicks: str,
) -> ChannelChoice:
    return choose_channel(
        source=source,
        medium=medium,
        campaign=campaign,
        referrer_host=referrer,
        click_id_kinds=clicks,
    )


# (source, medium, campaign, referrer, *click ids), then the channel and the row that chooses it.
VECTORS: list[tuple[tuple[str | None, ...], str, str]] = [
    # nothing known, in all its spellings
    ((None,), "direct", "direct"),
    (("", "", "", ""), "direct", "direct"),
    ((" \t", "\n", "  ", " "), "direct", "direct"),
    (("(direct)", "(none)"), "direct", "direct"),
    (("(direct)", "(not set)"), "direct", "direct"),
    (("(Direct)", "(NONE)", "(not set)"), "direct", "direct"),
    (("direct", "none", "(direct)"), "direct", "direct"),
    ((None, None, None, "$direct"), "direct", "direct"),
    (("(direct)", "(none)", None, "www.google.com"), "organic_search", "referrer.search"),
    (("(direct)", "(none)", None, None, "gclid"), "paid_search", "click.gclid"),
    ((None, None, None, None, "some_new_clid"), "direct", "direct"),
    # row 2
    (("google", "cpc", "Cross-network"), "cross_network", "utm.cross_network"),
    (("google", None, "eu-cross-network-1"), "cross_network", "utm.cross_network"),
    ((None, None, "cross-network", None, "gclid"), "cross_network", "utm.cross_network"),
    (("google", "cpc", "cross network"), "paid_search", "utm.paid_search"),
    # row 3
    (("amazon", "cpc"), "paid_shopping", "utm.paid_shopping"),
    (("amazon.co.jp", "paid"), "paid_shopping", "utm.paid_shopping"),
    (("google", "cpc", "spring_shop"), "paid_shopping", "utm.paid_shopping"),
    (("nobody", "ppc", "shopping"), "paid_shopping", "utm.paid_shopping"),
    (("google", "cpc", "workshop"), "paid_search", "utm.paid_search"),
    # row 4
    (("google", "cpc"), "paid_search", "utm.paid_search"),
    (("google", "cpm"), "paid_search", "utm.paid_search"),
    (("GOOGLE", "CPC"), "paid_search", "utm.paid_search"),
    (("  Bing ", " PPC "), "paid_search", "utm.paid_search"),
    (("www.google.co.uk", "paidsearch"), "paid_search", "utm.paid_search"),
    (("duckduckgo.com", "retargeting"), "paid_search", "utm.paid_search"),
    (("google", "cpc", None, None, "gclid"), "paid_search", "utm.paid_search"),
    # row 5
    (("facebook", "paid_social"), "paid_social", "utm.paid_social"),
    (("ig", "paid"), "paid_social", "utm.paid_social"),
    (("l.instagram.com", "cpc"), "paid_social", "utm.paid_social"),
    (("facebook", "cpm"), "paid_social", "utm.paid_social"),
    (("facebook", "cpc", None, None, "fbclid"), "paid_social", "utm.paid_social"),
    # row 6
    (("youtube", "cpv_cpm"), "paid_video", "utm.paid_video"),
    (("youtu.be", "paid-video"), "paid_video", "utm.paid_video"),
    # row 7
    (("nobody", "cpm"), "display", "utm.display"),
    ((None, "cpm"), "display", "utm.display"),
    (("google", "display"), "display", "utm.display"),
    (("nobody", "Banner"), "display", "utm.display"),
    (("nobody", "expandable"), "display", "utm.display"),
    (("nobody", "interstitial"), "display", "utm.display"),
    (("google", "banner", None, None, "gclid"), "display", "utm.display"),
    # row 8 and what PAID fits
    (("nobody", "cpc"), "paid_other", "utm.paid_other"),
    ((None, "cpc"), "paid_other", "utm.paid_other"),
    (("(direct)", "cpc"), "paid_other", "utm.paid_other"),
    (("nobody", "dcpx"), "paid_other", "utm.paid_other"),
    (("nobody", "paid_social"), "paid_other", "utm.paid_other"),
    (("nobody", "retargeting"), "paid_other", "utm.paid_other"),
    (("chatgpt.com", "cpc"), "paid_other", "utm.paid_other"),
    (("nobody", "cpc", None, None, "gclid"), "paid_other", "utm.paid_other"),
    (("nobody", "unpaid"), "unknown", "unknown"),
    (("nobody", "social-paid"), "unknown", "unknown"),
    (("nobody", "ppc2"), "unknown", "unknown"),
    (("nobody", "retargeting2"), "unknown", "unknown"),
    # row 9 and what SHOPCAMP fits
    (("etsy.com",), "organic_shopping", "utm.organic_shopping"),
    (("IGShopping", "Social"), "organic_shopping", "utm.organic_shopping"),
    (("nobody", None, "shop sale"), "organic_shopping", "utm.organic_shopping"),
    (("nobody", None, "eshop"), "organic_shopping", "utm.organic_shopping"),
    (("nobody", None, "e-shop"), "organic_shopping", "utm.organic_shopping"),
    (("nobody", None, "coffee shop"), "organic_shopping", "utm.organic_shopping"),
    (("nobody", None, "Spring_Shop"), "organic_shopping", "utm.organic_shopping"),
    (("nobody", None, "shopify"), "organic_shopping", "utm.organic_shopping"),
    (("nobody", None, "WindowShopping"), "organic_shopping", "utm.organic_shopping"),
    (("nobody", None, "bishop to shop"), "organic_shopping", "utm.organic_shopping"),
    (("nobody", None, "2shop"), "organic_shopping", "utm.organic_shopping"),
    (("nobody", None, "workshop"), "unknown", "unknown"),
    (("nobody", None, "bishop"), "unknown", "unknown"),
    (("nobody", None, "barbershop"), "unknown", "unknown"),
    (("nobody", None, "photoshop"), "unknown", "unknown"),
    (("nobody", None, "myshop"), "unknown", "unknown"),
    # row 10
    (("facebook",), "organic_social", "utm.organic_social"),
    (("m.facebook.com", "referral"), "organic_social", "utm.organic_social"),
    (("nobody", "social"), "organic_social", "utm.organic_social"),
    (("nobody", "Social-Network"), "organic_social", "utm.organic_social"),
    (("nobody", "social-media"), "organic_social", "utm.organic_social"),
    (("nobody", "sm"), "organic_social", "utm.organic_social"),
    (("nobody", "social network"), "organic_social", "utm.organic_social"),
    (("nobody", "social media"), "organic_social", "utm.organic_social"),
    (("notfacebook.com", "referral"), "referral", "utm.referral"),
    # row 11
    (("youtube.com",), "organic_video", "utm.organic_video"),
    (("nobody", "my-video-ad"), "organic_video", "utm.organic_video"),
    # row 12
    (("google",), "organic_search", "utm.organic_search"),
    (("google", "organic"), "organic_search", "utm.organic_search"),
    (("nobody", "organic"), "organic_search", "utm.organic_search"),
    (("google.com.br", "referral"), "organic_search", "utm.organic_search"),
    (("chatgpt.com", "organic"), "organic_search", "utm.organic_search"),
    # AI assistants, before Referral
    (("chatgpt.com",), "ai_assistant", "utm.ai_assistant"),
    (("perplexity", "referral"), "ai_assistant", "utm.ai_assistant"),
    (("gemini.google.com", "referral"), "ai_assistant", "utm.ai_assistant"),
    # row 13
    (("blog.example.com", "referral"), "referral", "utm.referral"),
    (("blog.example.com", "app"), "referral", "utm.referral"),
    (("blog.example.com", "link"), "referral", "utm.referral"),
    (("email", "referral"), "referral", "utm.referral"),
    (("mail.google.com", "referral"), "referral", "utm.referral"),
    ((None, "referral"), "referral", "utm.referral"),
    # row 14
    (("newsletter", "email"), "email", "utm.email"),
    (("newsletter", "E-Mail"), "email", "utm.email"),
    (("newsletter", "e_mail"), "email", "utm.email"),
    (("e mail", "blast"), "email", "utm.email"),
    (("email", "affiliate"), "email", "utm.email"),
    ((None, "email"), "email", "utm.email"),
    (("klaviyo",), "email", "utm.email"),
    (("newsletter", "email", None, "www.google.com"), "email", "utm.email"),
    # rows 15 to 18
    (("partner", "affiliate"), "affiliates", "utm.affiliates"),
    (("spot", "audio"), "audio", "utm.audio"),
    (("sms", "blast"), "sms", "utm.sms"),
    (("blast", "SMS"), "sms", "utm.sms"),
    (("app", "mobile-app-install"), "push", "utm.push"),
    (("app", "web_push"), "push", "utm.push"),
    (("app", "push-2"), "unknown", "unknown"),
    (("app", "notifications"), "push", "utm.push"),
    (("firebase", "x"), "push", "utm.push"),
    # row 19: a tag that says nothing known is not corrected by the referrer
    (("nobody",), "unknown", "unknown"),
    (("newsletter", "weird"), "unknown", "unknown"),
    (("newsletter", "weird", None, "www.google.com"), "unknown", "unknown"),
    ((None, "weird"), "unknown", "unknown"),
    (("(direct)", "weird"), "unknown", "unknown"),
    ((None, None, "spring"), "unknown", "unknown"),
    # a tag without a source borrows it
    ((None, "cpc", None, "www.google.com"), "paid_search", "utm.paid_search"),
    ((None, "cpc", None, None, "gclid"), "paid_search", "utm.paid_search"),
    ((None, "cpc", None, None, "fbclid"), "paid_social", "utm.paid_social"),
    ((None, "cpc", None, None, "fbclid", "gclid"), "paid_search", "utm.paid_search"),
    ((None, "weird", None, "www.google.com"), "organic_search", "utm.organic_search"),
    ((None, "weird", None, "blog.example.com"), "referral", "referrer.other"),
    # click ids
    ((None, None, None, None, "gclid"), "paid_search", "click.gclid"),
    ((None, None, None, None, "gbraid"), "paid_search", "click.gclid"),
    ((None, None, None, None, "wbraid"), "paid_search", "click.gclid"),
    (("google", "organic", None, None, "gclid"), "paid_search", "click.gclid"),
    ((None, None, "brand_video", None, "gclid"), "paid_video", "click.gclid_video"),
    ((None, None, "eshop_video", None, "gclid"), "paid_video", "click.gclid_video"),
    ((None, None, "eshop_display", None, "wbraid"), "paid_shopping", "click.gclid_shopping"),
    ((None, None, "display_2", None, "gbraid"), "display", "click.gclid_display"),
    ((None, None, "workshop", None, "gclid"), "paid_search", "click.gclid"),
    ((None, None, None, "www.google.com", "gclid"), "paid_search", "click.gclid"),
    ((None, None, None, None, "dclid"), "display", "click.dclid"),
    ((None, None, None, None, "srsltid"), "organic_shopping", "click.srsltid"),
    ((None, None, None, None, "srsltid", "gclid"), "paid_search", "click.gclid"),
    ((None, None, None, None, "msclkid"), "paid_search", "click.msclkid"),
    ((None, None, None, None, "ttclid"), "paid_social", "click.social_ads"),
    ((None, None, None, None, "twclid"), "paid_social", "click.social_ads"),
    ((None, None, None, None, "li_fat_id"), "paid_social", "click.social_ads"),
    ((None, None, None, None, "ScCid"), "paid_social", "click.social_ads"),
    ((None, None, None, None, "rdt_cid"), "paid_social", "click.social_ads"),
    ((None, None, None, None, "epik"), "paid_social", "click.social_ads"),
    ((None, None, None, None, "fbclid"), "organic_social", "click.fbclid"),
    (("facebook", "social", None, None, "fbclid"), "organic_social", "click.fbclid"),
    (("nobody", "cpc", None, None, "fbclid"), "paid_social", "click.fbclid_paid"),
    (("nobody", "cpm", None, None, "fbclid"), "paid_social", "click.fbclid_paid"),
    (("google", "cpc", None, None, "fbclid"), "paid_search", "utm.paid_search"),
    ((None, None, None, None, "igshid"), "organic_social", "click.igshid"),
    ((None, None, None, None, "mc_eid"), "email", "click.email"),
    ((None, None, None, None, "mc_cid"), "email", "click.email"),
    ((None, None, None, None, "_kx"), "email", "click.email"),
    ((None, None, None, None, "yclid"), "paid_search", "click.yclid"),
    ((None, None, None, None, "irclickid"), "affiliates", "click.affiliates"),
    ((None, None, None, None, "awc"), "affiliates", "click.affiliates"),
    ((None, None, None, None, "cjevent", "fbclid"), "affiliates", "click.affiliates"),
    ((None, None, None, None, " GCLID ", "other"), "paid_search", "click.gclid"),
    # the referrer
    ((None, None, None, "www.google.co.uk"), "organic_search", "referrer.search"),
    ((None, None, None, "WWW.Google.DE."), "organic_search", "referrer.search"),
    ((None, None, None, "https://www.google.com/search?q=a"), "organic_search", "referrer.search"),
    ((None, None, None, "duckduckgo.com:443"), "organic_search", "referrer.search"),
    ((None, None, None, "m.facebook.com"), "organic_social", "referrer.social"),
    ((None, None, None, "l.instagram.com"), "organic_social", "referrer.social"),
    ((None, None, None, "t.co"), "organic_social", "referrer.social"),
    ((None, None, None, "m.youtube.com"), "organic_video", "referrer.video"),
    ((None, None, None, "www.amazon.com.au"), "organic_shopping", "referrer.shopping"),
    ((None, None, None, "mail.google.com"), "email", "referrer.email"),
    ((None, None, None, "android-app://com.google.android.gm/"), "email", "referrer.email"),
    ((None, None, None, "chatgpt.com"), "ai_assistant", "referrer.ai_assistant"),
    ((None, None, None, "gemini.google.com"), "ai_assistant", "referrer.ai_assistant"),
    ((None, None, None, "docs.google.com"), "referral", "referrer.other"),
    ((None, None, None, "blog.example.com"), "referral", "referrer.other"),
    ((None, None, None, "notgoogle.com"), "referral", "referrer.other"),
    ((None, None, None, "google.com.example.org"), "referral", "referrer.other"),
    ((None, None, None, "google.example.com"), "referral", "referrer.other"),
    ((None, None, None, "google.cloud"), "referral", "referrer.other"),
    ((None, None, None, "co.uk"), "referral", "referrer.other"),
    ((None, None, None, "localhost"), "referral", "referrer.other"),
    (("google", None, None, "com.google.android.gm"), "email", "referrer.mail_app"),
    (("qwant", "referral", "ai_chat"), "ai_assistant", "utm.ai_chat"),
    # payment hosts
    ((None, None, None, "checkout.stripe.com"), "direct", "direct"),
    ((None, None, None, "www.paypal.com"), "direct", "direct"),
    ((None, None, None, "pay.google.com"), "direct", "direct"),
    ((None, None, None, "pay.amazon.co.uk"), "direct", "direct"),
    (("stripe.com", "referral"), "direct", "direct"),
    (("Stripe", "Referral", "(referral)"), "direct", "direct"),
    (("shopify", "referral"), "direct", "direct"),
    (("checkout.shopify", "referral"), "direct", "direct"),
    (("stripe",), "direct", "direct"),
    (("klarna", "cpc"), "paid_other", "utm.paid_other"),
    (("paypal", "email"), "email", "utm.email"),
    (("stripe.com", "referral", None, None, "gclid"), "paid_search", "click.gclid"),
    (("stripe.com", "referral", None, "www.google.com"), "organic_search", "referrer.search"),
    (("google", "cpc", None, "checkout.stripe.com"), "paid_search", "utm.paid_search"),
    ((None, "weird", None, "checkout.stripe.com"), "unknown", "unknown"),
    (("notstripe.com", "referral"), "referral", "utm.referral"),
]


@pytest.mark.parametrize(("touch", "code", "rule"), VECTORS, ids=[str(v[0]) for v in VECTORS])
def test_each_touch_gets_the_channel_of_the_first_row_that_matches(
    touch: tuple[str | None, ...], code: str, rule: str
) -> None:
    source, medium, campaign, referrer = (*touch[:4], None, None, None)[:4]
    clicks = tuple(kind for kind in touch[4:] if kind is not None)
    assert choose(source, medium, campaign, referrer, *clicks) == ChannelChoice(code, rule)


def test_every_row_of_the_table_and_every_channel_has_a_vector() -> None:
    assert {rule for _, _, rule in VECTORS} == {row["name"] for row in RULES["rule"]}
    assert {code for _, code, _ in VECTORS} == set(COMMON_CHANNELS) - RESERVED_CHANNELS


# ---------------------------------------------------------------- for all touches

KNOWN = sorted(
    {text for entry in LISTS.values() for text in (*entry["names"], *entry["hosts"])}
    | {"cpc", "cpm", "ppc", "email", "social", "organic", "referral", "web push", "video", "weird"}
    | {"spring_shop", "workshop", "cross-network", "display", "www.google.co.uk", "(none)", "a.b.c"}
    | {"newsletter", "(direct)", "(not set)", "  ", "sms", "firebase", "affiliate", "unpaid"}
)
PAYMENT = [
    *LISTS["payment"]["names"],
    *(host.replace("*", "co.uk") for host in LISTS["payment"]["hosts"]),
    *("checkout." + host.replace("*", "de") for host in LISTS["payment"]["hosts"]),
]
texts = st.one_of(st.none(), st.sampled_from(KNOWN), st.text(max_size=30))
kinds = st.lists(
    st.one_of(st.sampled_from(sorted(CLICK_ID_KINDS)), st.text(max_size=8)), max_size=6
)


@given(texts, texts, texts, texts, kinds)
def test_any_strings_give_a_common_channel_that_is_not_reserved(
    source: str | None,
    medium: str | None,
    campaign: str | None,
    referrer: str | None,
    clicks: list[str],
) -> None:
    choice = choose(source, medium, campaign, referrer, *clicks)
    assert choice.code in COMMON_CHANNELS
    assert choice.code not in RESERVED_CHANNELS
    assert choice.rule


@given(texts, texts, texts, texts, kinds, st.randoms(use_true_random=False))
def test_letter_case_and_surrounding_space_never_matter(
    source: str | None,
    medium: str | None,
    campaign: str | None,
    referrer: str | None,
    clicks: list[str],
    chance: random.Random,
) -> None:
    def restyle(text: str | None) -> str | None:
        if text is None:
            return None
        # Beyond ASCII, upper case is not always undone by lower case.
        letters = (c.swapcase() if c.isascii() and chance.random() < 0.5 else c for c in text)
        return f" {''.join(letters)}\t"

    plain = choose(source, medium, campaign, referrer, *clicks)
    styled = (restyle(text) for text in (source, medium, campaign, referrer, *clicks))
    assert choose(*styled) == plain  # type: ignore[arg-type]  # restyle gives None for None only


@given(texts, texts, texts, texts, kinds)
def test_the_order_and_repetition_of_click_ids_never_matter(
    source: str | None,
    medium: str | None,
    campaign: str | None,
    referrer: str | None,
    clicks: list[str],
) -> None:
    plain = choose(source, medium, campaign, referrer, *clicks)
    assert choose(source, medium, campaign, referrer, *reversed(clicks)) == plain
    assert choose(source, medium, campaign, referrer, *clicks, *clicks) == plain


@given(texts, texts, texts, st.sampled_from(PAYMENT), kinds)
def test_a_payment_host_as_referrer_is_the_same_as_no_referrer(
    source: str | None, medium: str | None, campaign: str | None, payment: str, clicks: list[str]
) -> None:
    with_host = choose(source, medium, campaign, payment, *clicks)
    assert with_host == choose(source, medium, campaign, None, *clicks)


@given(st.sampled_from(PAYMENT), texts, texts, texts, kinds)
def test_a_payment_host_as_source_is_the_same_as_no_source(
    payment: str, medium: str | None, campaign: str | None, referrer: str | None, clicks: list[str]
) -> None:
    kept = None if medium in ("referral", "app", "link") else medium
    with_host = choose(payment, medium, campaign, referrer, *clicks)
    assert with_host == choose(None, kept, campaign, referrer, *clicks)


@given(texts, texts, texts, texts, kinds)
def test_a_remembered_choice_equals_a_new_decision(
    source: str | None,
    medium: str | None,
    campaign: str | None,
    referrer: str | None,
    clicks: list[str],
) -> None:
    remembered = choose(source, medium, campaign, referrer, *clicks)
    kinds_known = engine.known_kinds(tuple(clicks))
    assert remembered == engine.decide(source, medium, campaign, referrer, kinds_known)


@pytest.mark.parametrize("piece", ["d", "dshop", "dshoppin", "c", "p", "a.", ".", "//", " ", "é"])
def test_very_long_texts_are_decided_in_linear_time_and_not_remembered(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    size = engine.decide_once.cache_info().currsize
    started = time.perf_counter()
    choice = choose(text, text, text, text, text)
    # This takes some milliseconds; whatever is quadratic in the length takes many seconds.
    assert time.perf_counter() - started < 2
    assert choice.code in COMMON_CHANNELS
    assert engine.decide_once.cache_info().currsize == size

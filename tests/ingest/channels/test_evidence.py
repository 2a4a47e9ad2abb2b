"""Sign-in pages, mail apps, assistants, placeholders and own hosts: what their evidence is worth."""

from __future__ import annotations

import pytest

from skeldir.ingest.channels import ChannelChoice, choose_channel, is_own_host

# (source, medium, campaign, referrer, *click ids), then the channel and the row that chooses it.
VECTORS: list[tuple[tuple[str | None, ...], str, str]] = [
    # sign-in, account and mail hosts of search and video sites, in every country
    ((None, None, None, "accounts.google.co.uk"), "referral", "referrer.other"),
    ((None, None, None, "accounts.google.com.br"), "referral", "referrer.other"),
    ((None, None, None, "myaccount.google.de"), "referral", "referrer.other"),
    ((None, None, None, "accounts.youtube.com"), "referral", "referrer.other"),
    ((None, None, None, "login.yahoo.com"), "referral", "referrer.other"),
    ((None, None, None, "login.yahoo.co.jp"), "referral", "referrer.other"),
    ((None, None, None, "login.aol.com"), "referral", "referrer.other"),
    ((None, None, None, "passport.yandex.com.tr"), "referral", "referrer.other"),
    ((None, None, None, "logins.daum.net"), "referral", "referrer.other"),
    ((None, None, None, "fr.mail.yahoo.com"), "email", "referrer.email"),
    ((None, None, None, "mail.daum.net"), "email", "referrer.email"),
    ((None, None, None, "email.seznam.cz"), "email", "referrer.email"),
    ((None, None, None, "id.search.yahoo.com"), "organic_search", "referrer.search"),
    # a mail app beats a bare source
    (("google", None, None, "com.google.android.gm"), "email", "referrer.mail_app"),
    (("facebook", None, None, "ru.mail.mailapp"), "email", "referrer.mail_app"),
    (("google", None, None, "mail.google.com"), "email", "referrer.mail_app"),
    (("google", "organic", None, "com.google.android.gm"), "organic_search", "utm.organic_search"),
    (("facebook", None, None, "mail.google.com"), "organic_social", "utm.organic_social"),
    (("google", "cpc", None, "com.google.android.gm"), "paid_search", "utm.paid_search"),
    (("google", None, None, "com.google.android.gm", "gclid"), "paid_search", "click.gclid"),
    # assistants, by campaign, medium and host
    (("qwant", "referral", "ai_chat"), "ai_assistant", "utm.ai_chat"),
    (("bing", None, "Copilot"), "ai_assistant", "utm.ai_chat"),
    (("any", "llm"), "ai_assistant", "utm.ai_chat"),
    (("news", "email", "chatgpt"), "email", "utm.email"),
    (("bing", "cpc", "copilot"), "paid_search", "utm.paid_search"),
    ((None, None, None, "duck.ai"), "ai_assistant", "referrer.ai_assistant"),
    ((None, None, None, "chat.qwen.ai"), "ai_assistant", "referrer.ai_assistant"),
    ((None, None, None, "com.openai.chatgpt"), "ai_assistant", "referrer.ai_assistant"),
    # what comes beside gclid, and placeholders
    ((None, None, None, "www.google.com", "gad_source"), "paid_search", "click.gclid"),
    ((None, None, "summer video", None, "gad_campaignid"), "paid_video", "click.gclid_video"),
    (("NULL", "undefined", "-", "google.com"), "organic_search", "referrer.search"),
    (("(data not available)", None, None, "google.com"), "organic_search", "referrer.search"),
    (("[object Object]", None, None, "null"), "direct", "direct"),
]


@pytest.mark.parametrize(("touch", "code", "rule"), VECTORS, ids=[str(v[0]) for v in VECTORS])
def test_each_kind_of_evidence_leads_to_its_channel(
    touch: tuple[str | None, ...], code: str, rule: str
) -> None:
    source, medium, campaign, referrer = (*touch[:4], None, None, None)[:4]
    choice = choose_channel(
        source=source,
        medium=medium,
        campaign=campaign,
        referrer_host=referrer,
        click_id_kinds=tuple(kind for kind in touch[4:] if kind is not None),
    )
    assert choice == ChannelChoice(code, rule)


@pytest.mark.parametrize(
    ("referrer", "landing", "is_own"),
    [
        ("shop.example", "shop.example", True),
        ("www.shop.example", "shop.example", True),
        ("shop.example", "www.shop.example", True),
        ("blog.shop.example", "www.shop.example", True),
        ("www.shop.example", "pay.shop.example", True),
        ("a.b.shop.co.uk", "shop.co.uk", True),
        ("one.myshopify.com", "one.myshopify.com", True),
        ("one.myshopify.com", "myshopify.com", False),
        ("github.io", "one.github.io", False),
        ("one.github.io", "two.github.io", False),
        ("co.uk", "shop.co.uk", False),
        ("example", "shop.example", False),
        ("myshop.example", "shop.example", False),
        ("shop.example.org", "shop.example", False),
        ("www.google.com", "shop.example", False),
    ],
)
def test_a_referrer_is_own_if_one_owner_has_both_hosts(
    referrer: str, landing: str, is_own: bool
) -> None:
    assert is_own_host(referrer, landing) is is_own

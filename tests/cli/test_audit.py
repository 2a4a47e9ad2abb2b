"""`skeldir audit` as people and machines read it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from uuid import UUID

import psycopg
import pytest

from skeldir.db.pool import open_database
from tests.conftest import Clone
from tests.support.audited import change, make_shop
from tests.support.command import run_here


def make(clone: Clone, name: str) -> UUID:
    """A command runs a loop of its own, so the shop is made in a separate one before."""

    async def fill() -> UUID:
        async with open_database(
            clone.app_url, pool_size=2, statement_timeout_ms=30_000
        ) as database:
            return await make_shop(database, name)

    return asyncio.run(fill())


@pytest.fixture
def shop(clone: Clone) -> UUID:
    return make(clone, "Shop")


def test_the_page_shows_accounts_that_add_up_and_what_holds(clone: Clone, shop: UUID) -> None:
    page = run_here(clone.app_url, "audit", "--tenant", str(shop), "--from", "2026-03-03")
    assert "Audit of Shop" in page
    assert "period   from 2026-03-03 on" in page
    assert "zone     UTC" in page
    assert "0 orders await credit" in page
    lines = {
        line.split()[1]: line.split()[3::2] for line in page.splitlines() if line.startswith("│")
    }
    assert lines["opening"] == ["3,333", "7.777", "105.56"]
    assert lines["refunded"] == ["-3,333", "0.000", "-2.50"]
    assert lines["closing"] == ["0", "7.777", "103.06"]
    assert page.count("\nOK       ") == 20
    assert page.rstrip().endswith("Nothing differs.")


def test_a_difference_is_reported_with_its_cure_and_ends_with_status_1(
    clone: Clone, shop: UUID
) -> None:
    change(
        clone,
        shop,
        "UPDATE rollup_revenue_total SET amount_cents = 1 WHERE OURS AND currency = 'USD'",
    )
    page = run_here(clone.app_url, "audit", "--tenant", str(shop), status=1)
    assert "DIFFERS  Revenue over all days equals the sum of its days." in page
    assert "USD captured: amount_cents 1 instead of 10,556." in page
    assert f"`skeldir credit --tenant {shop} --rebuild`" in page
    run_here(clone.app_url, "credit", "--tenant", str(shop), "--rebuild")
    assert "Nothing differs." in run_here(clone.app_url, "audit", "--tenant", str(shop))


def test_the_document_holds_minor_units_and_digests_that_can_be_recomputed(
    clone: Clone, shop: UUID
) -> None:
    document = json.loads(run_here(clone.app_url, "audit", "--tenant", str(shop), "--json"))
    yen = next(one for one in document["currencies"] if one["currency"] == "JPY")
    assert (yen["exponent"], yen["capture_cents"], yen["closing_cents"]) == (0, 3_333, 0)
    dinar = next(one for one in document["currencies"] if one["currency"] == "KWD")
    assert (dinar["exponent"], dinar["closing_cents"]) == (3, 7_777)
    assert all(check["holds"] for check in document["checks"])

    def digest_of(part: object) -> str:
        text = json.dumps(part, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    result = {key: document[key] for key in ("currencies", "models", "checks", "differences")}
    assert document["digests"]["result"] == digest_of(result)
    whole = document["digests"].pop("document")
    assert whole == digest_of(document)
    again = json.loads(run_here(clone.app_url, "audit", "--tenant", str(shop), "--json"))
    assert {**again["digests"], "document": ""} == {**document["digests"], "document": ""}


def test_orders_are_listed_with_what_makes_up_the_figures(clone: Clone, shop: UUID) -> None:
    words = ("audit", "--tenant", str(shop), "--orders", "--to", "2026-03-03")
    document = json.loads(run_here(clone.app_url, *words, "--json"))
    orders = document["orders"]
    assert [order["order_id"] for order in orders] == ["direct", "disputed", "paid", "refunded"]
    for model in document["models"]:
        credited = sum(
            one["credited_cents"]
            for order in orders
            for one in order["credit"]
            if one["model_version"] == model["model_version"]
            and order["entries"][0]["currency"] == model["currency"]
        )
        assert credited == model["credited_cents"]
    page = run_here(clone.app_url, *words)
    assert "      linear@1             sms                                 33.33" in page
    assert "unattributed                         5.55" in page


def test_all_tenants_are_audited_by_the_role_that_migrates_and_one_by_the_runtime_role(
    clone: Clone, shop: UUID
) -> None:
    other = make(clone, "Other")
    page = run_here(clone.migrator_url, "audit")
    assert str(shop) in page
    assert str(other) in page
    assert page.count("Nothing differs.") == 2
    assert "operator_needed" in run_here(clone.app_url, "audit", status=1)
    change(
        clone, other, "UPDATE rollup_revenue_total SET orders = 9 WHERE OURS AND currency = 'USD'"
    )
    assert run_here(clone.migrator_url, "audit", status=1).count("Nothing differs.") == 1
    run_here(clone.app_url, "audit", "--tenant", str(shop))


def test_the_outcome_can_be_recorded_and_read_later(clone: Clone, shop: UUID) -> None:
    words = ("audit", "--tenant", str(shop))
    change(
        clone, shop, "UPDATE rollup_revenue_total SET orders = 9 WHERE OURS AND currency = 'USD'"
    )
    run_here(clone.app_url, *words, "--record", status=1)
    history = run_here(clone.app_url, *words, "--history")
    assert "revenue_totals" in history
    assert "2026" in history


@pytest.mark.parametrize(
    "words",
    [
        ("--from", "yesterday"),
        ("--from", "2026-03-02", "--to", "2026-03-02"),
        ("--history",),
    ],
)
def test_what_makes_no_sense_is_refused_as_usage(clone: Clone, words: tuple[str, ...]) -> None:
    run_here(clone.app_url, "audit", *words, status=2)


def test_what_a_terminal_obeys_is_shown_as_text_wherever_a_name_stands(
    clone: Clone, shop: UUID
) -> None:
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        name = "\x1b[31m \x9b2J \u202e Élodie 商店"
        admin.execute("UPDATE tenants SET name = %s WHERE id = %s", (name, shop))
    shown = r"\x1b[31m \x9b2J \u202e Élodie 商店"
    assert f"Audit of {shown}" in run_here(clone.app_url, "audit", "--tenant", str(shop))
    assert shown in run_here(clone.migrator_url, "tenants", "list")

"""Lift tests on the page of models: what the API says, with the disagreement named, in each language."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import httpx2
import pytest

from skeldir.db.embedded import EmbeddedServer
from skeldir.db.pool import open_database
from skeldir.lifts import LiftKey, Measured, record_lift_tests
from skeldir.users import Role
from skeldir.web import LANGUAGES
from tests.conftest import TEMPLATE, Clone, scratch_database
from tests.support.api import asking
from tests.support.fitted_shop import FittedShop, fill_fitted
from tests.support.pages import HOST, read_tables, sign_in

pytestmark = pytest.mark.xdist_group("lift tests on pages")

ABOVE = {
    "en": "above the interval",
    "de": "über dem Intervall",
    "fr": "au-dessus de l\N{RIGHT SINGLE QUOTATION MARK}intervalle",
}


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer) -> Iterator[FittedShop]:
    with scratch_database(server, template=TEMPLATE) as clone:
        yield asyncio.run(fill_fitted(clone))


@pytest.fixture
async def browser(shop: FittedShop) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking(shop.clone.app_url) as (_, client):
        client.base_url = HOST
        client.cookies.update(shop.cookies)
        yield client


async def test_each_test_has_a_row_for_each_model_with_the_numbers_of_the_api(
    browser: httpx2.AsyncClient, shop: FittedShop
) -> None:
    page = await browser.get("/models")
    tables = read_tables(page.text)
    answer = await browser.get("/v1/lift-tests", headers=shop.key)
    of_money, of_conversions = sorted(
        answer.json()["data"], key=lambda one: one["currency"] is None
    )
    assert "Geo &lt;north&gt;" in page.text
    for test, key, places in ((of_money, "lift-USD", 2), (of_conversions, "lift", 2)):
        assert len(test["models"]) == 8
        for row, model in zip(tables[key].rows, test["models"], strict=True):
            shown = (test["incremental"], test["lower"], test["upper"])
            for cell, amount in zip(row[4:7], shown, strict=True):
                assert cell.replace("\N{MINUS SIGN}", "-").startswith(
                    f"{Decimal(amount):,.{places}f}"
                )
            assert (row[1], row[7]) == ("E-mail", f"{test['level_percent']}.0%")
            assert row[8] == model["version"]
            assert row[9] == ("share in the fit" if model["is_fit"] else "credit in force")
            assert row[10] == f"{Decimal(model['credited']):,.{places}f}"
            assert row[11] == f"{model['position']} the interval"
            assert row[12] == f"{Decimal(model['beyond']):,.{places}f}"
    assert {one["position"] for one in of_money["models"]} == {"above"}
    assert {one["position"] for one in of_conversions["models"]} == {"inside"}
    assert 'href="/models/fits/markov@1"' in page.text


async def test_the_tests_of_the_latest_days_are_shown(clone: Clone) -> None:
    shop = await fill_fitted(clone)
    day = date(2026, 3, 1)
    key = LiftKey("", "email", "value", "JPY")
    tests = [
        Measured(
            replace(key, experiment=f"test {n:02}"), day, day + timedelta(days=40 + n), 0, 0, 0, 90
        )
        for n in range(25)
    ]
    async with (
        open_database(clone.app_url, pool_size=1, statement_timeout_ms=30_000) as db,
        db.tenant(shop.tenant) as connection,
    ):
        await record_lift_tests(
            connection, shop.tenant, tests, source="lift.csv", recorded_by="test"
        )
    async with asking(clone.app_url) as (_, client):
        client.base_url = HOST
        client.cookies.update(shop.cookies)
        page = await client.get("/models")
    shown = {row[0] for row in read_tables(page.text)["lift-JPY"].rows}
    assert shown == {f"test {n:02}" for n in range(5, 25)}
    assert "The 20 tests of the latest days are shown" in page.text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_disagreement_is_named_in_each_language(
    browser: httpx2.AsyncClient, language: str
) -> None:
    page = await browser.get("/models", headers={"Accept-Language": language})
    assert read_tables(page.text)["lift-USD"].rows[0][11] == ABOVE[language]
    assert "lift." not in page.text


async def test_a_tenant_without_tests_is_shown_the_command_and_none_of_others(
    shop: FittedShop,
) -> None:
    async with asking(shop.clone.app_url) as (_, client):
        client.base_url = HOST
        await sign_in(client, shop.clone, shop.other, Role.VIEWER, "bo@shop.example")
        page = await client.get("/models")
    assert f"skeldir lift import {shop.other} lift.csv" in page.text
    assert "north" not in page.text

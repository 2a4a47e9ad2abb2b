"""Putting fits in force on pages: previewed by anybody in the tenant, done by managers only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import httpx2
import pytest

from skeldir.attribution import models_in_force
from skeldir.db.pool import Database
from skeldir.fits import SHAPLEY, fit_model
from skeldir.users import Role
from skeldir.web import LANGUAGES
from tests.conftest import Clone
from tests.support.api import bearer
from tests.support.audited import settle
from tests.support.fitted import ASKED, send_journeys
from tests.support.pages import read_tables, signed_in
from tests.support.sites import OWN

HERE = "/models/markov"
FIT = "/models/fits/markov@1"


@pytest.fixture
async def manager(clone: Clone, db: Database, tenant: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    """A manager of a tenant with the fits markov@1 and shapley@1."""
    await send_journeys(db, tenant)
    await settle(db, tenant)
    shapley = replace(ASKED, model=SHAPLEY, chain_order=None, collapse_repeats=None)
    for asked in (ASKED, shapley):
        await fit_model(db, tenant, asked, made_by="test")
    async with signed_in(clone, tenant, Role.MANAGER, "mia@shop.example") as client:
        yield client


async def in_force(db: Database, tenant: UUID) -> dict[str, str]:
    async with db.tenant(tenant, is_read_only=True) as connection:
        return {m.model: m.model_version for m in await models_in_force(connection, tenant)}


async def test_a_fit_leads_to_a_preview_that_puts_it_in_force(
    manager: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    page = await manager.get(FIT)
    assert f'href="{HERE}?fit=markov%401"' in page.text
    preview = await manager.get(f"{HERE}?fit=markov%401")
    shown = read_tables(preview.text)
    read = await bearer(db, tenant, "read")
    answer = (await manager.post("/v1/fits/markov@1/preview", headers=read)).json()
    assert {key for key in shown if key.startswith("preview")} == {"preview-EUR", "preview-USD"}
    for currency in ("EUR", "USD"):
        then = sum(
            row["credited_cents_then"] for row in answer["channels"] if row["currency"] == currency
        )
        assert shown[f"preview-{currency}"].totals[2] == f"{then / 100:,.2f}"
    done = await manager.post(HERE, headers=OWN, data={"fit": "markov@1"})
    assert done.headers["location"] == "/models?done=set"
    assert (await in_force(db, tenant))["markov"] == "markov@1"
    again = await manager.post(HERE, headers=OWN, data={"fit": "markov@1"})
    assert again.headers["location"] == "/models?done=nothing"
    assert "markov@1 in force" in (await manager.get(FIT)).text
    await settle(db, tenant)
    report = await manager.get("/v1/attribution/channels?model=markov", headers=read)
    assert report.json()["model_versions"] == {"markov": "markov@1"}
    page = await manager.get("/channels?model=markov&from=2026-03-01&to=2026-04-30")
    assert "Markov chain" in page.text
    for row in report.json()["data"]:
        ends = (row["models"]["markov"]["interval"][f"{end}_cents"] for end in ("lower", "upper"))
        assert " to ".join(f"{end / 100:,.2f}" for end in ends) in page.text
    retired = await manager.post(HERE, headers=OWN, data={"do": "retire"})
    assert retired.headers["location"] == "/models?done=retired"
    assert "markov" not in await in_force(db, tenant)


async def test_only_a_fit_of_the_model_is_put_in_force_and_only_by_a_manager(
    manager: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for fit in ("shapley@1", "markov@2", "x", "markov@1 or 1=1"):
        refused = await manager.post(HERE, headers=OWN, data={"fit": fit})
        assert (refused.status_code, "fit_unknown" in refused.text) == (404, True), fit
    # A rule's parameters are nothing to a fit, and the other way round.
    without = await manager.post(HERE, headers=OWN, data={"lookback_days": "7"})
    assert without.status_code == 404
    async with signed_in(clone, tenant, Role.VIEWER, "vi@shop.example") as viewer:
        assert "preview-USD" in (await viewer.get(f"{HERE}?fit=markov%401")).text
        assert (await viewer.post(HERE, headers=OWN, data={"fit": "markov@1"})).status_code == 403
    async with signed_in(clone, other_tenant, Role.MANAGER, "o@shop.example") as stranger:
        theirs = await stranger.post(HERE, headers=OWN, data={"fit": "markov@1"})
        assert theirs.status_code == 404
        assert "markov@1" not in (await stranger.get(HERE)).text
    assert "markov" not in await in_force(db, tenant)


async def test_each_language_has_the_page_of_a_fitted_model(manager: httpx2.AsyncClient) -> None:
    for language in LANGUAGES:
        for path in (HERE, "/models/shapley", f"{HERE}?fit=markov%401"):
            page = await manager.get(path, params={}, headers={"Accept-Language": language})
            assert (page.status_code, "<main" in page.text) == (200, True)

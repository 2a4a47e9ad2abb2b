"""Fits that are asked for by a page: by managers, waited for without a script, and refused with the cure."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import httpx2
import pytest

from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.fits import FitAsked, find_latest_request, fit_model, list_fits
from skeldir.fits.kinds import MAKE_FIT
from skeldir.fits.tasks import MAKE_FIT_KIND
from skeldir.jobs import do_jobs
from skeldir.jobs.claiming import claim_next_job
from skeldir.rollups import roll_up_dirty_days
from skeldir.users import Role, list_actions
from skeldir.web import LANGUAGES
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.fitted import ASKED, send_journeys
from tests.support.pages import HOST, sign_in
from tests.support.sites import OWN

REQUESTS = "/models/fits/requests"
FIELDS = {
    "model": "markov",
    "first": "2026-03-01",
    "last": "2026-04-30",
    "lookback_days": "30",
    "chain_order": "",
    "collapse_repeats": "",
    "level_percent": "90",
    "draws": "100",
    "seed": "0",
}


@pytest.fixture
async def browser(clone: Clone, tenant: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking(clone.app_url) as (_, client):
        client.base_url = HOST
        await sign_in(client, clone, tenant, Role.MANAGER, "mia@shop.example")
        yield client


async def send(browser: httpx2.AsyncClient, **changes: str) -> httpx2.Response:
    return await browser.post(REQUESTS, headers=OWN, data=FIELDS | changes)


async def work(db: Database) -> None:
    await do_jobs(db, {MAKE_FIT: MAKE_FIT_KIND})


def fields_of(text: str) -> dict[str, str]:
    """Return what the fields of a page's form show."""
    shown = dict(re.findall(r'<input id="(\w+)" name="\w+" [^>]*?value="([^"]*)"', text))
    for name, options in re.findall(r'<select id="(\w+)"[^>]*>(.*?)</select>', text, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected>', options)
        shown[name] = chosen[1] if chosen else re.findall(r'value="([^"]*)"', options)[0]
    return shown


async def test_a_manager_asks_for_a_fit_waits_for_it_without_a_script_and_is_led_to_it(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await send_journeys(db, tenant)
    page = await browser.get("/models")
    yesterday = utc_now().date() - timedelta(days=1)
    shown = fields_of(page.text)
    assert {name: shown[name] for name in FIELDS} == FIELDS | {
        "first": (yesterday - timedelta(days=89)).isoformat(),
        "last": yesterday.isoformat(),
        "draws": "1000",
    }
    assert f'action="{REQUESTS}' in page.text
    sent = await send(browser)
    place = sent.headers["location"]
    assert (sent.status_code, place.startswith(f"{REQUESTS}/")) == (303, True)
    waiting = await browser.get(place)
    assert "The fit waits for a worker." in waiting.text
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in waiting.text
    assert f'<a href="{place}">Look again</a>' in waiting.text
    assert "<form class=" not in waiting.text
    models = await browser.get("/models")
    assert f'<a href="{place}">See how far it is</a>' in models.text
    assert f'action="{REQUESTS}' not in models.text
    # The same again is the same; another one is refused, and what was asked for is still there.
    assert (await send(browser)).headers["location"] == place
    another = await send(browser, draws="200", model="shapley")
    assert (another.status_code, "<code>fit_waiting</code>" in another.text) == (409, True)
    assert fields_of(another.text).items() >= {"draws": "200", "model": "shapley"}.items()
    await claim_next_job(db, {MAKE_FIT: MAKE_FIT_KIND})
    assert "A worker is making the fit." in (await browser.get(place)).text
    async with db.tenant(tenant) as connection:
        await connection.execute("UPDATE jobs SET lease_until = now() WHERE state = 'running'")
    await work(db)
    done = await browser.get(place)
    assert (done.status_code, done.headers["location"]) == (303, "/models/fits/markov@1")
    by_script = await browser.get(place, headers={"HX-Request": "true"})
    assert by_script.headers["hx-redirect"] == "/models/fits/markov@1"
    fit = await browser.get("/models/fits/markov@1")
    assert "by mia@shop.example" in fit.text
    async with db.tenant(tenant, is_read_only=True) as connection:
        (one,) = await list_fits(connection, tenant)
        actions = [(each.action, each.subject) for each in await list_actions(connection, tenant)]
    assert (one.draws, one.made_by) == (100, "mia@shop.example")
    assert actions.count(("fits.request", "markov, 2026-03-01 to 2026-04-30")) >= 1


async def test_the_form_has_the_last_days_with_money_if_the_last_ninety_have_none(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await send_journeys(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    async with db.tenant(tenant, is_read_only=True) as connection:
        money = await connection.fetchval("SELECT max(occurred_at)::date FROM revenue_ledger")
    yesterday = utc_now().date() - timedelta(days=1)
    last = money if money <= yesterday - timedelta(days=90) else yesterday
    for path in ("/models", REQUESTS):
        shown = fields_of((await browser.get(path)).text)
        days = ((last - timedelta(days=89)).isoformat(), last.isoformat())
        assert (shown["first"], shown["last"]) == days


async def test_each_field_of_the_form_is_a_parameter_of_the_fit(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await send(
        browser,
        lookback_days="7",
        chain_order="2",
        collapse_repeats="yes",
        level_percent="95",
        draws="300",
        seed="2147483647",
    )
    first, last = ASKED.first_day, ASKED.last_day
    async with db.tenant(tenant, is_read_only=True) as connection:
        found = await find_latest_request(connection, tenant)
    assert found is not None
    assert found.asked == FitAsked("markov", first, last, 7, 2, True, 95, 300, 2_147_483_647)
    await work(db)
    shapley = await send(browser, model="shapley")
    assert shapley.status_code == 303
    async with db.tenant(tenant, is_read_only=True) as connection:
        found = await find_latest_request(connection, tenant)
    assert found is not None
    assert found.asked == FitAsked("shapley", first, last, draws=100)


async def test_a_refused_fit_is_shown_with_its_cure_and_its_parameters_until_another_is_made(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    place = (await send(browser, seed="9")).headers["location"]
    await work(db)
    page = await browser.get(place)
    assert page.status_code == 200
    assert "<code>fit_too_small</code>" in page.text
    assert "On these days 0 journeys with a touch ended, 0 of them with an order." in page.text
    assert "A fit needs 500 journeys and 100 orders at least: choose more days" in page.text
    assert fields_of(page.text)["seed"] == "9"
    assert "http-equiv" not in page.text
    for tag, words in (
        ("de", "An diesen Tagen endeten 0 Wege mit einem Kontakt, 0 davon mit einer Bestellung."),
        ("fr", "Ces jours-là, 0 parcours avec un contact se sont terminés"),
    ):
        assert words in (await browser.get(f"{place}?lang={tag}")).text
    models = await browser.get("/models?lang=en")
    assert f'<a href="{place}">See why</a>' in models.text
    assert f'action="{REQUESTS}' in models.text
    await send_journeys(db, tenant)
    await fit_model(db, tenant, ASKED, made_by="test")
    assert "See why" not in (await browser.get("/models")).text


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"last": "2026-02-01"}, "fit_invalid", "The last day is before the first one."),
        ({"first": "2020-01-01"}, "fit_invalid", "These are 2312 days."),
        ({"first": "1999-12-31", "last": "2000-01-01"}, "fit_invalid", "Give days from"),
        ({"first": "soon"}, "input_invalid", "Write it as 2026-09-01."),
        ({"draws": "many"}, "input_invalid", "is no whole number."),
        ({"draws": "99"}, "fit_invalid", "The number of draws is 99."),
        ({"seed": "-1"}, "input_invalid", "is no whole number."),
        ({"model": "linear"}, "input_invalid", "is no model that is fitted."),
        ({"model": "shapley", "chain_order": "2"}, "fit_invalid", "Shapley values have no order"),
        (
            {"model": "shapley", "collapse_repeats": "yes"},
            "fit_invalid",
            "Shapley values have no order",
        ),
        ({"chain_order": "5"}, "fit_invalid", "The order of the chain is 5."),
        ({"chain_order": "0"}, "fit_invalid", "The order of the chain is 0."),
        ({"seed": "2147483648"}, "fit_invalid", "The seed is 2147483648."),
    ],
)
async def test_what_no_fit_can_be_is_refused_at_once_and_the_form_keeps_what_was_sent(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID,
    change: dict[str, str], code: str, words: str,
) -> None:  # fmt: skip
    page = await send(browser, **change)
    assert (page.status_code, f"<code>{code}</code>" in page.text) == (422, True)
    assert words in page.text
    kept = fields_of(page.text)
    for name, text in change.items():
        if name not in ("model", "chain_order"):
            assert kept[name] == text
    async with db.tenant(tenant, is_read_only=True) as connection:
        assert await find_latest_request(connection, tenant) is None


async def test_what_is_sent_is_shown_as_text(browser: httpx2.AsyncClient) -> None:
    nasty = '"><script>x'
    page = await send(browser, draws=nasty, first=nasty, model=nasty, seed=nasty)
    assert page.status_code == 422
    assert "<script>x" not in page.text


async def test_a_viewer_sees_no_form_and_reads_what_became_of_a_request(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    place = (await send(browser)).headers["location"]
    await sign_in(browser, clone, tenant, Role.VIEWER, "ada@shop.example")
    assert "The fit waits for a worker." in (await browser.get(place)).text
    await work(db)
    refused = await browser.get(place)
    assert "<code>fit_too_small</code>" in refused.text
    for page in (refused, await browser.get("/models")):
        assert f'action="{REQUESTS}' not in page.text
    assert (await send(browser)).status_code == 403
    assert (await browser.get(REQUESTS)).status_code == 403


async def test_the_request_of_another_tenant_and_an_unknown_one_are_not_found(
    browser: httpx2.AsyncClient, clone: Clone, other_tenant: UUID
) -> None:
    place = (await send(browser)).headers["location"]
    for path in (f"{REQUESTS}/{uuid4()}", f"{REQUESTS}/x", f"{REQUESTS}/{'1' * 300}"):
        page = await browser.get(path)
        assert (page.status_code, "<code>fit_request_unknown</code>" in page.text) == (404, True)
    await sign_in(browser, clone, other_tenant, Role.ADMIN, "eve@other.example")
    hidden = await browser.get(place)
    assert (hidden.status_code, "<code>fit_request_unknown</code>" in hidden.text) == (404, True)
    assert "See how far it is" not in (await browser.get("/models")).text


async def test_each_language_has_the_form_and_the_pages_of_requests(
    browser: httpx2.AsyncClient, db: Database
) -> None:
    place = (await send(browser)).headers["location"]
    pages = [await browser.get(f"{place}?lang={tag}") for tag in LANGUAGES]
    await work(db)
    pages += [
        await browser.get(f"{path}?lang={tag}")
        for tag in LANGUAGES
        for path in (place, REQUESTS, "/models")
    ]
    assert {page.status_code for page in pages} == {200}
    english = ("Make a fit", "waits for a worker", "Ask for another", "automatic<")
    for page in pages:
        if '<html lang="en"' not in page.text:
            assert [words for words in english if words in page.text] == []

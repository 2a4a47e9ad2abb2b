"""The scan finds planted personal data everywhere, records where, never what, and drops findings that are clean."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.db.ids import new_id
from skeldir.db.pool import Database
from skeldir.ingest import (
    Finding,
    ScanReport,
    add_channels,
    list_findings,
    scan_for_personal_data,
)
from skeldir.ingest.kinds import SCAN_PERSONAL_DATA
from skeldir.ingest.personal_data import MOST_PLACES_OF_A_CELL, find_shapes
from skeldir.ingest.tasks import SCAN
from skeldir.jobs import LeaseLost, do_jobs, enqueue
from skeldir.jobs.claiming import claim_next_job
from skeldir.spend.items import read_spend
from skeldir.spend.recording import Load, record_days
from skeldir.tenants import issue_key
from tests.support.make import make_conversion, make_touch, send_conversions, send_touches
from tests.support.two_tenants import fill_tenant

VALUES = {
    "e_mail": "joe.doe@example.com",
    "phone": "+49 171 2345678",
    "card": "4111 1111 1111 1111",
    "ip": "203.0.113.77",
}
PLANT_EVENT = """
    INSERT INTO attribution_events (tenant_id, id, idempotency_key, occurred_at, campaign, raw_payload)
    VALUES ($1, $2, $3, now(), $4, $5)"""
PLANT_JOB = """
    INSERT INTO jobs (tenant_id, id, kind, state, correlation_id, finished_at, arguments, error)
    VALUES ($1, $2, 'attribution.credit', 'dead', gen_random_uuid(), now(), $3, $4)"""
PLANT_DEAD = """
    INSERT INTO dead_events (tenant_id, id, origin, item_kind, code, detail, cure, item)
    VALUES ($1, $2, $3, 'touch', 'field_invalid', $4, 'None.', $5)"""
PLANT_IMPORT = """
    INSERT INTO imports (tenant_id, fingerprint, file_name, rows_done, touches_accepted, touches_duplicate,
                         conversions_accepted, conversions_duplicate, rejected, is_complete)
    VALUES ($1, 'f00d', $2, 1, 1, 0, 0, 0, 0, true)"""


async def plant(db: Database, tenant: UUID, statement: str, *values: object) -> UUID:
    """Insert a row in a way that the program does not support; return its id if the statement takes one."""
    row_id = new_id()
    async with db.tenant(tenant) as connection:
        identified = () if statement is PLANT_IMPORT else (row_id,)
        await connection.execute(statement, tenant, *identified, *values)
    return row_id


async def plant_event(
    db: Database, tenant: UUID, *, campaign: str = "spring", payload: object = None
) -> UUID:
    key = f"event:{new_id()}"
    return await plant(db, tenant, PLANT_EVENT, key, campaign, json.dumps(payload or {}))


async def scan(db: Database, tenant: UUID, **options: int) -> ScanReport:
    return await scan_for_personal_data(db, tenant, **options)


async def findings(db: Database, tenant: UUID) -> list[Finding]:
    async with db.tenant(tenant) as connection:
        return await list_findings(connection, tenant)


async def places(db: Database, tenant: UUID) -> set[tuple[str, str, str, str]]:
    return {(f.relation, f.column_name, f.path, f.shape) for f in await findings(db, tenant)}


async def test_campaigns_and_loads_of_ad_platforms_are_scanned_too(
    db: Database, tenant: UUID
) -> None:
    item = {
        "platform": "meta",
        "account": "5550001",
        "campaign_id": "120211",
        "currency": "EUR",
        "day": "2026-09-01",
        "cost_cents": 1,
        "campaign_name": f"for {VALUES['e_mail']}",
    }
    load = Load("api", VALUES["ip"], "0" * 64, "a test", 1)
    async with db.tenant(tenant) as connection:
        await record_days(connection, tenant, load, [read_spend(item, ())])
    await scan(db, tenant)
    assert await places(db, tenant) == {
        ("ad_days", "campaign_name", "", "e_mail"),
        ("ad_loads", "source", "", "ip"),
    }


async def test_what_the_program_records_is_clean(db: Database) -> None:
    tenant = await fill_tenant(db, "Shop")
    await send_touches(
        db,
        tenant,
        make_touch(
            session_id="GA1.2.1234567890.1690000000",
            campaign="q4-2025-launch-20251101",
            landing_path="/products/4006381333931/blue",
            referrer_host="https://www.example.com/search",
            journey_key="joe@example.com",
            click_ids=["gclid"],
            e_mail="joe@example.com",
        ),
        make_touch(occurred_at="2026-03-01T12:30:45", campaign="joe@example.com"),
    )
    await send_conversions(db, tenant, make_conversion(order_id="4111111111111111", currency="x"))
    async with db.tenant(tenant) as connection:
        await connection.execute("DELETE FROM personal_data_findings")
    report = await scan(db, tenant)
    assert report.rows > 10
    assert (report.places, await findings(db, tenant)) == (0, [])


async def test_every_table_is_scanned_and_each_place_is_reported(
    db: Database, tenant: UUID
) -> None:
    event = await plant_event(
        db, tenant, campaign="for joe%40example.com", payload={"zz": [{"q": "4111111111111111"}]}
    )
    await plant(db, tenant, PLANT_DEAD, "api:1", "said 203.0.113.7", '{"odd": "+49 171 2345678"}')
    await plant(db, tenant, PLANT_JOB, '{"for": "joe@example.com"}', "refused 2001:db8::17")
    await plant(db, tenant, PLANT_IMPORT, "orders of joe@example.com.csv")
    await send_conversions(
        db, tenant, make_conversion(order_id="joe@example.com", idempotency_key="+1-415-555-0132")
    )
    async with db.tenant(tenant) as connection:
        await add_channels(connection, tenant, {"radio": "Call 0171 2345678"})
        await issue_key(
            connection, tenant, name="joe@example.com", scopes=["read"], expires_at=None
        )
    report = await scan(db, tenant)
    assert await places(db, tenant) == {
        ("attribution_events", "campaign", "", "e_mail"),
        ("attribution_events", "raw_payload", "$.zz[0].q", "card"),
        ("dead_events", "detail", "", "ip"),
        ("dead_events", "item", "$.odd", "phone"),
        ("jobs", "arguments", "$.for", "e_mail"),
        ("jobs", "error", "", "ip"),
        ("imports", "file_name", "f00d", "e_mail"),
        ("revenue_ledger", "order_id", "", "e_mail"),
        ("revenue_ledger", "business_key", "", "phone"),
        ("channels", "label", "radio", "phone"),
        ("api_keys", "name", "", "e_mail"),
    }
    assert (report.places, report.new, report.cleared) == (11, 11, 0)
    assert event in {finding.row_id for finding in await findings(db, tenant)}


async def test_a_finding_never_holds_the_value(db: Database, tenant: UUID) -> None:
    for value in VALUES.values():
        await plant_event(db, tenant, campaign=value, payload={value: {"x": value, value: [value]}})
    assert (await scan(db, tenant)).places == 4 * 5
    async with db.tenant(tenant) as connection:
        stored = await connection.fetchval(
            "SELECT string_agg(f::text, '') FROM personal_data_findings f"
        )
    assert '["<e_mail>"]' in {f.path.removeprefix("$") for f in await findings(db, tenant)}
    for value in VALUES.values():
        assert value not in stored
        assert value.replace(" ", "") not in stored


async def test_a_repeated_scan_adds_nothing_and_drops_findings_that_are_clean_or_gone(
    db: Database, tenant: UUID
) -> None:
    job = await plant(db, tenant, PLANT_JOB, '{"a": "joe@example.com"}', "from 203.0.113.7")
    gone = await plant(db, tenant, PLANT_JOB, "{}", "joe@example.com")
    await plant_event(db, tenant, campaign="joe@example.com")
    assert (await scan(db, tenant)).new == 4
    first = await findings(db, tenant)
    assert await scan(db, tenant) == ScanReport(3, 4, 0, 0)
    assert await findings(db, tenant) == first

    async with db.tenant(tenant) as connection:
        await connection.execute("UPDATE jobs SET error = 'tidy' WHERE id = $1", job)
        await connection.execute("DELETE FROM jobs WHERE id = $1", gone)
    assert await scan(db, tenant) == ScanReport(2, 2, 0, 2)
    assert await findings(db, tenant) == [f for f in first if f.column_name != "error"]


@pytest.mark.parametrize("most", [1, 2, 3, 7, 8])
async def test_batches_of_any_size_find_the_same(db: Database, tenant: UUID, most: int) -> None:
    for number in range(7):
        await plant_event(db, tenant, campaign="joe@example.com" if number % 3 else "spring")
    assert await scan(db, tenant, most=most) == ScanReport(7, 4, 4, 0)
    assert await scan(db, tenant, most=8 - most + 1) == ScanReport(7, 4, 0, 0)


async def test_only_the_tenants_own_rows_are_scanned(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await plant_event(db, other_tenant, campaign="joe@example.com")
    assert await scan(db, tenant) == ScanReport(0, 0, 0, 0)
    await scan(db, other_tenant)
    await scan(db, tenant)
    assert len(await findings(db, other_tenant)) == 1
    assert await findings(db, tenant) == []


async def test_identifiers_in_a_dead_event_may_be_digits(db: Database, tenant: UUID) -> None:
    item = {"order_id": "4111111111111111", "note": {"order_id": "4111111111111111"}}
    await plant(db, tenant, PLANT_DEAD, "api:1", "Refused.", json.dumps(item))
    await scan(db, tenant)
    assert await places(db, tenant) == {("dead_events", "item", "$.note.order_id", "card")}


async def test_a_document_that_is_nested_too_deeply_is_scanned_as_a_text(
    db: Database, tenant: UUID
) -> None:
    depth = 1_500
    payload = '{"a":' * depth + '"joe@example.com"' + "}" * depth
    await plant(db, tenant, PLANT_EVENT, "deep", "spring", payload)
    await scan(db, tenant)
    assert await places(db, tenant) == {("attribution_events", "raw_payload", "$", "e_mail")}


async def test_a_path_of_any_length_can_be_kept(db: Database, tenant: UUID) -> None:
    await plant_event(db, tenant, payload={"é" * 5_000: {"x": "joe@example.com"}, "k" * 5_000: {}})
    await scan(db, tenant)
    (finding,) = await findings(db, tenant)
    assert len(finding.path) <= 400
    assert (await scan(db, tenant)).new == 0


async def test_a_cell_full_of_addresses_is_reported_by_its_first_places(
    db: Database, tenant: UUID
) -> None:
    await plant_event(db, tenant, payload={"x": [f"joe{n}@example.com" for n in range(1_000)]})
    assert (await scan(db, tenant)).places == MOST_PLACES_OF_A_CELL
    assert (await scan(db, tenant)).new == 0


async def test_the_scan_is_a_job(db: Database, tenant: UUID) -> None:
    await plant_event(db, tenant, campaign="joe@example.com")
    async with db.tenant(tenant) as connection:
        await enqueue(connection, tenant, SCAN_PERSONAL_DATA)
    await do_jobs(db, {SCAN_PERSONAL_DATA: SCAN})
    assert len(await findings(db, tenant)) == 1
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT state FROM jobs") == "done"


async def test_a_worker_that_lost_the_job_writes_no_finding(db: Database, tenant: UUID) -> None:
    await plant_event(db, tenant, campaign="joe@example.com")
    async with db.tenant(tenant) as connection:
        assert await enqueue(connection, tenant, SCAN_PERSONAL_DATA)
    lost = await claim_next_job(db, {SCAN.name: SCAN})
    async with db.tenant(tenant) as connection:
        await connection.execute("UPDATE jobs SET lease_until = now() - interval '1 second'")
    assert await claim_next_job(db, {SCAN.name: SCAN}) is not None
    with pytest.raises(LeaseLost):
        await scan_for_personal_data(db, tenant, job=lost)
    assert await findings(db, tenant) == []


# Odd, but not personal: only a text with a dot after its @ may be an address.
odd_keys = st.one_of(
    st.text("aZ09 ._-$'\\\"@[]{}<>\n\u00e9\u2028\U0001f600", max_size=8).filter(
        lambda key: "." not in key.partition("@")[2]
    ),
    st.sampled_from(["x", "data-1", "Kunde", "a.b", '"', "$", "<e_mail>"]),
)
innocent = st.one_of(
    st.none(), st.booleans(), st.integers(-999, 999), st.sampled_from(["", "spring", "2026-03-01"])
)


@st.composite
def draw_planted(draw: st.DrawFn, value: object) -> object:
    """A JSON value that holds `value` once, below random keys and indexes, among innocent ones."""
    for _ in range(draw(st.integers(0, 6))):
        if draw(st.booleans()):
            beside = draw(st.dictionaries(odd_keys, innocent, max_size=2))
            value = beside | {draw(odd_keys): value}
        else:
            value = [*draw(st.lists(innocent, max_size=2)), value]
    return value


@pytest.mark.parametrize("shape", VALUES)
@given(data=st.data())
def test_a_value_is_found_at_any_depth_under_any_key(shape: str, data: st.DataObject) -> None:
    wrapped = data.draw(st.sampled_from(["{}", "see {} there", "({})", "q={}&r"]))
    planted = data.draw(draw_planted(wrapped.format(VALUES[shape])))
    found = list(find_shapes(json.loads(json.dumps(planted))))
    assert [kind for _, kind in found] == [shape]
    assert VALUES[shape] not in found[0][0]


@given(data=st.data())
def test_a_whole_number_can_be_a_card(data: st.DataObject) -> None:
    planted = data.draw(draw_planted(4_111_111_111_111_111))
    assert [kind for _, kind in find_shapes(planted)] == ["card"]


@pytest.mark.parametrize("shape", VALUES)
@given(data=st.data())
def test_a_key_that_is_personal_is_found_and_masked_in_every_path(
    shape: str, data: st.DataObject
) -> None:
    planted = data.draw(draw_planted({VALUES[shape]: {"inner": VALUES["ip"]}}))
    found = dict(find_shapes(planted))
    assert sorted(found.values()) == sorted([shape, "ip"])
    for path in found:
        assert f'["<{shape}>"]' in path
        assert VALUES[shape] not in path


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data(), shape=st.sampled_from(list(VALUES)))
async def test_a_planted_value_is_found_in_the_database(
    db: Database, tenant: UUID, data: st.DataObject, shape: str
) -> None:
    planted = data.draw(draw_planted(VALUES[shape]))
    row = await plant_event(db, tenant, payload={"x": planted})
    await scan(db, tenant)
    assert [f.shape for f in await findings(db, tenant) if f.row_id == row] == [shape]

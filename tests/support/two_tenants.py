"""Two tenants with the same order ids and idempotency keys, and rows of both in every table that has a tenant."""

from __future__ import annotations

from uuid import UUID

from skeldir.attribution import credit_dirty_orders
from skeldir.clock import utc_now
from skeldir.db.ids import new_id
from skeldir.db.pool import Database
from skeldir.inbox import erase_journey
from skeldir.ingest import add_channels, add_hosts
from skeldir.matviews import CANONICAL_VIEWS, refresh_view
from skeldir.rollups import roll_up_dirty_days
from skeldir.tenants import issue_key
from tests.support.make import (
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)

_MARKED_JOURNEY = """
    INSERT INTO dirty_journeys (tenant_id, journey_key, first_moment, last_moment)
    VALUES ($1, '\\x0a', now(), now())"""
# Rows that no function of the program writes yet.
_PLAIN_ROWS = (
    """INSERT INTO orders_set_aside (tenant_id, order_id, reason, detail)
       VALUES ($1, 'order-0', 'credit_failed', 'ValueError')""",
    # Credit of an order from before journeys were packed, which no run has reached yet.
    """INSERT INTO kept_allocations (tenant_id, order_id, model_version, entry_id, channel_code, entry_date, currency,
                                     allocated_cents, conversion_ppt)
       VALUES ($1, 'order-0', 'linear@1', gen_random_uuid(), 'email', '2026-03-01', 'USD', 0, 0)""",
    "INSERT INTO restatements (tenant_id, generation) VALUES ($1, 1)",
    """INSERT INTO spend (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents)
       VALUES ($1, gen_random_uuid(), 'spend-1', '2026-03-01', 'email', 'USD', 500)""",
    """INSERT INTO ad_loads (tenant_id, id, kind, source, digest, platforms, is_incomplete, source_rows, totals,
                             new_days, restated_days, unchanged_days, recorded_by)
       VALUES ($1, gen_random_uuid(), 'api', '/v1/spend', repeat('0', 64), '{meta}', false, 1, '{"USD": 500}',
               1, 0, 0, 'test')""",
    """INSERT INTO ad_days (tenant_id, id, platform, account, campaign, day, currency, revision, cost_cents,
                            channel_code, channel_rule, load_id)
       VALUES ($1, gen_random_uuid(), 'meta', '1', '2', '2026-03-01', 'USD', 1, NULL, 'email', 'given',
               gen_random_uuid())""",
    """INSERT INTO channel_rules (tenant_id, version, document, reason, written_by)
       VALUES ($1, 1, '', 'test', 'test')""",
    """INSERT INTO channel_rule_turns (tenant_id, turn, version, undoing_id, reason, requested_by)
       VALUES ($1, 1, 1, gen_random_uuid(), 'test', 'test')""",
    """INSERT INTO exchange_rates (tenant_id, id, source, base, quote, day, revision, rate, reason, recorded_by,
                                   recorded_at)
       VALUES ($1, gen_random_uuid(), 'ecb', 'EUR', 'USD', '2026-03-02', 1, 1.0850, 'test', 'test',
               '2026-03-02T15:00Z')""",
    """INSERT INTO reconciliation_runs (tenant_id, id, platform, currency, state, claimed_cents, verified_cents,
                                        ghost_cents, ran_at)
       VALUES ($1, gen_random_uuid(), 'meta', 'USD', 'matched', 100, 100, 0, now())""",
    """INSERT INTO reconciliations (tenant_id, id, state, first_day, last_day, model_version, requested_by)
       VALUES ($1, gen_random_uuid(), 'failed', '2026-03-01', '2026-03-01', 'linear@1', 'test')""",
    """INSERT INTO reconciliation_lines (tenant_id, reconciliation_id, platform, account, campaign, day, currency,
                                         verified_cents, reversed_cents, timing_cents, reason)
       VALUES ($1, gen_random_uuid(), 'meta', '1', '2', '2026-03-01', 'USD', 100, 0, 0, 'unknown')""",
    """INSERT INTO reconciliation_overlaps (tenant_id, reconciliation_id, platform, other_platform, currency, orders,
                                            captured_cents)
       VALUES ($1, gen_random_uuid(), 'google_ads', 'meta', 'USD', 1, 100)""",
    """INSERT INTO imports (tenant_id, fingerprint, file_name, rows_done, touches_accepted, touches_duplicate,
                            conversions_accepted, conversions_duplicate, rejected, is_complete)
       VALUES ($1, 'same', 'same.csv', 1, 1, 0, 0, 0, 0, true)""",
    "INSERT INTO retention (tenant_id, touch_days) VALUES ($1, 36500)",
    """INSERT INTO audits (tenant_id, id, as_of, orders, awaiting_orders, differences, checks, digest)
       VALUES ($1, gen_random_uuid(), now(), 1, 0, 0, '{}', 'none')""",
    """INSERT INTO undoings (tenant_id, id, target_kind, target, deliveries, reason, requested_by, first_id, after_id,
                             until_id)
       VALUES ($1, gen_random_uuid(), 'order', 'none', '{}', 'wrong', 'command:test', gen_random_uuid(),
               gen_random_uuid(), gen_random_uuid())""",
    """INSERT INTO touch_corrections (tenant_id, touch_key, number, id, channel_code)
       SELECT $1, 'touch-0', 1, u.id, 'email' FROM undoings u WHERE u.tenant_id = $1 LIMIT 1""",
    """INSERT INTO time_zones (tenant_id, turn, time_zone, changes, offsets_s, changed_at, changed_by)
       VALUES ($1, 0, 'UTC', '{}', '{0}', now(), 'command:test')""",
    """INSERT INTO touch_withdrawals (tenant_id, idempotency_key, generation, undoing_id)
       VALUES ($1, 'touch-0', 0, gen_random_uuid())""",
    """INSERT INTO personal_data_findings (tenant_id, id, relation, column_name, row_id, path, shape)
       VALUES ($1, gen_random_uuid(), 'attribution_events', 'campaign', gen_random_uuid(), '', 'e_mail')""",
    """WITH endpoint AS (
           INSERT INTO webhook_endpoints (tenant_id, id, provider, is_live, token_start, token_sha256, account,
                                          order_prefix, journey_name, order_name, books_totals)
           VALUES ($1, gen_random_uuid(), 'standard', true, 'token-start-', sha256($1::uuid::text::bytea), '', '',
                   'journey', 'order_id', false)
           RETURNING id),
       secret AS (
           INSERT INTO webhook_secrets (tenant_id, id, endpoint_id, sealing_key, sealed)
           SELECT $1, gen_random_uuid(), id, 'k1', '\\x00' FROM endpoint)
       INSERT INTO webhook_refusals (tenant_id, endpoint_id, outcome, refusals)
       SELECT $1, id, 'signature_wrong', 1 FROM endpoint""",
    """INSERT INTO memberships (tenant_id, user_id, email, role, added_by)
       VALUES ($1, gen_random_uuid(), 'someone@example.com', 'viewer', 'test')""",
    """INSERT INTO invitations (tenant_id, id, token_sha256, email, role, invited_by, expires_at)
       VALUES ($1, gen_random_uuid(), sha256($1::uuid::text::bytea), 'someone@example.com', 'viewer', 'test', now())""",
    """INSERT INTO audit_log (tenant_id, id, actor, action, subject)
       VALUES ($1, gen_random_uuid(), 'test', 'member.set', 'someone@example.com as viewer')""",
    """WITH destination AS (
           INSERT INTO notice_destinations (tenant_id, id, kind, address, language, gets_digest, gets_alerts, made_by)
           VALUES ($1, gen_random_uuid(), 'email', 'someone@example.com', 'en', true, false, 'test')
           RETURNING id)
       INSERT INTO notice_deliveries (tenant_id, id, destination_id, kind, week, contents)
       SELECT $1, gen_random_uuid(), id, 'digest', '2026-03-02', '{}' FROM destination""",
    """INSERT INTO alerts (tenant_id, id, kind, subject, figures, opened_at, checked_at, noticed_at)
       VALUES ($1, gen_random_uuid(), 'reports_late', '', '{}', now(), now(), now())""",
    """INSERT INTO saved_reports (tenant_id, id, name, path, query)
       VALUES ($1, gen_random_uuid(), 'Mondays', '/overview', 'currency=EUR')""",
    """INSERT INTO model_fits (tenant_id, model, version, made_by, first_day, last_day, lookback_days, level_percent,
                               draws, seed, journeys, conversions, touches, data_sha256, result)
       VALUES ($1, 'shapley', 1, 'test', '2026-03-01', '2026-03-31', 30, 90, 1000, 0, 500, 100, 900,
               sha256('counts'),
               '{"channels": [{"channel": "email", "journeys": 100, "converted": 100, "has_enough_data": true,
                               "removal_effect": null, "share": {"value": 1, "lower": 1, "upper": 1}, "posterior": null,
                               "conversions": {"value": 100, "lower": 100, "upper": 100}, "earnings": []}],
                 "conversion_probability": null, "orders": [], "largest_difference": 0,
                 "without_touch": 0, "without_key": 0, "over_refunded": 0}')""",
    """INSERT INTO fit_requests (tenant_id, id, model, first_day, last_day, lookback_days, level_percent, draws, seed,
                                 asked_by)
       VALUES ($1, gen_random_uuid(), 'shapley', '2026-03-01', '2026-03-31', 30, 90, 1000, 0, 'test')""",
    """INSERT INTO lift_tests (tenant_id, experiment, channel_code, measure, currency, revision, first_day, last_day,
                               incremental, lower_end, upper_end, level_percent, source, recorded_by)
       VALUES ($1, 'spring', 'email', 'conversions', '', 1, '2026-03-01', '2026-03-31', 5000000, 1000000, 9000000, 90,
               'lift.csv', 'test')""",
    """WITH key AS (
           INSERT INTO api_keys (tenant_id, id, name, prefix, secret_sha256, scopes)
           VALUES ($1, gen_random_uuid(), 'site', 'skd_12345678', sha256(('site ' || $1::uuid::text)::bytea),
                   '{collect}')
           RETURNING id)
       INSERT INTO key_terms (tenant_id, key_id, origins, books_orders, order_events)
       SELECT $1, id, '{https://shop.example}', false, '{}' FROM key""",
    """INSERT INTO claimed_orders (tenant_id, id, digest, key_id, protocol, kind, order_id, currency, total_cents,
                                   claimed_at)
       VALUES ($1, gen_random_uuid(), sha256('claim'), gen_random_uuid(), 'segment', 'completed', '1', 'EUR', 100,
               now())""",
    "INSERT INTO kept_lookbacks (tenant_id, lookback_days, first_day) VALUES ($1, 30, '2026-03-01')",
    "INSERT INTO renewal_orders (tenant_id, order_id) VALUES ($1, 'order-9')",
    "INSERT INTO credited_renewals (tenant_id, order_id) VALUES ($1, 'order-9')",
    "INSERT INTO webhook_settings (tenant_id, precedence, basis) VALUES ($1, 'shop', 'gross')",
    """INSERT INTO webhook_deliveries (tenant_id, id, digest, endpoint_id, provider, event_id, type, headers, kept,
                                       is_ignored)
       VALUES ($1, gen_random_uuid(), sha256('delivery-1'), gen_random_uuid(), 'standard', 'msg_1', 'ping', '{}', '{}',
               true)""",
    """INSERT INTO privacy_requests (tenant_id, id, endpoint_id, kind, order_refs, due_at)
       VALUES ($1, gen_random_uuid(), gen_random_uuid(), 'data_request', '{shopify:order:1}', now())""",
    """INSERT INTO payment_refs (tenant_id, ref, payment_id)
       VALUES ($1, 'order:1', '00000000-0000-0000-0000-000000000001')""",
    """INSERT INTO payments (tenant_id, id, state, flags, providers, reports, waiting, evidence, parts)
       VALUES ($1, '00000000-0000-0000-0000-000000000001', 'pending', '{}', '{standard}', 1, '[]', '[]', '{}')""",
)

# An erasure would delete it.
_KEPT_JOURNEY = """INSERT INTO kept_journeys (tenant_id, lookback_days, day, keys, journeys)
   VALUES ($1, 30, '2026-03-01', decode(repeat('ab', 16), 'hex'),
           decode('0101000001000000010000000000000000000101', 'hex'))"""


async def refresh_all(database: Database) -> list[str]:
    """Refresh every canonical view; return the outcomes in the order of the views' names."""
    return [
        (await refresh_view(database, view.name, requested_at=utc_now())).outcome
        for view in CANONICAL_VIEWS
    ]


async def fill_tenant(database: Database, name: str) -> UUID:
    """Make a tenant with the same content as every other one except its name; nothing is credited yet."""
    tenant = await make_tenant(database, name)
    async with database.tenant(tenant) as connection:
        await add_channels(connection, tenant, {"radio": "Radio"})
        await add_hosts(connection, tenant, [f"{name}.example"], "own")
        await issue_key(connection, tenant, name="site", scopes=["ingest"], expires_at=None)
        for statement in _PLAIN_ROWS:
            await connection.execute(statement, tenant)
    await send_touches(database, tenant, make_touch(idempotency_key="gone", journey_key="gone"))
    await erase_journey(database, tenant, "gone", reason="A test", requested_by="test")
    async with database.tenant(tenant) as connection:
        await connection.execute(_KEPT_JOURNEY, tenant)
    touches = await send_touches(
        database,
        tenant,
        make_touch(idempotency_key="touch-1"),
        make_touch(idempotency_key="touch-2", channel="radio", occurred_at=at(0.5)),
        make_touch(idempotency_key="touch-3", occurred_at="yesterday"),
    )
    conversions = await send_conversions(
        database,
        tenant,
        make_conversion(idempotency_key="order-1:capture", order_id="order-1"),
        make_conversion(
            idempotency_key="order-1:refund",
            order_id="order-1",
            kind="refund",
            amount_cents=2_500,
            occurred_at=at(2),
        ),
    )
    assert (touches.accepted, len(touches.rejected), conversions.accepted) == (2, 1, 2)
    return tenant


async def fill_two_tenants(database: Database) -> tuple[UUID, UUID]:
    """Fill two tenants, credit, roll up, refresh; leave each an order and a journey to credit, and days to roll up."""
    tenants = await fill_tenant(database, "A"), await fill_tenant(database, "B")
    await credit_dirty_orders(database)
    await roll_up_dirty_days(database)
    await refresh_all(database)
    await _send_order(database, tenants, "order-2")
    await credit_dirty_orders(database)
    await refresh_all(database)
    await _send_order(database, tenants, "order-3")
    for tenant in tenants:
        async with database.tenant(tenant) as connection:
            await connection.execute(_MARKED_JOURNEY, tenant)
    return tenants


async def _send_order(database: Database, tenants: tuple[UUID, UUID], order_id: str) -> None:
    for tenant in tenants:
        capture = make_conversion(idempotency_key=f"{order_id}:capture", order_id=order_id)
        assert (await send_conversions(database, tenant, capture)).accepted == 1


def unknown_tenant() -> UUID:
    """Return the id of a tenant that does not exist."""
    return new_id()

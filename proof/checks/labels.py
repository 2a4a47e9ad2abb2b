"""H-OBS-01, the labels of the metrics: every value is one of a list that is written here, and names nobody."""

from __future__ import annotations

import platform
import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from proof.checks.surface import list_pages, list_routes, list_wires
from proof.contract import Check
from proof.stage.expectations import every, no_rows
from proof.stage.planting import PLAN_A, PLAN_B
from proof.stage.proving import Proof

_MAJOR, _MINOR, _PATCHLEVEL = platform.python_version_tuple()

# Written again, not taken from the program: a list that grows there must be looked at here as well.
_KNOWN: Final[Mapping[str, Collection[str]]] = MappingProxyType(
    {
        "cause": ["program", "machine"],
        "check": ["database", "schema", "views", "role"],
        "generation": ["0", "1", "2"],
        "implementation": [platform.python_implementation()],
        "item_kind": ["touch", "conversion"],
        "kind": [
            "attribution.credit",
            "audit.tenant",
            "fits.keep_journeys",
            "inbox.erase",
            "fits.make",
            "ingest.forget_touches",
            "ingest.scan_personal_data",
            "ingest.undo",
            "matviews.refresh",
            "notices.check",
            "notices.review",
            "notices.send",
            "reconcile.run",
            "spend.restate",
            "tenants.delete",
            "other",
        ],
        "le": [
            "0.005",
            "0.01",
            "0.025",
            "0.05",
            "0.1",
            "0.25",
            "0.5",
            "1.0",
            "2.5",
            "5.0",
            "10.0",
            "30.0",
            "60.0",
            "+Inf",
        ],
        "major": [_MAJOR],
        "method": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"],
        "minor": [_MINOR],
        "outcome": [
            *("accepted", "duplicate", "rejected"),
            *("success", "skipped_already_running", "skipped_unchanged", "failed"),
            *("done", "lease_lost"),
            *("recorded", "repeated", "ignored", "dead", "refused", "answered"),
            *("touch", "order", "claimed", "no_evidence", "of_a_person", "not_a_visit"),
            *("no_journey", "no_consent", "is_internal"),
        ],
        "patchlevel": [_PATCHLEVEL],
        "protocol": [
            *("collector", "segment", "ga4", "plausible", "posthog", "snowplow", "matomo", "umami")
        ],
        "provider": ["stripe", "shopify", "woocommerce", "paypal", "standard"],
        "pulse": [
            "attribution.sweep",
            "audit.ask_for_next",
            "ingest.plan_daily",
            "jobs.clean",
            "jobs.sweep",
            "matviews.ask_for_fast",
            "matviews.ask_for_slow",
            "matviews.clean",
            "notices.ask_for_checks",
            "notices.ask_for_reviews",
        ],
        "reason": [
            *("malformed", "unknown", "prefix", "address", "process"),
            *("journey_too_long", "order_too_large", "credit_failed"),
            *("late", "unreachable", "not_standby", "other_timeline", "other_database"),
            *("conflict", "refused", "requested"),
            *("key", "origin", "limit", "other"),
        ],
        "role": ["worker", "beat"],
        "source": ["memory", "database", "replica", "primary"],
        "state": [
            *("ready", "running", "dead"),
            *("used", "late", "unreachable", "not_standby", "other_timeline", "other_database"),
        ],
        "tool": [
            *("campaigns", "changes_since", "channels", "compare", "coverage", "data_health"),
            *("explain_order", "unknown"),
        ],
        "trouble": [
            *("thin_event", "wrapped_event", "error_body"),
            *("rights_lost", "uninstalled", "wrong_mode", "wrong_shop"),
        ],
        "version": [platform.python_version()],
        "view": [
            "mv_allocation_summary",
            "mv_channel_performance",
            "mv_daily_revenue_summary",
            "mv_realtime_revenue",
            "mv_reconciliation_status",
        ],
    }
)
_STATUS: Final = re.compile("[1-5][0-9][0-9]|none")
# A part of a path in the list of routes: a fixed word, or the name of a parameter.
_TEMPLATE: Final = re.compile(r"(/[A-Za-z_.-]+|/v[01](\.\{[a-z]+\})?(\.js)?|/tp2|/\{[a-z_]+\})+/?")


def _prove_labels(proof: Proof) -> None:
    world = proof.world
    paths = {route.path for route in (*list_routes(proof), *list_wires(proof), *list_pages(proof))}
    routes = {"/", "unknown"} | {path for path in paths if _TEMPLATE.fullmatch(path)}
    known = {**_KNOWN, "route": routes}
    for process, url in (("api", f"{world.base}/metrics"), ("worker", world.worker_metrics)):
        text = httpx2.get(url, timeout=30).text
        values = {
            (name, value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            for name, value in sample.labels.items()
        }
        foreign = sorted(
            (name, value)
            for name, value in values
            if value not in known.get(name, ())
            and not (name == "status" and _STATUS.fullmatch(value))
        )
        of_a_tenant = sorted(line for line in text.splitlines() if _names_a_tenant(line))
        proof.tabulate(
            f"GET /metrics of the {process}: the names of the labels",
            ("label",),
            [(name,) for name in sorted({name for name, _ in values})],
            expect=every("label", "<word>"),
        )
        proof.tabulate(
            "the values that are none of those that the label may have (routes as the application writes them)",
            ("label", "value"),
            foreign,
            expect=no_rows(),
        )
        # Neither may a name, a help or a number give a tenant away.
        proof.tabulate(
            "the lines with an id or a text of a tenant",
            ("line",),
            [(line,) for line in of_a_tenant],
            expect=no_rows(),
        )


def _names_a_tenant(line: str) -> bool:
    return any(
        own in line.lower()
        for plan in (PLAN_A, PLAN_B)
        for own in (plan.word, plan.channel, str(plan.tenant_id), plan.tenant_id.hex)
    )


CHECKS: Final = (
    Check(
        "H-OBS-01/labels",
        "Every label of a metric has one of a few known values: no tenant's id, no personal data, no text of a tenant.",
        _prove_labels,
    ),
)

"""Each alert is fired by its own case and by nothing else; Prometheus's own `promtool` evaluates the rules."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from math import inf
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

import skeldir.observability.metrics  # noqa: F401 - it defines the families
from skeldir.matviews import CANONICAL_VIEWS

OPS = Path(__file__).resolve().parents[2] / "ops"
ALERTS = OPS / "prometheus" / "alerts.yml"
DASHBOARD = OPS / "grafana" / "skeldir.json"
PROMTOOL = shutil.which("promtool") or ""
needs_promtool = pytest.mark.skipif(
    not PROMTOOL, reason="promtool is not installed (Debian: apt-get install prometheus)"
)

_API = 'job="skeldir-api",instance="127.0.0.1:8000"'
_WORKER = 'job="skeldir-worker",instance="127.0.0.1:9464"'
_ROUTE = f'{_API},method="POST",route="/v1/touches"'
_RUNS = 120  # samples, one every 15 seconds: half an hour
_FAST = [view.name for view in CANONICAL_VIEWS if view.staleness_s == 5]
_SLOW = [view.name for view in CANONICAL_VIEWS if view.staleness_s == 60]


def steady(value: float) -> str:
    # promtool cannot repeat infinity.
    return " ".join(["Inf"] * _RUNS) if value == inf else f"{value}x{_RUNS}"


def _growing(per_sample: float) -> str:
    return f"0+{per_sample}x{_RUNS}"


_FAILED_REFRESHES = f'skeldir_matviews_refresh_seconds_count{{{_WORKER},view="mv_realtime_revenue",outcome="failed"}}'

_FAILED_JOBS = (
    f'skeldir_jobs_run_seconds_count{{{_WORKER},kind="attribution.credit",outcome="failed"}}'
)

# A healthy system: everything slightly below its limit.
WELL: dict[str, str] = {
    f"up{{{_API}}}": steady(1),
    f"up{{{_WORKER}}}": steady(1),
    f"skeldir_database_up{{{_API}}}": steady(1),
    f"skeldir_database_nodes_up{{{_API}}}": steady(1),
    **{
        f'skeldir_http_ready{{{_API},check="{check}"}}': steady(1)
        for check in ("database", "schema", "views", "role")
    },
    **{
        f'skeldir_jobs_process_seen_seconds{{{_API},role="{role}"}}': steady(29)
        for role in ("worker", "beat")
    },
    **{
        f'skeldir_jobs_count{{{_API},kind="matviews.refresh",state="{state}"}}': steady(number)
        for state, number in (("ready", 500), ("running", 2), ("dead", 0))
    },
    f'skeldir_jobs_pulse_age_periods{{{_API},pulse="jobs.sweep"}}': steady(2.9),
    _FAILED_JOBS: _growing(0.15),
    _FAILED_JOBS.replace("failed", "done"): _growing(1_000),
    f"skeldir_database_longest_lock_wait_seconds{{{_API}}}": steady(9),
    f"skeldir_database_archive_failing_seconds{{{_API}}}": steady(600),
    f"skeldir_jobs_oldest_ready_seconds{{{_API}}}": steady(59),
    f"skeldir_attribution_credit_lag_seconds{{{_API}}}": steady(59),
    f"skeldir_rollups_lag_seconds{{{_API}}}": steady(59),
    f"skeldir_audit_differences{{{_API}}}": steady(0),
    f"skeldir_audit_oldest_seconds{{{_API}}}": steady(172_800),
    f"skeldir_attribution_credit_backlog_marks{{{_API}}}": steady(100_000),
    **{
        f'skeldir_attribution_orders_set_aside{{{_API},reason="{reason}"}}': steady(number)
        for reason, number in (("journey_too_long", 700), ("credit_failed", 0))
    },
    **{
        f'skeldir_matviews_view_age_seconds{{{_API},view="{view}"}}': steady(59) for view in _FAST
    },
    **{
        f'skeldir_matviews_view_age_seconds{{{_API},view="{view}"}}': steady(299)
        for view in _SLOW
    },
    _FAILED_REFRESHES: steady(7),
    f'skeldir_http_request_seconds_count{{{_ROUTE},status="200"}}': _growing(1_500),
    f'skeldir_http_request_seconds_count{{{_ROUTE},status="500"}}': _growing(20),
    f'skeldir_http_request_seconds_count{{{_API},method="GET",route="/health/ready",status="503"}}': _growing(900),
    f'skeldir_http_request_seconds_bucket{{{_ROUTE},status="200",le="2.5"}}': _growing(1_500),
    f'skeldir_http_request_seconds_bucket{{{_ROUTE},status="200",le="5"}}': _growing(1_510),
    f'skeldir_http_request_seconds_bucket{{{_ROUTE},status="200",le="+Inf"}}': _growing(1_510),
    f'skeldir_ingest_items_total{{{_API},item_kind="touch",outcome="accepted"}}': _growing(850),
    f'skeldir_ingest_items_total{{{_API},item_kind="touch",outcome="rejected"}}': _growing(150),
    f'skeldir_inbox_deliveries_total{{{_API},provider="stripe",outcome="recorded"}}': _growing(850),
    f'skeldir_inbox_deliveries_total{{{_API},provider="stripe",outcome="refused"}}': _growing(150),
    f'skeldir_inbox_broken_set_ups_total{{{_API},provider="stripe",trouble="thin_event"}}': steady(3),
    f'skeldir_http_keys_refused_total{{{_API},reason="unknown"}}': _growing(70),
    f"skeldir_jobs_wakes_failed_total{{{_API}}}": steady(3),
    f'skeldir_database_replica_state{{{_API},state="used"}}': steady(1),
    f'skeldir_database_replica_state{{{_API},state="late"}}': steady(0),
    f'skeldir_http_loop_stall_seconds_count{{{_API},cause="program"}}': _growing(0.1),
    f'skeldir_http_loop_stall_seconds_count{{{_API},cause="machine"}}': _growing(5),
}  # fmt: skip

# The case of each alert, in place of a series of a healthy system.
ILL: dict[str, dict[str, str]] = {
    "SkeldirApiDown": {f"up{{{_API}}}": steady(0)},
    "SkeldirDatabaseDown": {
        f"skeldir_database_up{{{_API}}}": steady(0),
        # Nothing can be checked then, which is neither the schema's fault nor a node's.
        f"skeldir_database_nodes_up{{{_API}}}": steady(0),
        f'skeldir_http_ready{{{_API},check="database"}}': steady(0),
        f'skeldir_http_ready{{{_API},check="schema"}}': steady(0),
    },
    "SkeldirNodeDown": {f"skeldir_database_nodes_up{{{_API}}}": steady(0)},
    # A wait that is given up and starts again is never long when it is sampled.
    "SkeldirLockWaits": {
        f"skeldir_database_longest_lock_wait_seconds{{{_API}}}": " ".join(["2 11 0"] * (_RUNS // 3))
    },
    "SkeldirArchiveFailing": {f"skeldir_database_archive_failing_seconds{{{_API}}}": steady(601)},
    "SkeldirNotReady": {f'skeldir_http_ready{{{_API},check="views"}}': steady(0)},
    "SkeldirWorkerGone": {
        f'skeldir_jobs_process_seen_seconds{{{_API},role="worker"}}': steady(inf)
    },
    "SkeldirBeatGone": {f'skeldir_jobs_process_seen_seconds{{{_API},role="beat"}}': steady(31)},
    "SkeldirPulseLate": {f'skeldir_jobs_pulse_age_periods{{{_API},pulse="jobs.sweep"}}': steady(3.1)},
    "SkeldirJobsFailing": {_FAILED_JOBS: _growing(0.25)},
    "SkeldirWorkerNotScraped": {f"up{{{_WORKER}}}": steady(0)},
    "SkeldirJobsDead": {
        f'skeldir_jobs_count{{{_API},kind="matviews.refresh",state="dead"}}': steady(1)
    },
    "SkeldirJobsLate": {f"skeldir_jobs_oldest_ready_seconds{{{_API}}}": steady(61)},
    "SkeldirCreditLate": {f"skeldir_attribution_credit_lag_seconds{{{_API}}}": steady(61)},
    "SkeldirOrdersSetAside": {
        f'skeldir_attribution_orders_set_aside{{{_API},reason="credit_failed"}}': steady(1)
    },
    "SkeldirSumsLate": {f"skeldir_rollups_lag_seconds{{{_API}}}": steady(61)},
    "SkeldirAuditDiffers": {f"skeldir_audit_differences{{{_API}}}": steady(1)},
    "SkeldirAuditLate": {f"skeldir_audit_oldest_seconds{{{_API}}}": steady(172_801)},
    "SkeldirFastViewStale": {
        f'skeldir_matviews_view_age_seconds{{{_API},view="{_FAST[0]}"}}': steady(61)
    },
    "SkeldirSlowViewStale": {
        f'skeldir_matviews_view_age_seconds{{{_API},view="{_SLOW[0]}"}}': steady(301)
    },
    "SkeldirRefreshFailing": {
        _FAILED_REFRESHES: _growing(0.25)
    },
    "SkeldirErrors": {
        f'skeldir_http_request_seconds_count{{{_ROUTE},status="500"}}': _growing(50)
    },
    "SkeldirSlowRequests": {
        f'skeldir_http_request_seconds_bucket{{{_ROUTE},status="200",le="2.5"}}': _growing(1_400)
    },
    "SkeldirLoopStalled": {
        f'skeldir_http_loop_stall_seconds_count{{{_API},cause="program"}}': _growing(0.25)
    },
    "SkeldirRejectsSurge": {
        f'skeldir_ingest_items_total{{{_API},item_kind="touch",outcome="rejected"}}': _growing(300)
    },
    "SkeldirWebhookSetUpBroken": {
        f'skeldir_inbox_broken_set_ups_total{{{_API},provider="stripe",trouble="thin_event"}}': _growing(1)
    },
    "SkeldirWebhooksRefused": {
        f'skeldir_inbox_deliveries_total{{{_API},provider="stripe",outcome="refused"}}': _growing(300)
    },
    "SkeldirUnknownKeys": {
        f'skeldir_http_keys_refused_total{{{_API},reason="unknown"}}': _growing(80)
    },
    "SkeldirReplicaUnused": {f'skeldir_database_replica_state{{{_API},state="used"}}': steady(0)},
    "SkeldirWakesFailing": {f"skeldir_jobs_wakes_failed_total{{{_API}}}": _growing(1)},
}  # fmt: skip


def read_rules() -> list[dict[str, Any]]:
    """Return the alerting rules as written."""
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def evaluate(folder: Path, series: dict[str, str], firing: set[str]) -> str:
    """Return what promtool says against `firing` being the alerts that fire at the end of `series`; '' for nothing."""
    counts = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(firing)]
    test = {
        "rule_files": [str(ALERTS)],
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "15s",
                "input_series": [{"series": s, "values": v} for s, v in series.items()],
                "promql_expr_test": [
                    {
                        "expr": 'min by (alertname) (ALERTS{alertstate="firing"})',
                        "eval_time": "30m",
                        "exp_samples": counts,
                    }
                ],
            }
        ],
    }
    path = folder / "test.json"
    path.write_text(json.dumps(test), encoding="utf-8")  # JSON is YAML
    ended = subprocess.run(
        [PROMTOOL, "test", "rules", str(path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


@needs_promtool
def test_a_healthy_system_fires_no_alert(tmp_path: Path) -> None:
    assert evaluate(tmp_path, WELL, set()) == ""


@needs_promtool
@pytest.mark.parametrize("name", list(ILL))
def test_the_alert_is_fired_by_its_own_case_and_by_no_other(tmp_path: Path, name: str) -> None:
    assert set(ILL[name]) <= set(WELL), (
        "a series of the case must replace one of the healthy system"
    )
    assert evaluate(tmp_path, WELL | ILL[name], {name}) == ""


@needs_promtool
def test_one_more_order_with_too_long_a_journey_alerts_for_an_hour(tmp_path: Path) -> None:
    name = f'skeldir_attribution_orders_set_aside{{{_API},reason="journey_too_long"}}'
    series = WELL | {name: f"700x60 701x{_RUNS - 60}"}
    assert evaluate(tmp_path, series, {"SkeldirOrdersSetAside"}) == ""


@needs_promtool
def test_an_api_that_is_not_even_scraped_is_down(tmp_path: Path) -> None:
    series = {key: value for key, value in WELL.items() if key != f"up{{{_API}}}"}
    assert evaluate(tmp_path, series, {"SkeldirApiDown"}) == ""


@needs_promtool
def test_the_check_sees_an_alert_that_does_not_fire_and_one_that_should_not(tmp_path: Path) -> None:
    assert "SkeldirApiDown" in evaluate(tmp_path, WELL, {"SkeldirApiDown"})
    assert "SkeldirJobsLate" in evaluate(tmp_path, WELL | ILL["SkeldirJobsLate"], set())


@needs_promtool
def test_the_files_are_what_prometheus_reads() -> None:
    for words in (("rules", ALERTS), ("config", OPS / "prometheus" / "prometheus.yml")):
        subprocess.run([PROMTOOL, "check", *map(str, words)], check=True, capture_output=True)


def test_every_alert_has_its_case() -> None:
    assert {rule["alert"] for rule in read_rules()} == set(ILL)
    assert len(ILL) == len(read_rules()) == 30


def test_every_alert_has_a_description_and_a_link_to_the_run_book() -> None:
    for rule in read_rules():
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}, rule["alert"]
        assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{rule['alert'].lower()}"


def test_the_alerts_on_stale_views_cover_each_class_of_the_registry() -> None:
    for alert, views in (("SkeldirFastViewStale", _FAST), ("SkeldirSlowViewStale", _SLOW)):
        (expression,) = [rule["expr"] for rule in read_rules() if rule["alert"] == alert]
        named = re.search(r'view=~"([\w|]+)"', expression)
        assert named is not None
        assert named.group(1).split("|") == sorted(views)
    assert len(_FAST) + len(_SLOW) == len(CANONICAL_VIEWS)


def expressions_of(node: object) -> list[str]:
    """Return every `expr` in a dashboard or a rule file."""
    if isinstance(node, dict):
        return [v for k, v in node.items() if k == "expr"] + [
            found for value in node.values() for found in expressions_of(value)
        ]
    if isinstance(node, list):
        return [found for value in node for found in expressions_of(value)]
    return []


def series_names() -> dict[str, set[str]]:
    """Return the names by which each family of the registry can be queried."""
    suffixes = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
    return {
        family.name: {family.name + suffix for suffix in suffixes[family.type]}
        for family in REGISTRY.collect()
        if family.name.startswith("skeldir_")
    }


@pytest.mark.parametrize("path", [ALERTS, DASHBOARD], ids=["alerts", "dashboard"])
def test_every_series_that_is_queried_exists(path: Path) -> None:
    expressions = expressions_of(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert len(expressions) >= 16
    asked = {name for e in expressions for name in re.findall(r"\bskeldir_\w+", e)}
    known = set().union(*series_names().values())
    assert asked <= known, "the program has no such series"


def test_the_dashboard_shows_every_series_of_the_program() -> None:
    text = " ".join(expressions_of(json.loads(DASHBOARD.read_text(encoding="utf-8"))))
    unseen = {name for name, names in series_names().items() if not any(n in text for n in names)}
    assert unseen == set()


def test_the_labels_that_are_queried_exist() -> None:
    known = {"job", "instance", "le", "alertname"} | {
        label
        for family in REGISTRY.collect()
        if family.name.startswith("skeldir_")
        for sample in family.samples
        for label in sample.labels
    } | {"method", "route", "status", "check", "role", "view", "kind", "state", "pulse", "reason"}  # fmt: skip
    for path in (ALERTS, DASHBOARD):
        for expression in expressions_of(yaml.safe_load(path.read_text(encoding="utf-8"))):
            asked = set(re.findall(r"\b(\w+)\s*(?:=~|!~|!=|=)\s*\"", expression))
            for group in re.findall(r"\bby \(([^)]*)\)", expression):
                asked |= {label.strip() for label in group.split(",")}
            assert asked <= known, (path.name, expression)


def test_the_panels_have_a_place_and_a_name_of_their_own() -> None:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (place["x"] + column, place["y"] + line)
            for column in range(place["w"])
            for line in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
        assert place["x"] + place["w"] <= 24
        assert panel["type"] == "row" or panel["description"].endswith(".")

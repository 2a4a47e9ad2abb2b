"""The run-book matches the program: every alert, every setting, every command and port in it exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from skeldir.processes import most_connections
from skeldir.settings import Settings
from tests.ops.test_alerts import OPS, read_rules

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    """Return the text below each heading, by the anchor that links to it."""
    parts = re.split(r"^#{2,3} (.+)$", TEXT, flags=re.MULTILINE)[1:]
    anchors = [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in parts[0::2]]
    return dict(zip(anchors, parts[1::2], strict=True))


def test_every_alert_has_its_section_which_states_its_urgency() -> None:
    by_anchor = sections()
    for rule in read_rules():
        path, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert (ROOT / path).is_file()
        text = by_anchor[anchor]
        assert f"{rule['labels']['severity'].capitalize()}." in text, anchor
        assert len(text.split()) > 15 or "](#" in text, anchor
    alerts = {anchor for anchor in by_anchor if anchor.startswith("skeldir")}
    assert alerts == {rule["alert"].lower() for rule in read_rules()}


def test_every_setting_is_in_the_table_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.+?) \|", TEXT, re.MULTILINE))
    assert set(rows) == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        if field.default is not None:
            assert rows[name.upper()].strip("`") == f"{field.default}".removesuffix(".0"), name


@pytest.mark.parametrize(
    "path", ["/health", "/health/live", "/health/ready", "/health/worker", "/metrics"]
)
def test_every_monitoring_endpoint_is_documented(path: str) -> None:
    assert re.search(rf"`(GET )?{path}`", TEXT)


def test_the_example_scrapes_where_the_program_serves() -> None:
    jobs = {
        job["job_name"]: job["static_configs"][0]["targets"]
        for job in yaml.safe_load((OPS / "prometheus" / "prometheus.yml").read_text())[
            "scrape_configs"
        ]
    }
    settings = Settings.model_fields
    first = settings["skeldir_worker_metrics_port"].default
    count = settings["skeldir_worker_processes"].default
    assert jobs == {
        "skeldir-api": ["127.0.0.1:8000"],
        "skeldir-worker": [f"127.0.0.1:{first + index}" for index in range(count)],
    }


def test_the_connections_of_each_process_are_what_the_program_adds_up() -> None:
    text = sections()["connections"]
    settings = Settings()

    def most(**processes: int) -> int:
        return most_connections(settings, "postgresql://somewhere/else", **processes)

    named = re.findall(r"^\| (API|worker|beat) \|.*: (\d+)", text, re.MULTILINE)
    assert {name: int(count) for name, count in named} == {
        "API": most(api=1),
        "worker": most(workers=1),
        "beat": most(beats=1),
    }
    together = re.search(r"takes (\d+) at most, and with four API processes (\d+)", text)
    assert together
    assert [int(count) for count in together.groups()] == [
        most(api=count, workers=2, beats=1) for count in (1, 4)
    ]


def test_the_ports_of_api_processes_and_workers_do_not_overlap() -> None:
    fields = Settings.model_fields
    most = next(one.le for one in fields["skeldir_api_processes"].metadata if hasattr(one, "le"))
    first = fields["skeldir_api_metrics_port"].default
    assert first + most <= fields["skeldir_worker_metrics_port"].default

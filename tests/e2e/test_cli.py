"""The command line as people run it, on a real database; as real processes where a test is about processes."""

from __future__ import annotations

import asyncio
import csv
import json
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from skeldir.cli import app
from skeldir.db.pool import Database
from skeldir.rollups import credit_lock
from tests.conftest import Clone
from tests.support.command import SKELDIR, environment, run, run_here
from tests.support.make import at, make_conversion, make_tenant, make_touch
from tests.support.service import free_port

ROOT = Path(__file__).parents[2]
# The rows of an import that is killed in the middle: several transactions.
ROWS = 25_000
SHARED = ROOT.parent / "shared" / "data"


def write_ndjson(path: Path, *items: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(item) + "\n" for item in items))
    return path


def outcomes(text: str) -> Counter[str]:
    return Counter(re.findall(r"mv_\w+\s+(\w+)\s", text))


def test_a_new_user_goes_from_a_tenant_to_a_report(clone: Clone, tmp_path: Path) -> None:
    tenant = run(clone.app_url, "tenants", "create", "My shop").strip()
    assert "My shop" in run_here(clone.migrator_url, "tenants", "list")
    created = run_here(clone.app_url, "keys", "create", tenant, "--scope", "ingest")
    secret = re.findall(r"skd_\S{43}", created)[0]
    assert secret[:12] in run_here(clone.app_url, "keys", "list", tenant)
    touches = write_ndjson(
        tmp_path / "touches.ndjson", make_touch(), make_touch(channel="paid_search")
    )
    orders = write_ndjson(
        tmp_path / "orders.ndjson", make_conversion(amount_cents=1_001), {"amount_cents": 1}
    )
    run_here(clone.app_url, "import", "touches", str(touches), "--tenant", tenant)
    printed = run_here(
        clone.app_url, "import", "conversions", str(orders), "--tenant", tenant, status=3
    )
    assert "currency_missing" in printed
    assert "currency_missing" in run_here(clone.app_url, "dead", "show", tenant)
    run_here(clone.app_url, "report", tenant, status=1)
    run(clone.app_url, "credit")
    report = run(clone.app_url, "report", tenant)
    assert re.search(r"ledger \(equal\) +│ +10\.01", report)
    assert outcomes(run(clone.app_url, "refresh")) == {"success": 5}
    assert "paid" in run_here(clone.app_url, "orders", tenant, "--state", "paid")
    assert outcomes(run(clone.app_url, "refresh", "--if-changed")) == {"skipped_unchanged": 5}
    assert "skipped_unchanged" in run_here(clone.app_url, "matviews", "--tenant", tenant)


@pytest.mark.slow
def test_a_refresh_right_after_another_is_done_and_not_mistaken_for_a_concurrent_one(
    clone: Clone,
) -> None:
    tenant = run_here(clone.app_url, "tenants", "create", "My shop").strip()
    with psycopg.connect(clone.app_url) as connection:
        connection.execute("SELECT set_tenant(%s)", (tenant,))
        connection.execute(
            """INSERT INTO rollup_revenue_day
               VALUES (%s, '2026-03-01', 'USD', 'captured', 1, 1, 1, '2026-03-01T12:00Z')""",
            (tenant,),
        )
        connection.execute("INSERT INTO rollup_changes DEFAULT VALUES")
    # Each requests a refresh as of the moment its process started.
    printed = [outcomes(run(clone.app_url, "refresh", "mv_realtime_revenue")) for _ in range(4)]
    assert printed == [{"success": 1}] * 4


def test_a_known_error_is_reported_with_code_and_cure(clone: Clone) -> None:
    assert "view_unknown" in run(clone.app_url, "refresh", "mv_nothing", status=1)
    assert "runtime_role_unsafe" in run_here(clone.superuser_url, "credit", status=1)
    assert "tenant_unknown" in run_here(clone.migrator_url, "keys", "list", "nobody", status=1)
    assert "configuration_invalid" in run_here("mysql://x", "credit", status=1)
    assert "database_unreachable" in run_here("postgresql://x@127.0.0.1:1/x", "credit", status=1)


def test_a_database_that_was_never_migrated_is_refused_and_then_migrated(
    empty_database: Clone,
) -> None:
    assert "schema_outdated" in run_here(empty_database.app_url, "credit", status=1)
    run(empty_database.migrator_url, "migrate")
    run_here(empty_database.app_url, "credit")


def test_nothing_that_keeps_running_starts_with_the_schema_of_another_version(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute("UPDATE alembic_version SET version_num = 'elsewhere'")
    port = ("--port", str(free_port()))
    for words in (
        ("serve", *port),
        ("serve", "--processes", "2", *port),
        ("worker",),
        ("beat",),
        ("up", *port),
    ):
        said = run_here(clone.app_url, *words, status=1)
        assert "schema_outdated: The database is at revision elsewhere" in said, words
        assert "started" not in said


def test_every_command_has_help() -> None:
    runner = CliRunner()
    listed = runner.invoke(app, ["--help"]).output
    commands = [
        "tenants",
        "keys",
        "channels",
        "import",
        "orders",
        "dead",
        "credit",
        "report",
        "refresh",
    ]
    for command in [*commands, "matviews", "migrate", "serve", "demo"]:
        assert command in listed
        assert "Usage" in runner.invoke(app, [command, "--help"]).output


@pytest.mark.slow
async def test_a_demo_waits_for_a_worker_that_credits_one_of_its_tenants(
    clone: Clone, db: Database, tmp_path: Path
) -> None:
    other = await make_tenant(db, "Demo B")
    orders = tmp_path / "orders.csv"
    orders.write_text(
        "order_id,kind,amount,currency,occurred_at,visitor_id\n"
        "o-1,capture,10.00,EUR,2026-03-01T13:00:00Z,v-1\n"
    )
    # The migrator sees which tenants there are.
    async with db.tenant(other, locked=credit_lock(other)):
        demo = await asyncio.create_subprocess_exec(
            *SKELDIR,
            *("demo", "--data", str(orders)),
            env=environment(clone.migrator_url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert demo.stdout is not None
        async for line in demo.stdout:
            if b"Another worker is crediting" in line:
                break
    shown, _ = await demo.communicate()
    # What it said before was of the other tenant alone.
    credited = re.search(rb"Credited (\d+) orders", shown)
    assert credited is not None, shown
    assert int(credited[1]) > 100


@pytest.mark.slow
def test_of_ten_refreshes_at_once_one_succeeds_and_nine_are_skipped(clone: Clone) -> None:
    refreshes = [
        subprocess.Popen(
            [*SKELDIR, "refresh", "mv_channel_performance"],
            env=environment(clone.app_url),
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(10)
    ]
    total = Counter[str]()
    for refresh in refreshes:
        text, _ = refresh.communicate(timeout=120)
        total += outcomes(text)
    assert total == {"success": 1, "skipped_already_running": 9}


@contextmanager
def refresh_that_hangs(clone: Clone) -> Iterator[subprocess.Popen[str]]:
    """A refresh that has its lock, and waits for a table that another session has locked."""
    with psycopg.connect(clone.superuser_url) as holder:
        holder.execute("LOCK TABLE rollup_channel_day IN ACCESS EXCLUSIVE MODE")
        process = subprocess.Popen(
            [*SKELDIR, "refresh", "mv_channel_performance"],
            env=environment(clone.app_url),
            text=True,
        )
        waiting = (
            "SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE locktype = 'advisory' AND granted AND datname = %s"
        )
        for _ in range(300):
            if holder.execute(waiting, (clone.name,)).fetchone():
                break
            time.sleep(0.05)
        yield process
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_concurrent_refresh_is_skipped_and_a_killed_holder_frees_the_view(clone: Clone) -> None:
    with refresh_that_hangs(clone) as holder:
        assert outcomes(run(clone.app_url, "refresh", "mv_channel_performance")) == {
            "skipped_already_running": 1
        }
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with psycopg.connect(clone.superuser_url) as admin:
            for _ in range(200):
                if not admin.execute(
                    "SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                    " WHERE locktype = 'advisory' AND datname = %s",
                    (clone.name,),
                ).fetchone():
                    break
                time.sleep(0.05)
            else:
                pytest.fail("the lock outlived its holder by ten seconds")
    assert outcomes(run(clone.app_url, "refresh", "mv_channel_performance")) == {"success": 1}


@pytest.mark.slow
def test_an_import_killed_in_the_middle_and_run_again_loses_and_duplicates_nothing(
    clone: Clone, tmp_path: Path
) -> None:
    tenant = run_here(clone.app_url, "tenants", "create", "T").strip()
    path = tmp_path / "touches.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["idempotency_key", "occurred_at", "journey_key", "utm_source", "utm_medium"])
        rows.writerows([f"k{n}", at(), f"v{n % 999}", "google", "cpc"] for n in range(ROWS))
    words = [*SKELDIR, "import", "touches", str(path), "--tenant", tenant]
    first = subprocess.Popen(words, env=environment(clone.app_url), stdout=subprocess.DEVNULL)
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        for _ in range(600):
            row = admin.execute("SELECT count(*) FROM attribution_events").fetchone()
            if row and row[0]:
                break
            time.sleep(0.02)
        first.kill()
        first.wait()
        row = admin.execute("SELECT count(*) FROM attribution_events").fetchone()
        assert row is not None
        assert 0 < row[0] < ROWS, "killed too late to show anything"
        assert "continued after" in run(
            clone.app_url, "import", "touches", str(path), "--tenant", tenant
        )
        again = run_here(clone.app_url, "import", "touches", str(path), "--tenant", tenant)
        assert "was imported before, and nothing was added now. That import:" in again
        # Even without its record, the same file adds nothing.
        admin.execute("DELETE FROM imports")
        assert f"{ROWS:,} duplicate" in run_here(
            clone.app_url, "import", "touches", str(path), "--tenant", tenant
        )
        row = admin.execute(
            "SELECT count(*), count(DISTINCT idempotency_key) FROM attribution_events"
        ).fetchone()
    assert row == (ROWS, ROWS)


@pytest.mark.skipif(not SHARED.exists(), reason="the real data set is not here")
def test_a_real_month_gets_the_credits_that_others_computed(clone: Clone) -> None:
    tenant = run_here(clone.app_url, "tenants", "create", "T").strip()
    mapping = ROOT / "examples" / "mappings" / "si05.toml"
    file = SHARED / "si05_attribution_data.csv"
    output = run_here(
        clone.app_url, "import", "mixed", str(file), "--tenant", tenant, "--map", str(mapping)
    )
    assert "64,321 accepted + 0 duplicate + 0 refused." in output
    assert "accepted: 62,483 touches and 1,838 entries of orders" in output
    run_here(clone.app_url, "credit")
    report = json.loads(run_here(clone.app_url, "report", tenant, "--json"))
    assert report["ledger"][0]["net_cents"] == 1_142_350
    golden = json.loads((SHARED / "golden" / "si05_rule_models.json").read_text())["models"]
    codes = {"Facebook": "facebook", "Instagram": "instagram", "Online Display": "display"}
    codes |= {"Online Video": "online_video", "Paid Search": "paid_search"}
    found = {(row["model"], row["channel_code"]): row for row in report["channels"]}
    for model, channels in golden.items():
        for name, value in channels.items():
            credited = float(found[model, codes[name]]["conversions"])
            assert credited == pytest.approx(value["conversions"], abs=1e-9), (model, name)
    for model in {row["model"] for row in report["channels"]}:
        assert (
            sum(r["credited_cents"] for r in report["channels"] if r["model"] == model) == 1_142_350
        )

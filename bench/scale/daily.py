"""What the daily jobs read again each day: the audit reads orders, and the scan for personal data reads all rows."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic, process_time

from bench.memory import processor_seconds
from bench.scale.ends import Setting
from bench.scale.loading import postmaster
from bench.support import show_table
from skeldir.audit import audit_tenant
from skeldir.ingest import scan_for_personal_data


@dataclass(frozen=True, slots=True)
class Daily:
    """One daily job of one tenant: how many rows it is about, seconds, and processor time with the server's."""

    job: str
    tenant: str
    rows: int
    seconds: float
    cpu_s: float


async def measure_daily(setting: Setting) -> list[Daily]:
    """Run the audit and the scan of the largest and the median shop, without the service."""
    found = []
    for name, place in setting.some().items():
        if name == "smallest":
            continue
        tenant_id = setting.shops[place].tenant_id
        began, used = monotonic(), _used(setting)
        orders = (await audit_tenant(setting.database, tenant_id)).orders
        found.append(
            Daily("audit, orders", name, orders, monotonic() - began, _used(setting) - used)
        )
        rows = await setting.admin.fetchval(
            "SELECT count(*) FROM attribution_events WHERE tenant_id = $1", tenant_id
        )
        began, used = monotonic(), _used(setting)
        await scan_for_personal_data(setting.database, tenant_id)
        found.append(
            Daily("scan, touches", name, int(rows), monotonic() - began, _used(setting) - used)
        )
    return found


def _used(setting: Setting) -> float:
    return process_time() + sum(processor_seconds(None, postmaster(setting.place)).values())


def show_daily(daily: list[Daily]) -> None:
    """Print what each job took, and took of each row."""
    show_table(
        "Daily jobs",
        ("", "tenant", "rows", "seconds", "µs a row", "CPU µs a row"),
        [
            [
                one.job,
                one.tenant,
                f"{one.rows:,}",
                f"{one.seconds:.2f}",
                f"{1e6 * one.seconds / max(1, one.rows):,.0f}",
                f"{1e6 * one.cpu_s / max(1, one.rows):,.0f}",
            ]
            for one in daily
        ],
    )

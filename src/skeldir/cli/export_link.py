"""`skeldir export-link`: a link to one export, for a spreadsheet or another program that sends no key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skeldir.cli.console import err, out
from skeldir.cli.durations import read_duration
from skeldir.cli.export import (
    EndDayOption,
    ExcelOption,
    FirstDayOption,
    FormatOption,
    ModelsOption,
    read_days,
)
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.errors import InputInvalid
from skeldir.tenants import load_profile

if TYPE_CHECKING:
    from uuid import UUID

    from skeldir.exports import ExportLink


def export_link(
    tenant: TenantArgument,
    what: Annotated[str, typer.Option("--what", help="One part, as of `skeldir export --what`.")],
    base: Annotated[
        str,
        typer.Option(
            "--base", help="Where the API is reached from, such as https://skeldir.example."
        ),
    ],
    expires: Annotated[
        str, typer.Option("--expires", help="How long it can be used: 30m, 24h, 7d; at most 366d.")
    ] = "24h",
    format_: FormatOption = "csv",
    first_day: FirstDayOption = None,
    end_day: EndDayOption = None,
    models: ModelsOption = None,
    excel: ExcelOption = False,
) -> None:
    """Print a link by which anybody who has it reads one part, as of when it is read, without a key.

    `skeldir keys list` shows the key that stands for it and when it was last used; `skeldir keys revoke` ends it.
    """
    from skeldir.exports import Asked, make_link, read_parts, require_mark_in_csv

    require_mark_in_csv(format_, has_bom=excel)
    days = read_days(first_day, end_day)
    if not base.startswith(("https://", "http://")):
        raise InputInvalid(
            f"{base[:80]} is no address of an API.", cure="Write it as https://skeldir.example."
        )
    parts = tuple(part.name for part in read_parts([what]))
    if len(parts) != 1:
        raise InputInvalid("A link leads to one part.", cure="Make a link for each.")
    lasts = read_duration(expires)
    versions = tuple(sorted(set(models or ())))

    async def work(runtime: Runtime) -> tuple[UUID, ExportLink]:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            return tenant_id, await make_link(
                connection,
                await load_profile(connection, tenant_id),
                Asked(tenant_id, parts, format_, *days, versions, excel),
                lasts=lasts,
                made_by="command",
            )

    tenant_id, link = run_with_runtime(work)
    out.print(base.rstrip("/") + link.path, soft_wrap=True, highlight=False)
    err.print(
        f"Until {link.expires_at:%Y-%m-%d %H:%M:%S} UTC; `skeldir keys revoke {tenant_id} {link.key}` ends it.",
        soft_wrap=True,
        highlight=False,
    )

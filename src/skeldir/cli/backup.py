"""`skeldir backup` and `skeldir restore`: copies of the embedded server, and going back to a moment."""

from __future__ import annotations

import shlex
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from skeldir.cli.console import err, out
from skeldir.cli.durations import read_duration
from skeldir.cli.runtime import DATABASE_NAME
from skeldir.db import (
    Cluster,
    embedded_server,
    find_archive,
    find_cluster,
    is_server_alive,
    open_cluster,
)
from skeldir.errors import InputInvalid, SkeldirError
from skeldir.settings import load_settings

if TYPE_CHECKING:
    from skeldir.backups import Backup, BackupFolder

_ALMOST_A_SECOND = timedelta(microseconds=999_999)
_LONGEST_INTERVAL = timedelta(days=1)
_FOLDER_HELP = "The folder of backups. Default: the one to which this home archives."

FolderOption = Annotated[Path | None, typer.Option("--folder", help=_FOLDER_HELP)]
NameArgument = Annotated[
    str | None, typer.Argument(help="A backup, as `skeldir backup list` names it.")
]

backup_app = typer.Typer(help="Back up the embedded server, and manage its backups.")


class BackupNeedsEmbeddedServer(SkeldirError):
    """DATABASE_URL names a server of the operator, whose files skeldir cannot copy."""

    code = "backup_needs_embedded_server"
    status = 422
    title = "skeldir backs up only the embedded server"


@backup_app.callback(invoke_without_command=True)
def take(context: typer.Context, folder: FolderOption = None) -> None:
    """Back up the embedded server while it works, and verify the backup. No migration is run."""
    if (command := context.invoked_subcommand) is not None:
        if folder is not None:
            raise typer.BadParameter(
                f"write it after the command: `skeldir backup {command} --folder …`."
            )
        return
    from skeldir.backups import open_folder, require_data, take_backup

    home = _home()
    cluster = require_data(home)
    place = _choose_folder(folder)
    began = time.monotonic()
    backup = take_backup(home, place, database=DATABASE_NAME)
    _show_backup(backup, time.monotonic() - began)
    if backup.facts.archive is not None:
        # Without a working archive it leads to no later moment, whatever its record says.
        _show_archiving(cluster, open_folder(cluster, place))
    if backup.facts.archive is None:
        err.print(
            "Nothing is archived in this folder: only this moment can be restored. `skeldir backup archive` "
            "changes that for later backups.",
            soft_wrap=True,
        )


@backup_app.command("list")
def list_all(folder: FolderOption = None) -> None:
    """List the backups, and the moments to which each can lead; read-only."""
    from skeldir.backups import Backup, list_backups, open_folder

    cluster = find_cluster(_home())
    place = open_folder(cluster, _choose_folder(folder))
    table = Table(
        Column("name", no_wrap=True),
        Column("size", justify="right", no_wrap=True),
        "PostgreSQL",
        Column("revision", overflow="fold"),
        Column("can be restored", overflow="fold"),
    )
    faults, found = 0, list(list_backups(place.base))
    has_several_homes = len({one.facts.origin for one in found if isinstance(one, Backup)}) > 1
    for one in found:
        if not isinstance(one, Backup):
            faults += 1
            table.add_row(one.path.name, "", "", "", one.reason)
            continue
        facts = one.facts
        reach = _describe_reach(cluster, place, one)
        table.add_row(
            facts.name, _size(facts.size), facts.postgres, facts.revision or "none", reach
        )
        if has_several_homes:
            table.add_row("", "", "", "", f"of {facts.home}")
    out.print(table)
    _show_archiving(cluster, place)
    if faults:
        raise typer.Exit(1)


@backup_app.command("verify")
def verify(name: NameArgument = None, folder: FolderOption = None) -> None:
    """Read every byte of a backup, by default the newest, and how far its archive leads. Exit status 1 if damaged."""
    from skeldir.backups import choose_backup, holding, open_folder, read_reach, verify_backup

    cluster = _cluster()
    place = open_folder(cluster, _choose_folder(folder))
    with holding(cluster, place, is_reader=True):
        backup = verify_backup(cluster, choose_backup(place.base, name).path)
        facts = backup.facts
        if facts.archive is not None:
            read_reach(cluster, place.wal / facts.archive, facts)
    out.print(f"{facts.name} is intact: {_size(facts.size)}, {len(facts.files)} files.")
    out.print(f"It can be restored to {_describe_reach(cluster, place, backup)}.", soft_wrap=True)


@backup_app.command("prune")
def prune(
    keep: Annotated[
        int, typer.Option(min=1, help="How many of the newest backups of each home stay.")
    ],
    folder: FolderOption = None,
) -> None:
    """Delete older backups, and the archived files that only they need. The newest of each home is verified first."""
    from skeldir.backups import prune_backups

    pruned = prune_backups(_cluster(), _choose_folder(folder), keep=keep)
    out.print(
        f"Deleted {len(pruned.deleted)} backups and {pruned.segments} archived files ({_size(pruned.size)}). "
        f"Kept: {', '.join(pruned.kept)}.",
        soft_wrap=True,
    )


@backup_app.command("archive")
def archive(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Archive to this folder; without it, show the state."),
    ] = None,
    interval: Annotated[
        str,
        typer.Option(
            help="How old a change may get before it is archived, such as 1m. Each interval with a change takes 16 MB."
        ),
    ] = "5m",
    off: Annotated[bool, typer.Option("--off", help="Archive nothing any more.")] = False,
) -> None:
    """Archive every change, so that later backups lead to any moment; it begins and ends when the server starts."""
    from skeldir.backups import open_folder, require_data, start_archiving, stop_archiving

    if off and folder is not None:
        raise typer.BadParameter("give a folder or --off.")
    home = _home()
    if folder is None and not off:
        cluster = require_data(home)
        if find_archive(home) is None:
            out.print(
                f"{home} archives nothing; `skeldir backup archive FOLDER` begins it.",
                soft_wrap=True,
            )
            return
        _show_archiving(cluster, open_folder(cluster, _choose_folder(None)))
        return
    if folder is None:
        ended = stop_archiving(home)
        out.print(
            "Nothing was archived."
            if ended is None
            else f"The server's next start ends the archive {ended.segments}; its files stay.",
            soft_wrap=True,
        )
        return
    span = read_duration(interval)
    if not timedelta(seconds=1) <= span <= _LONGEST_INTERVAL:
        raise InputInvalid("The interval is not from 1s to 1d.", cure="Write it as 30s, 5m or 1h.")
    begun = start_archiving(home, folder, span)
    out.print(
        f"From the server's next start on, changes are archived to {begun.segments}, at the latest after {interval}. "
        "Stop every skeldir process of this home and start it again, then run `skeldir backup`: only backups made "
        "from then on lead to later moments.",
        soft_wrap=True,
    )


def restore(
    target: Annotated[
        Path, typer.Option("--home", help="The home to create; it must not exist, or be empty.")
    ],
    name: Annotated[
        str | None,
        typer.Argument(
            help="A backup. Default: the newest that had ended by the moment, if all are of one home."
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            help="Restore what was committed by this time, with its zone: 2026-11-27T14:30:00Z."
        ),
    ] = None,
    until_lsn: Annotated[
        str | None,
        typer.Option(
            help="Restore what was written before this position of the log, such as 0/16B3748; name the backup too."
        ),
    ] = None,
    latest: Annotated[
        bool, typer.Option("--latest", help="Restore everything that is archived.")
    ] = False,
    as_taken: Annotated[
        bool, typer.Option("--as-taken", help="Restore the backup alone, without an archive.")
    ] = False,
    folder: FolderOption = None,
) -> None:
    """Restore a backup into a new home, up to a moment; the present home is not touched.

    One of --until, --until-lsn, --latest and --as-taken is required. A restore that does not reach the moment fails.
    """
    from skeldir.backups import read_moment, restore_backup

    moment = read_moment(until=until, until_lsn=until_lsn, is_latest=latest, is_as_taken=as_taken)
    place = _choose_folder(folder)
    restored = restore_backup(place, name, target, moment, say=err.print)
    facts, home = restored.backup.facts, restored.home
    last = restored.last_commit_at
    shown = "at the end of the backup" if last is None else f"at {_moment(last)}"
    out.print(
        f"Restored {facts.name}, a backup of {facts.home}, into {home} in {restored.took_s:.1f} s. "
        f"The last commit in it is {shown}.",
        soft_wrap=True,
    )
    _show_next_steps(home)


def _show_next_steps(home: Path) -> None:
    variable = f"SKELDIR_HOME={shlex.quote(str(home))}"
    unset = "" if load_settings().database_url is None else "env -u DATABASE_URL "
    out.print("Check it, then switch to it:")
    out.print(f"  {unset}{variable} skeldir audit", soft_wrap=True)
    out.print(
        "  stop skeldir, and set SKELDIR_HOME to the restored home, or move it to the old place"
    )
    out.print(f"  {unset}{variable} skeldir up", soft_wrap=True)
    out.print(
        "It archives nothing: run `skeldir backup archive` and `skeldir backup` for it. Keys that were revoked later "
        "are valid again, and deleted tenants and forgotten touches are back: revoke and delete them again.",
        soft_wrap=True,
    )


def _home() -> Path:
    """Return the home of the embedded server.

    Raises:
        BackupNeedsEmbeddedServer: DATABASE_URL names another server.
    """
    settings = load_settings()
    if settings.database_url is not None:
        raise BackupNeedsEmbeddedServer(
            "DATABASE_URL names a server whose files and roles are yours.",
            cure="Back it up by its own means (pg_basebackup with archived WAL, pgBackRest, your provider's "
            "snapshots); docs/operations.md shows how to dump and restore it. For the embedded server, unset "
            "DATABASE_URL.",
        )
    return settings.skeldir_home.expanduser().resolve()


def _cluster() -> Cluster:
    """Return the embedded cluster, which may have no data any more."""
    return open_cluster(_home())


def _choose_folder(folder: Path | None) -> Path:
    if folder is not None:
        return folder
    home = load_settings().skeldir_home.expanduser().resolve()
    if (kept := find_archive(home)) is None:
        raise InputInvalid(
            f"No folder was given, and {home} archives to none.",
            cure="Add --folder, a folder on another disk than SKELDIR_HOME.",
        )
    return kept.folder


def _show_backup(backup: Backup, took_s: float) -> None:
    facts = backup.facts
    out.print(
        f"Backup {facts.name}: {_size(facts.size)} in {took_s:.1f} s, verified. It has {_size(facts.data_size)} "
        f"of data at position {facts.end_lsn}, revision {facts.revision or 'none'}, of PostgreSQL {facts.postgres}.",
        soft_wrap=True,
    )
    out.print(str(backup.path), soft_wrap=True)


def _describe_reach(cluster: Cluster, folder: BackupFolder, backup: Backup) -> str:
    from skeldir.backups import ArchiveIncomplete, read_reach

    facts = backup.facts
    end = f"its end, {_moment(facts.ended_at)}"
    if facts.archive is None:
        return end
    try:
        reach = read_reach(cluster, folder.wal / facts.archive, facts)
    except ArchiveIncomplete as fault:
        return f"{end}, or later up to a fault: {fault.detail}"
    if reach is None or reach.last_commit_at is None or reach.last_commit_at <= facts.ended_at:
        return f"{end}; no later commit is archived yet"
    first = _moment(facts.ended_at + _ALMOST_A_SECOND)
    return (
        f"any moment from {first} to {_moment(reach.last_commit_at)} ({_size(reach.size)} archived)"
    )


def _show_archiving(cluster: Cluster, folder: BackupFolder) -> None:
    from skeldir.backups import read_archive_state

    kept = find_archive(cluster.home)
    if kept is None or kept.folder != folder.path:
        out.print(f"{cluster.home} archives nothing to {folder.path}.", soft_wrap=True)
        return
    where = f"{cluster.home} archives to {kept.segments}, at the latest after {kept.interval_s} s"
    if not kept.segments.is_dir():
        out.print(
            f"{where}. THAT DIRECTORY IS MISSING: nothing is archived, and nothing is deleted from the data, until it "
            "is back; `skeldir backup archive --off` ends this.",
            soft_wrap=True,
            style="bold red",
        )
        return
    if not is_server_alive(cluster):
        out.print(f"{where}; its server is not running.", soft_wrap=True)
        return
    with embedded_server(cluster.home) as server:
        state = read_archive_state(cluster, server)
    if not state.is_on:
        out.print(f"{where}, but only from the next start of its server on.", soft_wrap=True)
    elif state.failed_at is not None:
        out.print(
            f"{where}. IT FAILS, last at {_moment(state.failed_at)}: {state.waiting} files wait, and nothing is "
            f"deleted from the data until they are archived. See {cluster.home / 'postgres.log'}.",
            soft_wrap=True,
            style="bold red",
        )
    else:
        out.print(f"{where}; {state.waiting} files wait.", soft_wrap=True)


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _size(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 10**9 else f"{size / 1e6:,.1f} MB"

"""Files that were sent by a page: trying them, importing them, and trying their refused rows again.

It is the work of `skeldir import` and `skeldir dead replay`, done by the process that has the file, a few files at a
time and with connections of its own, so that reports and events have theirs. How far an import is, is in the database
as always: whoever sends the same file again after an interruption has it continued.
"""

from __future__ import annotations

import asyncio
import logging
import tomllib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from skeldir.attribution import RULE_MODELS, ModelParameters, set_models
from skeldir.errors import SkeldirError
from skeldir.ingest import KnownImport, list_channels, list_imports
from skeldir.ingest.files import (
    ChosenMapping,
    ImportPreview,
    ImportProgress,
    MappingInvalid,
    choose_mapping,
    fingerprint_file,
    import_file,
    preview_import,
    replay_refused,
)
from skeldir.users import note_action
from skeldir.web.undo_previews import UndoPreviews

if TYPE_CHECKING:
    from skeldir.db import Connection, Database
    from skeldir.web.access import AnyMember
    from skeldir.web.uploads import Upload, Uploads

T = TypeVar("T")

logger = logging.getLogger(__name__)

IMPORTED: Final = "import.begun"
REPLAYED: Final = "import.replayed"
KINDS: Final = ("touches", "conversions", "mixed")
_TEXTS: Final = ("currency", "amount_unit", "time_zone", "encoding", "sheet")
_LONGEST_ANSWER: Final = 100
_LONGEST_LINES: Final = 2_000
_AT_ONCE: Final = 3
_AT_ONCE_OF_TENANT: Final = 2


@dataclass(frozen=True, slots=True)
class Answers:
    """What somebody said about a file, in the words of a mapping; `lines` are further lines of one."""

    kind: str = ""
    currency: str = ""
    amount_unit: str = ""
    time_zone: str = ""
    encoding: str = ""
    sheet: str = ""
    lines: str = ""

    @staticmethod
    def read(fields: Mapping[str, str]) -> Answers:
        """Return the answers among the fields of a form or an address; `settings` refuses what is too long."""
        texts = {name: fields.get(name, "").strip()[:_LONGEST_ANSWER] for name in _TEXTS}
        kind = fields.get("kind", "")
        lines = fields.get("lines", "").strip()[: _LONGEST_LINES + 1]
        return Answers(kind if kind in KINDS else "", **texts, lines=lines)

    def given(self) -> dict[str, str]:
        """Return what was answered, by the names of fields."""
        names = ("kind", *_TEXTS, "lines")
        return {name: text for name in names if (text := str(getattr(self, name)))}

    def settings(self) -> dict[str, object]:
        """Return them in the shape of a mapping file; the named ones take precedence over `lines`.

        Raises:
            MappingInvalid: the lines are too long, or not TOML.
        """
        if len(self.lines) > _LONGEST_LINES:
            raise MappingInvalid(
                f"The lines of a mapping have more than {_LONGEST_LINES} characters.",
                cure="Write them into a file, and import by `skeldir import` with --map.",
            )
        try:
            lines = tomllib.loads(self.lines)
        except RecursionError as error:
            raise MappingInvalid(
                "The lines of a mapping are nested too deep.",
                cure='Write them as in a mapping, texts in double quotes: kinds."Sale" = "capture"',
            ) from error
        except tomllib.TOMLDecodeError as error:
            raise MappingInvalid(
                f"The lines of a mapping are not TOML: {error}.",
                cure='Write them as in a mapping, texts in double quotes: kinds."Sale" = "capture"',
            ) from error
        return lines | {name: text for name in _TEXTS if (text := str(getattr(self, name)))}


@dataclass(frozen=True, slots=True)
class Tried:
    """What an import of a file would do; `known` is its import with the same mapping, if there is one."""

    chosen: ChosenMapping
    preview: ImportPreview
    known: KnownImport | None


@dataclass(slots=True)
class Trial:
    """A dry run of a file with some answers; `task` ends with what it found, or with what must be answered first."""

    answers: Answers
    task: asyncio.Task[Tried | SkeldirError]

    @property
    def found(self) -> Tried | SkeldirError | None:
        """What it has found; None if it goes on, or was given up."""
        return self.task.result() if self.task.done() and not self.task.cancelled() else None


@dataclass(slots=True)
class Run:
    """An import, or a replay, that this process does. Once it has `begun`, the database has its fingerprint."""

    fingerprint: str
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    share_read: float = 0.0
    fault: SkeldirError | None = None
    task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has neither ended nor failed."""
        return self.task is not None and not self.task.done()


@dataclass(frozen=True, slots=True)
class _Watched:
    """The transactions of an import, which say when the first one is committed."""

    database: Database
    begun: asyncio.Event

    @asynccontextmanager
    async def tenant(self, tenant_id: UUID, /) -> AsyncIterator[Connection]:
        async with self.database.tenant(tenant_id) as connection:
            yield connection
        self.begun.set()


@dataclass(slots=True)
class Imports:
    """The trials and imports of this process. `opening` opens connections for one of them."""

    uploads: Uploads
    opening: Callable[[], AbstractAsyncContextManager[Database]]
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    _turns_of: WeakValueDictionary[UUID, asyncio.Semaphore] = field(
        default_factory=WeakValueDictionary
    )
    _trials: dict[Upload, Trial] = field(default_factory=dict)
    _given_up: set[asyncio.Task[Tried | SkeldirError]] = field(default_factory=set)
    _runs: dict[tuple[UUID, str], Run] = field(default_factory=dict)
    previews: UndoPreviews = field(init=False)

    def __post_init__(self) -> None:
        """Let previews have connections of their own, too."""
        self.previews = UndoPreviews(self.opening)

    def try_file(self, upload: Upload, member: AnyMember, answers: Answers) -> Trial:
        """Return the dry run of a file with some answers, begun if it was not yet; one with others is given up."""
        known = self._trials.get(upload)
        if known is not None and known.answers == answers:
            return known
        for one, each in list(self._trials.items()):
            if one is upload or not self.uploads.holds(one):
                self._give_up(one, each)
        trial = Trial(answers, asyncio.create_task(self._try(upload, member, answers)))
        self._trials[upload] = trial
        return trial

    def drop(self, upload: Upload) -> None:
        """Forget a file that is not to be imported; its dry run is given up."""
        trial = self._trials.get(upload)
        if trial is not None:
            self._give_up(upload, trial)
        self.uploads.drop(upload)

    def _give_up(self, upload: Upload, trial: Trial) -> None:
        trial.task.cancel()
        self._trials.pop(upload, None)
        # It ends with what it does in a thread, and until then somebody must know it.
        self._given_up.add(trial.task)
        trial.task.add_done_callback(self._given_up.discard)

    def begin_import(
        self, upload: Upload, member: AnyMember, tried: Tried, *, replays: bool = False
    ) -> Run:
        """Begin to import a file as it was tried, or to try its refused rows again, unless that runs already."""
        fingerprint = tried.preview.report.fingerprint
        key = (member.profile.tenant_id, fingerprint)
        known = self._runs.get(key)
        if known is not None and known.is_running:
            return known
        self._runs = {one: run for one, run in self._runs.items() if run.is_running or run.fault}
        run = self._runs[key] = Run(fingerprint)
        upload.is_in_use = True
        run.task = asyncio.create_task(self._do(run, upload, member, tried, replays=replays))
        return run

    def find_run(self, tenant_id: UUID, fingerprint: str) -> Run | None:
        """Return the import that this process does, or that has failed in it."""
        return self._runs.get((tenant_id, fingerprint))

    async def close(self) -> None:
        """Stop what runs: a file that is sent again is continued."""
        tasks = [
            *(trial.task for trial in self._trials.values()),
            *self._given_up,
            *(run.task for run in self._runs.values() if run.task is not None),
        ]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.previews.close()
        self.uploads.close()

    @asynccontextmanager
    async def _turn(self, tenant_id: UUID) -> AsyncIterator[None]:
        """Hold one of the turns in the block; a tenant has all but one at most, so that others are not held up."""
        own = self._turns_of.get(tenant_id)
        if own is None:
            own = self._turns_of[tenant_id] = asyncio.Semaphore(_AT_ONCE_OF_TENANT)
        async with own, self._turns:
            yield

    async def _try(
        self, upload: Upload, member: AnyMember, answers: Answers
    ) -> Tried | SkeldirError:
        tenant_id = member.profile.tenant_id
        try:
            async with self._turn(tenant_id), self.opening() as database:
                chosen = await self._choose(database, tenant_id, upload, answers)
                fingerprint = await _in_thread(
                    partial(fingerprint_file, upload.path, chosen.mapping)
                )
                async with database.tenant(tenant_id, is_read_only=True) as connection:
                    known = await list_imports(
                        connection, tenant_id, fingerprint=fingerprint, most=1
                    )
                preview = await preview_import(database, tenant_id, upload.path, chosen)
        except SkeldirError as error:
            return error
        return Tried(chosen, preview, known[0] if known else None)

    async def _choose(
        self, database: Database, tenant_id: UUID, upload: Upload, answers: Answers
    ) -> ChosenMapping:
        settings = answers.settings()
        async with database.tenant(tenant_id, is_read_only=True) as connection:
            own_channels = await list_channels(connection, tenant_id)
        kind = next((kind for kind in KINDS if kind == answers.kind), None)
        return await _in_thread(
            partial(
                choose_mapping,
                upload.path,
                kind=kind,
                map_file=None,
                flags=settings,
                own_channels=own_channels,
            )
        )

    async def _do(
        self, run: Run, upload: Upload, member: AnyMember, tried: Tried, *, replays: bool
    ) -> None:
        """Do the work. What it raises is shown, and it may be tried again; after success the file is dropped."""
        try:
            async with self._turn(member.profile.tenant_id), self.opening() as database:
                await self._work(database, run, upload, member, tried, replays=replays)
        except SkeldirError as error:
            run.fault = error
            logger.warning("import.failed", extra={"code": error.code})
        else:
            self._trials.pop(upload, None)
            self.uploads.drop(upload)
        finally:
            upload.is_in_use = False
            run.begun.set()

    async def _work(
        self,
        database: Database,
        run: Run,
        upload: Upload,
        member: AnyMember,
        tried: Tried,
        *,
        replays: bool,
    ) -> None:
        tenant_id, by = member.profile.tenant_id, member.session.email
        mapping = tried.chosen.mapping

        def show(done: ImportProgress) -> None:
            run.share_read = done.share_read

        async with database.tenant(tenant_id) as connection:
            if mapping.models is not None and not replays:
                wanted: dict[str, ModelParameters] = dict.fromkeys(RULE_MODELS, mapping.models)
                await set_models(connection, tenant_id, wanted, changed_by=by)
            await note_action(
                connection, tenant_id, by, REPLAYED if replays else IMPORTED, run.fingerprint
            )
        watched = _Watched(database, run.begun)
        if replays:
            await replay_refused(watched, tenant_id, upload.path, tried.chosen)
            return
        await import_file(
            watched,
            tenant_id,
            upload.path,
            mapping,
            progress=show,
            layout=tried.chosen.layout,
        )


async def _in_thread(work: Callable[[], T]) -> T:
    """Return what `work` returns, done in a thread. Whoever gives it up has to wait, and keeps the turn until then.

    A thread cannot be stopped: else each trial that is given up would take another one of those that pages share.
    """
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    finally:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # otherwise asyncio reports that nobody has seen it

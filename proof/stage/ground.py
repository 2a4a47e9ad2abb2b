"""Where a proof takes place: an empty server and a scratch folder, of which nothing is left afterwards."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar
from urllib.parse import quote

import psycopg

from proof.checkout import git_environment, python_path
from proof.stage.roles import SuperuserRefused
from proof.stage.servers import EmptyServer, open_embedded_server, open_given_server
from skeldir.errors import SkeldirError

T = TypeVar("T")
APP_USER = "app_user"
_PASSWORD_IN_URL = re.compile(r"((?:postgres\w*)(?:\+\w+)?://[^\s:/@]*:)[^\s@]+@")
_MIGRATION_S = 300
_SECRET_LENGTH = 10
_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class GroundUnready(SkeldirError):
    """The scratch databases or processes of a proof could not be made."""

    code = "ground_unready"
    status = 500
    title = "There is no ground to prove on"


class ScratchLeft(SkeldirError):
    """Something that a proof made could not be removed again."""

    code = "scratch_left"
    status = 500
    title = "Something of the proof was left behind"


@dataclass(slots=True)
class Ground:
    """A server that holds nothing but what the proof makes, and a clean environment for commands.

    `root` is the top of the checkout that is proven; the source under `root/src` is what commands run. `scratch` is
    a private folder with a short path. `environment` has no DATABASE_URL: add `on(role, database)`. Two roles act:
    `app_user`, which the migrations make, and `admin`, which migrates and may create roles and databases; neither is
    a superuser.
    """

    root: Path
    scratch: Path
    server: EmptyServer
    environment: dict[str, str]
    endings: ExitStack
    _secrets: set[str] = field(default_factory=set)
    _databases: list[str] = field(default_factory=list)
    _app_password: str | None = None
    _kept: dict[object, Any] = field(default_factory=dict)

    @property
    def admin(self) -> str:
        """The role that migrates: LOGIN CREATEROLE CREATEDB NOSUPERUSER NOBYPASSRLS."""
        return self.server.admin

    @property
    def is_embedded(self) -> bool:
        """Whether the server is the proof's own, so that it may really be stopped."""
        return self.server.is_embedded

    def keep(self, open_on: Callable[[Ground], AbstractContextManager[T]]) -> T:
        """Return what `open_on` opens on this ground; it is opened on first use, and closed with the ground."""
        if open_on not in self._kept:
            self._kept[open_on] = self.endings.enter_context(open_on(self))
        kept: T = self._kept[open_on]
        return kept

    def url(self, role: str, database: str) -> str:
        """Return the URL of `database` as `app_user` or `admin`.

        Raises:
            SuperuserRefused: it is another role; nothing is proven as one.
        """
        if role == self.admin:
            return self.server.url(role, self.server.admin_password, database)
        if role != APP_USER:
            raise SuperuserRefused(
                f"A proof was about to act as {role}.",
                cure=f"Act as {APP_USER} or {self.admin}; take another role's rights by SET ROLE.",
            )
        self.allow_login()
        return self.server.url(role, self._app_password, database)

    def on(self, role: str, database: str) -> dict[str, str]:
        """Return the variable by which a command finds `database` as `role`."""
        return {"DATABASE_URL": self.url(role, database)}

    def allow_login(self) -> None:
        """Give app_user a password of its own, once, where the server asks for one; `url` does it by itself.

        Before the first migration, which makes the role, nothing is done.
        """
        if self.is_embedded or self._app_password is not None:
            return
        password = secrets.token_urlsafe(24)
        if self.server.allow_login(APP_USER, password):
            self.keep_secret(password)
            self._app_password = password

    def make_database(self, name: str) -> None:
        """Make an empty database, owned by `admin`, from template0; it is dropped at the end.

        Raises:
            GroundUnready: it could not be made.
        """
        try:
            self.server.make_database(name)
        except psycopg.Error as fault:
            raise GroundUnready(
                f"Database {name} could not be made: {fault}.",
                cure="Give a server that is empty, with room on its disk, or none at all.",
            ) from fault
        self._databases.append(name)

    def drop_database(self, name: str) -> None:
        """Drop a database that `make_database` made, whoever is connected to it."""
        self._databases.remove(name)
        self.server.drop_databases([name])

    def migrate(self, database: str, revision: str = "head") -> None:
        """Run `alembic upgrade` as `admin`, unrecorded. To record it: `alembic_words` and `on(admin, database)`.

        Raises:
            GroundUnready: it failed.
        """
        done = subprocess.run(  # noqa: S603 - fixed words
            self.alembic_words(revision),
            cwd=self.root,
            env={**self.environment, **self.on(self.admin, database)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_MIGRATION_S,
            check=False,
        )
        if done.returncode != 0:
            printed = self.without_secrets(done.stdout[-2_000:])
            raise GroundUnready(
                f"`alembic upgrade {revision}` on {database} failed:\n{printed}",
                cure="Correct the migration that the last lines name.",
            )

    def alembic_words(self, revision: str = "head") -> tuple[str, ...]:
        """Return the command, for the top of the checkout, that upgrades to `revision`."""
        return (sys.executable, "-m", "alembic", "upgrade", revision)

    def skeldir(self, *words: str) -> tuple[str, ...]:
        """Return the command `skeldir …`, run from the checkout's source."""
        return (sys.executable, "-m", "skeldir.cli", *words)

    def stop_database(self, database: str) -> None:
        """Make `database` unreachable: stop the server if it is ours, else forbid connections and end those it has."""
        self.server.stop(database)

    def start_database(self, database: str) -> None:
        """Undo `stop_database`; when it returns, connections are accepted."""
        self.server.start(database)

    def keep_secret(self, value: str) -> None:
        """Replace `value` by `***` in everything that is recorded from now on."""
        self._secrets.add(value)

    def without_secrets(self, text: str) -> str:
        """Return `text` without secrets, and with what differs from machine to machine by its name.

        Passwords in URLs of PostgreSQL and all secrets become `***`; the interpreter becomes `python`, the scratch
        folder `$SCRATCH` and the checkout `$ROOT`.
        """
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        text = _PASSWORD_IN_URL.sub(r"\1***@", text)
        for name, place in (
            ("python", sys.executable),
            ("$SCRATCH", str(self.scratch)),
            ("$ROOT", str(self.root)),
        ):
            for written in (place, quote(place, safe="")):
                text = re.sub(rf"{re.escape(written)}(?![\w.-])", lambda _, name=name: name, text)  # type: ignore[misc]  # a default of a lambda has no type of its own
        return text

    def _drop_everything(self) -> None:
        try:
            self.server.drop_databases(self._databases)
            self.server.drop_roles()
        except psycopg.Error as fault:
            raise ScratchLeft(
                f"{', '.join(self._databases) or 'The roles'} could not be dropped: {fault}.",
                cure="Drop the databases that begin with skeldir_, then the roles app_user, matview_owner and "
                "skeldir_owner.",
            ) from fault


@contextmanager
def open_ground(root: Path, database_url: str | None = None) -> Iterator[Ground]:
    """Open the ground for proofs of the checkout at `root`; leave nothing behind, also after Ctrl-C and SIGTERM.

    Without `database_url` an embedded server is started in the scratch folder. With it, the server that it names is
    used, if that is empty and the role is no superuser but may create roles and databases.

    Raises:
        ServerNotEmpty, RightsMissing, SuperuserRefused, DatabaseRefused, ServerTooOld: the given server is unfit.
        ScratchLeft: what was made could not be removed.
    """
    with one_interruption() as hold_back:
        stack = ExitStack()
        try:
            scratch = Path(tempfile.mkdtemp(prefix="skp-")).resolve()
            stack.callback(_remove, scratch)
            # The embedded server may run as another account, which has to pass through.
            scratch.chmod(0o711)
            server = stack.enter_context(
                open_embedded_server(scratch / "pg")
                if database_url is None
                else open_given_server(database_url)
            )
            ground = Ground(root, scratch, server, _clean_environment(root, scratch), stack)
            # A shorter one would take ordinary words out of outputs; in URLs none is ever shown.
            if len(server.admin_password or "") >= _SECRET_LENGTH:
                ground.keep_secret(server.admin_password or "")
            if not ground.is_embedded:
                stack.callback(ground._drop_everything)  # noqa: SLF001 - the end of its own life
            yield ground
        finally:
            hold_back()
            stack.close()


def _clean_environment(root: Path, scratch: Path) -> dict[str, str]:
    """Return what a command needs and nothing of the caller's: no URL, no key, no home, no configuration of git."""
    base = git_environment(root)
    return {
        **base,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), base["PATH"]]),
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "PYTHONPATH": python_path(root),
        # Compiled again from the source under proof: what lies in its `__pycache__` could be of another.
        "PYTHONPYCACHEPREFIX": str(scratch / "compiled"),
        # A command without DATABASE_URL must not find the data of whoever runs the proof.
        "SKELDIR_HOME": str(scratch / "home"),
    }


def _remove(scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    if scratch.exists():
        raise ScratchLeft(
            f"{scratch} could not be removed.", cure="End what still uses it, and remove it."
        )


@contextmanager
def one_interruption() -> Iterator[Callable[[], None]]:
    """Let the first Ctrl-C or SIGTERM end the block, and hold back all others, however often they come.

    After the function that is yielded was called, the first one waits for the end of the block as well.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    has_begun_to_end = False
    waiting: list[int] = []

    def hold_back() -> None:
        nonlocal has_begun_to_end
        has_begun_to_end = True

    def interrupt(number: int, frame: FrameType | None) -> None:
        if has_begun_to_end:
            waiting.append(number)
            return
        hold_back()
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)
        elif handler != signal.SIG_IGN:
            raise SystemExit(128 + number)

    before = {number: signal.getsignal(number) for number in _INTERRUPTIONS}
    for number in _INTERRUPTIONS:
        signal.signal(number, interrupt)
    try:
        yield hold_back
    finally:
        for number, handler in before.items():
            # None: it was not set from Python, and cannot be set again.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    for late in waiting[:1]:
        signal.raise_signal(late)

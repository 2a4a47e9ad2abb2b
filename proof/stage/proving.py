"""What a check proves with: it asks, runs and fetches, and every step is recorded with its complete output."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, LiteralString

import httpx2
import psycopg
from psycopg import sql

from proof.stage.ground import Ground
from proof.stage.kinds import Expectation, with_texts
from proof.stage.roles import require_bound_role
from proof.stage.steps import Step, StepKind, digest_of
from proof.stage.tables import print_cell, print_table
from proof.stage.world import World, world_of
from skeldir.clock import utc_now

Statement = LiteralString | sql.Composed
Expected = Expectation | Sequence[Expectation]
"""What an output must be; if it must be several things, all of them."""


@dataclass(slots=True)
class Proof:
    """The steps of one check, as they are done.

    `ground` has the server, the databases and the running service. Whatever is secret in it (passwords, keys) is
    replaced in every text and output by `***`.
    """

    ground: Ground
    steps: list[Step] = field(default_factory=list)

    @property
    def world(self) -> World:
        """The real service over HTTP, with two tenants; built on first use, ended with the ground."""
        return world_of(self.ground)

    def ask(
        self,
        role: str,
        database: str,
        *statements: Statement,
        tenant: object = None,
        expect: Expected = (),
        name: str = "",
    ) -> str:
        """Run statements as `role` in one session of their own, each committed by itself; return their output.

        `tenant` is set for the session first. The output has, for each statement that returns rows, a table as
        `print_table` prints it; for each other one its command tag; and for the first that is refused
        `ERROR <code>: <message>`, after which the others are not run. `name` is for other steps of the check that
        refer to this one.

        Raises:
            SuperuserRefused: the role is a superuser or bypasses row-level security.
        """
        with self.session(role, database, tenant=tenant) as session:
            return session.ask(*statements, expect=expect, name=name)

    @contextmanager
    def session(self, role: str, database: str, *, tenant: object = None) -> Iterator[Session]:
        """Open a session as `role`, to be asked several times; see `ask`."""
        with psycopg.connect(self.ground.url(role, database), autocommit=True) as connection:
            require_bound_role(connection)
            session = Session(self, connection, role)
            if tenant is not None:
                session.ask(
                    sql.SQL("SET app.current_tenant_id = {}").format(sql.Literal(str(tenant)))
                )
            yield session

    def run(
        self,
        *words: str,
        role: str = "",
        environment: Mapping[str, str] = {},
        expect: Expected = (),
        name: str = "",
        timeout_s: float = 120,
    ) -> str:
        """Run a command in the checkout; the output is what it printed, and last its exit status.

        The environment is the ground's own clean one and `environment`, whose values are shown with the command.
        """
        began, turn = utc_now(), monotonic()
        try:
            done = subprocess.run(  # noqa: S603 - the words are the checks' own
                words,
                cwd=self.ground.root,
                env={**self.ground.environment, **environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=timeout_s,
                check=False,
            )
            output = f"{done.stdout.rstrip()}\nexit status {done.returncode}".lstrip()
        except subprocess.TimeoutExpired as fault:
            output = f"{_text(fault.stdout)}\nstopped after {timeout_s:g} s".lstrip()
        return self._record(
            "command",
            role,
            _command(words, environment),
            output,
            expect,
            began.isoformat(),
            turn,
            name,
        )

    @contextmanager
    def start(
        self, *words: str, role: str = "", environment: Mapping[str, str] = {}
    ) -> Iterator[Started]:
        """Start a command as `run` does and go on beside it; whatever still runs at the end of the block is killed.

        `finish` records it. Its standard input stays open until then.
        """
        began, turn = utc_now(), monotonic()
        with subprocess.Popen(  # noqa: S603 - the words are the checks' own
            words,
            cwd=self.ground.root,
            env={**self.ground.environment, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield Started(
                    self, process, role, _command(words, environment), began.isoformat(), turn
                )
            finally:
                process.kill()

    def fetch(
        self,
        method: str,
        url: str,
        *,
        key: str | None = None,
        headers: Mapping[str, str] = {},
        json: Any = None,
        expect: Expected = (),
    ) -> str:
        """Send a request; the output is `HTTP <status>`, the content type and the body, or how it failed."""
        began, turn = utc_now(), monotonic()
        authorization = {"Authorization": f"Bearer {key}"} if key else {}
        try:
            answer = httpx2.request(
                method, url, headers={**authorization, **headers}, json=json, timeout=30
            )
            output = (
                f"HTTP {answer.status_code}\n{answer.headers.get('content-type')}\n\n{answer.text}"
            )
        except httpx2.TransportError as fault:
            output = f"no answer: {type(fault).__name__}"
        return self._record("http", "", f"{method} {url}", output, expect, began.isoformat(), turn)

    def read(self, text: str, output: str, *, expect: Expected, name: str = "") -> str:
        """Record what the proof worked out itself; `text` says from what, and how."""
        return self._record(
            "reading", "", text, output, expect, utc_now().isoformat(), monotonic(), name
        )

    def tabulate(
        self,
        text: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        expect: Expected,
        name: str = "",
    ) -> str:
        """Record as a table what the proof worked out itself; `text` says from what, and how."""
        return self.read(text, print_table(columns, rows), expect=expect, name=name)

    def _record(
        self,
        kind: StepKind,
        role: str,
        text: str,
        output: str,
        expect: Expected,
        began_at: str,
        turn: float,
        name: str = "",
    ) -> str:
        """Record a step.

        Raises:
            ValueError: another step of the check has its name.
        """
        if name and any(step.name == name for step in self.steps):
            raise ValueError(f"two steps are named {name!r}")
        seconds = round(monotonic() - turn, 3)
        clean = self.ground.without_secrets
        output = clean(output)
        expected = tuple(expect) if isinstance(expect, Sequence) else (expect,)
        self.steps.append(
            Step(
                kind,
                name,
                role,
                clean(text),
                output,
                with_texts(expected, clean),
                began_at,
                seconds,
                digest_of(output),
            )
        )
        return output


@dataclass(frozen=True, slots=True)
class Started:
    """A command that runs beside the proof."""

    proof: Proof
    process: subprocess.Popen[str]
    role: str
    text: str
    began_at: str
    turn: float

    def is_running(self) -> bool:
        """Say whether the command has not ended yet."""
        return self.process.poll() is None

    def kill(self) -> None:
        """Send SIGKILL, as `kill -9` does."""
        self.process.kill()

    def finish(self, *, expect: Expected = (), timeout_s: float = 120) -> str:
        """Close the command's input, wait for its end, and record it as `Proof.run` does; return the output."""
        try:
            printed, _ = self.process.communicate(timeout=timeout_s)
            output = f"{printed.rstrip()}\nexit status {self.process.returncode}".lstrip()
        except subprocess.TimeoutExpired as fault:
            self.process.kill()
            output = f"{_text(fault.stdout)}\nstopped after {timeout_s:g} s".lstrip()
        return self.proof._record(  # noqa: SLF001 - what was started is a part of its proof
            "command", self.role, self.text, output, expect, self.began_at, self.turn
        )


@dataclass(frozen=True, slots=True)
class Session:
    """One connection of a role that row-level security binds."""

    proof: Proof
    connection: psycopg.Connection[Any]
    role: str

    def ask(self, *statements: Statement, expect: Expected = (), name: str = "") -> str:
        """Run statements, each committed by itself; see `Proof.ask`."""
        began, turn = utc_now(), monotonic()
        outputs = []
        for statement in statements:
            try:
                cursor = self.connection.execute(statement)
            except psycopg.Error as fault:
                message = print_cell(fault.diag.message_primary or str(fault))
                outputs.append(f"ERROR {fault.sqlstate}: {message}")
                break
            outputs.append(_show(cursor))
        text = ";\n".join(_text_of(statement, self.connection) for statement in statements)
        return self.proof._record(  # noqa: SLF001 - a session is a part of its proof
            "sql", self.role, text, "\n".join(outputs), expect, began.isoformat(), turn, name
        )


def _command(words: Sequence[str], environment: Mapping[str, str]) -> str:
    shown = [f"{name}={shlex.quote(value)}" for name, value in environment.items()]
    return " ".join([*shown, shlex.join(words)])


def _show(cursor: psycopg.Cursor[Any]) -> str:
    if cursor.description is None:
        return cursor.statusmessage or ""
    return print_table([column.name for column in cursor.description], cursor.fetchall())


def _text_of(statement: Statement, connection: psycopg.Connection[Any]) -> str:
    text = statement if isinstance(statement, str) else statement.as_string(connection)
    return "\n".join(line.strip() for line in text.strip().splitlines())


def _text(printed: bytes | str | None) -> str:
    return printed.decode(errors="replace") if isinstance(printed, bytes) else printed or ""

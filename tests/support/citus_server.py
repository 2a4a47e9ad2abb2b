"""The servers of a Citus database that the suite was given, in the place of the embedded one.

A database is made on every node under the same name: the coordinator copies its list of nodes and shards with the
template, and the nodes their shards.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

import psycopg
from psycopg import conninfo, sql

from skeldir.migrations.run import upgrade
from skeldir.scale import apply_scale

VARIABLE = "SKELDIR_TESTS_CITUS"
SHARDS = 4
_EMPTY = "template0"


@dataclass(frozen=True)
class Address:
    host: str
    port: int


@dataclass(frozen=True)
class CitusServer:
    """A coordinator, by a superuser's URL of a database that lists its nodes; `run` begins the databases' names."""

    given: str
    run: str

    @cached_property
    def _options(self) -> dict[str, str]:
        return {key: str(value) for key, value in conninfo.conninfo_to_dict(self.given).items()}

    @cached_property
    def nodes(self) -> list[Address]:
        """All servers, the coordinator first, as the given database lists them."""
        with psycopg.connect(self.given) as connection:
            found = connection.execute(
                "SELECT nodename, nodeport, groupid = 0 FROM pg_dist_node ORDER BY groupid, nodeid"
            ).fetchall()
        here = Address(self._options["host"], int(self._options.get("port", "5432")))
        return [
            here,
            *(Address(host, port) for host, port, is_coordinator in found if not is_coordinator),
        ]

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(len(self.nodes))

    def url(self, *, user: str = "postgres", database: str = "postgres") -> str:
        """Return the URL of a database on the coordinator; `postgres` is the given superuser."""
        return self.url_of(self.nodes[0], user=user, database=database)

    def url_of(self, node: Address, *, user: str = "postgres", database: str = "postgres") -> str:
        name, secret = user, ""
        if user == "postgres":
            name = self._options["user"]
            secret = (
                f":{quote(self._options['password'], safe='')}"
                if "password" in self._options
                else ""
            )
        return f"postgresql://{quote(name, safe='')}{secret}@{node.host}:{node.port}/{database}"

    def on_each(self, statement: str) -> None:
        """Run a statement on all servers at once, in the database `postgres`."""
        list(self._threads.map(lambda node: self._run(node, statement), self.nodes))

    def _run(self, node: Address, statement: str) -> None:
        # A test may have stopped the node and started it again since the last one.
        with psycopg.connect(self.url_of(node), autocommit=True) as admin:
            admin.execute(statement.encode())

    def template(self, name: str) -> str:
        """Return the name of this run's copy of a template."""
        return f"{self.run}_{'empty' if name == _EMPTY else name}"

    def make_templates(self, name: str) -> None:
        """Make the two templates: one with Citus and its nodes alone, and one with the schema, distributed."""
        self.on_each(
            """DO $$ BEGIN CREATE ROLE migrator LOGIN NOSUPERUSER NOBYPASSRLS CREATEROLE CREATEDB;
               EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"""
        )
        # Roles of an earlier run, or of another role, remain.
        self.on_each(
            """DO $$ DECLARE owner text; BEGIN
               FOR owner IN SELECT rolname FROM pg_roles WHERE rolname IN ('skeldir_owner', 'matview_owner') LOOP
                   EXECUTE format('GRANT %I TO migrator WITH INHERIT TRUE, SET TRUE', owner);
               END LOOP; END $$"""
        )
        empty, full = self.template(_EMPTY), self.template(name)
        self._register(empty)
        self._seal(empty)
        self.copy(empty, full)
        self._run(self.nodes[0], f"ALTER DATABASE {full} SET citus.shard_count = {SHARDS}")
        upgrade(self.url(user="migrator", database=full))
        apply_scale(self.url(database=full))
        self._seal(full)

    def copy(self, template: str, name: str) -> None:
        self.on_each(
            f"CREATE DATABASE {name} OWNER migrator TEMPLATE {template} STRATEGY file_copy"
        )

    def drop(self, name: str) -> None:
        list(self._threads.map(lambda node: self._drop(node, name), self.nodes))

    def _drop(self, node: Address, name: str) -> None:
        """Drop a database of a node; what a test left prepared there would keep it."""
        with psycopg.connect(self.url_of(node), autocommit=True) as admin:
            left = admin.execute(
                "SELECT gid FROM pg_prepared_xacts WHERE database = %s", (name,)
            ).fetchall()
            for (transaction,) in left:
                with psycopg.connect(self.url_of(node, database=name), autocommit=True) as inside:
                    inside.execute(sql.SQL("ROLLBACK PREPARED {}").format(sql.Literal(transaction)))
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())

    def drop_all(self) -> None:
        """Remove what this run made."""
        with psycopg.connect(self.url()) as admin:
            rows = admin.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (f"{self.run}_",)
            ).fetchall()
        for (name,) in rows:
            self.drop(str(name))

    def close(self) -> None:
        """End the threads of this process."""
        self._threads.shutdown()

    def _register(self, database: str) -> None:
        self.on_each(f"CREATE DATABASE {database} OWNER migrator")
        for node in self.nodes:
            with psycopg.connect(self.url_of(node, database=database)) as connection:
                connection.execute("CREATE EXTENSION citus")
        coordinator, *workers = self.nodes
        with psycopg.connect(self.url(database=database)) as connection:
            connection.execute(
                "SELECT citus_set_coordinator_host(%s, %s)", (coordinator.host, coordinator.port)
            )
            for worker in workers:
                connection.execute("SELECT citus_add_node(%s, %s)", (worker.host, worker.port))
            connection.execute(
                "SELECT citus_set_node_property(%s, %s, 'shouldhaveshards', %s)",
                (coordinator.host, coordinator.port, not workers),
            )

    def _seal(self, database: str) -> None:
        """End the sessions of a template, Citus's own among them: one that is in use cannot be copied."""
        self.on_each(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        self.on_each(
            sql.SQL(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = {}"
            )
            .format(sql.Literal(database))
            .as_string(None)
        )


def given_server(run: str) -> CitusServer | None:
    """Return the servers that the environment names, or None."""
    url = os.environ.get(VARIABLE)
    return CitusServer(url, run) if url else None

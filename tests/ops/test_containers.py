"""The image and compose.yaml, as far as can be tested without a Docker daemon: rules, names, roles, health checks."""

from __future__ import annotations

import fnmatch
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
import yaml

from skeldir.cli import app as cli
from skeldir.db.embedded import embedded_server
from skeldir.migrations.run import upgrade
from skeldir.settings import Settings
from tests.conftest import FAST_SERVER
from tests.ops.test_backup import run

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE_TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PARTS = ["api", "worker", "beat"]


def test_the_dockerfile_keeps_the_rules_of_hadolint() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_images_have_plain_names_and_a_tag() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(bases) == 2
    assert len(set(bases)) == 1, "what was built for one Python runs on that one"
    for image in (*bases, SERVICES["database"]["image"]):
        assert re.fullmatch(r"[a-z]+:[0-9][\w.-]*", image), image


def test_the_image_runs_as_an_unprivileged_user_and_has_a_health_check() -> None:
    last_stage = DOCKERFILE.rpartition("FROM ")[2]
    assert re.search(r"^USER 10001$", last_stage, re.MULTILINE)
    assert "--uid 10001" in last_stage
    assert "HEALTHCHECK" in last_stage
    for variable in re.findall(r"(SKELDIR_\w+)=", DOCKERFILE):
        assert variable.lower() in Settings.model_fields


def test_everything_copied_into_the_image_exists_and_is_not_ignored() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = [line[1:] for line in lines if line.startswith("!")]
    copied = [
        source
        for words in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for source in words.split()
    ]
    assert "*" in lines
    assert sorted(copied) == sorted(kept)
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert not any(fnmatch.fnmatch(".env", pattern) for pattern in kept)


def test_each_service_runs_a_command_that_exists() -> None:
    known = typer.main.get_command(cli).commands  # type: ignore[attr-defined]  # not re-exported
    commands = {
        name: service["command"][0] for name, service in SERVICES.items() if "build" in service
    }
    assert commands == {"migrate": "migrate", "api": "serve", "worker": "worker", "beat": "beat"}
    assert set(commands.values()) <= set(known)


@pytest.mark.parametrize("name", PARTS)
def test_a_part_starts_after_the_migration_and_may_finish_what_it_accepted(name: str) -> None:
    service = SERVICES[name]
    assert service["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert SERVICES["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert service["restart"] == "unless-stopped"
    assert SERVICES["migrate"]["restart"] == "no"
    grace = int(service["stop_grace_period"].removesuffix("s"))
    assert grace > Settings.model_fields["skeldir_shutdown_timeout_s"].default + 5


def test_only_the_migration_has_the_password_of_the_role_that_migrates() -> None:
    roles = {
        name: re.findall(r"//(\w+):", service["environment"]["DATABASE_URL"])
        for name, service in SERVICES.items()
        if "build" in service
    }
    assert roles == {"migrate": ["migrator"]} | {name: ["app_user"] for name in PARTS}


def test_every_secret_comes_from_the_environment_and_is_required() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    variables = re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE)
    assert {value for _, value in variables} == {""}
    used = re.findall(r"\$\{(\w+)(:\?[^}]+)?\}", COMPOSE_TEXT)
    assert {name for name, _ in used} == {name for name, _ in variables}
    assert all(asks for _, asks in used), "without the variable compose must stop"
    assert re.search(r"^\.env$", (ROOT / ".gitignore").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_roles_of_the_script_are_those_that_compose_names_and_can_migrate_and_run(
    tmp_path: Path,
) -> None:
    mounted = [str(volume).partition(":")[0] for volume in SERVICES["database"]["volumes"]]
    script = ROOT / "ops" / "postgres" / "roles.sh"
    assert f"./{script.relative_to(ROOT)}" in mounted
    assert os.access(script, os.X_OK)
    with embedded_server(tmp_path / "home", server_settings=FAST_SERVER) as server:
        words = "POSTGRES_USER=postgres MIGRATOR_PASSWORD=abc APP_USER_PASSWORD=def"
        run(tmp_path, server, [f"{words} {script}"])
        upgrade(server.url(user="migrator", database="skeldir"))
        with psycopg.connect(server.url(user="app_user", database="skeldir")) as connection:
            may = connection.execute(
                "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = ANY(%s)",
                (["migrator", "app_user"],),
            ).fetchall()
        with psycopg.connect(server.url()) as admin:
            kept = admin.execute(
                "SELECT rolname, left(rolpassword, 5) FROM pg_authid WHERE rolpassword <> ''"
            ).fetchall()
    assert sorted(may) == [("app_user", False), ("migrator", False)]
    assert {("app_user", "SCRAM"), ("migrator", "SCRAM")} <= set(kept)


@contextmanager
def answering(status: int) -> Iterator[tuple[int, list[str]]]:
    """Answer every request with `status`; yield the port and the requested paths."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name there
            """Write nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, asked
        finally:
            server.shutdown()
            thread.join()


def health_checks() -> dict[str, list[str]]:
    """Return the commands that check the health of a part by HTTP."""
    of_image = re.search(r"HEALTHCHECK[^\[]+(\[.+\])", DOCKERFILE)
    assert of_image is not None
    return {
        "api": yaml.safe_load(of_image[1]),
        "worker": SERVICES["worker"]["healthcheck"]["test"][1:],
    }


@pytest.mark.parametrize(
    ("part", "port", "path"), [("api", 8000, "/health/live"), ("worker", 9464, "/metrics")]
)
def test_a_health_check_passes_for_a_response_and_fails_for_an_error(
    part: str, port: int, path: str
) -> None:
    program, *words = health_checks()[part]
    assert program == "python"
    assert str(port) in words[-1]
    for status, ends in ((200, 0), (503, 1)):
        with answering(status) as (free, asked):
            here = [word.replace(f":{port}/", f":{free}/") for word in words]
            done = subprocess.run([sys.executable, *here], capture_output=True, check=False)
        assert (done.returncode, asked) == (ends, [path])

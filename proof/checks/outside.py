"""ISOLATION, from outside: commands, logs and metrics show one tenant nothing of another."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx2
import orjson

from proof.checks.adversary import Needles, needles_of
from proof.contract import Check
from proof.stage.expectations import contains, every, rows
from proof.stage.preloaded import PreloadedProgram
from proof.stage.proving import Proof
from proof.stage.world import World

_AT_ONCE: Final = 3

# Every command that the program has, with its arguments and options, as JSON; the ones that only group others left out.
_COMMANDS: Final = """
import json, typer.main
from skeldir.cli import app
def walk(command, words):
    for name, each in sorted(getattr(command, "commands", {}).items()):
        yield from walk(each, [*words, name])
    if not getattr(command, "commands", {}) or getattr(command, "invoke_without_command", False):
        yield {"words": words, "arguments": [p.name for p in command.params if p.param_type_name == "argument"],
               "required": [p.name for p in command.params if p.required],
               "options": {p.name: p.opts[0] for p in command.params if p.param_type_name == "option"}}
print(json.dumps(list(walk(typer.main.get_command(app), [])), sort_keys=True))
"""
# They write, run for long, or prove; whatever else there is, is taken for a command that reads.
_NOT_READING: Final = frozenset(
    {
        "beat", "channels add", "credit", "demo", "export-link", "import conversions", "import mixed", "import touches",
        "jobs retry", "keys create", "keys revoke", "keys rotate", "migrate", "notices destinations add",
        "notices destinations remove", "notices send", "privacy scan", "prove",
        "reconcile run", "refresh", "serve", "tenants create", "up", "users delete", "users disable", "users link",
        "users remove", "verify", "webhooks create", "webhooks end",
        "webhooks listen", "webhooks rotate-key", "webhooks secret", "worker",
    }
)  # fmt: skip


def _prove_commands(proof: Proof) -> None:
    world = proof.world
    needles = needles_of(world)
    listed = proof.run(
        *(sys.executable, "-c", _COMMANDS),
        expect=contains('"orders"', begins="[", ends="]\nexit status 0"),
    )
    commands = [
        command
        for command in orjson.loads(listed.splitlines()[0])
        if " ".join(command["words"]) not in _NOT_READING
    ]
    runs = [
        (words, tenant)
        for command in commands
        for tenant in _whose(world, command)
        for words in _words(command, tenant)
    ]
    answers = _run_all(proof, [words for words, _ in runs])
    about = {world.a: "A", world.b: "B", None: "all"}
    lines = []
    for (words, tenant), (status, printed) in zip(runs, answers, strict=True):
        found = needles.found_in(printed, (str(world.b),) if tenant == world.b else ())
        lines.append((" ".join(["skeldir", *words]), about[tenant], status, len(found)))
    proof.tabulate(
        "as app_user: every command that reads, about A; about B, to see that there is something to be found; and "
        "those about all tenants, which app_user is refused. All that they print is searched for what is B's",
        ("command", "about", "exit status", "found of B"),
        lines,
        expect=(
            rows(at_least=10),
            every("found of B", 0, where={"about": ("A", "all")}),
            rows(at_least=4, where={"about": "B", "found of B": "<count>"}),
        ),
    )


def _whose(world: World, command: dict[str, Any]) -> Sequence[UUID | None]:
    takes_tenant = "tenant" in command["arguments"] or "tenant" in command["options"]
    return (world.a, world.b) if takes_tenant else (None,)


def _words(command: dict[str, Any], tenant: UUID | None) -> list[list[str]]:
    """Return the words of a command of the tenant, and of its form for other programs if it has one."""
    words, options = list(command["words"]), command["options"]
    if tenant is not None:
        words.append(f"{options['tenant']}={tenant}" if "tenant" in options else str(tenant))
    return [words, *([*words, option] for option in options.values() if option == "--json")]


def _run_all(proof: Proof, commands: Sequence[Sequence[str]]) -> list[tuple[int, str]]:
    """Run commands as app_user, a few at once; return the exit status of each, and all that it printed."""
    ground = proof.ground
    # Wide enough that no table breaks a marker in two.
    environment = {**ground.on("app_user", proof.world.database), "COLUMNS": "400"}

    def run_some(some: Sequence[Sequence[str]]) -> list[tuple[int, str]]:
        with PreloadedProgram(ground, environment) as program:
            return [program.run(*words) for words in some]

    parts = [commands[number::_AT_ONCE] for number in range(_AT_ONCE)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = [iter(part) for part in pool.map(run_some, parts)]
    return [next(answers[number % _AT_ONCE]) for number in range(len(commands))]


def _prove_export(proof: Proof) -> None:
    world, needles = proof.world, needles_of(proof.world)
    folders = [Path(tempfile.mkdtemp(dir=world.ground.scratch)) for _ in "AB"]
    commands = [
        ("export", str(tenant), str(folder), "--format", "ndjson")
        for tenant, folder in zip((world.a, world.b), folders, strict=True)
    ]
    answers = _run_all(proof, commands)
    lines = []
    for whose, folder, (status, _) in zip("AB", folders, answers, strict=True):
        texts = [file.read_text("utf-8") for file in sorted(folder.iterdir())]
        found = len(needles.found_in("".join(texts)))
        lines.append((whose, status, sum(text.count("\n") for text in texts), found))
    proof.tabulate(
        "as app_user: all that `skeldir export` writes about A, and about B, searched for what is B's",
        ("about", "exit status", "lines", "found of B"),
        lines,
        expect=(
            rows(exactly=2),
            every("exit status", 0),
            every("lines", at_least=100),
            every("found of B", 0, where={"about": "A"}),
            every("found of B", at_least=1, where={"about": "B"}),
        ),
    )


def _prove_traces(proof: Proof) -> None:
    """What is written of a tenant's own work may name its ids; every other line, and every metric, must not."""
    world = proof.world
    needles = needles_of(world)
    texts = Needles(needles.markers, frozenset({world.key_b}))
    lines = []
    for process, log in world.logs.items():
        written = log.read_text(errors="replace").splitlines()
        of_others = [line for line in written if f'"tenant_id":"{world.b}"' not in line]
        found = sum(bool(needles.found_in(line)) for line in of_others)
        found += sum(bool(texts.found_in(line)) for line in written)
        lines.append((f"log of {process}", len(written), found))
    for process, url in (("api", f"{world.base}/metrics"), ("worker", world.worker_metrics)):
        metrics = httpx2.get(url, timeout=30).text
        lines.append(
            (f"metrics of {process}", len(metrics.splitlines()), len(needles.found_in(metrics)))
        )
    proof.tabulate(
        "every line of the logs that does not belong to B's own work, and all metrics, searched for what is B's; and "
        "the lines of B's own work for its texts and its key",
        ("source", "lines", "found of B"),
        lines,
        expect=(
            rows(exactly=5),
            rows(exactly=3, where={"source": "log of <word>"}),
            rows(exactly=2, where={"source": "metrics of <word>"}),
            every("lines", at_least=1),
            every("found of B", 0),
        ),
    )


CHECKS: Final = (
    Check(
        "ISOLATION/commands",
        "No command that reads prints anything of B when it is asked about A.",
        _prove_commands,
    ),
    Check(
        "ISOLATION/export",
        "Nothing of B is in the files that are exported about A.",
        _prove_export,
    ),
    Check(
        "ISOLATION/traces",
        "Neither logs nor metrics show anything of B except the lines of its own work.",
        _prove_traces,
    ),
)

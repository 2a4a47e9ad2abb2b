"""ISOLATION, from outside: commands, logs and metrics tell one tenant nothing of another."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from uuid import UUID

import httpx2
import orjson

from proof.checks.adversary import Needles, needles_of
from proof.contract import Check
from proof.stage.proving import Proof
from proof.stage.steps import matches
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
        "beat", "channels add", "credit", "demo", "import conversions", "import mixed", "import touches",
        "jobs retry", "keys create", "keys revoke", "keys rotate", "migrate", "privacy scan", "prove", "refresh",
        "serve", "tenants create", "up", "verify", "worker",
    }
)  # fmt: skip


def _prove_commands(proof: Proof) -> None:
    world = proof.world
    needles = needles_of(world)
    listed = proof.run(
        sys.executable, "-c", _COMMANDS, expect=matches(r"\[.*\"orders\".*\]\nexit status 0")
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
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(pool.map(lambda one: _say(proof, one[0]), runs))
    lines, foreign, by_b = [], 0, 0
    for (words, tenant), (status, said) in zip(runs, answers, strict=True):
        found = needles.found_in(said, (str(world.b),) if tenant == world.b else ())
        name = " ".join(["skeldir", *words])
        if tenant == world.b:
            by_b += bool(found)
            lines.append(
                f"{name}: exit status {status}, {'shows' if found else 'has none of'} its own"
            )
        else:
            foreign += bool(found)
            lines.append(f"{name}: exit status {status}{', FOREIGN' if found else ''}")
    proof.read(
        "as app_user: every command that reads, of A; of B, to see that there is something to be found; and those "
        "about all tenants, which app_user is refused. All that they said is searched for what is B's",
        "\n".join([*lines, f"{len(runs)} commands run, {by_b} show B its own: {foreign} foreign"]),
        expect=matches(r".*\n\d{2,} commands run, ([4-9]|\d{2,}) show B its own: 0 foreign"),
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


def _say(proof: Proof, words: Sequence[str]) -> tuple[int, str]:
    """Run a command unrecorded; return its exit status and all that it said."""
    ground = proof.ground
    aside = Proof(ground)
    said = aside.run(
        *ground.skeldir(*words),
        role="app_user",
        # Wide enough that no table breaks a marker in two.
        environment={**ground.on("app_user", proof.world.database), "COLUMNS": "400"},
    )
    return int(said.rpartition(" ")[2]), said


def _prove_traces(proof: Proof) -> None:
    """What is written of a tenant's own work may name its ids; every other line, and every metric, must not."""
    world = proof.world
    needles = needles_of(world)
    lines, foreign = [], 0
    for process, log in world.logs.items():
        written = log.read_text(errors="replace").splitlines()
        of_others = [line for line in written if f'"tenant_id":"{world.b}"' not in line]
        texts = Needles(needles.markers, frozenset({world.key_b}))
        found = sum(bool(needles.found_in(line)) for line in of_others)
        found += sum(bool(texts.found_in(line)) for line in written)
        foreign += found
        lines.append(
            f"log of {process}: {'written' if written else 'EMPTY'}, {found} lines with what is B's"
        )
    for process, url in (("api", f"{world.base}/metrics"), ("worker", world.worker_metrics)):
        told = httpx2.get(url, timeout=30).text
        found = len(needles.found_in(told))
        foreign += found
        lines.append(f"metrics of {process}: {'told' if told else 'EMPTY'}, {found} of what is B's")
    proof.read(
        "every line of the logs that does not belong to B's own work, and all metrics, searched for what is B's; and "
        "the lines of B's own work for its texts and its key",
        "\n".join([*lines, f"{foreign} foreign"]),
        expect=matches(
            r"(log of \w+: written, 0 [^\n]*\n){3}(metrics of \w+: told, 0 [^\n]*\n){2}0 foreign"
        ),
    )


CHECKS: Final = (
    Check(
        "ISOLATION/commands",
        "No command that reads says anything of B when it is asked about A.",
        _prove_commands,
    ),
    Check(
        "ISOLATION/traces",
        "Neither logs nor metrics say anything of B beside the line of its own work.",
        _prove_traces,
    ),
)

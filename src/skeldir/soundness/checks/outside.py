"""ISOLATION, from outside: routes, commands, logs and metrics tell one tenant nothing of another."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from uuid import UUID

import httpx
import orjson

from skeldir.soundness.adversary import Needles, needles_of
from skeldir.soundness.contract import Check
from skeldir.soundness.evidence import matches
from skeldir.soundness.planting import MARKER_B, PLAN_B
from skeldir.soundness.proof import Proof

if TYPE_CHECKING:
    from skeldir.soundness.world import World

_NO_KEY: Final = "skd_" + "A" * 43
_OTHER_METHODS: Final = ("PUT", "PATCH", "DELETE", "OPTIONS")
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


@dataclass(frozen=True, slots=True)
class Try:
    """A request that somebody makes who is, or says to be, A. What was sent may come back: it tells nothing new."""

    name: str
    method: str
    url: str
    headers: dict[str, str]
    sent: tuple[str, ...] = ()
    json: Any = None


def _prove_routes(proof: Proof) -> None:
    world = proof.ground.world
    needles = needles_of(world)
    with httpx.Client(base_url=world.base, timeout=30) as client:
        routes = _routes(client.get("/openapi.json").json())
        seen = [
            f"{method} {path}"
            for method, path, operation in routes
            if method == "GET" and needles.found_in(_body(client, _as_b(world, path, operation)))
        ]
        proof.read(
            "every GET route of /openapi.json with B's key: those whose answers show what is B's",
            "\n".join(seen),
            expect=matches(r".*/v1/attribution/channels\b.*/v1/dead-events\b.*"),
        )
        lines, tries, foreign = [], 0, 0
        for method, path, operation in routes:
            told = []
            for each in _tries(client, world, method, path, operation):
                answer = client.request(each.method, each.url, headers=each.headers, json=each.json)
                text = f"{answer.text}\n{answer.headers}"
                found = needles.found_in(text, each.sent)
                tries, foreign = tries + 1, foreign + bool(found)
                told.append(f"{each.name} {answer.status_code}" + (" FOREIGN" if found else ""))
            lines.append(f"{method} {path}: {', '.join(told)}")
        unknown, theirs = _oracle(client, world)
    keyed = sum(bool(operation.get("security")) for _, _, operation in routes)
    guarded = sum("no key 401, unknown key 401" in line for line in lines)
    proof.read(
        "every route of /openapi.json with A's key: plain, naming B in a parameter and in headers, with a cursor of "
        "B's list, by other methods; and without a key and with an unknown one. Bodies and headers of all answers are "
        "searched for B's markers, ids, hashes and key",
        "\n".join(
            [
                *lines,
                f"{guarded} of {keyed} routes that need a key refuse whoever has none",
                f"{len(routes)} routes, {tries} requests: {foreign} foreign",
            ]
        ),
        expect=matches(
            r".*\n(?P<all>\d+) of (?P=all) routes that need a key[^\n]*\n\d+ routes, \d{2,} requests: 0 foreign"
        ),
    )
    proof.read(
        "as A: the answer about an order that only B has, and the answer about one that nobody has, with each order's "
        "name taken out",
        f"{theirs}\n{'the same' if unknown == theirs else unknown}",
        expect=matches(r"404 order_unknown [^\n]*\nthe same"),
    )


def _routes(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return method, path and description of each operation; the description of the API is a route, too."""
    found = [
        (method.upper(), path, operation)
        for path, operations in sorted(description["paths"].items())
        for method, operation in sorted(operations.items())
        if isinstance(operation, dict)
    ]
    return [*found, ("GET", "/openapi.json", {})]


def _as_b(world: World, path: str, operation: dict[str, Any]) -> Try:
    headers = {"Authorization": f"Bearer {world.key_b}"} if operation.get("security") else {}
    return Try("B", "GET", _filled(path, f"{PLAN_B.word}-order"), headers)


def _body(client: httpx.Client, each: Try) -> str:
    return client.request(each.method, each.url, headers=each.headers).text


def _filled(path: str, order_id: str) -> str:
    return path.replace("{order_id}", quote(order_id, safe=""))


def _tries(
    client: httpx.Client, world: World, method: str, path: str, operation: dict[str, Any]
) -> Iterator[Try]:
    key = {"Authorization": f"Bearer {world.key_a}"} if operation.get("security") else {}
    url = _filled(path, "part-refunded")
    b = str(world.b)
    body = None if method == "GET" else [{"tenant_id": b}]
    yield Try("plain", method, url, key, (b,), body)
    yield Try("?tenant_id=B", method, f"{url}?tenant_id={b}", key, (b,), body)
    named = {"X-Tenant-Id": b, "X-Tenant": b, "X-Forwarded-User": b, "Cookie": f"tenant_id={b}"}
    yield Try("B in headers", method, url, {**key, **named}, (b,), body)
    if any(parameter["name"] == "cursor" for parameter in operation.get("parameters", ())):
        with_b = {"Authorization": f"Bearer {world.key_b}"}
        cursor = client.get(f"{url}?limit=1", headers=with_b).json().get("next_cursor") or ""
        yield Try("B's cursor", method, f"{url}?limit=1&cursor={quote(cursor)}", key, (cursor,))
    for other in _OTHER_METHODS:
        yield Try(other, other, url, key)
    if key:
        yield Try("no key", method, url, {}, (b,), body)
        yield Try("unknown key", method, url, {"Authorization": f"Bearer {_NO_KEY}"}, (b,), body)


def _oracle(client: httpx.Client, world: World) -> tuple[str, str]:
    """Return what A is told of an order that nobody has, and of one that only B has."""
    told = []
    for order_id in (MARKER_B[::-1] + "-order", f"{MARKER_B}-order"):
        answer = client.get(
            f"/v1/attribution/orders/{order_id}", headers={"Authorization": f"Bearer {world.key_a}"}
        )
        problem = answer.json()
        words = [str(problem.get(field, "")) for field in ("code", "detail", "cure")]
        told.append(" ".join([str(answer.status_code), *words]).replace(order_id, "…"))
    return told[0], told[1]


def _prove_commands(proof: Proof) -> None:
    world = proof.ground.world
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
        environment={**ground.on("app_user", ground.world.database), "COLUMNS": "400"},
    )
    return int(said.rpartition(" ")[2]), said


def _prove_traces(proof: Proof) -> None:
    """What is written of a tenant's own work may name its ids; every other line, and every metric, must not."""
    world = proof.ground.world
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
        told = httpx.get(url, timeout=30).text
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
        "ISOLATION/routes",
        "No route tells A anything of B, nor anybody anything without a key; B's orders are unknown to A.",
        _prove_routes,
    ),
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

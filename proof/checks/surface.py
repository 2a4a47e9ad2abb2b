"""What the program answers to over HTTP: every route that its application has, described or not."""

from __future__ import annotations

import re
import secrets
import sys
from dataclasses import dataclass
from time import sleep
from typing import Any, Final
from urllib.parse import quote

import httpx2
import orjson

from proof.stage.expectations import contains
from proof.stage.proving import Proof

# Also what /openapi.json leaves out, and what is mounted; a route without methods (a mounted program, a web socket) is
# ANY. It is a command because the source that is proven need not be the one that proves.
_ROUTES: Final = """
import json
from fastapi.routing import iter_route_contexts
from skeldir.app import create_app
def walk(routes, before):
    for each in iter_route_contexts(routes):
        path = before + (getattr(each, "path_format", None) or getattr(each, "path", None) or "")
        inside = getattr(each.original_route, "routes", None)
        if inside:
            yield from walk(inside, path.removesuffix("/{path}"))
        else:
            kind = type(each.original_route).__name__
            yield from ((path, method, kind) for method in getattr(each, "methods", None) or ["ANY"])
print(json.dumps(sorted(walk(create_app().routes, ""))))
"""
UNKNOWN_KEY: Final = "skd_" + "A" * 43
"""Has the shape of a key, and is nobody's."""

KEYLESS: Final = """\
GET /
GET /array/{key}/config
GET /array/{key}/config.js
GET /c/v1.js
HEAD /c/v1.js
GET /c/v1.{digest}.js
HEAD /c/v1.{digest}.js
GET /decide
POST /decide
GET /decide/
POST /decide/
GET /docs
HEAD /docs
GET /flags
POST /flags
GET /flags/
POST /flags/
GET /health
GET /health/live
GET /health/ready
GET /health/worker
GET /metrics
GET /openapi.json
HEAD /openapi.json
GET /sourceConfig
HEAD /sourceConfig
GET /sourceConfig/
HEAD /sourceConfig/
GET /static/{name}
HEAD /static/{name}
GET /v1/export-links/{token}/{file}
HEAD /v1/export-links/{token}/{file}
GET /v1/projects/{key}/settings
POST /v1/webhooks/{provider}/{token}"""
"""What anybody may ask for beside pages: it shows nothing of a tenant, or has a signature, as links to exports do."""

PREFLIGHT: Final = ("OPTIONS", 204, 204)
"""A browser that asks what a page may send is answered with nothing, whoever asks."""
_OF_PAGES: Final = "PageRoute"
_OF_WIRES: Final = frozenset({"WireRoute", "DocumentRoute"})
_TOOLS: Final = "/mcp"
_ORDER: Final = "{order_id}"
_PART: Final = "{part}"
_PLACE: Final = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path; `parameters` are the query parameters that /openapi.json describes."""

    method: str
    path: str
    parameters: tuple[str, ...]

    @property
    def asked_by(self) -> str:
        """The method to ask it by."""
        return "GET" if self.method == "ANY" else self.method

    def url(self, order_id: str = "part-refunded") -> str:
        """Return its path about an order, or the part of an export; whatever else has a place in it is called `any`."""
        named = self.path.replace(_ORDER, quote(order_id, safe="")).replace(_PART, "entries")
        return _PLACE.sub("any", named)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def bearer(key: str) -> dict[str, str]:
    """Return the header that carries the key."""
    return {"Authorization": f"Bearer {key}"}


def list_wires(proof: Proof) -> list[Route]:
    """Return every route of a protocol of others: libraries of analytics with their documents, and tools."""
    wires = [
        (path, method) for path, method, kind in _list(proof) if kind in _OF_WIRES or path == _TOOLS
    ]
    return [Route(method, path, ()) for path, method in sorted(wires)]


def ask_without_key(client: httpx2.Client, route: Route) -> tuple[int, int]:
    """Return the status without a key and with an unknown one; 0 for a preflight that is answered with a body."""
    statuses = []
    # Keys that begin alike are soon refused unread.
    for headers in ({}, bearer(f"skd_{secrets.token_urlsafe(32)}")):
        answer = client.request(route.asked_by, route.url(), headers=headers)
        while answer.status_code == httpx2.codes.TOO_MANY_REQUESTS:
            sleep(float(answer.headers["retry-after"]))
            answer = client.request(route.asked_by, route.url(), headers=headers)
        says_too_much = route.method == "OPTIONS" and answer.content
        statuses.append(0 if says_too_much else answer.status_code)
    return statuses[0], statuses[1]


def list_routes(proof: Proof) -> list[Route]:
    """Return every route of the API but pages and protocols of others, and what only its description knows."""
    listed = _list(proof)
    described = httpx2.get(f"{proof.world.base}/openapi.json", timeout=30).json()["paths"]
    parameters = {
        (path, method.upper()): _parameters(operation)
        for path, operations in described.items()
        for method, operation in operations.items()
        if isinstance(operation, dict)
    }
    not_of_the_api = {_OF_PAGES, *_OF_WIRES}
    found = {
        (path, method)
        for path, method, kind in listed
        if kind not in not_of_the_api and path != _TOOLS
    }
    found |= set(parameters)
    return [
        Route(method, path, parameters.get((path, method), ())) for path, method in sorted(found)
    ]


def list_pages(proof: Proof) -> list[Route]:
    """Return every page: a route of the class that leads whoever is not signed in to the sign-in."""
    pages = [(method, path) for path, method, kind in _list(proof) if kind == _OF_PAGES]
    return [Route(method, path, ()) for method, path in sorted(pages)]


def _list(proof: Proof) -> list[tuple[str, str, str]]:
    listed = proof.run(
        *(sys.executable, "-c", _ROUTES),
        expect=contains('"/v1/', begins="[", ends="]\nexit status 0"),
    )
    return [(path, method, kind) for path, method, kind in orjson.loads(listed.splitlines()[0])]


def _parameters(operation: dict[str, Any]) -> tuple[str, ...]:
    return tuple(
        parameter["name"]
        for parameter in operation.get("parameters", ())
        if parameter.get("in") == "query"
    )

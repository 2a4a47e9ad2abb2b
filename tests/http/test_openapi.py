"""The committed description of the API matches the program: nothing is missing, and nothing is invented."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx2
import pytest
from fastapi.routing import iter_route_contexts
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from skeldir.app import create_app
from skeldir.clock import utc_now
from skeldir.collect.wires import DOCUMENTS, WIRES
from skeldir.db.pool import Database
from skeldir.tenants import issue_key
from skeldir.web.answers import PageRoute
from tests.conftest import Clone
from tests.support.reading import open_client

pytestmark = pytest.mark.shares_clone

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
CONTRACT: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
OPERATIONS: dict[tuple[str, str], dict[str, Any]] = {
    (method, path): operation
    for path, operations in CONTRACT["paths"].items()
    for method, operation in operations.items()
}
# The description, its page, the way to the first page, and the files of pages. Pages have routes of a class of their
# own; tests/web/test_roles.py finds them all. Programs find the tools of /mcp by its protocol.
NOT_OF_THE_API = {"/openapi.json", "/docs", "/", "/static/{name}", "/mcp"}
# Paths of other analytics' protocols, which their own documents describe, and the collector's script.
OF_OTHERS = {
    *(path.path for _, paths in WIRES for path in paths),
    *(document.path for document in DOCUMENTS),
    "/c/v1.js",
    "/c/v1.{digest}.js",
}
OPEN = {"/health", "/health/live", "/health/ready", "/health/worker", "/metrics"}
# The address holds a token, and the sender signs: there is no key.
SIGNED = "/v1/webhooks/{provider}/{token}"
# So does that of a link to an export.
LINK = "/v1/export-links/{token}/{file}"
OF_ALL = {"200", "400", "408", "431", "500"}
OF_A_KEY = {"401", "403", "422", "429", "503"}
MORE = {
    ("get", "/health/ready"): {"503"},
    ("get", "/health/worker"): {"503"},
    ("post", "/v1/touches"): {"413", "415"},
    ("post", "/v1/conversions"): {"413", "415"},
    ("post", "/v1/spend"): {"413", "415"},
    ("post", "/v1/claims"): {"413", "415"},
    ("post", "/v1/rates"): {"409", "413", "415"},
    ("post", "/v1/rules"): {"413", "415"},
    ("post", "/v1/rules/check"): {"413", "415"},
    ("post", "/v1/rules/dry-run"): {"413", "415"},
    ("post", "/v1/rules/apply"): {"404", "409", "413", "415"},
    ("get", "/v1/rules/versions/{version}"): {"404"},
    ("post", "/v1/corrections"): {"404", "409", "413", "415"},
    ("post", "/v1/corrections/{correction_id}/revoke"): {"404", "409", "413", "415"},
    ("post", "/v1/reconciliations"): {"409", "413", "415"},
    ("get", "/v1/reconciliations/{reconciliation_id}"): {"404"},
    ("get", "/v1/reconciliations/{reconciliation_id}/lines"): {"404"},
    ("get", "/v1/attribution/channels"): {"404"},
    ("get", "/v1/exports/{part}"): {"404"},
    ("get", "/v1/exports/{part}/sums"): {"404"},
    ("post", "/v1/exports/{part}/links"): {"409"},
    ("get", LINK): {"403", "404", "422", "429", "503"},
    ("head", LINK): {"403", "404", "422", "429", "503"},
    ("get", "/v1/attribution/kinds"): {"404"},
    ("get", "/v1/attribution/origins"): {"404"},
    ("get", "/v1/attribution/orders/{order_id}"): {"404"},
    ("get", "/v1/revenue/realtime"): {"304"},
    ("post", SIGNED): {"401", "413", "415", "422", "429", "503"},
    ("put", "/v1/models/{model}"): {"413", "415"},
    ("delete", "/v1/models/{model}"): {"404", "409"},
    ("post", "/v1/fits"): {"409", "413", "415"},
    ("get", "/v1/fits/requests/{request_id}"): {"404"},
    ("get", "/v1/fits/{version}"): {"404"},
    ("get", "/v1/fits/{version}/compared-with/{other}"): {"404"},
    ("post", "/v1/models/{model}/preview"): {"413", "415"},
    ("post", "/v1/fits/{version}/preview"): {"404"},
    ("post", "/v1/fits/{version}/activate"): {"404"},
}
# Work that a worker does later.
ACCEPTED = ("post", "/v1/fits")
FIT = b'{"model": "shapley", "first_day": "2026-03-01", "last_day": "2026-03-02"}'
RULES = {
    "/v1/rules": {"document": "", "reason": "why"},
    "/v1/rules/apply": {"version": None, "reason": "why"},
    "/v1/corrections": {"touch": "key", "channel": "email", "reason": "why"},
    "/v1/corrections/{correction_id}/revoke": {"reason": "why"},
    "/v1/rules/check": {"document": ""},
    "/v1/rules/dry-run": {"document": ""},
}
RATES = {
    "source": "treasury",
    "base": "EUR",
    "rates": [{"day": "2026-09-01", "quote": "USD", "rate": "1.0850"}],
}


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as open_:
        yield open_


@pytest.fixture
async def key(db: Database, tenant: UUID) -> dict[str, str]:
    async with db.tenant(tenant) as connection:
        made = await issue_key(
            connection, tenant, name="all", scopes=["ingest", "manage", "read"], expires_at=None
        )
    return {"Authorization": f"Bearer {made.secret}"}


def routes_of_the_app() -> set[tuple[str, str]]:
    return {
        (method.lower(), re.sub(r":\w+}", "}", route.path))
        for route in iter_route_contexts(create_app().routes)
        if route.path is not None and route.path not in NOT_OF_THE_API | OF_OTHERS
        if not isinstance(route.original_route, PageRoute)
        for method in route.methods or ()
    }


def test_the_committed_description_is_the_one_of_the_app() -> None:
    runs = json.dumps(create_app().openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert DOCUMENT.read_text(encoding="utf-8") == runs, "run `make docs` and look at the change"


async def test_the_app_serves_its_description(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/openapi.json")).json() == CONTRACT


def test_every_route_is_described_and_every_description_has_a_route() -> None:
    assert set(OPERATIONS) == routes_of_the_app()
    assert len(OPERATIONS) == 58


def test_the_description_is_openapi_3_1() -> None:
    assert CONTRACT["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(CONTRACT).validate()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_every_operation_answers_as_described(
    client: httpx2.AsyncClient, key: dict[str, str], method: str, path: str
) -> None:
    body = {"post": b"[]", "put": b"{}"}.get(method)
    if path.endswith("/preview"):
        body = b"{}"
    if (method, path) == ("post", "/v1/rates"):
        body = json.dumps(RATES).encode()
    if method == "post" and path in RULES:
        body = json.dumps(RULES[path]).encode()
    if path.endswith("/reconciliations"):
        body = b'{"first_day": "2026-03-01", "last_day": "2026-03-02", "model": "linear"}'
    if (method, path) == ACCEPTED:
        body = FIT
    asked = path.replace("{order_id}", "991").replace("{model}", "linear")
    asked = asked.replace("{version}", "1").replace("{correction_id}", str(UUID(int=1)))
    asked = asked.replace("{provider}", "stripe").replace("{reconciliation_id}", str(UUID(int=1)))
    asked = asked.replace("{request_id}", str(UUID(int=1)))
    asked = asked.replace("{part}", "entries")
    if path.endswith("/links"):
        asked += "?hours=1"
    if path.endswith("/changes"):
        # The tenant is new.
        asked += f"?since={quote(utc_now().isoformat())}"
    described = OPERATIONS[method, path]["responses"]
    with_key = await client.request(method, asked, headers=key, content=body)
    unusual = {
        "/v1/attribution/orders/{order_id}": 404,
        "/health/worker": 503,
        SIGNED: 401,
        LINK: 403,
    }
    unknown = ("{reconciliation_id}", "{request_id}", "{version}", "/corrections")
    is_unknown = any(part in path for part in unknown)
    is_unknown = is_unknown and (method, path) != ("get", "/v1/corrections")
    if (method, path) == ACCEPTED:
        unusual[path] = 202
    expected = 404 if is_unknown else unusual.get(path, 200)
    assert with_key.status_code == expected
    without = await client.request(method, asked, content=body)
    assert without.status_code == (expected if path in OPEN or path == LINK else 401)
    for answer in (with_key, without):
        assert_is_described(answer, described)


def assert_is_described(answer: httpx2.Response, described: dict[str, Any]) -> None:
    response = described[str(answer.status_code)]
    if answer.request.method == "HEAD":
        return
    media = answer.headers["content-type"].partition(";")[0]
    schema = response["content"][media]["schema"]
    assert faults_of(answer.json() if media.endswith("json") else answer.text, schema) == []
    for name in response["headers"]:
        assert name in answer.headers


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_states_whether_it_needs_a_key_and_its_problems(
    method: str, path: str
) -> None:
    operation = OPERATIONS[method, path]
    is_open = path in OPEN or path in (SIGNED, LINK)
    assert operation["security"] == ([] if is_open else [{"key": []}])
    expected = OF_ALL | (set() if is_open else OF_A_KEY) | MORE.get((method, path), set())
    if (method, path) == ACCEPTED:
        expected = expected - {"200"} | {"202"}
    assert set(operation["responses"]) == expected
    for status, response in operation["responses"].items():
        assert "X-Correlation-ID" in response["headers"]
        if status >= "400":
            assert list(response["content"]) == ["application/problem+json"]


def test_the_scheme_of_the_keys_is_bearer() -> None:
    (scheme,) = CONTRACT["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


def schemas_with_examples(part: object = CONTRACT) -> Iterator[dict[str, Any]]:
    """Find every schema, parameter or media type that shows examples."""
    if isinstance(part, dict):
        if isinstance(part.get("examples"), list):
            yield part
        assert "example" not in part, "say `examples`, which are checked"
        for inner in part.values():
            yield from schemas_with_examples(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from schemas_with_examples(inner)


def faults_of(value: object, schema: dict[str, Any]) -> list[str]:
    """Return what the schema, whose references are to the contract, does not allow; formats are checked."""
    whole = schema | {"components": CONTRACT["components"]}
    validator = OAS31Validator(whole, format_checker=OAS31Validator.FORMAT_CHECKER)
    return [fault.message for fault in validator.iter_errors(value)]


def test_every_example_fits_its_schema() -> None:
    schemas = list(schemas_with_examples())
    assert len(schemas) == 43
    for schema in schemas:
        for example in schema["examples"]:
            assert faults_of(example, schema) == []


def test_an_example_that_does_not_fit_is_found() -> None:
    (item,) = (s for s in schemas_with_examples() if s.get("title") == "ConversionItem")
    example = item["examples"][0]
    for broken in (
        example | {"occurred_at": "yesterday"},
        example | {"amount_cents": 1.5},
        {"order_id": "991"},
    ):
        assert faults_of(broken, item) != []

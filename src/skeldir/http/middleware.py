"""What every request gets, whatever its outcome: an id, headers, time limits, a log line."""

from __future__ import annotations

import asyncio
import logging
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from skeldir.errors import SkeldirError
from skeldir.http.bodies import BODY_MAY_LAST_S
from skeldir.http.headers import read_headers, with_security_headers
from skeldir.http.problems import answer_problem, make_problem
from skeldir.observability import HTTP_SECONDS, span, work_context

if TYPE_CHECKING:
    from fastapi.responses import JSONResponse
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "OTHER"
UNKNOWN_ROUTE = "unknown"
NO_STATUS = "none"
_WHOLE_BODY_TIMES = 3
_MOST_QUERY_BYTES = 8 * 1024
_MOST_PARAMETERS = 100


class BodyTooSlow(SkeldirError):
    """The body, or its next part, did not arrive in time."""

    code = "body_too_slow"
    status = 408
    title = "The body arrives too slowly"


class RequestFrame:
    """ASGI middleware around everything else, including the handler of unexpected errors.

    `receive_timeout_s` is read from the application's state, in seconds: the time for the next part of a body;
    the complete body may take three times as long.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = dict(reversed(scope["headers"]))
        correlation_id = _read_correlation_id(sent.get(b"x-correlation-id", b""))
        status = NO_STATUS

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
                named = (b"x-correlation-id", str(correlation_id).encode())
                headers = with_security_headers(message.get("headers", ()))
                message = {**message, "headers": [*headers, *read_headers(scope), named]}
            await send(message)

        query: bytes = scope["query_string"]
        patient = _receive_in_time(receive, scope)
        traceparent = sent.get(b"traceparent", b"").decode("latin-1") or None
        began = perf_counter()
        with (
            work_context(correlation_id),
            span("http.request", traceparent=traceparent) as note,
        ):
            try:
                if len(query) > _MOST_QUERY_BYTES or query.count(b"&") >= _MOST_PARAMETERS:
                    await _refuse_query()(scope, patient, send_with_id)
                else:
                    await self._app(scope, patient, send_with_id)
            except asyncio.CancelledError:
                # The server has waited as long as it may, and would otherwise answer with a response of its own.
                if status == NO_STATUS:
                    await _end_unfinished()(scope, patient, send_with_id)
                raise
            finally:
                seconds = perf_counter() - began
                method = scope["method"] if scope["method"] in METHODS else OTHER_METHOD
                route = _route_template(scope)
                HTTP_SECONDS.labels(method, route, status).observe(seconds)
                note(method=method, route=route, status=status)
                logger.info(
                    "http.answered",
                    extra={
                        "method": method,
                        "route": route,
                        "status": status,
                        "seconds": round(seconds, 6),
                    },
                )


def _refuse_query() -> JSONResponse:
    """Refuse a long query string before it is read: otherwise each extra parameter would be reported."""
    return answer_problem(
        make_problem(
            400,
            "Bad Request",
            "bad_request",
            f"The query has more than {_MOST_QUERY_BYTES} bytes or {_MOST_PARAMETERS} parameters.",
            "Send only the parameters that /openapi.json names.",
        )
    )


def _end_unfinished() -> JSONResponse:
    return answer_problem(
        make_problem(
            503,
            "The process is stopping",
            "shutting_down",
            "The process is stopping, and the request was not finished in time.",
            "Send it again; items that were recorded are then duplicates.",
        )
    )


def _read_correlation_id(sent: bytes) -> UUID:
    """Return the UUID that was sent in its usual form, or a new one."""
    text = sent.decode("latin-1").lower()
    try:
        known = UUID(text)
    except ValueError:
        return uuid4()
    return known if str(known) == text else uuid4()


def _route_template(scope: Scope) -> str:
    """Return the path of the route as in the API's description: `/v1/orders/{order_id}`."""
    template = getattr(scope.get("route"), "path_format", None)
    return template if isinstance(template, str) else UNKNOWN_ROUTE


def _receive_in_time(receive: Receive, scope: Scope) -> Receive:
    loop = asyncio.get_running_loop()
    timeout_s: float = scope["app"].state.receive_timeout_s
    deadline: float | None = None
    is_whole = False

    async def receive_in_time() -> Message:
        nonlocal deadline, is_whole
        if is_whole:
            # After the body comes the end of the connection, which has no time limit.
            return await receive()
        now = loop.time()
        deadline = deadline or now + scope.get(BODY_MAY_LAST_S, _WHOLE_BODY_TIMES * timeout_s)
        try:
            async with asyncio.timeout_at(min(deadline, now + timeout_s)):
                message = await receive()
        except TimeoutError as error:
            raise BodyTooSlow(
                "The rest of the body did not arrive in time.",
                cure="Send it again without pauses; split a large body into several requests.",
            ) from error
        is_whole = not message.get("more_body", False)
        return message

    return receive_in_time

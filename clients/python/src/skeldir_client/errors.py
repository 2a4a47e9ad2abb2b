"""The errors that functions of the API raise."""

import httpx


class Refused(Exception):  # noqa: N818 - errors are named as the fact
    """The service refused a request, or could not answer it.

    `code` is one of docs/errors.md and decides what a program does; `detail` and `cure` are sentences for people.
    `correlation_id` is the id by which the operator finds the request in logs. `retry_after_s` is how long to wait
    before the request is sent again, in seconds; None if the service did not say so.
    An answer that is not of skeldir, such as a proxy's, has the code `unexpected_response`.
    """

    def __init__(
        self, *, status: int, code: str, detail: str, cure: str, correlation_id: str | None, retry_after_s: int | None
    ) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.cure = cure
        self.correlation_id = correlation_id
        self.retry_after_s = retry_after_s
        super().__init__(f"{status} {code}: {detail} {cure}")


def refusal_of(response: httpx.Response) -> Refused:
    """Return the error that a response means; its body must have been read."""
    try:
        body = response.json()
    except ValueError:
        body = None
    problem = body if isinstance(body, dict) and isinstance(body.get("code"), str) else {}
    wait = response.headers.get("Retry-After", "")
    return Refused(
        status=response.status_code,
        code=problem.get("code", "unexpected_response"),
        detail=str(problem.get("detail", "The answer is not one that the API describes.")),
        cure=str(problem.get("cure", "Check that the address is that of skeldir, in the version of this client.")),
        correlation_id=problem.get("correlation_id"),
        retry_after_s=int(wait) if wait.isascii() and wait.isdigit() else None,
    )


__all__ = ["Refused", "refusal_of"]

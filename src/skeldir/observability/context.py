"""What every log line, job and span of a piece of work carries: its correlation id and its tenant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

_correlation_id: ContextVar[UUID | None] = ContextVar("correlation_id", default=None)
_tenant_id: ContextVar[UUID | None] = ContextVar("tenant_id", default=None)


def current_correlation_id() -> UUID | None:
    """Return the id of the current request or job; None outside a request or job."""
    return _correlation_id.get()


def current_tenant_id() -> UUID | None:
    """Return the tenant of the current work; None before it is known, and for work without a tenant."""
    return _tenant_id.get()


def note_tenant(tenant_id: UUID) -> None:
    """Set the tenant of the current work, until the end of the surrounding `work_context`."""
    _tenant_id.set(tenant_id)


@contextmanager
def work_context(correlation_id: UUID, tenant_id: UUID | None = None) -> Iterator[None]:
    """Give everything in the block this correlation id and, if already known, this tenant."""
    id_token = _correlation_id.set(correlation_id)
    tenant_token = _tenant_id.set(tenant_id)
    try:
        yield
    finally:
        _tenant_id.reset(tenant_token)
        _correlation_id.reset(id_token)

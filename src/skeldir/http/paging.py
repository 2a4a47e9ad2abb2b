"""Reading in pages: the query parameters that all lists share, and cursors that mark where a page ended."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationInfo,
    field_validator,
)
from pydantic_core import CoreSchema

from skeldir.errors import SkeldirError
from skeldir.http.problems import Problem

KeyT = TypeVar("KeyT")
RowT = TypeVar("RowT")
FilterT = TypeVar("FilterT")

READ_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 422, 429, 500, 503)
}
"""The problems that every reading endpoint may return."""

_PLAIN_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_PLAIN_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:.*")
_FIRST_MOMENT = datetime(1900, 1, 1, tzinfo=UTC)
_END_OF_MOMENTS = datetime(3000, 1, 1, tzinfo=UTC)


class CursorInvalid(SkeldirError):
    """The cursor is not one of ours, or belongs to another query."""

    code = "cursor_invalid"
    status = 422
    title = "The cursor is not valid"


def _plain_date(value: object) -> object:
    if isinstance(value, str) and not _PLAIN_DATE.fullmatch(value):
        raise ValueError("a date is written as 2026-06-01")
    return value


def _plain_moment(value: object) -> object:
    if isinstance(value, str) and not _PLAIN_MOMENT.fullmatch(value):
        raise ValueError("a moment is written as 2026-06-01T12:30:00Z")
    return value


def _storable_moment(value: datetime) -> datetime:
    """PostgreSQL and Python support different years, and an offset may exceed either range."""
    if not _FIRST_MOMENT <= value < _END_OF_MOMENTS:
        raise ValueError("moments must be between the years 1900 and 3000")
    return value


def _storable_text(value: str) -> str:
    if "\0" in value:
        raise ValueError("text must not contain NUL")
    return value


PlainDate = Annotated[date, BeforeValidator(_plain_date)]
"""A day, `2026-06-01` and nothing else (Pydantic by itself also accepts a number of seconds)."""


Moment = Annotated[AwareDatetime, BeforeValidator(_plain_moment), AfterValidator(_storable_moment)]
"""An aware moment, ISO 8601 with an offset."""

KeyMoment = Annotated[AwareDatetime, AfterValidator(_storable_moment)]
"""A moment in a cursor; read strictly, which does not allow a validator before it."""

KeyText = Annotated[str, AfterValidator(_storable_text)]
"""Text in a cursor, which may be forged."""


class _NeverNull:
    """Leaves `null` out of a parameter's description: one that is left out is not sent at all."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        described: dict[str, Any] = handler(schema)
        (given,) = (kind for kind in described.pop("anyOf") if kind != {"type": "null"})
        return {**given, **described}


Filter: TypeAlias = Annotated[FilterT | None, _NeverNull()]
"""A filter that is off when the parameter is left out."""


KnownAtFilter: TypeAlias = Annotated[
    Filter[Moment],
    Field(
        description="report what was known at this moment, ISO 8601 with an offset (a + written as %2B), instead of now"
    ),
]
"""The moment whose report is wanted; None for now."""


class NoQuery(BaseModel):
    """The query string of an endpoint without parameters; unknown ones are refused, never ignored."""

    model_config = ConfigDict(extra="forbid")


class PageQuery(NoQuery):
    """The parameters of every list."""

    limit: Annotated[int, Field(ge=1, le=1000, description="maximum number of rows")] = 100
    cursor: Annotated[
        Filter[str],
        Field(
            max_length=2000,
            description="`next_cursor` of the page before, with the same filters; the limit may change",
        ),
    ] = None


class Days(NoQuery):
    """A half-open range of days of the tenant's time zone, [from, to); without a bound it is open on that side."""

    from_: Annotated[
        Filter[PlainDate], Field(alias="from", description="first day, in the tenant's time zone")
    ] = None
    to: Annotated[
        Filter[PlainDate],
        Field(description="the day after the last one; later than `from`"),
    ] = None

    @field_validator("to")
    @classmethod
    def _ends_later(cls, value: date | None, info: ValidationInfo) -> date | None:
        return require_later(value, info)


class DayRange(PageQuery, Days):
    """The parameters of a list of a range of days."""


class MomentRange(PageQuery):
    """A half-open range of moments, [from, to); without a bound it is open on that side."""

    from_: Annotated[
        Filter[Moment],
        Field(alias="from", description="ISO 8601 with an offset (a + written as %2B)"),
    ] = None
    to: Annotated[
        Filter[Moment],
        Field(description="the end, not included; later than `from`"),
    ] = None

    @field_validator("to")
    @classmethod
    def _ends_later(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        return require_later(value, info)


BoundT = TypeVar("BoundT", date, datetime)


def require_later(value: BoundT | None, info: ValidationInfo) -> BoundT | None:
    """Return `value`, the end of a range; `ValueError` when the field `from_` is given and not earlier."""
    start = info.data.get("from_")
    if value is not None and start is not None and value <= start:
        raise ValueError("`to` must be later than `from`")
    return value


class Keyset(Generic[KeyT]):
    """How one list is paged: by the values that its rows are sorted by, which together are unique.

    A page begins after the key of the last row of the page before. New rows shift nothing, so no row is seen twice and
    no existing row is missed. A cursor is the key as JSON, in URL-safe base64, with a digest of the list's name and
    filters: a cursor of another query is refused. It grants nothing, so it is not signed.
    """

    def __init__(self, name: str, key: type[KeyT]) -> None:
        """`name` is that of the list, with a version to raise when the order changes; `key` a tuple type."""
        self._name = name
        self._key: TypeAdapter[KeyT] = TypeAdapter(key)

    def position(self, query: PageQuery) -> KeyT | None:
        """Return the key that the cursor holds, or None without one, before `of` is known.

        For a statement that returns `of` together with the rows; `after` then checks whether the rows may be shown.

        Raises:
            CursorInvalid: the cursor cannot be read.
        """
        if query.cursor is None:
            return None
        return self._key_of(_read(query.cursor)[1])

    def after(self, query: PageQuery, *, of: Sequence[str] = ()) -> KeyT | None:
        """Return the key after which the page begins; None for the first page.

        `of` names what, besides the filters, must be equal for all pages.

        Raises:
            CursorInvalid: the cursor cannot be read, or was made for another list or other filters.
        """
        if query.cursor is None:
            return None
        digest, key = _read(query.cursor)
        if digest != self._digest(query, of):
            raise _cursor_invalid(
                "The cursor belongs to another query, or to earlier models or another time zone."
            )
        return self._key_of(key)

    def cut(
        self,
        query: PageQuery,
        rows: list[RowT],
        key_of: Callable[[RowT], KeyT],
        *,
        of: Sequence[str] = (),
    ) -> tuple[list[RowT], str | None]:
        """Return the rows of the page and the cursor of the next one, or None when this is the last.

        `rows` hold one more than `query.limit` when there are more; `of` as in `after`.
        """
        if len(rows) <= query.limit:
            return rows, None
        shown = rows[: query.limit]
        key = self._key.dump_python(key_of(shown[-1]), mode="json")
        cursor = urlsafe_b64encode(orjson.dumps([self._digest(query, of), key]))
        return shown, cursor.rstrip(b"=").decode()

    def _key_of(self, key: object) -> KeyT:
        try:
            return self._key.validate_json(orjson.dumps(key), strict=True)
        except (ValueError, TypeError) as error:
            raise _unreadable() from error

    def _digest(self, query: PageQuery, of: Sequence[str]) -> str:
        filters = query.model_dump(mode="json", exclude={"limit", "cursor"})
        named = orjson.dumps([self._name, filters, *of], option=orjson.OPT_SORT_KEYS)
        return sha256(named).hexdigest()[:16]


def _read(cursor: str) -> tuple[object, object]:
    """Return the digest and the key of a cursor, unchecked: both may be forged."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        digest, key = orjson.loads(b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise _unreadable() from error
    return digest, key


def _unreadable() -> CursorInvalid:
    return _cursor_invalid("The cursor cannot be read.")


def _cursor_invalid(detail: str) -> CursorInvalid:
    return CursorInvalid(
        detail, cure="Take `next_cursor` unchanged, with the same filters, or begin without one."
    )

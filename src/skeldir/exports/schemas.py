"""What goes over the wire of an export: its options, and the description of what is sent."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field, field_validator

from skeldir.exports.formats import FORMATS, MEDIA_TYPES, Format, require_mark_in_csv
from skeldir.exports.links import LONGEST_HOURS
from skeldir.exports.parts import PartName
from skeldir.exports.snapshots import LONGEST_NAME
from skeldir.exports.writing import Asked
from skeldir.http import Days, Filter

AS_OF_HEADER: Final = "X-Export-As-Of"
SNAPSHOT_HEADER: Final = "X-Export-Snapshot"
OF_SNAPSHOT: Final[dict[str, Any]] = {
    AS_OF_HEADER: {
        "description": "when the snapshot was taken",
        "schema": {"type": "string", "format": "date-time"},
    },
    SNAPSHOT_HEADER: {
        "description": "names what was read, for a day; left out if it cannot be read again",
        "schema": {"type": "string"},
    },
}
"""The headers that say what was read."""

_LONGEST_VERSION: Final = 80
_MOST_VERSIONS: Final = 20


class ExportOptions(Days):
    """The options of an export, as those of `skeldir export`."""

    format: Annotated[Format, Field(description="the format of the file")] = "csv"
    model: Annotated[
        Filter[list[Annotated[str, Field(max_length=_LONGEST_VERSION)]]],
        Field(
            description="allocations by this model version, such as linear@1, in force or not; repeated; by those in "
            "force when left out",
            max_length=_MOST_VERSIONS,
        ),
    ] = None
    excel: Annotated[
        bool, Field(description="begin CSV with the mark by which Excel knows UTF-8")
    ] = False

    @field_validator("model")
    @classmethod
    def _is_storable(cls, value: list[str] | None) -> list[str] | None:
        if any("\0" in name for name in value or ()):
            raise ValueError("text must not contain NUL")
        return value

    def asked(self, tenant_id: UUID, part: PartName) -> Asked:
        """Return what is asked for.

        Raises:
            InputInvalid: `excel` with another format than CSV.
        """
        require_mark_in_csv(self.format, has_bom=self.excel)
        versions = tuple(sorted(set(self.model or ())))
        return Asked(tenant_id, (part,), self.format, self.from_, self.to, versions, self.excel)


class ExportQuery(ExportOptions):
    """The options of an export that is sent, of now or of what an earlier one had."""

    snapshot: Annotated[
        Filter[str],
        Field(
            max_length=LONGEST_NAME,
            description="entries, spend, claims, dead events or touches as an earlier export had them, by its "
            "X-Export-Snapshot; for a day",
        ),
    ] = None


class LinkQuery(ExportOptions):
    """The options of an export that a link leads to."""

    hours: Annotated[
        int, Field(ge=1, le=LONGEST_HOURS, description="how long the link can be used, in hours")
    ]


def export_answer() -> dict[str, Any]:
    """Return the OpenAPI description of the response that is a file."""
    of_text = {"schema": {"type": "string"}}
    of_bytes = {"schema": {"type": "string", "format": "binary"}}
    return {
        "description": "the file",
        "content": {
            MEDIA_TYPES[format_]: of_bytes if format_ == "parquet" else of_text
            for format_ in FORMATS
        },
        "headers": {
            "Content-Disposition": {
                "description": "the name of the file",
                "schema": {"type": "string"},
            }
        }
        | OF_SNAPSHOT,
    }

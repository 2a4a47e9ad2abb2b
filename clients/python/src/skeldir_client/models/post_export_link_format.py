from typing import Literal

PostExportLinkFormat = Literal["csv", "ndjson", "parquet"]

POST_EXPORT_LINK_FORMAT_VALUES: set[PostExportLinkFormat] = {
    "csv",
    "ndjson",
    "parquet",
}


def check_post_export_link_format(value: str) -> PostExportLinkFormat:
    if value in POST_EXPORT_LINK_FORMAT_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {POST_EXPORT_LINK_FORMAT_VALUES!r}")

from typing import Literal

GetExportSumsFormat = Literal["csv", "ndjson", "parquet"]

GET_EXPORT_SUMS_FORMAT_VALUES: set[GetExportSumsFormat] = {
    "csv",
    "ndjson",
    "parquet",
}


def check_get_export_sums_format(value: str) -> GetExportSumsFormat:
    if value in GET_EXPORT_SUMS_FORMAT_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_EXPORT_SUMS_FORMAT_VALUES!r}")

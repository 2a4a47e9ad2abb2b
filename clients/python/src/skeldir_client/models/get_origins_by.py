from typing import Literal

GetOriginsBy = Literal["campaign", "source"]

GET_ORIGINS_BY_VALUES: set[GetOriginsBy] = {
    "campaign",
    "source",
}


def check_get_origins_by(value: str) -> GetOriginsBy:
    if value in GET_ORIGINS_BY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_ORIGINS_BY_VALUES!r}")

from typing import Literal

GetOriginsRenewals = Literal["exclude", "include"]

GET_ORIGINS_RENEWALS_VALUES: set[GetOriginsRenewals] = {
    "exclude",
    "include",
}


def check_get_origins_renewals(value: str) -> GetOriginsRenewals:
    if value in GET_ORIGINS_RENEWALS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_ORIGINS_RENEWALS_VALUES!r}")

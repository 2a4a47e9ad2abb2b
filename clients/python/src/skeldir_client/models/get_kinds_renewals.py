from typing import Literal

GetKindsRenewals = Literal["exclude", "include"]

GET_KINDS_RENEWALS_VALUES: set[GetKindsRenewals] = {
    "exclude",
    "include",
}


def check_get_kinds_renewals(value: str) -> GetKindsRenewals:
    if value in GET_KINDS_RENEWALS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_KINDS_RENEWALS_VALUES!r}")

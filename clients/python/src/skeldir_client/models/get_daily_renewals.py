from typing import Literal

GetDailyRenewals = Literal["exclude", "include"]

GET_DAILY_RENEWALS_VALUES: set[GetDailyRenewals] = {
    "exclude",
    "include",
}


def check_get_daily_renewals(value: str) -> GetDailyRenewals:
    if value in GET_DAILY_RENEWALS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_DAILY_RENEWALS_VALUES!r}")

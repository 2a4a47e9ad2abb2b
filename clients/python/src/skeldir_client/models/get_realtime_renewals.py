from typing import Literal

GetRealtimeRenewals = Literal["exclude", "include"]

GET_REALTIME_RENEWALS_VALUES: set[GetRealtimeRenewals] = {
    "exclude",
    "include",
}


def check_get_realtime_renewals(value: str) -> GetRealtimeRenewals:
    if value in GET_REALTIME_RENEWALS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_REALTIME_RENEWALS_VALUES!r}")

from typing import Literal

GetChannelsRenewals = Literal["exclude", "include"]

GET_CHANNELS_RENEWALS_VALUES: set[GetChannelsRenewals] = {
    "exclude",
    "include",
}


def check_get_channels_renewals(value: str) -> GetChannelsRenewals:
    if value in GET_CHANNELS_RENEWALS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_CHANNELS_RENEWALS_VALUES!r}")

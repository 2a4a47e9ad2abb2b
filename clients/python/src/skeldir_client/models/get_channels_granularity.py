from typing import Literal

GetChannelsGranularity = Literal["day", "month", "total", "week"]

GET_CHANNELS_GRANULARITY_VALUES: set[GetChannelsGranularity] = {
    "day",
    "month",
    "total",
    "week",
}


def check_get_channels_granularity(value: str) -> GetChannelsGranularity:
    if value in GET_CHANNELS_GRANULARITY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_CHANNELS_GRANULARITY_VALUES!r}")

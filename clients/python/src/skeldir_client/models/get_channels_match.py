from typing import Literal

GetChannelsMatch = Literal["date", "weekday"]

GET_CHANNELS_MATCH_VALUES: set[GetChannelsMatch] = {
    "date",
    "weekday",
}


def check_get_channels_match(value: str) -> GetChannelsMatch:
    if value in GET_CHANNELS_MATCH_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_CHANNELS_MATCH_VALUES!r}")

from typing import Literal

GetChannelsCompare = Literal["custom", "known_at", "previous", "year"]

GET_CHANNELS_COMPARE_VALUES: set[GetChannelsCompare] = {
    "custom",
    "known_at",
    "previous",
    "year",
}


def check_get_channels_compare(value: str) -> GetChannelsCompare:
    if value in GET_CHANNELS_COMPARE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_CHANNELS_COMPARE_VALUES!r}")

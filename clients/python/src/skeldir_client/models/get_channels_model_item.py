from typing import Literal

GetChannelsModelItem = Literal[
    "first_touch", "last_non_direct", "last_touch", "linear", "markov", "position_based", "shapley", "time_decay"
]

GET_CHANNELS_MODEL_ITEM_VALUES: set[GetChannelsModelItem] = {
    "first_touch",
    "last_non_direct",
    "last_touch",
    "linear",
    "markov",
    "position_based",
    "shapley",
    "time_decay",
}


def check_get_channels_model_item(value: str) -> GetChannelsModelItem:
    if value in GET_CHANNELS_MODEL_ITEM_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_CHANNELS_MODEL_ITEM_VALUES!r}")

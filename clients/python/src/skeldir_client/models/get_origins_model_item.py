from typing import Literal

GetOriginsModelItem = Literal[
    "first_touch", "last_non_direct", "last_touch", "linear", "markov", "position_based", "shapley", "time_decay"
]

GET_ORIGINS_MODEL_ITEM_VALUES: set[GetOriginsModelItem] = {
    "first_touch",
    "last_non_direct",
    "last_touch",
    "linear",
    "markov",
    "position_based",
    "shapley",
    "time_decay",
}


def check_get_origins_model_item(value: str) -> GetOriginsModelItem:
    if value in GET_ORIGINS_MODEL_ITEM_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_ORIGINS_MODEL_ITEM_VALUES!r}")

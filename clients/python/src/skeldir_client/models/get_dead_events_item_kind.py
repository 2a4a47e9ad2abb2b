from typing import Literal

GetDeadEventsItemKind = Literal["conversion", "touch"]

GET_DEAD_EVENTS_ITEM_KIND_VALUES: set[GetDeadEventsItemKind] = {
    "conversion",
    "touch",
}


def check_get_dead_events_item_kind(value: str) -> GetDeadEventsItemKind:
    if value in GET_DEAD_EVENTS_ITEM_KIND_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_DEAD_EVENTS_ITEM_KIND_VALUES!r}")

from typing import Literal

GetDailyState = Literal[
    "awaiting_capture",
    "captured",
    "dispute_awaiting_capture",
    "dispute_reversed",
    "disputed",
    "refund_reversed",
    "refunded",
]

GET_DAILY_STATE_VALUES: set[GetDailyState] = {
    "awaiting_capture",
    "captured",
    "dispute_awaiting_capture",
    "dispute_reversed",
    "disputed",
    "refund_reversed",
    "refunded",
}


def check_get_daily_state(value: str) -> GetDailyState:
    if value in GET_DAILY_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_DAILY_STATE_VALUES!r}")

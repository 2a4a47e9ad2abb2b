from typing import Literal

GetPaymentsState = Literal[
    "authorized",
    "awaiting_capture",
    "captured",
    "dispute_lost",
    "disputed",
    "partially_refunded",
    "pending",
    "refunded",
    "voided",
]

GET_PAYMENTS_STATE_VALUES: set[GetPaymentsState] = {
    "authorized",
    "awaiting_capture",
    "captured",
    "dispute_lost",
    "disputed",
    "partially_refunded",
    "pending",
    "refunded",
    "voided",
}


def check_get_payments_state(value: str) -> GetPaymentsState:
    if value in GET_PAYMENTS_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_PAYMENTS_STATE_VALUES!r}")

from typing import Literal

ConversionItemKind = Literal["capture", "dispute", "dispute_reversal", "refund", "refund_reversal"]

CONVERSION_ITEM_KIND_VALUES: set[ConversionItemKind] = {
    "capture",
    "dispute",
    "dispute_reversal",
    "refund",
    "refund_reversal",
}


def check_conversion_item_kind(value: str) -> ConversionItemKind:
    if value in CONVERSION_ITEM_KIND_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {CONVERSION_ITEM_KIND_VALUES!r}")

from typing import Literal

ModelParametersAfterConversionType0 = Literal["keep", "reset"]

MODEL_PARAMETERS_AFTER_CONVERSION_TYPE_0_VALUES: set[ModelParametersAfterConversionType0] = {
    "keep",
    "reset",
}


def check_model_parameters_after_conversion_type_0(value: str) -> ModelParametersAfterConversionType0:
    if value in MODEL_PARAMETERS_AFTER_CONVERSION_TYPE_0_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {MODEL_PARAMETERS_AFTER_CONVERSION_TYPE_0_VALUES!r}")

from typing import Literal

PostFitFitAskedModel = Literal["markov", "shapley"]

POST_FIT_FIT_ASKED_MODEL_VALUES: set[PostFitFitAskedModel] = {
    "markov",
    "shapley",
}


def check_post_fit_fit_asked_model(value: str) -> PostFitFitAskedModel:
    if value in POST_FIT_FIT_ASKED_MODEL_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {POST_FIT_FIT_ASKED_MODEL_VALUES!r}")

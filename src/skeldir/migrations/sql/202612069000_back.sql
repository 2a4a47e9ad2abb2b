SET ROLE skeldir_owner;

ALTER TABLE public.attribution_models
    DROP CONSTRAINT attribution_models_weights_check,
    DROP CONSTRAINT attribution_models_model_check,
    DROP COLUMN channels,
    DROP COLUMN weights,
    DROP COLUMN lower_weights,
    DROP COLUMN upper_weights;
ALTER TABLE public.attribution_models
    ADD CONSTRAINT attribution_models_model_check
        CHECK (model IN ('first_touch', 'last_touch', 'last_non_direct', 'linear', 'position_based', 'time_decay'));

RESET ROLE;

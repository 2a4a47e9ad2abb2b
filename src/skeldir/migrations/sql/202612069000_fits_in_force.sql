-- Fits in force: a model version may have weights by channel, which a fit has estimated.

SET ROLE skeldir_owner;

ALTER TABLE public.attribution_models
    DROP CONSTRAINT attribution_models_model_check,
    ADD COLUMN channels text[] COLLATE "C",
    ADD COLUMN weights bigint[],
    ADD COLUMN lower_weights bigint[],
    ADD COLUMN upper_weights bigint[];
ALTER TABLE public.attribution_models
    ADD CONSTRAINT attribution_models_model_check
        CHECK (model IN ('first_touch', 'last_touch', 'last_non_direct', 'linear', 'position_based', 'time_decay', 'markov',
                         'shapley')),
    ADD CONSTRAINT attribution_models_weights_check
        CHECK (CASE WHEN model IN ('markov', 'shapley')
                    THEN channels IS NOT NULL AND weights IS NOT NULL AND cardinality(channels) > 0
                         AND lower_weights IS NOT NULL AND upper_weights IS NOT NULL
                         AND cardinality(channels) = cardinality(weights)
                         AND cardinality(channels) = cardinality(lower_weights)
                         AND cardinality(channels) = cardinality(upper_weights)
                         AND 0 < ALL (weights) AND after_conversion = 'reset'
                    ELSE channels IS NULL AND weights IS NULL AND lower_weights IS NULL AND upper_weights IS NULL END);
COMMENT ON COLUMN public.attribution_models.channels IS 'the channels that a fit knows; only of a version of a fit';
COMMENT ON COLUMN public.attribution_models.weights IS 'what each of them weighs on a path, in parts of 10^15';
COMMENT ON COLUMN public.attribution_models.lower_weights IS 'the lower end of that; NULL for a channel without an interval';
COMMENT ON COLUMN public.attribution_models.upper_weights IS 'the upper end of that; NULL for a channel without an interval';

RESET ROLE;

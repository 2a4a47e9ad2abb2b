-- The input for loading journeys that were generated elsewhere; moments are seconds after a beginning.
CREATE SCHEMA IF NOT EXISTS bench;
CREATE TABLE bench.journey_touches (journey integer, channel smallint, moment integer);
CREATE TABLE bench.journey_orders (journey integer, moment integer, cents bigint);
CREATE TABLE bench.fitted (tenant_id uuid, begin_at timestamptz, channels text[]);

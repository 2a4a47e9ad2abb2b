-- The input for loading facts: sizes, and the kinds of visits.
CREATE SCHEMA bench;
CREATE TABLE bench.sizes (orders_a_tenant integer, touches integer, days integer, last_day date);
CREATE TABLE bench.visits (
    number integer, channel_code text, channel_rule text, source text, medium text, campaign text,
    referrer_host text, click_id_kinds text[]);

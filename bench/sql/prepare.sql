-- The input for loading facts: sizes, and the kinds of visits.
CREATE SCHEMA bench;
CREATE TABLE bench.sizes (orders_a_tenant integer, touches integer, days integer, last_day date,
    orders_of_first integer, touches_an_order integer);
CREATE TABLE bench.visits (
    number integer, channel_code text, channel_rule text, source text, medium text, campaign text,
    referrer_host text, click_id_kinds text[]);

{#-
    The words of every unit of an open model: the body of int_unit_words and int_training__words,
    one row per unit and place in its text.

    Each word has its rarity in bits: log2 of how many items there are for each one that says it. A
    word in every text tells nothing, one in a thousand texts tells ten bits. Counted over all items
    of the reconciliation, open or not, of the days before this one (of the first day that there is,
    while it lasts): what else arrives on a day says nothing new of a pair.
-#}
{% macro unit_words(open_model) %}
with

open_units as (
    select distinct anchor_item_key as unit_key
    from {{ ref(open_model) }}
),

texts as (select * from {{ ref('int_item_texts') }}),

counted as {{ read_in_place() }} (select * from {{ ref('int_words__counted') }}),

said_by_open as (
    select
        texts.item_key,
        texts.reconciliation,
        texts.side,
        words.position,
        words.word
    from texts
    inner join open_units
        on texts.item_key = open_units.unit_key
    {{ unnest_positions(split_to_list('texts.item_text', ' '), 'words', 'word', 'position') }}
    where words.word <> ''
),

counted_days as (
    select
        counted.reconciliation,
        coalesce(
            max(case when counted.event_date < {{ as_of_date() }} then counted.event_date end),
            max(counted.event_date)
        ) as last_day
    from counted
    where counted.word = ''
    group by counted.reconciliation
),

looked_for as (
    select distinct
        said_by_open.reconciliation,
        said_by_open.word
    from said_by_open
),

frequencies as (
    select
        counted.reconciliation,
        counted.word,
        sum(counted.item_count) as item_count
    from counted
    inner join looked_for
        on
            counted.reconciliation = looked_for.reconciliation
            and counted.word = looked_for.word
    inner join counted_days
        on
            counted.reconciliation = counted_days.reconciliation
            and counted.event_date <= counted_days.last_day
    group by counted.reconciliation, counted.word
),

populations as (
    select
        counted.reconciliation,
        sum(counted.item_count) as item_count
    from counted
    inner join counted_days
        on
            counted.reconciliation = counted_days.reconciliation
            and counted.event_date <= counted_days.last_day
    where counted.word = ''
    group by counted.reconciliation
),

final as (
    select
        said_by_open.item_key as unit_key,
        said_by_open.reconciliation,
        said_by_open.side,
        cast(said_by_open.position as bigint) as position,
        said_by_open.word,
        said_by_open.position = max(said_by_open.position) over (
            partition by said_by_open.item_key
        ) as is_last,
        cast(
            ln(cast(populations.item_count as double) / coalesce(frequencies.item_count, 1))
            / ln(2e0) as decimal(18, 6)
        ) as bits
    from said_by_open
    left join frequencies
        on
            said_by_open.reconciliation = frequencies.reconciliation
            and said_by_open.word = frequencies.word
    inner join populations
        on said_by_open.reconciliation = populations.reconciliation
)

select * from final
{% endmacro %}

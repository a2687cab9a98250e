{#-
    First step of comparing pairs, as CTEs `stepped` to `blocks`: what each unit is looked up by. A
    block is the start of the text, one of the rarest words, the payer, the exact amount, or nothing
    else (`near`). Inside a block only amounts and dates of neighbouring steps meet, so a block is
    as large as its steps. One that holds more units of a side than its row in
    seeds/search_limits.csv says too little to be worth the work, and is left out: the work is
    bounded by the number of units.

    Reads `units`, `unit_words`, `texts`, `limits`. Yields
    - `stepped`, one row per unit that takes part: its scope, and the steps of its amount and day;
    - `blocks`, one row per unit and block that is small enough.
-#}
{% macro block_units() %}
stepped as (
    select
        units.*,
        limits.tolerance_relative,
        limits.days_before,
        limits.days_after,
        limits.is_within_party,
        texts.item_text,
        units.reconciliation || '|' || units.currency
        || case when units.unit_amount < 0 then '|-|' else '|+|' end
        || case when limits.is_within_party then coalesce(units.family_id, '') else '' end as scope,
        -- the tolerance is a part of the larger amount, so a step is as wide as the way down from
        -- it, and a hair wider, so that a double's last digit parts no pair at the limit
        cast(
            floor(
                ln(cast(abs(units.unit_amount) as double))
                / (-ln(1e0 - cast(limits.tolerance_relative as double)) * (1e0 + 1e-9))
            ) as bigint
        ) as amount_step,
        cast(
            floor(
                cast({{ days_between("date '1970-01-01'", 'units.event_date') }} as double)
                / (limits.days_before + limits.days_after + 1)
            ) as bigint
        ) as day_step
    from units
    inner join limits
        on units.reconciliation = limits.reconciliation
    left join texts
        on units.unit_key = texts.item_key
    where units.unit_amount <> 0
),

rarest_words as (
    select
        unit_words.unit_key,
        unit_words.word,
        row_number() over (
            partition by unit_words.unit_key
            order by unit_words.bits desc nulls last, unit_words.word asc nulls last
        ) as rarity_rank
    from (
        select distinct
            unit_words.unit_key,
            unit_words.word,
            unit_words.bits
        from unit_words
    ) as unit_words
),

unit_blocks as (
    select
        stepped.unit_key,
        'start ' || substring(stepped.item_text, 1, 3) as block_key,
        {{ search_limit('largest_block_of_start') }} as largest_size
    from stepped
    where stepped.item_text is not null
    union all
    select
        rarest_words.unit_key,
        'word ' || rarest_words.word as block_key,
        {{ search_limit('largest_block_of_word') }} as largest_size
    from rarest_words
    where rarest_words.rarity_rank <= {{ search_limit('rarest_words_compared') }}
    union all
    select
        stepped.unit_key,
        'payer ' || stepped.family_id as block_key,
        {{ search_limit('largest_block_of_payer') }} as largest_size
    from stepped
    where stepped.family_id is not null and not stepped.is_within_party
    union all
    select
        stepped.unit_key,
        'amount ' || cast(abs(stepped.unit_amount) as {{ dbt.type_string() }}) as block_key,
        {{ search_limit('largest_block_of_amount') }} as largest_size
    from stepped
    union all
    -- where little is open, what is near is compared whatever it says
    select
        stepped.unit_key,
        'near' as block_key,
        {{ search_limit('largest_block_of_neighbours') }} as largest_size
    from stepped
),

placed_blocks as (
    select
        unit_blocks.unit_key,
        unit_blocks.block_key,
        unit_blocks.largest_size,
        stepped.scope,
        stepped.side,
        stepped.amount_step,
        stepped.day_step
    from unit_blocks
    inner join stepped
        on unit_blocks.unit_key = stepped.unit_key
),

-- counted apart: a window would sort all of them
small_blocks as (
    select
        placed_blocks.scope,
        placed_blocks.side,
        placed_blocks.block_key,
        placed_blocks.amount_step,
        placed_blocks.day_step
    from placed_blocks
    group by
        placed_blocks.scope,
        placed_blocks.side,
        placed_blocks.block_key,
        placed_blocks.amount_step,
        placed_blocks.day_step
    having count(*) <= max(placed_blocks.largest_size)
),

blocks as (
    select placed_blocks.*
    from placed_blocks
    inner join small_blocks
        on
            placed_blocks.scope = small_blocks.scope
            and placed_blocks.side = small_blocks.side
            and placed_blocks.block_key = small_blocks.block_key
            and placed_blocks.amount_step = small_blocks.amount_step
            and placed_blocks.day_step = small_blocks.day_step
)
{%- endmacro %}

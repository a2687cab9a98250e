-- What all passes of this run have found, accepted and suggested, item by item.
with

declined as (select * from {{ ref('int_matches__declined') }}),

all_waves as {{ read_in_place() }} (
    {%- for wave in [
        'returned', 'people', 'keys', 'texts', 'equals', 'sums', 'likeness', 'undoing'
    ] %}
    {% if not loop.first %}union all{% endif %}
    select
        {{ wave }}.*,
        {{ loop.index }} as wave_place
    from {{ ref('int_wave__' ~ wave) }} as {{ wave }}
    {%- endfor %}
),

-- a group that is declined is open again, and may be laid out once more by the wave `sums`
laid_out_twice as (
    select
        all_waves.pass,
        all_waves.group_name,
        min(all_waves.wave_place) as first_place
    from all_waves
    where (select count(*) from {{ ref('int_matches__declined') }}) > 0
    group by all_waves.pass, all_waves.group_name
    having min(all_waves.wave_place) < max(all_waves.wave_place)
),

waves as (
    select all_waves.*
    from all_waves
    left join laid_out_twice
        on
            all_waves.pass = laid_out_twice.pass
            and all_waves.group_name = laid_out_twice.group_name
    where
        laid_out_twice.group_name is null
        or all_waves.wave_place = laid_out_twice.first_place
),

order_of_waves as (select * from {{ ref('passes') }}),

{{ name_groups('waves') }},

-- What a person ordered is named by the order, and done once.
named as (
    select
        found_groups.pass,
        found_groups.group_name,
        found_groups.match_id,
        order_of_waves.wave_number,
        declined.match_id is not null as is_declined
    from (
        select
            named_groups.pass,
            named_groups.group_name,
            case
                when named_groups.pass = 'people'
                    then {{ order_match_id('named_groups.group_name') }}
                else named_groups.match_id
            end as match_id
        from named_groups
    ) as found_groups
    left join order_of_waves
        on found_groups.pass = order_of_waves.pass
    left join declined
        on found_groups.match_id = declined.match_id
),

-- what is asked of each group before its rows are taken
laid_out as (
    select
        waves.pass,
        waves.group_name,
        waves.item_key,
        waves.ambiguity,
        named.match_id,
        named.wave_number,
        named.is_declined
    from waves
    inner join named
        on waves.pass = named.pass and waves.group_name = named.group_name
),

-- a document that a stranger's payment may be for is not kept from its own payer's; what a later
-- wave has closed is no suggestion any more
closed_later as (
    select distinct
        suggested.pass,
        suggested.group_name
    from laid_out as suggested
    inner join laid_out as closed
        on suggested.item_key = closed.item_key
    where
        suggested.ambiguity is not null
        and closed.ambiguity is null
        and not suggested.is_declined
        and not closed.is_declined
        and suggested.wave_number < closed.wave_number
),

-- One item with one, declined by a person: it holds neither of them, and does not come again by
-- another pass or with another amount. A declined group has its own name only.
declined_pairs as (
    select
        max(case when items.side = 'expected' then items.item_key end) as expected_item_key,
        max(case when items.side = 'actual' then items.item_key end) as actual_item_key
    from laid_out
    inner join {{ ref('int_items') }} as items
        on laid_out.item_key = items.item_key
    where laid_out.is_declined
    group by laid_out.pass, laid_out.group_name
    having
        count(*) = 2
        and min(items.side) <> max(items.side)
),

paired_again as (
    select distinct
        documents.pass,
        documents.group_name
    from declined_pairs
    inner join laid_out as documents
        on declined_pairs.expected_item_key = documents.item_key
    inner join laid_out as payments
        on
            declined_pairs.actual_item_key = payments.item_key
            and documents.pass = payments.pass
            and documents.group_name = payments.group_name
    -- what people order is their last word
    where not documents.is_declined and documents.wave_number > 0
),

told_again as (
    select
        declined_groups.pass,
        declined_groups.group_name
    from (
        select distinct
            laid_out.pass,
            laid_out.group_name,
            laid_out.match_id,
            laid_out.wave_number
        from laid_out
        where laid_out.is_declined
    ) as declined_groups
    qualify row_number() over (
        partition by declined_groups.match_id
        order by
            declined_groups.wave_number asc nulls last,
            declined_groups.pass asc nulls last,
            declined_groups.group_name asc nulls last
    ) > 1
),

put_aside as (
    select * from closed_later
    union
    select * from paired_again
    union
    select * from told_again
),

passes as (
    select
        waves.*,
        named.match_id
    from named
    left join put_aside
        on
            named.pass = put_aside.pass
            and named.group_name = put_aside.group_name
    inner join waves
        on named.pass = waves.pass and named.group_name = waves.group_name
    where put_aside.group_name is null
),

open_items as (select * from {{ ref('int_items__open') }}),

-- what people order, what came back and what is undone was not open; asked of the waves as they
-- came, for of how few they are the engine knows
held_keys as (
    select distinct all_waves.item_key
    from all_waves
    left join open_items
        on all_waves.item_key = open_items.item_key
    where open_items.item_key is null
),

items as (
    select
        open_items.item_key,
        open_items.reconciliation,
        open_items.side,
        open_items.item_type,
        open_items.item_id,
        open_items.claim_key,
        open_items.currency,
        open_items.amount,
        open_items.document_number,
        open_items.row_hash
    from open_items
    union all
    select
        held_items.item_key,
        held_items.reconciliation,
        held_items.side,
        held_items.item_type,
        held_items.item_id,
        held_items.claim_key,
        held_items.currency,
        held_items.amount,
        held_items.document_number,
        held_items.row_hash
    from held_keys
    inner join {{ ref('int_items') }} as held_items
        on held_keys.item_key = held_items.item_key
),

final as (
    select
        passes.match_id,
        passes.pass,
        passes.group_name,
        passes.rule_id,
        passes.rule_version,
        passes.relation,
        passes.ambiguity,
        passes.evidence,
        passes.expected_total,
        passes.actual_total,
        passes.item_key,
        passes.match_currency,
        passes.allocated_amount,
        passes.adjusted_amount,
        passes.match_amount,
        passes.match_adjusted_amount,
        items.reconciliation,
        items.side,
        items.item_type,
        items.item_id,
        items.claim_key,
        items.currency,
        items.amount,
        items.document_number,
        items.row_hash
    from passes
    inner join items
        on passes.item_key = items.item_key
)

select * from final

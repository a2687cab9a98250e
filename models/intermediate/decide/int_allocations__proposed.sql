-- What all passes of this run have found, accepted and suggested, item by item.
with

items as (select * from {{ ref('int_items') }}),

waves as (
    {%- for wave in [
        'returned', 'people', 'keys', 'texts', 'equals', 'sums', 'likeness', 'undoing'
    ] %}
    {% if not loop.first %}union all{% endif %}
    select *
    from {{ ref('int_wave__' ~ wave) }}
    {%- endfor %}
),

order_of_waves as (select * from {{ ref('passes') }}),

-- a document that a stranger's payment may be for is not kept from its own payer's; what a later
-- wave has closed is no suggestion any more
closed_later as (
    select distinct
        suggested.pass,
        suggested.group_name
    from waves as suggested
    inner join waves as closed
        on suggested.item_key = closed.item_key
    inner join order_of_waves as suggested_in
        on suggested.pass = suggested_in.pass
    inner join order_of_waves as closed_in
        on closed.pass = closed_in.pass
    where
        suggested.ambiguity is not null
        and closed.ambiguity is null
        and suggested_in.wave_number < closed_in.wave_number
),

passes as (
    select waves.*
    from waves
    left join closed_later
        on
            waves.pass = closed_later.pass
            and waves.group_name = closed_later.group_name
    where closed_later.group_name is null
),

-- A match is named by what it closes. A reversed match can be found again later: it is another one.
-- What a person ordered is named by the order, and done once.
signed as (
    select
        passes.pass,
        passes.group_name,
        {{ sorted_text_agg(
            "passes.item_key || '=' || " ~ amount_text('passes.allocated_amount')
            ~ " || '+' || " ~ amount_text('passes.adjusted_amount'),
            ';'
        ) }} as signature
    from passes
    group by passes.pass, passes.group_name
),

-- also what this very run reverses: its items are free, and the same may be found at once
reversed_ids as (
    select reversals.match_id
    from {{ ref('int_journal__reversals') }} as reversals
    union
    select standing.match_id
    from {{ ref('int_matches__standing') }} as standing
    where standing.reversal_reason is not null
),

reversed_signatures as (
    select
        reversed_matches.signature,
        count(*) as times
    from (
        select
            allocations.match_id,
            {{ sorted_text_agg(
                "allocations.item_key || '=' || " ~ amount_text('allocations.allocated_amount')
                ~ " || '+' || " ~ amount_text('allocations.adjusted_amount'),
                ';'
            ) }} as signature
        from {{ ref('int_journal__allocations') }} as allocations
        inner join reversed_ids
            on allocations.match_id = reversed_ids.match_id
        group by allocations.match_id
    ) as reversed_matches
    group by reversed_matches.signature
),

named as (
    select
        signed.pass,
        signed.group_name,
        case
            when signed.pass = 'people' then {{ order_match_id('signed.group_name') }}
            else 'm_' || substring(
                {{ sha256_hex(
                    "signed.signature || '#' || cast(coalesce(reversed_signatures.times, 0) as "
                    ~ dbt.type_string() ~ ")"
                ) }},
                1, 24
            )
        end as match_id
    from signed
    left join reversed_signatures
        on signed.signature = reversed_signatures.signature
),

final as (
    select
        named.match_id,
        passes.*,
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
    inner join named
        on passes.pass = named.pass and passes.group_name = named.group_name
    inner join items
        on passes.item_key = items.item_key
)

select * from final

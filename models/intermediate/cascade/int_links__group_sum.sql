-- Pass 3. Items that carry one key (a payout id) are held against the item that the key names.
with

open_items as (select * from {{ ref('int_open__after_reference_in_text') }}),

declined_pairs as (select * from {{ ref('int_declined_pairs') }}),

{{ units_of('open_items') }},

final as (
    select
        members.reconciliation,
        members.unit_key as expected_unit,
        wholes.unit_key as actual_unit,
        members.group_key as evidence,
        false as is_ambiguous,
        false as is_weak,
        cast(null as {{ amount_type() }}) as stated_amount,
        wholes.unit_key as group_name
    from units as members
    inner join units as wholes
        on
            members.reconciliation = wholes.reconciliation
            and members.group_key = wholes.group_key
    left join declined_pairs
        on
            members.unit_key = declined_pairs.expected_item_key
            and wholes.unit_key = declined_pairs.actual_item_key
    where
        members.side = 'expected'
        and wholes.side = 'actual'
        and declined_pairs.expected_item_key is null
)

select * from final

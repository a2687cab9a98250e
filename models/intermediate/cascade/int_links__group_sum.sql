-- Items that carry one key (a payout id) are held against the item that the key names.
with

open_items as (select * from {{ ref('int_open__unmatched') }}),

declined as (select * from {{ ref('int_declined_pairs') }}),

{{ units_of('open_items') }},

links as (
    select
        members.reconciliation,
        members.unit_key as expected_unit,
        wholes.unit_key as actual_unit,
        members.group_key as evidence,
        false as is_ambiguous,
        false as is_weak,
        cast(null as {{ amount_type() }}) as stated_amount,
        cast(null as {{ dbt.type_string() }}) as link_ambiguity,
        wholes.unit_key as group_name
    from units as members
    inner join units as wholes
        on
            members.reconciliation = wholes.reconciliation
            and members.group_key = wholes.group_key
    where
        members.side = 'expected'
        and wholes.side = 'actual'
),

{{ declined_among('links') }},

final as (
    select links.*
    from links
    left join declined_pairs
        on
            links.expected_unit = declined_pairs.expected_item_key
            and links.actual_unit = declined_pairs.actual_item_key
    where declined_pairs.expected_item_key is null
)

select * from final

-- The case of every item that is bonded to others: all that hangs together, however long the chain.
-- A case is named by its least item, so the same things make the same case in every run, whatever
-- the suggestions between them are called.
with

bonds as (select * from {{ ref('int_exceptions__bonds') }}),

{{ connected_components('bonds') }},

final as (
    select
        components.item_key,
        {{ case_id_of('min(components.component)') }} as case_id,
        cast(count(*) as bigint) as bond_count
    from components
    group by components.item_key
)

select * from final

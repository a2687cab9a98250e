-- Orders that could not be carried out, with the reason: as the journal says it, and as this run
-- adds to it.
with

entries as (
    select *
    from {{ ref('stg_tieout__journal_entries') }}
    where entry_type = 'order_refused'
),

final as (
    select
        entries.subject_id as decision_id,
        {{ json_get('entries.payload', 'item_key') }} as first_item_key,
        {{ json_get('entries.payload', 'reason') }} as refusal,
        {{ json_get('entries.payload', 'action') }} as action,
        {{ json_get('entries.payload', 'actor') }} as actor,
        entries.occurred_at as refused_at,
        false as is_new,
        cast(null as {{ dbt.type_string() }}) as decision_row_hash
    from entries
    union all
    select
        orders.decision_id,
        orders.first_item_key,
        orders.refusal,
        orders.action,
        orders.actor,
        {{ as_of() }} as refused_at,
        true as is_new,
        orders.decision_row_hash
    from {{ ref('int_orders__judged') }} as orders
    where orders.refusal is not null
)

select * from final

with

allocations as (select * from {{ ref('int_match_allocations') }}),

final as (
    select
        allocations.match_id,
        allocations.reconciliation,
        allocations.side,
        allocations.item_type,
        allocations.item_id,
        allocations.allocated_amount,
        allocations.adjusted_amount,
        allocations.currency,
        allocations.match_amount,
        allocations.match_adjusted_amount,
        allocations.match_currency,
        allocations.adjustment_kind,
        allocations.row_hash
    from allocations
)

select * from final

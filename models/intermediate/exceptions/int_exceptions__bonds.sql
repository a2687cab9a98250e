-- What belongs to one case: the items of one suggestion, a copy and its original wherever that is
-- listed, a return and what it returns. Another kind of bond is another branch of `final`.
with

allocations as (select * from {{ ref('int_allocations__proposed') }}),

suggestions as (
    select *
    from {{ ref('int_matches__proposed') }}
    where decision in ('suggested', 'pending_approval')
),

bank_lines as (
    select
        items.item_id,
        items.item_key
    from {{ ref('int_items__balanced') }} as items
    where items.item_type = 'bank_transaction'
),

-- what one fault made in mass is one exception already, and hangs together with nothing else
duplicate_items as (
    select *
    from {{ ref('int_exceptions__duplicate_items') }}
    where not is_mass and original_item_id is not null
),

returns as (select * from {{ ref('int_bank_transactions__returns') }}),

suggested as (
    select
        'match|' || allocations.match_id as bond_id,
        allocations.item_key
    from suggestions
    inner join allocations
        on suggestions.match_id = allocations.match_id
),

copies as (
    select
        'copy|' || duplicate_items.item_key as bond_id,
        duplicate_items.item_key
    from duplicate_items
    union all
    select
        'copy|' || duplicate_items.item_key as bond_id,
        items.item_key
    from duplicate_items
    inner join {{ ref('int_items__balanced') }} as items
        on
            duplicate_items.item_type = items.item_type
            and duplicate_items.original_item_id = items.item_id
),

-- a return, what it returns, and what that was for, matched or named
returned as (
    select
        'return|' || returns.item_id as bond_id,
        bank_lines.item_key
    from returns
    inner join bank_lines
        on returns.item_id = bank_lines.item_id
    union
    select
        'return|' || returns.item_id as bond_id,
        bank_lines.item_key
    from returns
    inner join bank_lines
        on returns.returned_item_id = bank_lines.item_id
    union
    select
        'return|' || returned_documents.item_id as bond_id,
        returned_documents.item_key
    from {{ ref('int_exceptions__returned_documents') }} as returned_documents
),

final as (
    select * from suggested
    union all
    select * from copies
    union all
    select * from returned
)

select * from final

with

exceptions as (
    select *
    from {{ ref('int_exceptions__lifecycle') }}
    where lifecycle in ('open', 'newly_opened')
),

items as (select * from {{ ref('int_items__balanced') }}),

duplicate_items as (select * from {{ ref('int_exceptions__duplicate_items') }}),

fingerprints as (
    select
        fct_exceptions.exception_id,
        fct_exceptions.fingerprint
    from {{ ref('fct_exceptions') }} as fct_exceptions
),

members as (
    select
        exceptions.exception_id,
        duplicate_items.item_key
    from exceptions
    inner join duplicate_items
        on
            exceptions.group_name = duplicate_items.group_name
            and duplicate_items.is_mass
    union
    select
        exceptions.exception_id,
        exceptions.item_key
    from exceptions
),

final as (
    select
        members.exception_id,
        fingerprints.fingerprint,
        items.reconciliation,
        items.item_type,
        items.item_id,
        items.amount,
        items.currency,
        duplicate_items.original_item_id,
        duplicate_items.rule_id as duplicate_rule_id
    from members
    inner join fingerprints
        on members.exception_id = fingerprints.exception_id
    inner join items
        on members.item_key = items.item_key
    left join duplicate_items
        on members.item_key = duplicate_items.item_key
)

select * from final

-- Invariant 6. Guards: every item that is neither closed nor set aside and is past its window, or
-- waits for a review, has exactly one open exception; no item ever has two open ones.
-- Breaks when: a rule or a type is missing in the seeds (the item falls out of a join), or the
-- lifecycle opens an exception again that the journal has open. In silence, an unpaid invoice
-- would be nobody's work.
{%- set kept = {
    'by': ['item_type', 'item_id'],
    'read': {
        'fct_items': ['item_type', 'item_id'],
        'fct_exceptions': ['item_type', 'item_id'],
    },
    'asked': 'select item_type, item_id from marts.fct_items '
    'where due_for_match_at > (select as_of from changes.last_run) '
    'and due_for_match_at <= (select max(as_of) from staging.stg_tieout__run_context)',
} -%}
{{ config(meta={'kept': kept, 'dagster': {'ref': {'name': 'fct_exceptions'}}}) }}

with

items as (select * from {{ ref('fct_items') }}),

open_exceptions as (
    select
        exceptions.reconciliation,
        exceptions.item_type,
        exceptions.item_id,
        count(*) as open_count
    from {{ ref('fct_exceptions') }} as exceptions
    where exceptions.status is distinct from 'resolved'
    group by exceptions.reconciliation, exceptions.item_type, exceptions.item_id
),

compared as (
    select
        coalesce(items.reconciliation, open_exceptions.reconciliation) as reconciliation,
        coalesce(items.item_type, open_exceptions.item_type) as item_type,
        coalesce(items.item_id, open_exceptions.item_id) as item_id,
        items.status,
        items.due_for_match_at,
        coalesce(open_exceptions.open_count, 0) as open_count,
        items.item_id is not null
        and coalesce(items.status, '') not in ('closed', 'set_aside')
        and (
            coalesce(items.status, '') = 'in_review'
            or coalesce(items.due_for_match_at <= {{ as_of() }}, true)
        ) as must_have_one
    from items
    full outer join open_exceptions
        on
            items.reconciliation = open_exceptions.reconciliation
            and items.item_type = open_exceptions.item_type
            and items.item_id = open_exceptions.item_id
),

final as (
    select *
    from compared
    where (must_have_one and open_count <> 1) or open_count > 1
)

select * from final

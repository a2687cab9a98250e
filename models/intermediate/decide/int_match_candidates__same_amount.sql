-- What has the same party and the very amount that is open of an item, on its other side, and
-- whether it could be had.
with

open_items as (
    select *
    from {{ ref('int_items__unsettled') }}
    where status in ('open', 'partial', 'in_review')
),

items as (select * from {{ ref('int_items__balanced') }}),

-- a crowd of equals is not listed: nobody would read it
wanted_amounts as (
    select distinct
        open_items.reconciliation,
        open_items.family_id,
        open_items.currency,
        open_items.open_amount
    from open_items
    where open_items.family_id is not null
),

crowds as (
    select
        wanted_amounts.reconciliation,
        wanted_amounts.family_id,
        wanted_amounts.currency,
        wanted_amounts.open_amount
    from wanted_amounts
    inner join items
        on
            wanted_amounts.reconciliation = items.reconciliation
            and wanted_amounts.family_id = items.family_id
            and wanted_amounts.currency = items.currency
            and wanted_amounts.open_amount = items.amount
    group by
        wanted_amounts.reconciliation,
        wanted_amounts.family_id,
        wanted_amounts.currency,
        wanted_amounts.open_amount
    having count(*) <= {{ search_limit('largest_crowd_in_candidates') }}
),

final as (
    select
        open_items.item_key,
        open_items.reconciliation,
        open_items.item_type,
        open_items.item_id,
        others.item_key as other_item_key,
        others.item_type as other_item_type,
        others.item_id as other_item_id,
        case
            when open_items.side = 'actual'
                then {{ days_between('others.event_date', 'open_items.event_date') }}
            else {{ days_between('open_items.event_date', 'others.event_date') }}
        end as days_after,
        case
            when others.status = 'set_aside' then 'same_amount_' || others.set_aside_reason
            when others.status = 'closed' then 'same_amount_already_closed'
            else 'same_amount_not_chosen'
        end as why_not
    from crowds
    inner join open_items
        on
            crowds.reconciliation = open_items.reconciliation
            and crowds.family_id = open_items.family_id
            and crowds.currency = open_items.currency
            and crowds.open_amount = open_items.open_amount
    inner join items as others
        on
            crowds.reconciliation = others.reconciliation
            and crowds.family_id = others.family_id
            and crowds.currency = others.currency
            and crowds.open_amount = others.amount
            and open_items.side <> others.side
)

select * from final

-- Invariant 1, for the headline figures. Guards: in each currency, what is invoiced, matched,
-- adjusted, open, collected and unapplied is the sum of the items of receivables that are not set
-- aside, and invoiced = matched + adjusted + open. An inactive reconciliation lists no items: then
-- the figures are those of documents and receipts, which are guarded row by row.
-- Breaks when: a document or receipt counts that an item does not, or twice, or credit memos are
-- taken off one figure and not off another. In silence, the summary of a run and the dashboard
-- would lead to rows that add up to something else.
{{ config(meta={'dagster': {'ref': {'name': 'agg_receivables'}}}) }}

with

receivables as (
    select
        agg_receivables.*,
        count(*) over (partition by agg_receivables.currency) as times_shown
    from {{ ref('agg_receivables') }} as agg_receivables
),

items as (
    select *
    from {{ ref('fct_items') }}
    where reconciliation = 'invoice_to_receipt' and status <> 'set_aside'
),

active as (
    select *
    from {{ ref('int_reconciliations__active') }}
    where reconciliation = 'invoice_to_receipt' and is_active
),

held as (
    select
        items.currency,
        sum(case when items.side = 'expected' then items.amount else {{ zero() }} end)
            as invoiced,
        sum(case when items.side = 'expected' then items.allocated_amount else {{ zero() }} end)
            as matched,
        sum(case when items.side = 'expected' then items.adjusted_amount else {{ zero() }} end)
            as adjusted,
        sum(case when items.side = 'expected' then items.open_amount else {{ zero() }} end)
            as open_amount,
        sum(case when items.side = 'actual' then items.amount else {{ zero() }} end)
            as collected,
        sum(case when items.side = 'actual' then items.open_amount else {{ zero() }} end)
            as unapplied
    from items
    group by items.currency
),

final as (
    select
        coalesce(receivables.currency, held.currency) as currency,
        receivables.invoiced as shown_invoiced,
        held.invoiced as held_invoiced,
        receivables.matched as shown_matched,
        held.matched as held_matched,
        receivables.open as shown_open,
        held.open_amount as held_open,
        receivables.collected as shown_collected,
        held.collected as held_collected,
        'the figures of a currency are not the sums of its items' as failure
    from receivables
    full outer join held
        on receivables.currency = held.currency
    where
        receivables.currency is null
        or receivables.times_shown > 1
        or (
            receivables.invoiced - receivables.matched - receivables.adjusted
            is distinct from receivables.open
        )
        or (
            exists (select active.reconciliation from active)
            and (
                (receivables.invoiced is distinct from coalesce(held.invoiced, 0))
                or (receivables.matched is distinct from coalesce(held.matched, 0))
                or (receivables.adjusted is distinct from coalesce(held.adjusted, 0))
                or (receivables.open is distinct from coalesce(held.open_amount, 0))
                or (receivables.collected is distinct from coalesce(held.collected, 0))
                or (receivables.unapplied is distinct from coalesce(held.unapplied, 0))
            )
        )
)

select * from final

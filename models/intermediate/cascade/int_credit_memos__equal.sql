-- A credit memo that names no invoice, and the one invoice that it equals: of all invoices of its
-- party, paid or not, no other has the amount in those days, and no other memo either. They are
-- left out of sums, where the two together would fit everywhere, and cover each other when no
-- payment has taken them.
with

open_items as (select * from {{ ref('int_open__after_equals') }}),

items as (
    select *
    from {{ ref('int_items') }}
    where side = 'expected' and set_aside_reason is null
),

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where pass = 'equal_credit' and relation = 'exact' and rollout = 'stable'
),

lone_units as (
    select
        open_items.anchor_item_key,
        open_items.side
    from open_items
    group by open_items.anchor_item_key, open_items.side
    having count(*) = 1
),

-- nothing else belongs to them, and nothing of them is closed
lone_items as (
    select open_items.*
    from open_items
    inner join lone_units
        on
            open_items.item_key = lone_units.anchor_item_key
            and open_items.side = lone_units.side
    where open_items.remaining_amount = open_items.amount and open_items.side = 'expected'
),

memos as (
    select
        lone_items.*,
        rules.days_before,
        rules.days_after
    from lone_items
    inner join rules
        on lone_items.reconciliation = rules.reconciliation
    where lone_items.amount < 0 and lone_items.party_id is not null
),

-- of every document that could be meant, whatever has become of it
possible as (
    select
        memos.reconciliation,
        memos.item_key as memo_key,
        items.item_key as invoice_key
    from memos
    inner join items
        on
            memos.reconciliation = items.reconciliation
            and memos.party_id = items.party_id
            and memos.currency = items.currency
            and memos.amount = -items.amount
            and {{ days_between('items.event_date', 'memos.event_date') }}
            between -memos.days_before and memos.days_after
),

counted as (
    select
        possible.*,
        count(*) over (partition by possible.memo_key) as invoices,
        count(*) over (partition by possible.invoice_key) as memos
    from possible
),

final as (
    select
        counted.reconciliation,
        counted.memo_key,
        counted.invoice_key
    from counted
    inner join lone_items
        on counted.invoice_key = lone_items.item_key
    where counted.invoices = 1 and counted.memos = 1
)

select * from final

-- The sealed matches that something belongs to which has arrived since: money that went back, a
-- credit memo, a payment. Few items are in no match, so they are found first.
with

allocations as (select * from {{ ref('int_journal__allocations') }}),

items as (select * from {{ ref('int_items') }}),

-- what people closed or linked by hand makes no room
live_matches as (
    select
        matches.match_id,
        matches.run_id
    from {{ ref('int_journal__matches') }} as matches
    left join {{ ref('int_journal__reversals') }} as reversals
        on matches.match_id = reversals.match_id
    where reversals.match_id is null and coalesce(matches.method, '') <> 'manual'
),

-- a match that a person takes apart in this run holds its items until then
held as (
    select live_items.item_key
    from {{ ref('int_journal__live_items') }} as live_items
    union all
    select allocations.item_key
    from allocations
    inner join {{ ref('int_matches__undone_by_people') }} as undone
        on allocations.match_id = undone.match_id
    left join {{ ref('int_journal__reversals') }} as reversals
        on undone.match_id = reversals.match_id
    where reversals.match_id is null
),

loose_items as {{ materialized() }} (
    select
        items.item_key,
        items.anchor_item_key,
        items.item_type,
        items.item_id,
        items.reconciliation,
        items.side,
        items.family_id,
        items.currency,
        items.amount
    from items
    left join held
        on items.item_key = held.item_key
    where
        items.set_aside_reason is null
        and (
            items.item_key <> items.anchor_item_key
            or items.item_type in ('bank_transaction', 'charge') and items.side = 'actual'
        )
        and held.item_key is null
),

-- money that went back, or a credit memo, joins the match of what it undoes
related_items as (
    select allocations.match_id
    from loose_items
    inner join allocations
        on loose_items.anchor_item_key = allocations.item_key
    where loose_items.item_key <> loose_items.anchor_item_key
),

-- Money of a customer that goes back joins the match of the document that it names, and money
-- that comes in the match of a document with its credit memo alone, as they do when all comes at
-- once. It counts once, when it is new: what was known when a match was made and is not in it
-- does not belong to it.
match_runs as (
    select
        runs.run_id,
        min(runs.run_sequence) as run_sequence
    from {{ ref('stg_tieout__runs') }} as runs
    group by runs.run_id
),

new_payments as (
    select
        loose_items.item_type,
        loose_items.item_id,
        loose_items.reconciliation,
        loose_items.family_id,
        loose_items.currency,
        loose_items.amount,
        known_since.known_in_run
    from loose_items
    inner join {{ ref('int_items__known_since') }} as known_since
        on loose_items.item_key = known_since.item_key
    where
        loose_items.item_type in ('bank_transaction', 'charge')
        and loose_items.side = 'actual'
        and (
            loose_items.anchor_item_key = loose_items.item_key or loose_items.item_type = 'charge'
        )
),

-- a document with its credit memos, and what they leave of it
without_money as (
    select allocations.match_id
    from allocations
    group by allocations.match_id
    having max(case when allocations.side = 'actual' then 1 else 0 end) = 0
),

credited as (
    select
        allocations.match_id,
        min(items.reconciliation) as reconciliation,
        min(items.family_id) as family_id,
        min(items.currency) as currency,
        sum(items.amount) as amount
    from allocations
    inner join without_money
        on allocations.match_id = without_money.match_id
    inner join live_matches
        on allocations.match_id = live_matches.match_id
    inner join items
        on allocations.item_key = items.item_key
    group by allocations.match_id
    having min(items.side) = 'expected' and max(items.side) = 'expected'
),

said as {{ materialized() }} (
    select
        new_payments.reconciliation,
        new_payments.family_id,
        new_payments.known_in_run,
        new_payments.amount,
        mentions.mention_value,
        mentions.beside_digits
    from new_payments
    inner join {{ ref('int_bank_transactions__mentions') }} as mentions
        on new_payments.item_id = mentions.item_id
    where new_payments.item_type = 'bank_transaction' and new_payments.family_id is not null
),

named_documents as (
    select
        allocations.match_id,
        said.known_in_run,
        said.amount
    from said
    inner join {{ ref('int_item_numbers__current') }} as numbers
        on
            said.mention_value = numbers.number_value
            and said.reconciliation = numbers.reconciliation
            and numbers.strength = 'strong'
    inner join items as documents
        on
            numbers.item_key = documents.item_key
            and said.family_id = documents.family_id
    inner join allocations
        on documents.item_key = allocations.item_key
    where said.beside_digits = '' or said.beside_digits = numbers.party_digits
),

arrived as (
    select
        named_documents.match_id,
        named_documents.known_in_run
    from named_documents
    left join credited
        on named_documents.match_id = credited.match_id
    where named_documents.amount < 0 or credited.match_id is not null
    union all
    select
        credited.match_id,
        payments.known_in_run
    from credited
    inner join new_payments as payments
        on
            credited.reconciliation = payments.reconciliation
            and credited.family_id = payments.family_id
            and credited.currency = payments.currency
            and credited.amount = payments.amount
    where credited.amount <> 0
),

completed_by_money as (
    select arrived.match_id
    from arrived
    inner join live_matches
        on arrived.match_id = live_matches.match_id
    inner join match_runs
        on live_matches.run_id = match_runs.run_id
    where arrived.known_in_run > match_runs.run_sequence
),

final as (
    select related_items.match_id
    from related_items
    inner join live_matches
        on related_items.match_id = live_matches.match_id
    union
    select completed_by_money.match_id
    from completed_by_money
)

select * from final

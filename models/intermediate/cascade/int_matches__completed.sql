-- The sealed matches that something belongs to which has arrived since: money that went back, a
-- credit memo, a payment. Few items are in no match, so they are found first.
with

loose_items as (select * from {{ ref('int_items__loose') }}),

credited as (select * from {{ ref('int_matches__credited') }}),

allocations as (select * from {{ ref('int_journal__allocations') }}),

-- money that went back, or a credit memo, joins the match of what it undoes, whenever it was known
related_items as (
    select
        loose_items.anchor_item_key as item_key,
        {{ zero() }} as amount,
        cast(null as bigint) as known_in_run
    from loose_items
    where loose_items.item_key <> loose_items.anchor_item_key
),

-- Money of a customer that goes back joins the match of the document that it names, and money
-- that comes in the match of a document with its credit memo alone, as they do when all comes at
-- once. It counts once, when it is new: what was known when a match was made and is not in it
-- does not belong to it.
new_payments as (
    select *
    from loose_items
    where
        item_type in ('bank_transaction', 'charge')
        and side = 'actual'
        and (anchor_item_key = item_key or item_type = 'charge')
        and known_in_run is not null
        and family_id is not null
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
    where new_payments.item_type = 'bank_transaction'
),

named_documents as (
    select
        documents.item_key,
        said.amount,
        said.known_in_run
    from said
    inner join {{ ref('int_item_numbers__current') }} as numbers
        on
            said.mention_value = numbers.number_value
            and said.reconciliation = numbers.reconciliation
            and numbers.strength = 'strong'
    inner join {{ ref('int_items') }} as documents
        on
            numbers.item_key = documents.item_key
            and said.family_id = documents.family_id
    where said.beside_digits = '' or said.beside_digits = numbers.party_digits
),

arrived as (
    select
        allocations.match_id,
        meant.known_in_run
    from (
        select * from related_items
        union all
        select * from named_documents
    ) as meant
    inner join allocations
        on meant.item_key = allocations.item_key
    left join credited
        on allocations.match_id = credited.match_id
    where meant.known_in_run is null or meant.amount < 0 or credited.match_id is not null
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

match_runs as (
    select
        runs.run_id,
        min(runs.run_sequence) as run_sequence
    from {{ ref('stg_tieout__runs') }} as runs
    group by runs.run_id
),

-- what people closed or linked by hand makes no room
final as (
    select distinct arrived.match_id
    from arrived
    inner join {{ ref('int_journal__matches') }} as matches
        on arrived.match_id = matches.match_id
    left join {{ ref('int_journal__reversals') }} as reversals
        on arrived.match_id = reversals.match_id
    left join match_runs
        on matches.run_id = match_runs.run_id
    where
        reversals.match_id is null
        and coalesce(matches.method, '') <> 'manual'
        and (arrived.known_in_run is null or arrived.known_in_run > match_runs.run_sequence)
)

select * from final

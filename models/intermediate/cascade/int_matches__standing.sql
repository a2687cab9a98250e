-- Pass 0. A sealed match stands until a person undoes it or a fact it rests on has changed; then
-- it is reversed as a whole, and its items are free for the passes of this run. What a person
-- linked by hand or wrote off is moved by a person alone, as long as its items still carry it.
with

matches as (select * from {{ ref('int_journal__matches') }}),

allocations as (select * from {{ ref('int_journal__allocations') }}),

reversals as (select * from {{ ref('int_journal__reversals') }}),

items as (select * from {{ ref('int_items') }}),

people_undo as (select * from {{ ref('int_matches__undone_by_people') }}),

-- what a match holds and posts is read from the journal where it is asked for
live_matches as (
    select
        matches.block,
        matches.match_id,
        matches.reconciliation,
        matches.rule_id,
        matches.rule_version,
        matches.pass,
        matches.relation,
        matches.method,
        matches.confidence,
        matches.decision,
        matches.explanation,
        matches.currency,
        matches.amount,
        matches.difference_amount,
        matches.adjustment_kind,
        matches.run_id,
        matches.decided_at,
        matches.decided_by
    from matches
    left join reversals
        on matches.match_id = reversals.match_id
    where reversals.match_id is null
),

live_allocations as (
    select allocations.*
    from allocations
    inner join live_matches
        on allocations.match_id = live_matches.match_id
),

-- what people closed of each item by hand
held_by_people as (
    select
        live_allocations.item_key,
        sum(live_allocations.allocated_amount + live_allocations.adjusted_amount) as held_amount
    from live_allocations
    inner join live_matches
        on live_allocations.match_id = live_matches.match_id
    where live_matches.method = 'manual'
    group by live_allocations.item_key
),

changed_items as (
    select
        live_allocations.match_id,
        min(
            case
                when items.item_key is null then 'item_gone'
                when items.set_aside_reason is not null then 'item_' || items.set_aside_reason
                when items.currency <> live_allocations.currency then 'currency_changed'
                when
                    live_matches.method = 'manual'
                    and sign(items.amount) = sign(held_by_people.held_amount)
                    and abs(items.amount) >= abs(held_by_people.held_amount)
                    then null
                when items.amount <> live_allocations.amount then 'amount_changed'
            end
        ) as reason
    from live_allocations
    inner join live_matches
        on live_allocations.match_id = live_matches.match_id
    left join held_by_people
        on live_allocations.item_key = held_by_people.item_key
    left join items
        on live_allocations.item_key = items.item_key
    group by live_allocations.match_id
),

-- money that went back, or a credit memo, joins the match of what it undoes
related_items as (
    select distinct live_allocations.match_id
    from items
    inner join live_allocations
        on
            items.anchor_item_key = live_allocations.item_key
            and items.item_key <> items.anchor_item_key
    inner join live_matches
        on live_allocations.match_id = live_matches.match_id
    left join live_allocations as held
        on items.item_key = held.item_key
    where
        items.set_aside_reason is null
        and held.item_key is null
        and coalesce(live_matches.method, '') <> 'manual'
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
        items.item_type,
        items.item_key,
        items.item_id,
        items.reconciliation,
        items.family_id,
        items.currency,
        items.amount,
        known_since.known_in_run
    from items
    inner join {{ ref('int_items__known_since') }} as known_since
        on items.item_key = known_since.item_key
    left join live_allocations as held
        on items.item_key = held.item_key
    where
        items.item_type in ('bank_transaction', 'charge')
        and items.side = 'actual'
        and items.set_aside_reason is null
        and (items.anchor_item_key = items.item_key or items.item_type = 'charge')
        and held.item_key is null
),

new_bank_lines as (
    select *
    from new_payments
    where item_type = 'bank_transaction'
),

-- a document with its credit memos, and what they leave of it
credited as (
    select
        live_allocations.match_id,
        min(items.reconciliation) as reconciliation,
        min(items.family_id) as family_id,
        min(items.currency) as currency,
        sum(items.amount) as amount
    from live_allocations
    inner join items
        on live_allocations.item_key = items.item_key
    group by live_allocations.match_id
    having min(items.side) = 'expected' and max(items.side) = 'expected'
),

named_documents as (
    select
        live_allocations.match_id,
        new_bank_lines.known_in_run,
        new_bank_lines.amount
    from new_bank_lines
    inner join {{ ref('int_bank_transactions__mentions') }} as mentions
        on new_bank_lines.item_id = mentions.item_id
    inner join {{ ref('int_item_numbers__current') }} as numbers
        on
            mentions.mention_value = numbers.number_value
            and new_bank_lines.reconciliation = numbers.reconciliation
            and numbers.strength = 'strong'
    inner join items as documents
        on
            numbers.item_key = documents.item_key
            and new_bank_lines.family_id = documents.family_id
    inner join live_allocations
        on documents.item_key = live_allocations.item_key
    where mentions.beside_digits = '' or mentions.beside_digits = numbers.party_digits
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
    select distinct arrived.match_id
    from arrived
    inner join live_matches
        on arrived.match_id = live_matches.match_id
    inner join match_runs
        on live_matches.run_id = match_runs.run_id
    where
        coalesce(live_matches.method, '') <> 'manual'
        and arrived.known_in_run > match_runs.run_sequence
),

final as (
    select
        live_matches.*,
        case
            when people_undo.match_id is not null then 'undone_by_a_person'
            when changed_items.reason is not null then changed_items.reason
            when related_items.match_id is not null then 'related_item_arrived'
            when completed_by_money.match_id is not null then 'related_item_arrived'
        end as reversal_reason,
        coalesce(people_undo.actor, 'tieout') as reversal_actor
    from live_matches
    left join changed_items
        on live_matches.match_id = changed_items.match_id
    left join related_items
        on live_matches.match_id = related_items.match_id
    left join completed_by_money
        on live_matches.match_id = completed_by_money.match_id
    left join people_undo
        on live_matches.match_id = people_undo.match_id
)

select * from final

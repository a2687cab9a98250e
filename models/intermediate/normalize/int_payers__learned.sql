-- Accounts and names that the customer master does not have, learned from sealed matches that rest
-- on a reference or on a person's word: whose invoices did they pay? The first customer stays,
-- until others together have more matches; then the key names nobody. What a person removes stays
-- removed. A match that comes apart in this run teaches nothing any more, in this run already.
with

matches as (
    select matches.*
    from {{ ref('int_journal__matches') }} as matches
    left join {{ ref('int_journal__reversals') }} as reversals
        on matches.match_id = reversals.match_id
    left join {{ ref('int_matches__undone_by_people') }} as undone
        on matches.match_id = undone.match_id
    where
        matches.reconciliation = 'invoice_to_receipt'
        and reversals.match_id is null
        and undone.match_id is null
        and (
            matches.decision = 'approved'
            or matches.pass in ('stated_reference', 'reference_in_text')
        )
),

allocations as (select * from {{ ref('int_journal__allocations') }}),

invoices as (
    select
        stg_billing__invoices.*,
        {{ item_id(['invoice_id']) }} as item_id
    from {{ ref('stg_billing__invoices') }} as stg_billing__invoices
),

customers as (select * from {{ ref('stg_crm__customers') }}),

decisions as (
    select *
    from {{ ref('stg_review__decisions') }}
    where action = 'unmatch' and decided_at <= {{ as_of() }}
),

customer_families as (select * from {{ ref('int_customer_families') }}),

bank_transactions as (
    select
        booked.item_id,
        {{ compact_upper('booked.counterparty_account') }} as account_key,
        {{ normalize_name('booked.counterparty_name') }} as name_key
    from {{ ref('int_bank_transactions__booked') }} as booked
),

master_keys as (
    select
        'account' as key_kind,
        {{ compact_upper('accounts.account') }} as key_value
    from customers
    {{ unnest_list('customers.bank_accounts', 'accounts', 'account') }}
    union
    select
        'name' as key_kind,
        {{ normalize_name('customers.legal_name') }} as key_value
    from customers
    union
    select
        'name' as key_kind,
        {{ normalize_name('names.alias') }} as key_value
    from customers
    {{ unnest_list('customers.aliases', 'names', 'alias') }}
),

-- a match of a document that is withdrawn or corrected comes apart; what people made they undo
changed as (
    select distinct matches.match_id
    from matches
    inner join allocations
        on matches.match_id = allocations.match_id
    inner join invoices
        on
            allocations.item_type = invoices.document_type
            and allocations.item_id = invoices.item_id
    where
        invoices.status <> 'open'
        or (
            coalesce(matches.method, '') <> 'manual'
            and (
                invoices.currency <> allocations.currency
                or invoices.total_amount <> abs(allocations.amount)
            )
        )
),

-- a match teaches when all its documents are of one family
paid_for as (
    select
        matches.match_id,
        min(invoices.customer_id) as customer_id,
        min(coalesce(customer_families.family_id, invoices.customer_id)) as family_id,
        count(distinct invoices.customer_id) as customer_count
    from matches
    inner join allocations
        on matches.match_id = allocations.match_id
    inner join invoices
        on
            allocations.item_type = invoices.document_type
            and allocations.item_id = invoices.item_id
    left join customer_families
        on invoices.customer_id = customer_families.customer_id
    left join changed
        on matches.match_id = changed.match_id
    where changed.match_id is null
    group by matches.match_id
    having count(distinct coalesce(customer_families.family_id, invoices.customer_id)) = 1
),

payers as (
    select
        allocations.match_id,
        'account' as key_kind,
        bank_transactions.account_key as key_value
    from allocations
    inner join bank_transactions
        on
            allocations.item_type = 'bank_transaction'
            and allocations.item_id = bank_transactions.item_id
    union
    select
        allocations.match_id,
        'name' as key_kind,
        bank_transactions.name_key as key_value
    from allocations
    inner join bank_transactions
        on
            allocations.item_type = 'bank_transaction'
            and allocations.item_id = bank_transactions.item_id
),

evidence as (
    select
        payers.key_kind,
        payers.key_value,
        paid_for.family_id,
        case
            when paid_for.customer_count = 1 then paid_for.customer_id
            else paid_for.family_id
        end as customer_id,
        matches.match_id,
        matches.decided_at,
        matches.decision
    from payers
    inner join paid_for
        on payers.match_id = paid_for.match_id
    inner join matches
        on payers.match_id = matches.match_id
    left join master_keys
        on
            payers.key_kind = master_keys.key_kind
            and payers.key_value = master_keys.key_value
    where master_keys.key_value is null and length(payers.key_value) >= 4
),

families as (
    select
        evidence.key_kind,
        evidence.key_value,
        evidence.family_id,
        case
            when count(distinct evidence.customer_id) = 1 then min(evidence.customer_id)
            else evidence.family_id
        end as customer_id,
        count(*) as match_count,
        min(evidence.decided_at) as first_seen_at,
        max(evidence.decided_at) as last_seen_at,
        max_by(
            evidence.match_id, {{ iso_timestamp('evidence.decided_at') }} || evidence.match_id
        ) as last_match_id,
        -- What the machine closed by itself speaks for later bank lines only, so that a run over
        -- the same facts decides nothing new. What a person approved is a new fact.
        case
            when max(case when evidence.decision = 'approved' then 1 else 0 end) = 0
                then cast(min(evidence.decided_at) as date)
        end as applies_after
    from evidence
    group by evidence.key_kind, evidence.key_value, evidence.family_id
),

ranked as (
    select
        families.*,
        sum(families.match_count) over (partition by families.key_kind, families.key_value)
        - families.match_count as other_match_count,
        min(families.first_seen_at) over (partition by families.key_kind, families.key_value)
            as key_first_seen_at,
        row_number() over (
            partition by families.key_kind, families.key_value
            order by
                families.first_seen_at asc nulls last,
                families.match_count desc nulls last,
                families.family_id asc nulls last
        ) as place
    from families
),

-- two customers in the first run that saw the key: neither was first
first_seen as (
    select
        ranked.key_kind,
        ranked.key_value,
        count(*) as families_at_first
    from ranked
    where ranked.first_seen_at = ranked.key_first_seen_at
    group by ranked.key_kind, ranked.key_value
),

removals as (
    select
        decisions.named_items.item_id as learned_key,
        min(decisions.decided_at) as removed_at,
        min_by(
            decisions.actor, {{ iso_timestamp('decisions.decided_at') }} || decisions.decision_id
        ) as removed_by
    from {{ with_json_elements('decisions', 'items', 'named_items', ['item_type', 'item_id']) }}
    where decisions.named_items.item_type = 'learned_payer'
    group by decisions.named_items.item_id
),

final as (
    select
        ranked.key_kind || '/' || ranked.key_value as learned_key,
        ranked.key_kind,
        ranked.key_value,
        ranked.customer_id,
        cast(ranked.match_count as bigint) as match_count,
        cast(ranked.other_match_count as bigint) as other_match_count,
        ranked.first_seen_at,
        ranked.last_seen_at,
        ranked.last_match_id,
        ranked.applies_after,
        case
            when removals.learned_key is not null then 'removed'
            when first_seen.families_at_first > 1 then 'conflicting'
            when ranked.other_match_count > ranked.match_count then 'conflicting'
            else 'active'
        end as status,
        removals.removed_by,
        removals.removed_at
    from ranked
    inner join first_seen
        on
            ranked.key_kind = first_seen.key_kind
            and ranked.key_value = first_seen.key_value
    left join removals
        on ranked.key_kind || '/' || ranked.key_value = removals.learned_key
    where ranked.place = 1
)

select * from final

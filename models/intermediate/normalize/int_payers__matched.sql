-- Which account and name paid for whose documents, sealed match by sealed match: what payers can be
-- learned from. Matches that rest on a reference or on a person's word, and have not come apart.
-- What comes apart in this run teaches nothing any more, in this run already.
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

customer_families as (select * from {{ ref('int_customer_families') }}),

bank_transactions as (
    select
        booked.item_id,
        {{ compact_upper('booked.counterparty_account') }} as account_key,
        {{ normalize_name('booked.counterparty_name') }} as name_key
    from {{ ref('int_bank_transactions__booked') }} as booked
),

-- A match teaches when all its documents are of one family. A match of a document that is withdrawn
-- or corrected comes apart; what people made they undo.
paid_for as (
    select
        matches.match_id,
        matches.decided_at,
        matches.decision,
        min(coalesce(customer_families.family_id, invoices.customer_id)) as family_id,
        case
            when count(distinct invoices.customer_id) = 1 then min(invoices.customer_id)
            else min(coalesce(customer_families.family_id, invoices.customer_id))
        end as customer_id
    from matches
    inner join allocations
        on matches.match_id = allocations.match_id
    inner join invoices
        on
            allocations.item_type = invoices.document_type
            and allocations.item_id = invoices.item_id
    left join customer_families
        on invoices.customer_id = customer_families.customer_id
    group by
        matches.match_id,
        matches.decided_at,
        matches.decision
    having
        count(distinct coalesce(customer_families.family_id, invoices.customer_id)) = 1
        and max(
            case
                when
                    invoices.status <> 'open'
                    or (
                        coalesce(matches.method, '') <> 'manual'
                        and (
                            invoices.currency <> allocations.currency
                            or invoices.total_amount <> abs(allocations.amount)
                        )
                    )
                    then 1
                else 0
            end
        ) = 0
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

final as (
    select
        payers.match_id,
        payers.key_kind,
        payers.key_value,
        paid_for.family_id,
        paid_for.customer_id,
        paid_for.decided_at,
        paid_for.decision
    from payers
    inner join paid_for
        on payers.match_id = paid_for.match_id
    where length(payers.key_value) >= {{ search_limit('shortest_telling_text') }}
)

select * from final

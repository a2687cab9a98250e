-- What needs a person at once, whether or not the item is past its window.
with

unsettled as (select * from {{ ref('int_items__unsettled') }}),

customers as (select * from {{ ref('stg_crm__customers') }}),

invoices as (select * from {{ ref('stg_billing__invoices') }}),

gateway_transactions as (
    select
        transactions.type,
        transactions.status,
        transactions.created_at,
        {{ item_id(['transactions.gateway', 'transactions.transaction_id']) }} as item_id,
        {{ item_id(['transactions.gateway', 'transactions.related_transaction_id']) }}
            as related_item_id
    from {{ ref('stg_gateway__transactions') }} as transactions
    where
        transactions.type in ('refund', 'chargeback', 'chargeback_reversal')
        and transactions.created_at <= {{ as_of() }}
),

failed_statements as (select * from {{ ref('int_statements__failed') }}),

rejected_versions as (
    select *
    from {{ ref('int_quarantine__resolved') }}
    where resolved_by_batch_id is null and not is_file
),

-- a dispute is over when a reversal undoes the chargeback, or the charge that both undo
reversed_items as (
    select distinct gateway_transactions.related_item_id
    from gateway_transactions
    where
        gateway_transactions.type = 'chargeback_reversal'
        and gateway_transactions.status = 'succeeded'
        and gateway_transactions.related_item_id is not null
),

standing_chargebacks as (
    select
        items.item_key,
        'chargeback_stands' as condition,
        items.amount as amount_in_question
    from {{ ref('int_items__balanced') }} as items
    left join gateway_transactions
        on items.item_id = gateway_transactions.item_id
    left join reversed_items as own_reversal
        on items.item_id = own_reversal.related_item_id
    left join reversed_items as charge_reversal
        on gateway_transactions.related_item_id = charge_reversal.related_item_id
    where
        items.reconciliation = 'invoice_to_receipt'
        and items.item_type = 'chargeback'
        and items.status <> 'set_aside'
        and own_reversal.related_item_id is null
        and charge_reversal.related_item_id is null
),

refund_matches as (
    select
        items.item_key,
        items.open_amount,
        items.amount,
        allocations.match_id
    from {{ ref('int_items__balanced') }} as items
    inner join {{ ref('int_match_allocations') }} as allocations
        on items.item_key = allocations.item_key
    where
        allocations.is_live
        and items.reconciliation = 'invoice_to_receipt'
        and items.item_type = 'refund'
        and items.status <> 'set_aside'
),

refund_match_ids as (select distinct refund_matches.match_id from refund_matches),

refunded_documents as (
    select
        refund_match_ids.match_id,
        members.item_type,
        members.item_id
    from refund_match_ids
    inner join {{ ref('int_match_allocations') }} as members
        on refund_match_ids.match_id = members.match_id
    where members.item_type in ('invoice', 'credit_memo')
),

credited_invoices as (
    select distinct
        'invoice' as item_type,
        {{ item_id(['invoices.related_invoice_id']) }} as item_id
    from invoices
    where
        invoices.document_type = 'credit_memo'
        and invoices.status = 'open'
        and invoices.related_invoice_id is not null
),

refund_coverage as (
    select
        refunded_documents.match_id,
        max(case when refunded_documents.item_type = 'invoice' then 1 else 0 end) as has_invoice,
        max(
            case
                when
                    refunded_documents.item_type = 'credit_memo'
                    or credited_invoices.item_id is not null
                    then 1
                else 0
            end
        ) as has_credit
    from refunded_documents
    left join credited_invoices
        on
            refunded_documents.item_type = credited_invoices.item_type
            and refunded_documents.item_id = credited_invoices.item_id
    group by refunded_documents.match_id
),

-- money for an invoice went back, and no document takes the invoice back
uncredited_refunds as (
    select
        refund_matches.item_key,
        'refund_lacks_credit_memo' as condition,
        min(refund_matches.amount) as amount_in_question
    from refund_matches
    inner join refund_coverage
        on refund_matches.match_id = refund_coverage.match_id
    group by refund_matches.item_key
    having max(refund_coverage.has_invoice) = 1 and max(refund_coverage.has_credit) = 0
),

returns as (
    select *
    from {{ ref('int_bank_transactions__returns') }}
    where returns_a = 'receipt'
),

returned_payments as (
    select distinct
        unsettled.item_key,
        'payment_came_back' as condition,
        unsettled.open_amount as amount_in_question
    from {{ ref('int_exceptions__returned_documents') }} as returned_documents
    inner join returns
        on returned_documents.item_id = returns.item_id
    inner join unsettled
        on returned_documents.item_key = unsettled.item_key
    where
        unsettled.reconciliation = 'invoice_to_receipt'
        and unsettled.item_type = 'invoice'
        and unsettled.status <> 'set_aside'
),

-- the bank took more than had come in, or what a person had linked by hand
uncovered_returns as (
    select
        unsettled.item_key,
        'return_not_covered' as condition,
        unsettled.open_amount as amount_in_question
    from returns
    inner join unsettled
        on
            unsettled.item_type = 'bank_transaction'
            and returns.item_id = unsettled.item_id
    where
        unsettled.reconciliation = 'invoice_to_receipt'
        and unsettled.status <> 'set_aside'
),

open_payouts as (
    select *
    from unsettled
    where
        unsettled.reconciliation = 'gateway_to_payout'
        and unsettled.item_type = 'payout'
        and unsettled.status <> 'set_aside'
),

payout_contents as (
    select
        items.group_key,
        items.currency,
        sum(items.amount) as expected_amount
    from {{ ref('int_items__balanced') }} as items
    where
        items.reconciliation = 'gateway_to_payout'
        and items.side = 'expected'
        and items.status <> 'set_aside'
        and items.group_key in (select open_payouts.group_key from open_payouts)
    group by items.group_key, items.currency
),

-- a payout of which no transaction has landed is late, not wrong
differing_payouts as (
    select
        open_payouts.item_key,
        'payout_group_differs' as condition,
        open_payouts.amount - payout_contents.expected_amount as amount_in_question
    from open_payouts
    inner join payout_contents
        on
            open_payouts.group_key = payout_contents.group_key
            and open_payouts.currency = payout_contents.currency
    where open_payouts.amount <> payout_contents.expected_amount
),

-- without a customer master every party would be unknown: nothing to compare with
unknown_parties as (
    select
        unsettled.item_key,
        'party_unknown' as condition,
        unsettled.open_amount as amount_in_question
    from unsettled
    left join customers
        on unsettled.party_id = customers.customer_id
    where
        unsettled.reconciliation = 'invoice_to_receipt'
        and unsettled.item_type in ('invoice', 'credit_memo')
        and unsettled.status <> 'set_aside'
        and customers.customer_id is null
        and (select count(*) from {{ ref('stg_crm__customers') }}) > 0
),

questioned_records as (
    select failed_statements.item_id
    from failed_statements
    union
    select rejected_versions.row_key as item_id
    from rejected_versions
),

-- an item may be listed in several reconciliations; a finding about its record is raised in one
listed_once as (
    select
        items.item_key,
        items.item_type,
        items.item_id,
        items.amount,
        items.feed,
        row_number() over (
            partition by items.item_type, items.item_id
            order by
                case when items.status = 'set_aside' then 1 else 0 end asc nulls last,
                items.reconciliation asc nulls last
        ) as listing_rank
    from {{ ref('int_items__balanced') }} as items
    where items.item_id in (select questioned_records.item_id from questioned_records)
),

unbalanced_statements as (
    select
        listed_once.item_key,
        failed_statements.condition,
        max(failed_statements.difference_amount) as amount_in_question
    from listed_once
    inner join failed_statements
        on
            listed_once.item_type = 'bank_transaction'
            and listed_once.item_id = failed_statements.item_id
    where listed_once.listing_rank = 1
    group by listed_once.item_key, failed_statements.condition
),

rejected_items as (
    select
        listed_once.item_key,
        'later_version_rejected' as condition,
        min(listed_once.amount) as amount_in_question
    from listed_once
    inner join rejected_versions
        on
            listed_once.item_id = rejected_versions.row_key
            and listed_once.feed = {{ record_feed('rejected_versions.feed') }}
    where listed_once.listing_rank = 1
    group by listed_once.item_key
),

final as (
    select * from standing_chargebacks
    union all
    select * from uncredited_refunds
    union all
    select * from returned_payments
    union all
    select * from uncovered_returns
    union all
    select * from differing_payouts
    union all
    select * from unknown_parties
    union all
    select * from unbalanced_statements
    union all
    select * from rejected_items
)

select * from final

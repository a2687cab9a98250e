-- What the payer of an unexplained payment owes, whatever the amounts: people begin there. Of a
-- party with more than sets are looked for in, the oldest.
with

open_items as (
    select *
    from {{ ref('int_items__unsettled') }}
    where status in ('open', 'partial', 'in_review')
),

reasons as (select * from {{ ref('candidate_reasons') }}),

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where pass = 'unique_amount' and relation = 'exact' and rollout = 'stable'
),

unexplained as (
    select *
    from open_items
    where side = 'actual' and open_amount > 0 and status <> 'in_review'
),

paying_parties as (
    select distinct
        unexplained.reconciliation,
        unexplained.family_id,
        unexplained.currency
    from unexplained
),

-- where more is open than sets are looked for in, the oldest are shown
large_parties as (
    select
        open_items.reconciliation,
        open_items.family_id,
        open_items.currency
    from open_items
    inner join paying_parties
        on
            open_items.reconciliation = paying_parties.reconciliation
            and open_items.family_id = paying_parties.family_id
            and open_items.currency = paying_parties.currency
    inner join {{ ref('reconciliations') }} as reconciliations
        on open_items.reconciliation = reconciliations.name
    where
        open_items.side = 'expected'
        and reconciliations.party_kind <> 'account'
    group by open_items.reconciliation, open_items.family_id, open_items.currency
    having count(*) > {{ search_limit('largest_party_in_sets') }}
),

oldest_documents as (
    select open_items.*
    from open_items
    inner join large_parties
        on
            open_items.reconciliation = large_parties.reconciliation
            and open_items.family_id = large_parties.family_id
            and open_items.currency = large_parties.currency
    where open_items.side = 'expected'
    qualify row_number() over (
        partition by open_items.reconciliation, open_items.family_id, open_items.currency
        order by open_items.event_date nulls last, open_items.item_key nulls last
    ) <= {{ search_limit('documents_shown') }}
),

unsearched as (
    select
        payments.item_key,
        payments.reconciliation,
        payments.item_type,
        payments.item_id,
        cast(null as {{ dbt.type_string() }}) as match_id,
        oldest_documents.item_type as other_item_type,
        oldest_documents.item_id as other_item_id,
        cast(null as {{ amount_type() }}) as score,
        {{ json_object([['open', amount_text('oldest_documents.open_amount')]]) }} as score_parts,
        'too_many_open_items' as why_not
    from unexplained as payments
    inner join oldest_documents
        on
            payments.reconciliation = oldest_documents.reconciliation
            and payments.family_id = oldest_documents.family_id
            and payments.currency = oldest_documents.currency
),

payable as (
    select
        payments.item_key,
        payments.reconciliation,
        payments.item_type,
        payments.item_id,
        payments.open_amount as payment_amount,
        documents.item_key as document_key,
        documents.item_type as other_item_type,
        documents.item_id as other_item_id,
        documents.open_amount,
        {{ days_between('documents.due_date', 'payments.event_date') }} as days_from_due,
        cast(
            {{ decimal_divide('documents.open_amount', 'payments.open_amount', 0) }} as bigint
        ) as parts
    from unexplained as payments
    inner join open_items as documents
        on
            payments.reconciliation = documents.reconciliation
            and payments.family_id = documents.family_id
            and payments.currency = documents.currency
    inner join rules
        on payments.reconciliation = rules.reconciliation
    left join large_parties
        on
            payments.reconciliation = large_parties.reconciliation
            and payments.family_id = large_parties.family_id
            and payments.currency = large_parties.currency
    inner join {{ ref('reconciliations') }} as reconciliations
        on payments.reconciliation = reconciliations.name
    where
        documents.side = 'expected'
        and reconciliations.party_kind <> 'account'
        and documents.open_amount > 0
        and large_parties.family_id is null
        and {{ days_between('documents.event_date', 'payments.event_date') }}
        between -rules.days_before and rules.days_after
),

-- Documents that the payment is an equal part of first, then those that it could hold, the
-- nearest by due date first.
owed_by_payer as (
    select
        payable.*,
        row_number() over (
            partition by payable.item_key
            order by
                case
                    when payable.open_amount < payable.payment_amount then 1
                    when
                        abs(payable.open_amount - instalment_plans.parts * payable.payment_amount)
                        <= instalment_plans.parts * cast(0.01 as {{ amount_type() }})
                        then 0
                    else 2
                end asc nulls last,
                abs(payable.days_from_due) asc nulls last,
                payable.document_key asc nulls last
        ) as nearness
    from payable
    left join {{ ref('instalment_plans') }} as instalment_plans
        on payable.parts = instalment_plans.parts
),

owed as (
    select
        owed_by_payer.item_key,
        owed_by_payer.reconciliation,
        owed_by_payer.item_type,
        owed_by_payer.item_id,
        cast(null as {{ dbt.type_string() }}) as match_id,
        owed_by_payer.other_item_type,
        owed_by_payer.other_item_id,
        reasons.score - cast(0.0001 as {{ amount_type() }}) * owed_by_payer.nearness as score,
        {{ json_object([['open', amount_text('owed_by_payer.open_amount')]]) }} as score_parts,
        reasons.code as why_not
    from owed_by_payer
    inner join reasons
        on reasons.code = 'owed_by_payer'
    where owed_by_payer.nearness <= {{ search_limit('candidates_shown') }}
),

final as (
    select * from unsearched
    union all
    select * from owed
)

select * from final

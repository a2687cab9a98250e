-- A payment in another currency that the bank states to be the very amount of one document
-- of its payer; where only the rate of the day says so, and one stands out, or where the payer is
-- not known, a person decides.
with

pairs as (select * from {{ ref('int_pairs__other_currency') }}),

-- what has its partner is nobody else's question
taken as (
    select
        pairs.expected_unit,
        pairs.actual_unit
    from pairs
    where pairs.is_free and pairs.stands_out and pairs.is_payer_known
),

final as (
    select
        pairs.reconciliation,
        pairs.expected_unit,
        pairs.actual_unit,
        case
            when pairs.is_stated then 'as the bank states by the original amount'
            else 'as far as its amount says at the rate of its day'
        end as evidence,
        not pairs.stands_out as is_ambiguous,
        case
            when not pairs.is_stated then 'by_rate_alone'
            when pairs.stands_out and not pairs.is_payer_known then 'payer_unknown'
        end as link_ambiguity,
        false as is_weak,
        cast(null as {{ amount_type() }}) as stated_amount,
        pairs.expected_unit || '~' || pairs.actual_unit as group_name
    from pairs
    left join taken as taken_documents
        on pairs.expected_unit = taken_documents.expected_unit
    left join taken as taken_payments
        on pairs.actual_unit = taken_payments.actual_unit
    where
        pairs.is_free
        and (
            pairs.stands_out
            or (
                pairs.is_stated
                and pairs.nearness <= {{ search_limit('documents_shown') }}
                and taken_documents.expected_unit is null
                and taken_payments.actual_unit is null
            )
        )
)

select * from final

-- What came back goes before every pass: a line that returns an earlier one covers it, as far as
-- both are free, and what the earlier one paid is open again. Charges that the bank states are
-- closed with it. A return that a sealed match holds already, or whose original a person has
-- linked by hand, stays as it is.
with

items as (
    select *
    from {{ ref('int_items') }}
    where item_type = 'bank_transaction' and side = 'actual' and set_aside_reason is null
),

returns as (select * from {{ ref('int_bank_transactions__returns') }}),

reconciliations as (select * from {{ ref('reconciliations') }}),

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where pass = 'returned' and rollout = 'stable'
),

-- few lines come back: what is held is asked for these alone
listed as {{ materialized() }} (
    select
        returns.item_id,
        returns.relation,
        returns.returned_part,
        returns.evidence,
        return_items.reconciliation,
        return_items.is_listed_only_if_matched,
        return_items.item_key,
        return_items.claim_key,
        return_items.amount,
        return_items.currency,
        return_items.party_id,
        original_items.party_id as returned_party_id,
        original_items.item_key as returned_item_key,
        original_items.claim_key as returned_claim_key
    from returns
    inner join items as return_items
        on returns.item_id = return_items.item_id
    inner join items as original_items
        on
            returns.returned_item_id = original_items.item_id
            and return_items.reconciliation = original_items.reconciliation
),

held as (
    select distinct allocations.claim_key
    from (
        select listed.claim_key from listed
        union
        select listed.returned_claim_key as claim_key from listed
    ) as claims
    inner join {{ ref('int_journal__allocations') }} as allocations
        on claims.claim_key = allocations.claim_key
    inner join {{ ref('int_matches__standing') }} as standing
        on allocations.match_id = standing.match_id
    where standing.reversal_reason is null
),

-- a line may be listed in two reconciliations; it comes back in one
pairs as (
    select listed.*
    from listed
    left join held as held_returns
        on listed.claim_key = held_returns.claim_key
    left join held as held_originals
        on listed.returned_claim_key = held_originals.claim_key
    where held_returns.claim_key is null and held_originals.claim_key is null
    qualify row_number() over (
        partition by listed.item_id
        order by
            case when listed.is_listed_only_if_matched then 1 else 0 end asc nulls last,
            listed.reconciliation asc nulls last
    ) = 1
),

parts as (
    select
        pairs.item_key as group_name,
        pairs.relation,
        pairs.evidence,
        pairs.currency,
        pairs.reconciliation,
        pairs.party_id,
        pairs.returned_party_id,
        abs(pairs.returned_part) as covered,
        pairs.item_key,
        pairs.returned_part as allocated_amount,
        case
            when pairs.relation = 'charges' then pairs.amount - pairs.returned_part
            else {{ zero() }}
        end as adjusted_amount
    from pairs
    union all
    select
        pairs.item_key as group_name,
        pairs.relation,
        pairs.evidence,
        pairs.currency,
        pairs.reconciliation,
        pairs.party_id,
        pairs.returned_party_id,
        abs(pairs.returned_part) as covered,
        pairs.returned_item_key as item_key,
        -pairs.returned_part as allocated_amount,
        {{ zero() }} as adjusted_amount
    from pairs
),

final as (
    select
        'returned' as pass,
        parts.group_name,
        rules.rule_id,
        rules.rule_version,
        rules.relation,
        case
            when not rules.closes_by_itself then rules.why_a_person
            when
                reconciliations.party_kind = 'customer'
                and (
                    {{ list_contains('rules.paused_customers', 'parts.party_id') }}
                    or {{ list_contains('rules.paused_customers', 'parts.returned_party_id') }}
                )
                then 'closing_paused'
        end as ambiguity,
        parts.evidence,
        cast(parts.covered as {{ amount_type() }}) as expected_total,
        cast(parts.covered as {{ amount_type() }}) as actual_total,
        parts.item_key,
        parts.currency as match_currency,
        cast(parts.allocated_amount as {{ amount_type() }}) as allocated_amount,
        cast(parts.adjusted_amount as {{ amount_type() }}) as adjusted_amount,
        cast(parts.allocated_amount as {{ amount_type() }}) as match_amount,
        cast(parts.adjusted_amount as {{ amount_type() }}) as match_adjusted_amount
    from parts
    inner join rules
        on parts.relation = rules.relation
    left join reconciliations
        on parts.reconciliation = reconciliations.name
)

select * from final

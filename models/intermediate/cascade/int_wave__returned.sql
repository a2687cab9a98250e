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

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where pass = 'returned' and rollout = 'stable'
),

held as (
    select distinct allocations.claim_key
    from {{ ref('int_journal__allocations') }} as allocations
    inner join {{ ref('int_matches__standing') }} as standing
        on allocations.match_id = standing.match_id
    where standing.reversal_reason is null
),

-- a line may be listed in two reconciliations; it comes back in one
pairs as (
    select
        returns.relation,
        returns.returned_part,
        returns.evidence,
        return_items.item_key,
        return_items.amount,
        return_items.currency,
        original_items.item_key as returned_item_key
    from returns
    inner join items as return_items
        on returns.item_id = return_items.item_id
    inner join items as original_items
        on
            returns.returned_item_id = original_items.item_id
            and return_items.reconciliation = original_items.reconciliation
    left join held as held_returns
        on return_items.claim_key = held_returns.claim_key
    left join held as held_originals
        on original_items.claim_key = held_originals.claim_key
    where held_returns.claim_key is null and held_originals.claim_key is null
    qualify row_number() over (
        partition by returns.item_id
        order by
            case when return_items.is_listed_only_if_matched then 1 else 0 end asc nulls last,
            return_items.reconciliation asc nulls last
    ) = 1
),

parts as (
    select
        pairs.item_key as group_name,
        pairs.relation,
        pairs.evidence,
        pairs.currency,
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
        case when not rules.closes_by_itself then rules.why_a_person end as ambiguity,
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
)

select * from final

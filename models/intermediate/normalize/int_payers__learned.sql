-- Accounts and names that the customer master does not have, learned from sealed matches: whose
-- invoices did they pay? The first customer stays, until others together have more matches; then
-- the key names nobody. What a person removes stays removed.
with

matched as (select * from {{ ref('int_payers__matched') }}),

customers as (select * from {{ ref('stg_crm__customers') }}),

decisions as (
    select *
    from {{ ref('stg_review__decisions') }}
    where action = 'unmatch' and decided_at <= {{ as_of() }}
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

evidence as (
    select matched.*
    from matched
    left join master_keys
        on
            matched.key_kind = master_keys.key_kind
            and matched.key_value = master_keys.key_value
    where master_keys.key_value is null
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

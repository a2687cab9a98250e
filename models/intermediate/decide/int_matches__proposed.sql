-- What all passes of this run have found, match by match, and what people have said to it.
with

allocations as (select * from {{ ref('int_allocations__proposed') }}),

rules as (select * from {{ ref('int_match_rules__valid') }}),

ambiguities as (select * from {{ ref('match_ambiguities') }}),

wordings as (select * from {{ ref('match_wordings') }}),

-- a probabilistic match is as sure as its own probability says, not as its rule
probabilities as (
    select
        'probabilistic' as pass,
        links.group_name,
        links.probability
    from {{ ref('int_links__probabilistic') }} as links
),

orders as (
    select
        judged.match_id,
        judged.actor
    from {{ ref('int_orders__judged') }} as judged
    where judged.refusal is null
),

decisions as (
    select
        review_decisions.match_id,
        max_by(
            review_decisions.action,
            {{ iso_timestamp('review_decisions.decided_at') }} || review_decisions.decision_id
        ) as action,
        max_by(
            review_decisions.actor,
            {{ iso_timestamp('review_decisions.decided_at') }} || review_decisions.decision_id
        ) as actor,
        max(review_decisions.decided_at) as decided_at
    from {{ ref('stg_review__decisions') }} as review_decisions
    where
        review_decisions.action in ('approve_match', 'reject_match')
        and review_decisions.decided_at <= {{ as_of() }}
    group by review_decisions.match_id
),

-- of suggestions that share an item, only the one approved first becomes a match
approvals as (
    select
        allocations.match_id,
        allocations.item_key,
        decisions.decided_at,
        row_number() over (
            partition by allocations.item_key
            order by decisions.decided_at nulls last, allocations.match_id nulls last
        ) as approval_number
    from allocations
    inner join decisions
        on
            allocations.match_id = decisions.match_id
            and decisions.action = 'approve_match'
    where allocations.ambiguity is not null
),

superseded_approvals as (
    select distinct approvals.match_id
    from approvals
    where approvals.approval_number > 1
),

-- The columns of a group are the same on all its rows: min() picks the one value.
matches as (
    select
        allocations.match_id,
        allocations.reconciliation,
        min(allocations.group_name) as group_name,
        min(allocations.rule_id) as rule_id,
        min(allocations.rule_version) as rule_version,
        min(allocations.ambiguity) as ambiguity,
        min(allocations.evidence) as evidence,
        min(allocations.expected_total) as expected_total,
        min(allocations.actual_total) as actual_total,
        min(allocations.match_currency) as currency,
        count(*) as item_count,
        cast(
            sum(
                case
                    when allocations.side = 'actual'
                        then allocations.match_amount + allocations.match_adjusted_amount
                    else -allocations.match_amount - allocations.match_adjusted_amount
                end
            ) as {{ amount_type() }}
        ) as difference_amount,
        cast(
            coalesce(
                abs(
                    nullif(
                        sum(
                            case
                                when allocations.side = 'expected' then allocations.match_amount
                            end
                        ),
                        0
                    )
                ),
                sum(
                    case
                        when allocations.side = 'expected' and allocations.match_amount > 0
                            then allocations.match_amount
                    end
                ),
                0
            ) as {{ amount_type() }}
        ) as expected_amount,
        cast(
            coalesce(
                sum(
                    case
                        when allocations.side = 'actual' and allocations.match_amount > 0
                            then allocations.match_amount
                    end
                ),
                0
            ) as {{ amount_type() }}
        ) as actual_amount,
        -- a document of which all money has gone back was not paid in part
        case
            when min(case when allocations.side = 'expected' then 1 end) is null then null
            when
                min(case when allocations.side = 'actual' then allocations.allocated_amount end)
                >= 0
                then null
            when
                sum(case when allocations.side = 'expected' then allocations.match_amount end) = 0
                then 'whole'
            else 'part'
        end as money_back,
        count(case when allocations.side = 'expected' then 1 end) as expected_count,
        count(case when allocations.side = 'actual' then 1 end) as actual_count,
        min(case when allocations.side = 'expected' then allocations.document_number end)
            as first_expected,
        max(case when allocations.side = 'expected' then allocations.document_number end)
            as last_expected,
        min(case when allocations.side = 'actual' then allocations.document_number end)
            as first_actual,
        max(case when allocations.side = 'actual' then allocations.document_number end)
            as last_actual
    from allocations
    group by allocations.match_id, allocations.reconciliation
),

described as (
    select
        matches.*,
        case
            when matches.expected_count = 0 then ''
            when matches.expected_count = 1 then matches.first_expected
            else
                cast(matches.expected_count as {{ dbt.type_string() }}) || ' items ('
                || matches.first_expected || ' to ' || matches.last_expected || ')'
        end as expected_label,
        case
            when matches.actual_count = 0 then ''
            when matches.actual_count = 1 then matches.first_actual
            else
                cast(matches.actual_count as {{ dbt.type_string() }}) || ' items ('
                || matches.first_actual || ' to ' || matches.last_actual || ')'
        end as actual_label
    from matches
),

final as (
    select
        described.match_id,
        described.reconciliation,
        rules.pass,
        described.rule_id,
        described.rule_version,
        rules.relation,
        rules.method,
        cast(
            coalesce(probabilities.probability, ambiguities.confidence, rules.confidence)
            as {{ amount_type() }}
        ) as confidence,
        case
            when decisions.action = 'reject_match' then 'rejected'
            when described.ambiguity is null and orders.match_id is not null then 'approved'
            when described.ambiguity is null then 'auto_closed'
            -- nobody agrees to an order of their own
            when
                decisions.action = 'approve_match'
                and superseded_approvals.match_id is null
                and coalesce(decisions.actor <> orders.actor, true)
                then 'approved'
            when described.ambiguity in ('above_ceiling', 'second_person') then 'pending_approval'
            else 'suggested'
        end as decision,
        {{ fill_in('coalesce(wordings.explanation, rules.explanation)', {
            'expected': "coalesce(described.expected_label, '')",
            'actual': "coalesce(described.actual_label, '')",
            'evidence': "coalesce(described.evidence, '')",
            'expected_total': amount_text('described.expected_total'),
            'actual_total': amount_text('described.actual_total'),
            'currency': 'described.currency',
        }) }} || coalesce(' ' || ambiguities.meaning, '') as explanation,
        described.item_count,
        case
            when described.expected_amount <> 0 then described.expected_amount
            when described.actual_amount <> 0 then described.actual_amount
            else abs(described.difference_amount)
        end as amount,
        described.currency,
        described.difference_amount,
        rules.adjustment_kind,
        described.ambiguity,
        case
            when decisions.action = 'reject_match' then decisions.actor
            when described.ambiguity is null then coalesce(orders.actor, 'tieout')
            when
                decisions.action = 'approve_match'
                and superseded_approvals.match_id is null
                and coalesce(decisions.actor <> orders.actor, true)
                then decisions.actor
            else 'tieout'
        end as decided_by
    from described
    inner join rules
        on described.rule_id = rules.rule_id and described.rule_version = rules.rule_version
    left join ambiguities
        on described.ambiguity = ambiguities.code
    left join wordings
        on
            rules.relation = wordings.relation
            and described.money_back = wordings.money_back
    left join probabilities
        on
            rules.pass = probabilities.pass
            and described.group_name = probabilities.group_name
    left join decisions
        on described.match_id = decisions.match_id
    left join superseded_approvals
        on described.match_id = superseded_approvals.match_id
    left join orders
        on described.match_id = orders.match_id
)

select * from final

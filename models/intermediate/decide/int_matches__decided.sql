-- Every match there is: sealed and standing, sealed and reversed, closed in this run, suggested,
-- and what people have declined. What is suggested has no moment and no run: it would be another
-- row in every run, with all that follows from it.
with

standing as (select * from {{ ref('int_matches__standing') }}),

sealed as (select * from {{ ref('int_journal__matches') }}),

reversals as (select * from {{ ref('int_journal__reversals') }}),

proposed as (select * from {{ ref('int_matches__proposed') }}),

rejections as (select * from {{ ref('int_journal__rejections') }}),

item_counts as (
    select
        allocations.match_id,
        count(*) as item_count
    from {{ ref('int_journal__allocations') }} as allocations
    group by allocations.match_id
),

rejected_counts as (
    select
        rejected.match_id,
        count(*) as item_count
    from {{ ref('int_journal__rejected_allocations') }} as rejected
    group by rejected.match_id
),

sealed_state as (
    select
        sealed.*,
        item_counts.item_count,
        coalesce(reversals.reason, standing.reversal_reason) as reversal_reason,
        coalesce(reversals.reversed_at, {{ as_of() }}) as reversed_at,
        coalesce(reversals.reversed_by, standing.reversal_actor) as reversed_by,
        coalesce(reversals.run_id, {{ run_id() }}) as reversal_run_id,
        reversals.match_id is null and standing.reversal_reason is not null as is_reversed_now
    from sealed
    inner join item_counts
        on sealed.match_id = item_counts.match_id
    left join reversals
        on sealed.match_id = reversals.match_id
    left join standing
        on sealed.match_id = standing.match_id
),

final as (
    select
        sealed_state.match_id,
        sealed_state.reconciliation,
        sealed_state.rule_id,
        sealed_state.rule_version,
        sealed_state.pass,
        sealed_state.relation,
        sealed_state.method,
        sealed_state.confidence,
        case
            when sealed_state.reversal_reason is not null then 'reversed'
            else sealed_state.decision
        end as decision,
        sealed_state.explanation,
        sealed_state.item_count,
        sealed_state.amount,
        sealed_state.currency,
        sealed_state.difference_amount,
        sealed_state.adjustment_kind,
        case
            when sealed_state.reversal_reason is not null then sealed_state.reversed_at
            else sealed_state.decided_at
        end as decided_at,
        case
            when sealed_state.reversal_reason is not null then sealed_state.reversed_by
            else sealed_state.decided_by
        end as decided_by,
        case
            when sealed_state.reversal_reason is not null then sealed_state.reversal_run_id
            else sealed_state.run_id
        end as run_id,
        sealed_state.reversal_reason is null as is_live,
        sealed_state.is_reversed_now as is_new,
        sealed_state.reversal_reason,
        cast(null as {{ dbt.type_string() }}) as ambiguity
    from sealed_state
    union all
    select
        proposed.match_id,
        proposed.reconciliation,
        proposed.rule_id,
        proposed.rule_version,
        proposed.pass,
        proposed.relation,
        proposed.method,
        proposed.confidence,
        proposed.decision,
        proposed.explanation,
        proposed.item_count,
        proposed.amount,
        proposed.currency,
        proposed.difference_amount,
        proposed.adjustment_kind,
        case when proposed.decision not in ('suggested', 'pending_approval') then {{ as_of() }} end
            as decided_at,
        proposed.decided_by,
        case when proposed.decision not in ('suggested', 'pending_approval') then {{ run_id() }} end
            as run_id,
        proposed.decision in ('auto_closed', 'approved') as is_live,
        true as is_new,
        cast(null as {{ dbt.type_string() }}) as reversal_reason,
        proposed.ambiguity
    from proposed
    union all
    select
        rejections.match_id,
        rejections.reconciliation,
        rejections.rule_id,
        rejections.rule_version,
        rejections.pass,
        rejections.relation,
        rejections.method,
        rejections.confidence,
        'rejected' as decision,
        rejections.explanation,
        rejected_counts.item_count,
        rejections.amount,
        rejections.currency,
        rejections.difference_amount,
        rejections.adjustment_kind,
        rejections.decided_at,
        rejections.decided_by,
        rejections.run_id,
        false as is_live,
        false as is_new,
        cast(null as {{ dbt.type_string() }}) as reversal_reason,
        rejections.ambiguity
    from rejections
    inner join rejected_counts
        on rejections.match_id = rejected_counts.match_id
    left join proposed
        on rejections.match_id = proposed.match_id
    left join sealed
        on rejections.match_id = sealed.match_id
    where proposed.match_id is null and sealed.match_id is null
)

select * from final

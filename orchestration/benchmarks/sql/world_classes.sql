-- One row per reconciliation and class of cases.
with

asked as (
    select
        reconciliation,
        case_class,
        count(*) filter (resolvable = 'auto') as certain,
        count(*) filter (resolvable = 'auto' and is_closed) as certain_closed,
        count(*) filter (resolvable = 'review') as in_review,
        count(*) filter (resolvable = 'review' and (is_closed or is_shown)) as shown
    from fates
    group by all
),

closed as (
    select
        reconciliation,
        case_class,
        count(*) filter (verdict = 'right') as right_pairs,
        count(*) filter (verdict in ('wrong', 'should_stay')) as wrong_pairs,
        count(distinct match_id) filter (verdict in ('wrong', 'should_stay')) as false_closes
    from judged
    where is_live
    group by all
),

alone as (
    select
        lonely.reconciliation,
        lonely.case_class,
        count(distinct lonely.item_id) as must_stay,
        count(distinct lonely.item_id) filter (taken.match_id is not null) as taken
    from truth.unmatched as lonely
    left join (
        select reconciliation, expected_type as item_type, expected_id as item_id, match_id
        from judged
        where is_live and verdict in ('wrong', 'should_stay')
        union all
        select reconciliation, actual_type as item_type, actual_id as item_id, match_id
        from judged
        where is_live and verdict in ('wrong', 'should_stay')
    ) as taken
        on
            lonely.reconciliation = taken.reconciliation
            and lonely.item_type = taken.item_type
            and lonely.item_id = taken.item_id
    group by all
)

select
    reconciliation,
    case_class,
    coalesce(asked.certain, 0) as certain,
    coalesce(asked.certain_closed, 0) as certain_closed,
    coalesce(asked.in_review, 0) as in_review,
    coalesce(asked.shown, 0) as shown,
    coalesce(closed.right_pairs, 0) as right_pairs,
    coalesce(closed.wrong_pairs, 0) as wrong_pairs,
    coalesce(closed.false_closes, 0) as false_closes,
    coalesce(alone.must_stay, 0) as must_stay,
    coalesce(alone.taken, 0) as taken
from asked
full join closed using (reconciliation, case_class)
full join alone using (reconciliation, case_class)
order by reconciliation, case_class;

-- One row per rule that has a match or is in force: how often it fired, and what became of it.
with hits as (
    select
        fct_matches.rule_id,
        fct_matches.reconciliation,
        any_value(fct_matches.pass) as pass,
        any_value(fct_matches.relation) as relation,
        count(*) as hits,
        count_if(fct_matches.decision = 'auto_closed') as closed,
        count_if(fct_matches.decision = 'approved') as approved,
        count_if(fct_matches.decision in ('suggested', 'pending_approval')) as suggested,
        count_if(fct_matches.decision = 'rejected') as rejected,
        count_if(fct_matches.decision = 'reversed') as reversed
    from marts.fct_matches
    group by fct_matches.rule_id, fct_matches.reconciliation
),

book as (
    select
        dim_rules.rule_id,
        dim_rules.rule_version,
        dim_rules.reconciliation,
        dim_rules.pass,
        dim_rules.relation,
        dim_rules.method,
        dim_rules.closes_by_itself,
        dim_rules.confidence,
        dim_rules.explanation,
        dim_rules.certification,
        dim_rules.is_certified,
        dim_rules.is_in_force,
        dim_rules.undone_count,
        dim_rules.audited_count,
        dim_rules.error_count,
        dim_rules.least_audited,
        dim_rules.canary_share,
        dim_rules.breaker_state,
        dim_rules.breaker_until,
        dim_rules.breaker_evidence
    from marts.dim_rules
    where dim_rules.is_in_force
    qualify
        row_number() over (
            partition by dim_rules.rule_id
            order by dim_rules.canary_share desc nulls last, dim_rules.rule_version desc
        ) = 1
)

select
    coalesce(book.rule_id, hits.rule_id) as rule_id,
    book.rule_version,
    coalesce(book.reconciliation, hits.reconciliation) as reconciliation,
    coalesce(book.pass, hits.pass) as pass,
    coalesce(book.relation, hits.relation) as relation,
    book.method,
    book.closes_by_itself,
    book.confidence,
    book.explanation,
    book.certification,
    book.is_certified,
    book.is_in_force,
    book.undone_count,
    book.audited_count,
    book.error_count,
    book.least_audited,
    book.canary_share,
    book.breaker_state,
    book.breaker_until,
    book.breaker_evidence,
    coalesce(hits.hits, 0) as hits,
    coalesce(hits.closed, 0) as closed,
    coalesce(hits.approved, 0) as approved,
    coalesce(hits.suggested, 0) as suggested,
    coalesce(hits.rejected, 0) as rejected,
    coalesce(hits.reversed, 0) as reversed
from book
full join hits
    on
        book.rule_id = hits.rule_id
        and book.reconciliation = hits.reconciliation
where
    ($reconciliation = '' or coalesce(book.reconciliation, hits.reconciliation) = $reconciliation)
    and ($rule = '' or coalesce(book.rule_id, hits.rule_id) = $rule)
    and ($standing <> 'hit' or hits.hits > 0)
order by coalesce(hits.hits, 0) desc, reconciliation, rule_id

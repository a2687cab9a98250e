-- One row: a match, the state of the rule that made it, where it was sealed, and what an audit says.
with sealed as (
    select
        fct_audit_log.subject_id as match_id,
        min_by(fct_audit_log.block, fct_audit_log.block) as block,
        min_by(fct_audit_log.position, fct_audit_log.block) as position
    from marts.fct_audit_log
    where
        fct_audit_log.subject_id = $match
        and fct_audit_log.entry_type in ('match_closed', 'match_rejected')
    group by fct_audit_log.subject_id
)

select
    fct_matches.match_id,
    fct_matches.reconciliation,
    dim_reconciliations.title as reconciliation_title,
    fct_matches.rule_id,
    fct_matches.rule_version,
    fct_matches.method,
    fct_matches.confidence,
    fct_matches.decision,
    fct_matches.decision in ('auto_closed', 'approved') as is_live,
    fct_matches.explanation,
    fct_matches.currency,
    fct_matches.amount,
    fct_matches.difference_amount,
    fct_matches.adjustment_kind,
    fct_matches.ambiguity,
    fct_matches.reversal_reason,
    fct_matches.decided_at,
    fct_matches.decided_by,
    fct_matches.run_id,
    dim_rules.pass,
    dim_rules.relation,
    dim_rules.closes_by_itself,
    dim_rules.certification,
    dim_rules.is_certified,
    dim_rules.is_in_force,
    dim_rules.audited_count,
    dim_rules.error_count,
    dim_rules.least_audited,
    dim_rules.breaker_state,
    dim_rules.breaker_until,
    dim_rules.breaker_evidence,
    dim_rules.canary_share,
    fct_audit_sample.outcome as audit_outcome,
    sealed.block,
    sealed.position
from marts.fct_matches
left join marts.dim_rules
    on
        fct_matches.rule_id = dim_rules.rule_id
        and fct_matches.rule_version = dim_rules.rule_version
left join marts.dim_reconciliations
    on fct_matches.reconciliation = dim_reconciliations.reconciliation
left join marts.fct_audit_sample
    on fct_matches.match_id = fct_audit_sample.match_id
left join sealed
    on fct_matches.match_id = sealed.match_id
where fct_matches.match_id = $match

-- One row per version of a rule and reconciliation in which it has found something, or that needs
-- a person's eye; amounts in the reporting currency at the rates of the run's day.
with counted as (
    select
        fct_matches.rule_id,
        fct_matches.rule_version,
        fct_matches.reconciliation,
        fct_matches.currency,
        count(*) filter (fct_matches.decision = 'auto_closed') as closed_count,
        sum(fct_matches.amount) filter (fct_matches.decision = 'auto_closed') as closed_amount,
        count(*) filter (fct_matches.decision = 'approved') as approved_count,
        count(*) filter (fct_matches.decision in ('suggested', 'pending_approval'))
            as waiting_count,
        count(*) filter (fct_matches.decision in ('reversed', 'rejected')) as undone_count
    from marts.fct_matches
    group by
        fct_matches.rule_id,
        fct_matches.rule_version,
        fct_matches.reconciliation,
        fct_matches.currency
),

totals as (
    select
        counted.rule_id,
        counted.rule_version,
        counted.reconciliation,
        cast(sum(counted.closed_count) as bigint) as closed_count,
        cast(sum(counted.approved_count) as bigint) as approved_count,
        cast(sum(counted.waiting_count) as bigint) as waiting_count,
        cast(sum(counted.undone_count) as bigint) as undone_count,
        -- unknown rather than too small where a rate is missing
        case
            when
                count(*) filter (counted.closed_amount <> 0)
                = count(*) filter (counted.closed_amount <> 0 and dim_currencies.rate is not null)
                then
                    cast(
                        coalesce(sum(counted.closed_amount * dim_currencies.rate), 0)
                        as decimal(38, 2)
                    )
        end as base_amount
    from counted
    left join marts.dim_currencies
        on counted.currency = dim_currencies.currency
    group by counted.rule_id, counted.rule_version, counted.reconciliation
)

select
    totals.rule_id,
    totals.rule_version,
    totals.reconciliation,
    dim_reconciliations.title as reconciliation_title,
    totals.closed_count,
    totals.approved_count,
    totals.waiting_count,
    totals.undone_count,
    totals.base_amount,
    dim_rules.pass,
    dim_rules.relation,
    dim_rules.method,
    dim_rules.pass_meaning,
    dim_rules.relation_meaning,
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
    case
        when dim_rules.audited_count > 0
            then
                cast(
                    cast(dim_rules.error_count as double) / dim_rules.audited_count
                    as decimal(18, 6)
                )
    end as false_share_of_judged
from totals
left join marts.dim_rules
    on
        totals.rule_id = dim_rules.rule_id
        and totals.rule_version = dim_rules.rule_version
left join marts.dim_reconciliations
    on totals.reconciliation = dim_reconciliations.reconciliation
order by
    case totals.reconciliation
        when 'invoice_to_receipt' then 1
        when 'gateway_to_payout' then 2
        when 'payout_to_bank' then 3
        when 'bank_to_ledger' then 4
        when 'bill_to_payment' then 5
        else 6
    end,
    totals.reconciliation,
    totals.closed_count desc,
    totals.waiting_count desc,
    totals.rule_id,
    totals.rule_version

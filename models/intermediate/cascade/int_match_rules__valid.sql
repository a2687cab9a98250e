-- The rules in force at the run's as_of. A rule closes matches by itself while its row says so,
-- it is certified, its breaker is closed and nobody has paused it; else why a person decides is
-- said by a code of the seed match_ambiguities. It may be paused for some customers alone: then it
-- names them, and who settles asks whether the match is theirs. Of versions in force for all
-- parties the latest is the stable one; a canary is in force beside it, for a share of parties.
with

rules as (select * from {{ ref('match_rules') }}),

certificates as (select * from {{ ref('int_rule_certificates') }}),

pauses as (
    select *
    from {{ ref('int_controls__in_force') }}
    where kind = 'closing_paused'
),

reconciliations as (select * from {{ ref('reconciliations') }}),

pauses_of_all as (
    select count(*) as pause_count
    from pauses
    where pauses.rule_id = '*' and pauses.customer_id = '*'
),

-- of all rules, or of one
paused as (
    select
        rules.rule_id,
        rules.rule_version
    from rules
    cross join pauses_of_all
    left join pauses
        on rules.rule_id = pauses.rule_id and pauses.customer_id = '*'
    where
        rules.method <> 'manual'
        and (pauses_of_all.pause_count > 0 or pauses.rule_id is not null)
),

-- ids of gateways, accounts and vendors may be those of customers, too
paused_for_some as (
    select
        rules.rule_id,
        rules.rule_version,
        array_sort(array_agg(distinct pauses.customer_id)) as paused_customers
    from rules
    inner join pauses
        on pauses.rule_id in ('*', rules.rule_id)
    left join reconciliations
        on rules.reconciliation = reconciliations.name
    where
        rules.method <> 'manual'
        and pauses.customer_id <> '*'
        and coalesce(reconciliations.party_kind, 'customer') = 'customer'
    group by rules.rule_id, rules.rule_version
),

relations as (select * from {{ ref('match_relations') }}),

passes as (select * from {{ ref('passes') }}),

in_force as (
    select
        rules.rule_id,
        rules.rule_version,
        rules.reconciliation,
        rules.pass,
        passes.wave_number,
        passes.place as place_in_wave,
        rules.relation,
        relations.kind as relation_kind,
        relations.payer,
        rules.method,
        rules.closes_by_itself
        and certificates.is_certified
        and not certificates.is_breaker_open
        and paused.rule_id is null as closes_by_itself,
        case
            when not rules.closes_by_itself then 'rule_asks_a_person'
            when not certificates.is_certified then 'not_certified'
            when certificates.is_breaker_open then 'breaker_open'
            when paused.rule_id is not null then 'closing_paused'
        end as why_a_person,
        paused_for_some.paused_customers,
        rules.confidence,
        rules.tolerance_minor_units,
        rules.tolerance_relative,
        rules.tolerance_reporting,
        rules.adjustment_kind,
        rules.largest_amount,
        rules.days_before,
        rules.days_after,
        rules.days_margin,
        rules.canary_share,
        case when rules.canary_share < 1 then 'canary' else 'stable' end as rollout,
        rules.valid_from,
        rules.valid_to,
        rules.explanation
    from rules
    inner join certificates
        on
            rules.rule_id = certificates.rule_id
            and rules.rule_version = certificates.rule_version
    left join paused
        on
            rules.rule_id = paused.rule_id
            and rules.rule_version = paused.rule_version
    left join paused_for_some
        on
            rules.rule_id = paused_for_some.rule_id
            and rules.rule_version = paused_for_some.rule_version
    left join relations
        on rules.relation = relations.relation
    left join passes
        on rules.pass = passes.pass
    where
        rules.valid_from <= {{ as_of_date() }}
        and (rules.valid_to is null or rules.valid_to > {{ as_of_date() }})
),

final as (
    select in_force.*
    from in_force
    qualify row_number() over (
        partition by in_force.rule_id, in_force.rollout
        order by in_force.valid_from desc nulls last, in_force.rule_version desc nulls last
    ) = 1
)

select * from final

-- The weights in force: for each reconciliation those of the last training, else the shipped ones.
with

shipped as (select * from {{ ref('match_weights') }}),

trained as (select * from {{ ref('stg_tieout__match_weights') }}),

all_weights as (
    select
        shipped.version,
        shipped.reconciliation,
        shipped.comparison,
        shipped.level,
        shipped.lower_bound,
        shipped.upper_bound,
        shipped.m_probability,
        shipped.u_probability,
        shipped.weight,
        shipped.pair_share
    from shipped
    union all
    select
        trained.version,
        trained.reconciliation,
        trained.comparison,
        trained.level,
        trained.lower_bound,
        trained.upper_bound,
        trained.m_probability,
        trained.u_probability,
        trained.weight,
        trained.pair_share
    from trained
),

-- a version is a number of four digits and a hash: the last one sorts last
latest as (
    select
        all_weights.reconciliation,
        max(all_weights.version) as version
    from all_weights
    group by all_weights.reconciliation
),

final as (
    select all_weights.*
    from all_weights
    inner join latest
        on
            all_weights.reconciliation = latest.reconciliation
            and all_weights.version = latest.version
)

select * from final

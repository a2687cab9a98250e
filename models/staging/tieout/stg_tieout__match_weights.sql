with

source as (

    select * from {{ source('tieout', 'match_weights') }}

),

final as (

    select
        version,
        reconciliation,
        comparison,
        level,
        lower_bound,
        upper_bound,
        m_probability,
        u_probability,
        weight,
        pair_share
    from source

)

select * from final

with

source as (

    select * from {{ source('tieout', 'match_calibrations') }}

),

final as (

    select
        version,
        reconciliation,
        lower_bound,
        upper_bound,
        pair_count,
        mean_probability,
        observed_share,
        brier_score
    from source

)

select * from final

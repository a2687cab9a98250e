-- How long a feed may bring nothing: the freshness that the contract of the feeds states for it
-- (`error_after`). A feed without one is never missed.
with

final as (

    {{ expected_feeds() }}

)

select * from final

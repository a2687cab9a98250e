{{ config(tags=['after_seal']) }}

{%- set first_date = '(select span.first_date from span)' -%}
{%- set last_date = '(select span.last_date from span)' -%}
-- Days that are not like the same weekdays of the eight weeks before: records by feed, gateway and
-- customer, bad events by indicator. Robust: the median, and the median absolute deviation from it.
-- What moves all others of its kind (a holiday, a month's end) is taken out of what is expected.
with

-- today, the seven days before, and eight weeks before these
span as (
    select
        cast({{ add_days(as_of(), '-63') }} as date) as first_date,
        {{ as_of_date() }} as last_date
),

dates as (
    select calendar.calendar_date as event_date
    from {{ date_spine(first_date, last_date) }} as calendar
),

items as (
    select
        items.feed,
        items.item_id,
        items.event_date,
        items.currency,
        items.amount,
        case when items.feed = 'gateway_transactions' then split_part(items.item_id, '/', 1) end
            as gateway,
        case when items.item_type = 'invoice' then items.party_id end as customer_id
    from {{ ref('int_items__balanced') }} as items
    where items.event_date >= {{ first_date }} and items.event_date <= {{ last_date }}
),

batches as (select * from {{ ref('int_batches__classified') }}),

events as (
    select events.*
    from {{ ref('int_service_levels__events') }} as events
    where events.event_date >= {{ first_date }}
),

queue_depth as (
    select queue_depth.*
    from {{ ref('int_service_levels__queue_depth') }} as queue_depth
    where queue_depth.dimension = 'company' and queue_depth.event_date >= {{ first_date }}
),

audited as (
    select audited.*
    from {{ ref('int_service_levels__audited') }} as audited
    where audited.event_date >= {{ first_date }}
),

limits as (select * from {{ ref('anomaly_limits') }}),

rates as (
    select *
    from {{ ref('int_fx_rates__daily') }}
    where quote_currency = {{ reporting_currency() }}
),

-- a record may be in two reconciliations: it is counted once
volumes as (
    select
        items.feed,
        items.gateway,
        items.customer_id,
        items.event_date,
        items.currency,
        count(distinct items.item_id) as records,
        sum(abs(items.amount)) as amount,
        count(*) as amounts
    from items
    group by items.feed, items.gateway, items.customer_id, items.event_date, items.currency
),

ranked_customers as (
    select
        volumes.customer_id,
        row_number() over (
            order by sum(volumes.records) desc nulls last, volumes.customer_id asc nulls last
        ) as place
    from volumes
    where volumes.customer_id is not null
    group by volumes.customer_id
),

loudest_customers as (
    select ranked_customers.customer_id
    from ranked_customers
    inner join limits
        on limits.kind = 'customer' and ranked_customers.place <= limits.loudest_subjects
),

-- every volume counts for its feed, its gateway and its customer
counted as (
    {%- for kind, column in [
        ('feed', 'feed'), ('gateway', 'gateway'), ('customer', 'customer_id')
    ] %}
    select
        '{{ kind }}' as kind,
        volumes.{{ column }} as subject,
        volumes.feed,
        volumes.event_date,
        volumes.records as observed,
        1 as exposure,
        volumes.currency,
        volumes.amount,
        volumes.amounts
    from volumes
    where volumes.{{ column }} is not null
    union all
    {%- endfor %}
    -- what was learned later was still bad when the day was first reported
    select
        'indicator' as kind,
        events.sli as subject,
        events.sli as feed,
        events.event_date,
        case when events.known_on is null then events.bad_events else events.events end
            as observed,
        events.events as exposure,
        cast(null as {{ dbt.type_string() }}) as currency,
        {{ zero() }} as amount,
        0 as amounts
    from events
    union all
    select
        'indicator' as kind,
        audited.sli as subject,
        audited.sli as feed,
        audited.event_date,
        audited.bad_events as observed,
        audited.events as exposure,
        cast(null as {{ dbt.type_string() }}) as currency,
        {{ zero() }} as amount,
        0 as amounts
    from audited
    union all
    select
        'indicator' as kind,
        queue_depth.sli as subject,
        queue_depth.sli as feed,
        queue_depth.event_date,
        queue_depth.numerator as observed,
        1 as exposure,
        cast(null as {{ dbt.type_string() }}) as currency,
        {{ zero() }} as amount,
        0 as amounts
    from queue_depth
    where queue_depth.numerator > 0
),

observed as (
    select
        concat(counted.kind, ':', counted.subject) as series_key,
        counted.kind,
        counted.subject,
        counted.feed,
        counted.event_date,
        sum(counted.observed) as observed,
        sum(counted.exposure) as exposure,
        sum(
            case
                when counted.currency = {{ reporting_currency() }} then counted.amount
                else {{ as_amount('counted.amount * coalesce(rates.rate, 0)') }}
            end
        ) as base_amount,
        sum(counted.amounts) as amounts
    from counted
    left join rates
        on
            counted.event_date = rates.rate_date
            and counted.currency = rates.base_currency
    where
        counted.kind <> 'customer'
        or counted.subject in (select loudest_customers.customer_id from loudest_customers)
    group by counted.kind, counted.subject, counted.feed, counted.event_date
),

series as (
    select
        observed.series_key,
        observed.kind,
        observed.subject,
        observed.feed,
        min(observed.event_date) as first_date,
        max(observed.event_date) as last_date,
        -- by its median day: one amount with three digits too many would be most of the sum
        median({{ decimal_divide('observed.base_amount', 'observed.amounts', 10) }})
            as usual_amount
    from observed
    group by observed.series_key, observed.kind, observed.subject, observed.feed
),

-- of volumes a day without a record is a day of none; of indicators it says nothing
days as (
    select
        series.series_key,
        series.kind,
        series.feed,
        dates.event_date,
        coalesce(observed.observed, 0) as observed,
        case when series.kind = 'indicator' then coalesce(observed.exposure, 0) else 1 end
            as exposure
    from series
    inner join dates
        on series.first_date <= dates.event_date
    left join observed
        on
            series.series_key = observed.series_key
            and dates.event_date = observed.event_date
),

-- the days that are judged, each beside the same weekdays before it
compared as (
    select
        days.series_key,
        days.kind,
        days.feed,
        days.event_date,
        days.observed,
        days.exposure,
        former.observed as former_observed,
        cast(former.observed as double) / former.exposure as former_share,
        median(cast(former.observed as double) / former.exposure)
            over (partition by days.series_key, days.event_date)
            as median_share
    from days
    inner join days as former
        on
            days.series_key = former.series_key
            and days.event_date > former.event_date
            and {{ days_between('former.event_date', 'days.event_date') }} % 7 = 0
            and {{ days_between('former.event_date', 'days.event_date') }} <= 56
            and former.exposure > 0
    where days.event_date >= cast({{ add_days(as_of(), '-7') }} as date) and days.exposure > 0
),

-- six weeks, or it is too young to tell
based as (
    select
        compared.series_key,
        compared.kind,
        compared.feed,
        compared.event_date,
        compared.observed,
        max(compared.former_observed) as highest,
        compared.median_share * compared.exposure as usual,
        1.4826
        * median(abs(compared.former_share - compared.median_share))
        * compared.exposure as deviation
    from compared
    group by
        compared.series_key,
        compared.kind,
        compared.feed,
        compared.event_date,
        compared.observed,
        compared.exposure,
        compared.median_share
    having count(*) >= 6
),

-- how the day was for the others: of a gateway or customer the rest of its feed, of a feed the
-- other feeds (one of which others do not tell is taken as it is)
others as (
    select
        based.series_key,
        based.event_date,
        (whole.observed - based.observed) / (whole.usual - based.usual) as factor
    from based
    inner join based as whole
        on
            based.feed = whole.feed
            and based.event_date = whole.event_date
            and whole.kind = 'feed'
    where based.kind in ('gateway', 'customer') and whole.usual - based.usual >= 10
    union all
    select
        based.series_key,
        based.event_date,
        median(whole.observed / whole.usual) as factor
    from based
    inner join based as whole
        on
            based.feed <> whole.feed
            and based.event_date = whole.event_date
            and whole.kind = 'feed'
    where based.kind = 'feed' and whole.usual >= 10
    group by based.series_key, based.event_date
),

-- what moved all others explains much, or little, and never the other way round
directions as (
    select
        'high' as direction,
        1 as least_factor,
        5 as largest_factor
    union all
    select
        'low' as direction,
        0.2 as least_factor,
        1 as largest_factor
),

expected as (
    select
        directions.direction,
        based.*,
        least(
            greatest(coalesce(others.factor, 1), directions.least_factor),
            directions.largest_factor
        ) as factor
    from based
    cross join directions
    left join others
        on
            based.series_key = others.series_key
            and based.event_date = others.event_date
),

weighed as (
    select
        expected.direction,
        expected.series_key,
        expected.kind,
        expected.feed,
        expected.event_date,
        cast(expected.observed as decimal(18, 4)) as observed,
        expected.highest,
        cast(expected.usual * expected.factor as decimal(18, 4)) as expected,
        cast(
            greatest(
                expected.deviation * expected.factor,
                sqrt(expected.usual * expected.factor),
                0.15 * expected.usual * expected.factor,
                1
            ) as decimal(18, 4)
        ) as spread
    from expected
),

turns as (
    select dates.event_date
    from dates
    where
        extract(day from dates.event_date) <= 3
        or extract(day from cast({{ add_days('dates.event_date', '3') }} as date)) <= 3
),

-- the turns of the two months before
former_turns as (
    select
        days.series_key,
        max(days.observed) as highest
    from days
    inner join turns
        on days.event_date = turns.event_date
    where days.event_date < cast({{ add_days(as_of(), '-10') }} as date)
    group by days.series_key
),

-- much on one day, also on one that is not over; at the turn of a month more than at the last ones
high as (
    select
        weighed.series_key,
        'high' as direction,
        weighed.event_date as first_date,
        weighed.event_date as last_date,
        weighed.observed,
        weighed.expected,
        weighed.spread
    from weighed
    inner join limits
        on weighed.kind = limits.kind
    left join turns
        on weighed.event_date = turns.event_date
    left join former_turns
        on weighed.series_key = former_turns.series_key
    where
        weighed.direction = 'high'
        and weighed.event_date >= cast({{ add_days(as_of(), '-2') }} as date)
        and (weighed.kind <> 'indicator' or weighed.event_date < {{ last_date }})
        and weighed.observed - weighed.expected >= limits.min_difference
        and weighed.observed - weighed.expected >= limits.min_spreads * weighed.spread
        and weighed.observed >= limits.high_from * weighed.expected
        and weighed.observed > 1.2 * weighed.highest
        and (turns.event_date is null or weighed.observed > 1.5 * former_turns.highest)
),

-- a feed that lands nearly every day is missed after a day; of another one the newest day may not
-- be whole, and what comes after it is not known
landings as (
    select
        batches.record_feed as feed,
        count(distinct cast(batches.landed_at as date)) as landing_days
    from batches
    where
        batches.has_loaded_rows
        and batches.landed_at > {{ add_days(as_of(), '-35') }}
    group by batches.record_feed
),

horizons as (
    select
        series.feed,
        case
            when landings.landing_days >= 18 then cast({{ add_days(as_of(), '-2') }} as date)
            else cast({{ add_days('series.last_date', '-1') }} as date)
        end as whole_until
    from series
    left join landings
        on series.feed = landings.feed
    where series.kind = 'feed'
),

lengths as (
    select 1 as span_days
    union all
    select 3 as span_days
    union all
    select 7 as span_days
),

-- little over one, three or seven days that end with the last whole one
low as (
    select
        weighed.series_key,
        'low' as direction,
        min(weighed.event_date) as first_date,
        max(weighed.event_date) as last_date,
        cast(sum(weighed.observed) as decimal(18, 4)) as observed,
        cast(sum(weighed.expected) as decimal(18, 4)) as expected,
        cast(
            sqrt(cast(sum(weighed.spread * weighed.spread) as double)) as decimal(18, 4)
        ) as spread
    from weighed
    inner join limits
        on weighed.kind = limits.kind
    inner join horizons
        on weighed.feed = horizons.feed and weighed.event_date <= horizons.whole_until
    inner join lengths
        on
            limits.low_min_days <= lengths.span_days
            and weighed.event_date
            > cast({{ add_days('horizons.whole_until', '-lengths.span_days') }} as date)
    where
        weighed.direction = 'low'
        and limits.low_min_days > 0
        and horizons.whole_until >= cast({{ add_days(as_of(), '-4') }} as date)
    group by
        weighed.series_key, limits.low_until, limits.min_difference, lengths.span_days
    having
        sum(weighed.observed) <= limits.low_until * sum(weighed.expected)
        and sum(weighed.expected) - sum(weighed.observed)
        >= greatest(
            limits.min_difference,
            3 * sqrt(cast(sum(weighed.spread * weighed.spread) as double))
        )
),

-- a series is told once: since when, and by the time that says it most
told as (
    select
        found.*,
        min(found.first_date) over (partition by found.series_key, found.direction) as since
    from (
        select * from high
        union all
        select * from low
    ) as found
    qualify row_number() over (
        partition by found.series_key, found.direction
        order by
            abs(found.observed - found.expected) desc nulls last,
            found.first_date asc nulls last
    ) = 1
),

final as (
    select
        series.kind,
        series.subject,
        series.feed,
        told.direction,
        told.since,
        told.first_date,
        told.last_date,
        told.observed,
        told.expected,
        told.spread,
        {{ as_amount(
            "case when series.kind in ('gateway', 'customer')"
            ~ " or series.subject = 'billing_invoices'"
            ~ ' then abs(told.observed - told.expected)'
            ~ ' * cast(coalesce(series.usual_amount, 0) as decimal(18, 2)) else 0 end'
        ) }} as amount
    from told
    inner join series
        on told.series_key = series.series_key
)

select * from final

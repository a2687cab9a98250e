{%- set first_date = '(select span.first_date from span)' -%}
{%- set last_date = '(select span.last_date from span)' -%}
-- Days that are not like the same weekdays of the eight weeks before: records by feed, gateway and
-- customer, bad events by indicator. Robust: the median, and the median absolute deviation from it.
-- What moves all others of its kind (a holiday, a month's end) is taken out of what is expected.
with

items as (
    select
        items.feed,
        items.item_type,
        items.item_id,
        items.party_id,
        items.event_date,
        items.currency,
        items.amount
    from {{ ref('int_items__balanced') }} as items
    where
        items.event_date > cast({{ add_days(as_of(), '-64') }} as date)
        and items.event_date <= {{ as_of_date() }}
),

batches as (select * from {{ ref('int_batches__classified') }}),

events as (select * from {{ ref('int_service_levels__events') }}),

queue_depth as (select * from {{ ref('int_service_levels__queue_depth') }}),

limits as (select * from {{ ref('anomaly_limits') }}),

rates as (
    select *
    from {{ ref('int_fx_rates__daily') }}
    where quote_currency = {{ reporting_currency() }}
),

-- today, the seven days before, and eight weeks before these
span as (
    select
        cast({{ add_days(as_of(), '-63') }} as date) as first_date,
        {{ as_of_date() }} as last_date
),

dates as (
    select calendar.calendar_date
    from {{ date_spine(first_date, last_date) }} as calendar
),

-- a record may be in two reconciliations
counted as (
    select
        items.feed,
        case
            when items.feed = 'gateway_transactions' then split_part(items.item_id, '/', 1)
        end as gateway,
        case when items.item_type = 'invoice' then items.party_id end as customer_id,
        items.event_date,
        items.currency,
        count(distinct items.item_id) as records,
        sum(abs(items.amount)) as amount,
        count(*) as amounts
    from items
    group by
        items.feed,
        case
            when items.feed = 'gateway_transactions' then split_part(items.item_id, '/', 1)
        end,
        case when items.item_type = 'invoice' then items.party_id end,
        items.event_date,
        items.currency
),

valued as (
    select
        counted.feed,
        counted.gateway,
        counted.customer_id,
        counted.event_date,
        counted.records,
        case
            when counted.currency = {{ reporting_currency() }} then counted.amount
            else {{ as_amount('counted.amount * coalesce(rates.rate, 0)') }}
        end as base_amount,
        counted.amounts
    from counted
    left join rates
        on
            counted.event_date = rates.rate_date
            and counted.currency = rates.base_currency
),

ranked_customers as (
    select
        valued.customer_id,
        row_number() over (
            order by sum(valued.records) desc nulls last, valued.customer_id asc nulls last
        ) as place
    from valued
    where valued.customer_id is not null
    group by valued.customer_id
),

observed as (
    select
        'feed' as kind,
        valued.feed as subject,
        valued.feed,
        valued.event_date,
        sum(valued.records) as observed,
        1 as exposure,
        sum(valued.base_amount) as base_amount,
        sum(valued.amounts) as amounts
    from valued
    group by valued.feed, valued.event_date
    union all
    select
        'gateway' as kind,
        valued.gateway as subject,
        valued.feed,
        valued.event_date,
        sum(valued.records) as observed,
        1 as exposure,
        sum(valued.base_amount) as base_amount,
        sum(valued.amounts) as amounts
    from valued
    where valued.gateway is not null
    group by valued.gateway, valued.feed, valued.event_date
    union all
    select
        'customer' as kind,
        valued.customer_id as subject,
        valued.feed,
        valued.event_date,
        sum(valued.records) as observed,
        1 as exposure,
        sum(valued.base_amount) as base_amount,
        sum(valued.amounts) as amounts
    from valued
    inner join ranked_customers
        on valued.customer_id = ranked_customers.customer_id
    inner join limits
        on limits.kind = 'customer' and ranked_customers.place <= limits.loudest_subjects
    group by valued.customer_id, valued.feed, valued.event_date
    union all
    -- what was learned later was still bad when the day was first reported
    select
        'indicator' as kind,
        events.sli as subject,
        events.sli as feed,
        events.event_date,
        sum(case when events.known_on is null then events.bad_events else events.events end)
            as observed,
        sum(events.events) as exposure,
        {{ zero() }} as base_amount,
        0 as amounts
    from events
    cross join span
    where events.event_date >= span.first_date
    group by events.sli, events.event_date
    union all
    select
        'indicator' as kind,
        queue_depth.sli as subject,
        queue_depth.sli as feed,
        queue_depth.event_date,
        queue_depth.numerator as observed,
        1 as exposure,
        {{ zero() }} as base_amount,
        0 as amounts
    from queue_depth
    cross join span
    where queue_depth.event_date >= span.first_date and queue_depth.numerator > 0
),

series as (
    select
        observed.kind,
        observed.subject,
        observed.feed,
        min(observed.event_date) as first_date,
        max(observed.event_date) as last_date,
        -- by its median day: one amount with three digits too many would be most of the sum
        median(cast(observed.base_amount as double) / nullif(observed.amounts, 0)) as usual_amount
    from observed
    group by observed.kind, observed.subject, observed.feed
),

-- of volumes a day without a record is a day of none; of indicators it says nothing
days as (
    select
        series.kind,
        series.subject,
        series.feed,
        dates.calendar_date as event_date,
        coalesce(observed.observed, 0) as observed,
        case when series.kind = 'indicator' then coalesce(observed.exposure, 0) else 1 end
            as exposure,
        extract(day from dates.calendar_date) <= 3
        or extract(day from cast({{ add_days('dates.calendar_date', '3') }} as date)) <= 3
            as is_turn_of_month
    from series
    inner join dates
        on series.first_date <= dates.calendar_date
    left join observed
        on
            series.kind = observed.kind
            and series.subject = observed.subject
            and series.feed = observed.feed
            and dates.calendar_date = observed.event_date
),

targets as (
    select days.*
    from days
    where days.event_date >= cast({{ add_days(as_of(), '-7') }} as date) and days.exposure > 0
),

baseline_days as (
    select
        targets.kind,
        targets.subject,
        targets.feed,
        targets.event_date,
        days.observed,
        cast(days.observed as double) / days.exposure as share
    from targets
    inner join days
        on
            targets.kind = days.kind
            and targets.subject = days.subject
            and targets.feed = days.feed
            and targets.event_date > days.event_date
            and {{ days_between('days.event_date', 'targets.event_date') }} % 7 = 0
            and {{ days_between('days.event_date', 'targets.event_date') }} <= 56
            and days.exposure > 0
),

-- six weeks, or it is too young to tell
medians as (
    select
        baseline_days.kind,
        baseline_days.subject,
        baseline_days.feed,
        baseline_days.event_date,
        median(baseline_days.share) as median_share,
        max(baseline_days.observed) as highest
    from baseline_days
    group by
        baseline_days.kind, baseline_days.subject, baseline_days.feed, baseline_days.event_date
    having count(*) >= 6
),

spreads as (
    select
        medians.kind,
        medians.subject,
        medians.feed,
        medians.event_date,
        median(abs(baseline_days.share - medians.median_share)) as deviation
    from medians
    inner join baseline_days
        on
            medians.kind = baseline_days.kind
            and medians.subject = baseline_days.subject
            and medians.feed = baseline_days.feed
            and medians.event_date = baseline_days.event_date
    group by medians.kind, medians.subject, medians.feed, medians.event_date
),

based as (
    select
        targets.*,
        medians.median_share * targets.exposure as usual,
        1.4826 * spreads.deviation * targets.exposure as deviation,
        medians.highest
    from targets
    inner join medians
        on
            targets.kind = medians.kind
            and targets.subject = medians.subject
            and targets.feed = medians.feed
            and targets.event_date = medians.event_date
    inner join spreads
        on
            targets.kind = spreads.kind
            and targets.subject = spreads.subject
            and targets.feed = spreads.feed
            and targets.event_date = spreads.event_date
),

-- how the day was for the others: of a gateway or customer the rest of its feed, of a feed the
-- other feeds (one of which others do not tell is taken as it is)
others as (
    select
        based.kind,
        based.subject,
        based.event_date,
        (max(whole.observed) - max(based.observed))
        / nullif(max(whole.usual) - max(based.usual), 0) as factor
    from based
    inner join based as whole
        on
            based.feed = whole.subject
            and whole.kind = 'feed'
            and based.event_date = whole.event_date
    where based.kind in ('gateway', 'customer') and whole.usual - based.usual >= 10
    group by based.kind, based.subject, based.event_date
    union all
    select
        based.kind,
        based.subject,
        based.event_date,
        median(whole.observed / whole.usual) as factor
    from based
    inner join based as whole
        on
            based.subject <> whole.subject
            and whole.kind = 'feed'
            and based.event_date = whole.event_date
    where based.kind = 'feed' and whole.usual >= 10
    group by based.kind, based.subject, based.event_date
),

-- what moved all others explains much, or little, and never the other way round
expected as (
    select
        directions.direction,
        based.kind,
        based.subject,
        based.feed,
        based.event_date,
        based.observed,
        based.highest,
        based.is_turn_of_month,
        based.usual,
        based.deviation,
        case
            when directions.direction = 'high'
                then least(greatest(coalesce(others.factor, 1), 1), 5)
            else least(greatest(coalesce(others.factor, 1), 0.2), 1)
        end as factor
    from based
    cross join (
        select 'high' as direction
        union all
        select 'low' as direction
    ) as directions
    left join others
        on
            based.kind = others.kind
            and based.subject = others.subject
            and based.event_date = others.event_date
),

weighed as (
    select
        expected.direction,
        expected.kind,
        expected.subject,
        expected.feed,
        expected.event_date,
        cast(expected.observed as decimal(18, 4)) as observed,
        expected.highest,
        expected.is_turn_of_month,
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

-- the turns of the two months before
turns as (
    select
        days.kind,
        days.subject,
        days.feed,
        max(days.observed) as highest
    from days
    where
        days.is_turn_of_month
        and days.event_date < cast({{ add_days(as_of(), '-10') }} as date)
    group by days.kind, days.subject, days.feed
),

-- much on one day, also on one that is not over; at the turn of a month more than at the last ones
high as (
    select
        weighed.kind,
        weighed.subject,
        weighed.feed,
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
        on
            weighed.kind = turns.kind
            and weighed.subject = turns.subject
            and weighed.feed = turns.feed
    where
        weighed.direction = 'high'
        and weighed.event_date >= cast({{ add_days(as_of(), '-2') }} as date)
        and (weighed.kind <> 'indicator' or weighed.event_date < {{ as_of_date() }})
        and weighed.observed - weighed.expected >= limits.min_difference
        and weighed.observed - weighed.expected >= limits.min_spreads * weighed.spread
        and weighed.observed >= limits.high_from * weighed.expected
        and weighed.observed > 1.2 * weighed.highest
        and (
            not weighed.is_turn_of_month
            or coalesce(weighed.observed > 1.5 * turns.highest, false)
        )
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
            when max(landings.landing_days) >= 18
                then cast({{ add_days(as_of(), '-2') }} as date)
            else cast({{ add_days('max(series.last_date)', '-1') }} as date)
        end as whole_until
    from series
    left join landings
        on series.feed = landings.feed
    where series.kind = 'feed'
    group by series.feed
),

-- little over one, three or seven days that end with the last whole one
spans as (
    select
        weighed.kind,
        weighed.subject,
        weighed.feed,
        lengths.span_days,
        min(weighed.event_date) as first_date,
        max(weighed.event_date) as last_date,
        sum(weighed.observed) as observed,
        sum(weighed.expected) as expected,
        sqrt(cast(sum(weighed.spread * weighed.spread) as double)) as spread
    from weighed
    inner join horizons
        on weighed.feed = horizons.feed and weighed.event_date <= horizons.whole_until
    cross join (
        select 1 as span_days
        union all
        select 3 as span_days
        union all
        select 7 as span_days
    ) as lengths
    where
        weighed.direction = 'low'
        and weighed.kind <> 'indicator'
        and weighed.event_date
        > cast({{ add_days('horizons.whole_until', '-lengths.span_days') }} as date)
        and horizons.whole_until >= cast({{ add_days(as_of(), '-4') }} as date)
    group by weighed.kind, weighed.subject, weighed.feed, lengths.span_days
),

low as (
    select
        spans.kind,
        spans.subject,
        spans.feed,
        'low' as direction,
        spans.first_date,
        spans.last_date,
        cast(spans.observed as decimal(18, 4)) as observed,
        cast(spans.expected as decimal(18, 4)) as expected,
        cast(spans.spread as decimal(18, 4)) as spread
    from spans
    inner join limits
        on spans.kind = limits.kind
    where
        limits.low_min_days > 0
        and spans.span_days >= limits.low_min_days
        and spans.observed <= limits.low_until * spans.expected
        and spans.expected - spans.observed >= limits.min_difference
        and spans.expected - spans.observed >= 3 * spans.spread
),

found as (
    select * from high
    union all
    select * from low
),

-- a series is told once: since when, and by the time that says it most
told as (
    select
        found.*,
        min(found.first_date) over (partition by found.kind, found.subject, found.direction)
            as since
    from found
    qualify row_number() over (
        partition by found.kind, found.subject, found.direction
        order by
            abs(found.observed - found.expected) desc nulls last,
            found.first_date asc nulls last
    ) = 1
),

final as (
    select
        told.kind,
        told.subject,
        told.feed,
        told.direction,
        told.since,
        told.first_date,
        told.last_date,
        told.observed,
        told.expected,
        told.spread,
        {{ as_amount(
            "case when told.kind in ('gateway', 'customer') or told.subject = 'billing_invoices'"
            ~ ' then abs(told.observed - told.expected)'
            ~ ' * cast(coalesce(series.usual_amount, 0) as decimal(18, 2)) else 0 end'
        ) }} as amount
    from told
    inner join series
        on
            told.kind = series.kind
            and told.subject = series.subject
            and told.feed = series.feed
)

select * from final

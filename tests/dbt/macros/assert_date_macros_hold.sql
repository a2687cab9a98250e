-- Guards date arithmetic and the written forms of moments. Broken, windows would open and close on
-- other days on another engine, and item ids and audit hashes would differ.
{{ config(meta={'tested': 'on_release'}) }}
with

moments as (
    select
        cast('2024-02-28 22:30:00.5' as timestamp) as late_evening,
        cast('2024-03-01 00:29:59' as timestamp) as after_midnight,
        cast('2024-02-28' as date) as end_of_february
),

cases as (
    {%- set berlin = "'Europe/Berlin'" %}
    {%- set cases = [
        ('days over a leap day', iso_timestamp(add_days('moments.end_of_february', '2')), '2024-03-01T00:00:00.000000Z'),
        ('days back', iso_seconds(add_days('moments.late_evening', '-59')), '2023-12-31T22:30:00Z'),
        ('hours', iso_seconds(add_hours('moments.late_evening', '2')), '2024-02-29T00:30:00Z'),
        ('microseconds', iso_timestamp('moments.late_evening'), '2024-02-28T22:30:00.500000Z'),
        ('complete hours only', hours_between('moments.late_evening', 'moments.after_midnight'), '25'),
        ('hours backward', hours_between('moments.after_midnight', 'moments.late_evening'), '-25'),
        ('seconds', seconds_between('moments.late_evening', 'moments.after_midnight'), '93598'),
        ('calendar days', days_between('moments.late_evening', 'moments.after_midnight'), '2'),
        ('month start', iso_date(month_start('moments.late_evening')), '2024-02-01'),
        ('day in words', day_in_words('moments.after_midnight'), '1 Mar 2024'),
        ('clocks in summer', iso_seconds(local_time("timestamp '2026-03-29 01:00:00'", berlin)), '2026-03-29T03:00:00Z'),
        ('clocks in winter', iso_seconds(local_time("timestamp '2026-03-29 00:59:59'", berlin)), '2026-03-29T01:59:59Z'),
        ('of clocks in summer', iso_seconds(utc_time("timestamp '2026-03-29 03:00:00'", berlin)), '2026-03-29T01:00:00Z'),
        ('of clocks in winter', iso_seconds(utc_time("timestamp '2026-03-29 00:00:00'", berlin)), '2026-03-28T23:00:00Z'),
        ('what clocks never show', iso_seconds(utc_time("timestamp '2026-03-29 02:30:00'", berlin)), '2026-03-29T01:30:00Z'),
        ('what clocks show twice', iso_seconds(utc_time("timestamp '2026-10-25 02:30:00'", berlin)), '2026-10-25T01:30:00Z'),
        ('before they show it twice', iso_seconds(utc_time("timestamp '2026-10-25 01:30:00'", berlin)), '2026-10-24T23:30:00Z'),
        ('month', iso_month('moments.late_evening'), '2024-02'),
    ] %}
    {%- for name, actual, expected in cases %}
    select
        '{{ name }}' as case_name,
        cast({{ actual }} as {{ dbt.type_string() }}) as actual,
        '{{ expected }}' as expected
    from moments
    union all
    {%- endfor %}
    select
        'spine includes both ends' as case_name,
        cast(count(*) as {{ dbt.type_string() }}) as actual,
        '3' as expected
    from {{ date_spine("cast('2024-02-28' as date)", "cast('2024-03-01' as date)") }} as spine
)

select *
from cases
where actual is distinct from expected

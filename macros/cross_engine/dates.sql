{#
    Date arithmetic. `date + interval` is a timestamp on DuckDB and a date on Spark, and engines
    count hours differently; these agree. Results are timestamps (UTC, naive) or bigints.
#}

{# `moment` (a date or timestamp) plus `days` (an integer expression, may be negative). #}
{% macro add_days(moment, days) -%}
    (cast({{ moment }} as timestamp) + ({{ days }}) * interval '1' day)
{%- endmacro %}


{# `moment` (a date or timestamp) plus `hours` (an integer expression, may be negative). #}
{% macro add_hours(moment, hours) -%}
    (cast({{ moment }} as timestamp) + ({{ hours }}) * interval '1' hour)
{%- endmacro %}


{# `moment` (a date or timestamp) plus `seconds` (an integer expression, may be negative). #}
{% macro add_seconds(moment, seconds) -%}
    (cast({{ moment }} as timestamp) + ({{ seconds }}) * interval '1' second)
{%- endmacro %}


{# Complete hours from `start` to `end` as bigint, negative when `end` is earlier. #}
{% macro hours_between(start, end) -%}
    {{ return(adapter.dispatch('hours_between')(start, end)) }}
{%- endmacro %}

{# DuckDB: datesub counts complete units, date_diff would count boundaries. #}
{% macro duckdb__hours_between(start, end) -%}
    datesub('hour', cast({{ start }} as timestamp), cast({{ end }} as timestamp))
{%- endmacro %}

{# Spark: timestampdiff counts complete units. #}
{% macro spark__hours_between(start, end) -%}
    cast(timestampdiff(hour, cast({{ start }} as timestamp), cast({{ end }} as timestamp)) as bigint)
{%- endmacro %}


{# Whole seconds from `start` to `end` as bigint. #}
{% macro seconds_between(start, end) -%}
    {{ return(adapter.dispatch('seconds_between')(start, end)) }}
{%- endmacro %}

{# DuckDB: complete seconds. #}
{% macro duckdb__seconds_between(start, end) -%}
    datesub('second', cast({{ start }} as timestamp), cast({{ end }} as timestamp))
{%- endmacro %}

{# Spark: complete seconds. #}
{% macro spark__seconds_between(start, end) -%}
    cast(timestampdiff(second, cast({{ start }} as timestamp), cast({{ end }} as timestamp)) as bigint)
{%- endmacro %}


{# Calendar days from `start` to `end` (dates or timestamps) as bigint. #}
{% macro days_between(start, end) -%}
    {{ return(adapter.dispatch('days_between')(start, end)) }}
{%- endmacro %}

{# DuckDB: date - date is a bigint. #}
{% macro duckdb__days_between(start, end) -%}
    (cast({{ end }} as date) - cast({{ start }} as date))
{%- endmacro %}

{# Spark: date - date would be an interval. #}
{% macro spark__days_between(start, end) -%}
    cast(datediff(cast({{ end }} as date), cast({{ start }} as date)) as bigint)
{%- endmacro %}


{# The first day of the month of a date or timestamp, as a date. #}
{% macro month_start(moment) -%}
    cast(date_trunc('month', {{ moment }}) as date)
{%- endmacro %}


{# A UTC timestamp as `YYYY-MM-DDTHH:MM:SS.ffffffZ`: the form of the audit recipe. #}
{% macro iso_timestamp(moment) -%}
    {{ return(adapter.dispatch('iso_timestamp')(moment)) }}
{%- endmacro %}

{# DuckDB: C format codes; %f is six digits. #}
{% macro duckdb__iso_timestamp(moment) -%}
    strftime(cast({{ moment }} as timestamp), '%Y-%m-%dT%H:%M:%S.%fZ')
{%- endmacro %}

{# Spark: Java patterns. #}
{% macro spark__iso_timestamp(moment) -%}
    concat(
        date_format(cast({{ moment }} as timestamp), 'yyyy-MM-dd'), 'T',
        date_format(cast({{ moment }} as timestamp), 'HH:mm:ss.SSSSSS'), 'Z'
    )
{%- endmacro %}


{# A UTC timestamp as `YYYY-MM-DDTHH:MM:SSZ`: the form inside item ids. #}
{% macro iso_seconds(moment) -%}
    {{ return(adapter.dispatch('iso_seconds')(moment)) }}
{%- endmacro %}

{# DuckDB: C format codes. #}
{% macro duckdb__iso_seconds(moment) -%}
    strftime(cast({{ moment }} as timestamp), '%Y-%m-%dT%H:%M:%SZ')
{%- endmacro %}

{# Spark: Java patterns. #}
{% macro spark__iso_seconds(moment) -%}
    concat(
        date_format(cast({{ moment }} as timestamp), 'yyyy-MM-dd'), 'T',
        date_format(cast({{ moment }} as timestamp), 'HH:mm:ss'), 'Z'
    )
{%- endmacro %}


{# A date as `YYYY-MM-DD` text. #}
{% macro iso_date(moment) -%}
    cast(cast({{ moment }} as date) as {{ dbt.type_string() }})
{%- endmacro %}


{# A date as people write it, `3 May 2026`; the pages write dates alike. #}
{% macro day_in_words(moment) -%}
    {{ return(adapter.dispatch('day_in_words')(moment)) }}
{%- endmacro %}

{# DuckDB: C format codes, %-d without a leading nought. #}
{% macro duckdb__day_in_words(moment) -%}
    strftime(cast({{ moment }} as date), '%-d %b %Y')
{%- endmacro %}

{# Spark: Java patterns, in English whatever the machine speaks. #}
{% macro spark__day_in_words(moment) -%}
    date_format(cast({{ moment }} as date), 'd MMM yyyy')
{%- endmacro %}


{# The month of a date or timestamp as `YYYY-MM` text. #}
{% macro iso_month(moment) -%}
    substring(cast(cast({{ moment }} as date) as {{ dbt.type_string() }}), 1, 7)
{%- endmacro %}


{#
    One row a day from `first_date` to `last_date` (date expressions, both included): a from-clause
    item with the column `calendar_date`.
    from {{ date_spine('min_date', 'max_date') }}
#}
{% macro date_spine(first_date, last_date) -%}
    {{ return(adapter.dispatch('date_spine')(first_date, last_date)) }}
{%- endmacro %}

{# DuckDB: generate_series over dates gives timestamps. #}
{% macro duckdb__date_spine(first_date, last_date) -%}
    (
        select cast(series.moment as date) as calendar_date
        from unnest(
            generate_series(
                cast({{ first_date }} as timestamp), cast({{ last_date }} as timestamp), interval '1' day
            )
        ) as series (moment)
    )
{%- endmacro %}

{# Spark: sequence over dates gives dates. #}
{% macro spark__date_spine(first_date, last_date) -%}
    (
        select explode(
            sequence(cast({{ first_date }} as date), cast({{ last_date }} as date), interval 1 day)
        ) as calendar_date
    )
{%- endmacro %}


{# What clocks of a time zone show at `moment` (UTC), as a naive timestamp. #}
{% macro local_time(moment, zone) -%}
    {{ return(adapter.dispatch('local_time')(moment, zone)) }}
{%- endmacro %}

{# DuckDB: the zone is told twice, once to leave UTC and once to arrive. #}
{% macro duckdb__local_time(moment, zone) -%}
    timezone({{ zone }}, timezone('UTC', cast({{ moment }} as timestamp)))
{%- endmacro %}

{# Spark: a timestamp without a zone, as all are here. #}
{% macro spark__local_time(moment, zone) -%}
    convert_timezone('UTC', {{ zone }}, cast({{ moment }} as timestamp_ntz))
{%- endmacro %}


{#
    The moment (naive UTC) at which clocks of a time zone show `local`: where they show it twice, the
    second time; where they never do, as long after the change as it would have been.
#}
{% macro utc_time(local, zone) -%}
    {{ return(adapter.dispatch('utc_time')(local, zone)) }}
{%- endmacro %}

{# DuckDB: an hour that comes twice is the second. #}
{% macro duckdb__utc_time(local, zone) -%}
    timezone('UTC', timezone({{ zone }}, cast({{ local }} as timestamp)))
{%- endmacro %}

{# Spark takes the first: an hour before what clocks show an hour later is then the second. #}
{% macro spark__utc_time(local, zone) -%}
    greatest(
        convert_timezone({{ zone }}, 'UTC', cast({{ local }} as timestamp_ntz)),
        convert_timezone(
            {{ zone }}, 'UTC', cast({{ local }} as timestamp_ntz) + interval '1' hour
        ) - interval '1' hour
    )
{%- endmacro %}

{{ config(tags=['after_seal']) }}

with

runs as (select * from {{ ref('stg_tieout__runs') }}),

timed_matches as (select * from {{ ref('int_matches__timed') }}),

allocations as (
    select *
    from {{ ref('int_match_allocations') }}
    where is_live and reconciliation = 'invoice_to_receipt' and item_type = 'invoice'
),

items as (
    select *
    from {{ ref('int_items__balanced') }}
    where reconciliation = 'invoice_to_receipt' and item_type = 'invoice'
),

customers as (select * from {{ ref('stg_crm__customers') }}),

-- as far back as a month reaches; a run that was made again keeps its id
recent_runs as (
    select distinct
        runs.run_id,
        runs.as_of
    from runs
    where runs.as_of > {{ add_days(as_of(), '-31') }}
),

matched_invoices as (
    select
        timed_matches.run_id,
        coalesce(customers.tier, 'none') as tier,
        coalesce(timed_matches.gateway, 'none') as gateway,
        items.batch_id,
        count(*) as invoices
    from timed_matches
    inner join recent_runs
        on timed_matches.run_id = recent_runs.run_id
    inner join allocations
        on timed_matches.match_id = allocations.match_id
    inner join items
        on allocations.item_key = items.item_key
    left join customers
        on items.party_id = customers.customer_id
    group by
        timed_matches.run_id,
        coalesce(customers.tier, 'none'),
        coalesce(timed_matches.gateway, 'none'),
        items.batch_id
),

-- a run that matched nothing has cost its time, too
run_invoices as (
    select
        recent_runs.run_id,
        recent_runs.as_of,
        coalesce(matched_invoices.invoices, 0) as invoices,
        'all' as company,
        coalesce(matched_invoices.tier, 'no_match') as tier,
        coalesce(matched_invoices.gateway, 'no_match') as gateway,
        coalesce(matched_invoices.batch_id, 'no_match') as batch
    from recent_runs
    left join matched_invoices
        on recent_runs.run_id = matched_invoices.run_id
),

counted as (
    {%- for dimension in ['company', 'tier', 'gateway', 'batch'] %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        run_invoices.run_id,
        run_invoices.as_of,
        '{{ dimension }}' as dimension,
        run_invoices.{{ dimension }} as dimension_value,
        sum(run_invoices.invoices) as invoices
    from run_invoices
    group by run_invoices.run_id, run_invoices.as_of, run_invoices.{{ dimension }}
    {%- endfor %}
),

wholes as (
    select
        counted.run_id,
        counted.invoices
    from counted
    where counted.dimension = 'company'
),

final as (
    select
        counted.run_id,
        counted.as_of,
        counted.dimension,
        counted.dimension_value,
        cast(counted.invoices as bigint) as invoices,
        coalesce({{ decimal_divide('counted.invoices', 'wholes.invoices', 10) }}, 1) as cost_share
    from counted
    inner join wholes
        on counted.run_id = wholes.run_id
)

select * from final

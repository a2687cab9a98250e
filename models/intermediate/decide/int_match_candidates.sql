-- Why an open item was not matched: the suggestions it is in, and the documents that its text names
-- but that could not take it.
with

open_items as (
    select *
    from {{ ref('int_items__balanced') }}
    where status in ('open', 'partial', 'in_review')
),

allocations as (
    select *
    from {{ ref('int_match_allocations') }}
    where decision in ('suggested', 'pending_approval')
),

matches as (
    select *
    from {{ ref('int_matches__decided') }}
    where decision in ('suggested', 'pending_approval')
),

all_items as (select * from {{ ref('int_items__balanced') }}),

mentions as (select * from {{ ref('int_item_mentions') }}),

numbers as (select * from {{ ref('int_item_numbers') }}),

-- a match of the probabilistic pass says what each comparison weighs
weighed_matches as (
    select distinct
        proposed.match_id,
        links.score_parts
    from {{ ref('int_allocations__proposed') }} as proposed
    inner join {{ ref('int_links__probabilistic') }} as links
        on proposed.group_name = links.group_name
    where proposed.pass = 'probabilistic'
),

suggested as (
    select
        open_items.item_key,
        open_items.reconciliation,
        open_items.item_type,
        open_items.item_id,
        matches.match_id,
        cast(null as {{ dbt.type_string() }}) as other_item_type,
        cast(null as {{ dbt.type_string() }}) as other_item_id,
        matches.confidence as score,
        coalesce(
            weighed_matches.score_parts,
            {{ json_object([
                ['confidence', amount_text('matches.confidence')],
                ['difference', amount_text('matches.difference_amount')],
                ['rule', 'matches.rule_id'],
            ]) }}
        ) as score_parts,
        matches.ambiguity as why_not
    from open_items
    inner join allocations
        on open_items.item_key = allocations.item_key
    inner join matches
        on allocations.match_id = matches.match_id
    left join weighed_matches
        on matches.match_id = weighed_matches.match_id
),

named as (
    select
        open_items.item_key,
        open_items.reconciliation,
        open_items.item_type,
        open_items.item_id,
        cast(null as {{ dbt.type_string() }}) as match_id,
        all_items.item_type as other_item_type,
        all_items.item_id as other_item_id,
        cast(0.1 as {{ amount_type() }}) as score,
        {{ json_object([
            ['names', 'min(mentions.mention_value)'],
            ['open', amount_text('min(all_items.open_amount)')],
        ]) }} as score_parts,
        min(
            case
                when all_items.status = 'set_aside' then 'named_item_' || all_items.set_aside_reason
                when all_items.currency <> open_items.currency then 'named_item_other_currency'
                when numbers.strength = 'weak' then 'weak_reference'
                else 'named_item_not_chosen'
            end
        ) as why_not
    from open_items
    inner join mentions
        on open_items.item_key = mentions.item_key
    inner join numbers
        on
            open_items.reconciliation = numbers.reconciliation
            and mentions.mention_value = numbers.number_value
    inner join all_items
        on
            numbers.item_key = all_items.item_key
            and numbers.row_hash = all_items.row_hash
            and all_items.status <> 'closed'
    left join suggested
        on open_items.item_key = suggested.item_key
    where suggested.item_key is null
    group by
        open_items.item_key,
        open_items.reconciliation,
        open_items.item_type,
        open_items.item_id,
        all_items.item_type,
        all_items.item_id
),

-- what it names has been paid already
paid_before as (
    select
        open_items.item_key,
        open_items.reconciliation,
        open_items.item_type,
        open_items.item_id,
        cast(null as {{ dbt.type_string() }}) as match_id,
        'invoice' as other_item_type,
        quoted.invoice_id as other_item_id,
        cast(0.2 as {{ amount_type() }}) as score,
        {{ json_object([['open', amount_text('open_items.open_amount')]]) }} as score_parts,
        'named_item_already_closed' as why_not
    from open_items
    inner join {{ ref('int_exceptions__paid_before') }} as quoted
        on open_items.item_key = quoted.item_key
),

weighed as (select * from {{ ref('int_match_candidates__weighed') }}),

candidates as (
    select * from suggested
    union all
    select * from named
    union all
    select * from paid_before
    union all
    select * from weighed
),

ranked as (
    select
        candidates.*,
        row_number() over (
            partition by candidates.item_key
            order by
                candidates.score desc nulls last,
                candidates.match_id asc nulls last,
                candidates.other_item_type asc nulls last,
                candidates.other_item_id asc nulls last
        ) as rank
    from candidates
),

final as (
    select *
    from ranked
    where ranked.rank <= 10
)

select * from final

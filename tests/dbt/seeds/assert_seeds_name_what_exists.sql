-- Guards: what a row of a seed names exists in the seed that lists it, so that no rule is there in
-- vain: passes, relations, methods and reconciliations of rules, adjustments with an account, a
-- mismatch rule wherever there are rules, types and causes of exceptions, roles, windows, codes.
-- Breaks when: a name is misspelt, or a row is taken out that others name. In silence, a rule would
-- never apply, its groups would be dropped, or a difference would be closed that cannot be posted.
{{ config(meta={'dagster': {'ref': {'name': 'match_rules'}}}) }}

-- seed, what tells its row, the column that names something, and the seed that lists the names
{% set exception_rule = ['condition', 'reconciliation', 'item_type'] %}
{% set posting_rule = ['reconciliation', 'posting_kind'] %}
{% set inhibition = ['alert_name', 'subject', 'root_cause'] %}
{% set names = [
    ('match_rules', ['rule_id'], 'reconciliation', 'reconciliations'),
    ('match_rules', ['rule_id'], 'pass', 'passes'),
    ('match_rules', ['rule_id'], 'relation', 'match_relations'),
    ('match_rules', ['rule_id'], 'method', 'methods'),
    ('rule_controls', ['method', 'rule_id'], 'method', 'methods'),
    ('rule_controls', ['method', 'rule_id'], 'rule_id', 'match_rules'),
    ('match_windows', ['reconciliation', 'side'], 'reconciliation', 'reconciliations'),
    ('match_weights', ['reconciliation', 'comparison', 'level'], 'reconciliation',
        'reconciliations'),
    ('posting_rules', posting_rule, 'reconciliation', 'reconciliations'),
    ('posting_rules', posting_rule, 'debit_role', 'posting_accounts'),
    ('posting_rules', posting_rule, 'credit_role', 'posting_accounts'),
    ('exception_rules', exception_rule, 'reconciliation', 'reconciliations'),
    ('exception_rules', exception_rule, 'exception_type', 'exception_types'),
    ('exception_rules', exception_rule, 'root_cause', 'root_causes'),
    ('recommendations', ['exception_type', 'scope'], 'exception_type', 'exception_types'),
    ('short_pay_agreements', ['customer_id'], 'currency', 'currencies'),
    ('engine_prices', ['engine'], 'currency', 'currencies'),
    ('alert_inhibitions', inhibition, 'alert_name', 'alert_rules'),
    ('alert_inhibitions', inhibition, 'root_cause', 'root_causes'),
] %}
{% set lists = [
    ('reconciliations', 'name'),
    ('passes', 'pass'),
    ('match_relations', 'relation'),
    ('match_rules', 'rule_id'),
    ('match_ambiguities', 'code'),
    ('posting_accounts', 'posting_role'),
    ('exception_types', 'exception_type'),
    ('root_causes', 'root_cause'),
    ('currencies', 'code'),
    ('alert_rules', 'alert_name'),
] %}
{% set further_names = [
    ('methods', 'deterministic'), ('methods', 'heuristic'), ('methods', 'probabilistic'),
    ('methods', 'manual'), ('reconciliations', '*'), ('match_rules', '*'),
] %}

with

match_rules as (select * from {{ ref('match_rules') }}),

passes as (select * from {{ ref('passes') }}),

relations as (select * from {{ ref('match_relations') }}),

posting_rules as (select * from {{ ref('posting_rules') }}),

-- every name that a seed uses, and the list that has to have it
used as (
    {%- for seed, row_name, column, list in names %}
    {{ 'union all' if not loop.first }}
    select
        '{{ seed }}' as seed,
        concat_ws(' ', {{ row_name | join(', ') }}) as row_name,
        '{{ column }}' as column_name,
        {{ column }} as named,
        '{{ list }}' as listed_in
    from {{ ref(seed) }}
    {%- endfor %}
    union all
    -- why a match waits for a person is a code of its own
    select
        'exception_rules' as seed,
        concat_ws(' ', condition, reconciliation, item_type) as row_name,
        'condition' as column_name,
        substring(condition, 8) as named,
        'match_ambiguities' as listed_in
    from {{ ref('exception_rules') }}
    where left(condition, 7) = 'review_'
),

listed as (
    {%- for list, column in lists %}
    {{ 'union all' if not loop.first }}
    select distinct
        '{{ list }}' as listed_in,
        {{ column }} as named
    from {{ ref(list) }}
    {%- endfor %}
    {%- for list, name in further_names %}
    union all
    select
        '{{ list }}' as listed_in,
        '{{ name }}' as named
    {%- endfor %}
),

misspelt as (
    select
        used.seed,
        used.row_name,
        used.column_name,
        used.named,
        'names what is not in ' || used.listed_in as failure
    from used
    left join listed
        on used.listed_in = listed.listed_in and used.named = listed.named
    where listed.named is null
),

posting_reconciliations as (
    select distinct posting_rules.reconciliation
    from posting_rules
),

-- a rule for every reconciliation has to be postable in each that posts
unpostable as (
    select
        'match_rules' as seed,
        match_rules.rule_id as row_name,
        'adjustment_kind' as column_name,
        match_rules.adjustment_kind as named,
        'an adjustment without a posting rule in ' || posting_reconciliations.reconciliation
            as failure
    from match_rules
    inner join posting_reconciliations
        on match_rules.reconciliation in ('*', posting_reconciliations.reconciliation)
    left join posting_rules
        on
            posting_reconciliations.reconciliation = posting_rules.reconciliation
            and match_rules.adjustment_kind = posting_rules.posting_kind
    where match_rules.adjustment_kind is not null and posting_rules.posting_kind is null
),

unnamed as (
    select
        'match_rules' as seed,
        match_rules.rule_id as row_name,
        'adjustment_kind' as column_name,
        match_rules.adjustment_kind as named,
        'a difference that this relation closes needs a kind of adjustment' as failure
    from match_rules
    inner join relations
        on match_rules.relation = relations.relation
    where
        relations.kind in ('tolerance', 'allowance', 'currency')
        and match_rules.adjustment_kind is null
),

-- settling drops what no rule is for, so that what no other covers needs one that shows it
droppers as (
    select
        'match_rules' as seed,
        match_rules.reconciliation || ' ' || match_rules.pass as row_name,
        'relation' as column_name,
        'mismatch' as named,
        'a pass has rules and none for what they do not cover' as failure
    from match_rules
    inner join passes
        on match_rules.pass = passes.pass
    where
        match_rules.valid_to is null
        -- these lay out what is known already, and settle nothing
        and passes.wave not in ('returned', 'people', 'undoing')
    group by match_rules.reconciliation, match_rules.pass
    having sum(case when match_rules.relation = 'mismatch' then 1 else 0 end) = 0
),

final as (
    select * from misspelt
    union all
    select * from unpostable
    union all
    select * from unnamed
    union all
    select * from droppers
)

select * from final

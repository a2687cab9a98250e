-- What references still tie together once all that agrees is closed: payments and documents whose
-- amounts differ. Their documents are spoken for until what explains the difference has been
-- looked for.
with

open_items as (select * from {{ ref('int_open__after_texts') }}),

passes as (select * from {{ ref('passes') }}),

named as (
    {%- for pass in passes_of_differences() %}
    {% if not loop.first %}union all{% endif %}
    select
        '{{ pass }}' as said_by,
        pass_links.*
    from {{ ref('int_links__' ~ pass) }} as pass_links
    {%- endfor %}
),

open_units as (
    select distinct
        open_items.side,
        open_items.anchor_item_key as unit_key
    from open_items
),

-- what two passes say of a pair is said once, as the stronger one says it
left_over as (
    select
        named.*,
        passes.wave_number,
        row_number() over (
            partition by named.expected_unit, named.actual_unit
            order by passes.wave_number nulls last, passes.pass nulls last
        ) as say
    from named
    inner join passes
        on named.said_by = passes.pass
    inner join open_units as documents
        on named.expected_unit = documents.unit_key and documents.side = 'expected'
    inner join open_units as payments
        on named.actual_unit = payments.unit_key and payments.side = 'actual'
),

links as (
    select
        left_over.reconciliation,
        'remainder' as pass,
        left_over.expected_unit,
        left_over.actual_unit,
        left_over.evidence,
        left_over.is_ambiguous,
        left_over.is_weak,
        left_over.stated_amount,
        left_over.link_ambiguity,
        left_over.group_name
    from left_over
    where left_over.say = 1
),

{{ group_links() }},

final as (
    select
        grouped_links.reconciliation,
        grouped_links.expected_unit,
        grouped_links.actual_unit,
        grouped_links.evidence,
        grouped_links.is_ambiguous,
        grouped_links.is_weak,
        grouped_links.stated_amount,
        grouped_links.group_name,
        grouped_links.is_tangled,
        min_by(
            left_over.said_by,
            cast(left_over.wave_number as {{ dbt.type_string() }}) || left_over.said_by
        ) over (partition by grouped_links.group_name) as pass
    from grouped_links
    inner join left_over
        on
            grouped_links.expected_unit = left_over.expected_unit
            and grouped_links.actual_unit = left_over.actual_unit
            and left_over.say = 1
)

select * from final

-- How many items say a word, day by day. How rare a word is is counted over all of history, and a
-- run counts those days anew that it brings something of. The empty word counts the texts of a day.
with

texts as {{ read_in_place() }} (select * from {{ ref('int_item_texts') }}),

-- each word of a text once, so that counting them needs no text to be told from another
said as (
    select
        texts.reconciliation,
        texts.event_date,
        {{ each_of('array_distinct(' ~ split_to_list('texts.item_text', ' ') ~ ')') }} as word
    from texts
),

final as (
    select
        said.reconciliation,
        said.event_date,
        said.word,
        count(*) as item_count
    from said
    where said.word <> ''
    group by said.reconciliation, said.event_date, said.word
    union all
    select
        texts.reconciliation,
        texts.event_date,
        '' as word,
        count(*) as item_count
    from texts
    group by texts.reconciliation, texts.event_date
)

select * from final

-- How many times each day, amount and currency was booked, file by file: of an entry that several
-- files tell, which one counts and which tell it again. Inside a cluster the greater count holds,
-- inside a chain the sum; what balances do not connect is held against the others one by one, and
-- what no reference tells apart from an earlier file's is only suspected.
with

lines as (select * from {{ ref('int_bank_lines__delivered') }}),

days as (select * from {{ ref('int_bank_days__chained') }}),

contested as (
    select
        lines.account_id,
        lines.currency,
        lines.booking_date,
        lines.entry_total
    from lines
    group by
        lines.account_id,
        lines.currency,
        lines.booking_date,
        lines.entry_total
    having min(lines.delivery_number) < max(lines.delivery_number)
),

entries as (
    select
        lines.account_id,
        lines.currency,
        lines.booking_date,
        lines.entry_total,
        lines.delivery_number,
        lines.entry_name,
        min(lines.batch_id) as batch_id,
        min(lines.format_family) as format_family,
        min(lines.item_id) as first_item_id,
        min(lines.row_number) as first_row_number,
        count(*) as line_count,
        sum(lines.amount) as amount,
        min(lines.own_reference) as own_reference,
        {{ compact_upper('min(lines.wording) || max(lines.wording)') }} as wording_key,
        {{ compact_upper('min(lines.wording)') }} as least_wording
    from lines
    inner join contested
        on
            lines.account_id = contested.account_id
            and lines.currency = contested.currency
            and lines.booking_date = contested.booking_date
            and lines.entry_total = contested.entry_total
    group by
        lines.account_id,
        lines.currency,
        lines.booking_date,
        lines.entry_total,
        lines.delivery_number,
        lines.entry_name
),

referenced as (
    select
        entries.*,
        'file ' || cast(entries.delivery_number as {{ dbt.type_string() }}) as file_name,
        min(entries.delivery_number) over (partition by entries.first_item_id)
            as item_first_delivery,
        entries.own_reference is not null
        and entries.delivery_number = min(entries.delivery_number) over (
            partition by
                entries.account_id, entries.currency, entries.booking_date, entries.entry_total,
                entries.format_family, entries.own_reference
        ) as is_own_told_first
    from entries
),

-- without balances a file stands alone; what references of one format tell apart adds up as a chain
-- does
told as (
    select
        referenced.*,
        coalesce(cast(days.window_number as {{ dbt.type_string() }}), referenced.file_name)
            as window_name,
        coalesce(
            cast(days.chain_number as {{ dbt.type_string() }}),
            case
                when referenced.is_own_told_first then 'told apart in ' || referenced.format_family
                else referenced.file_name
            end
        ) as chain_name,
        coalesce(
            {{ amount_text('days.cluster_opens_with') }},
            case
                when referenced.is_own_told_first then 'told apart in ' || referenced.format_family
                else referenced.file_name
            end
        ) as cluster_name
    from referenced
    left join days
        on
            referenced.account_id = days.account_id
            and referenced.currency = days.currency
            and referenced.booking_date = days.booking_date
            and referenced.delivery_number = days.delivery_number
),

counts as (
    select
        told.account_id,
        told.currency,
        told.booking_date,
        told.entry_total,
        told.delivery_number,
        told.window_name,
        told.chain_name,
        told.cluster_name,
        count(*) as told_count
    from told
    group by
        told.account_id,
        told.currency,
        told.booking_date,
        told.entry_total,
        told.delivery_number,
        told.window_name,
        told.chain_name,
        told.cluster_name
),

-- the same window again: what it has more than the greatest count before
increments as (
    select
        counts.*,
        greatest(
            counts.told_count - coalesce(
                max(counts.told_count) over (
                    partition by
                        counts.account_id, counts.currency, counts.booking_date,
                        counts.entry_total, counts.cluster_name, counts.window_name
                    order by counts.delivery_number nulls last
                    rows between unbounded preceding and 1 preceding
                ),
                0
            ),
            0
        ) as window_increment
    from counts
),

chained as (
    select
        increments.*,
        sum(increments.window_increment) over (
            partition by
                increments.account_id, increments.currency, increments.booking_date,
                increments.entry_total, increments.chain_name
            order by increments.delivery_number nulls last
            rows between unbounded preceding and current row
        ) as chain_count
    from increments
),

clustered as (
    select
        chained.*,
        max(chained.chain_count) over (
            partition by
                chained.account_id, chained.currency, chained.booking_date,
                chained.entry_total, chained.cluster_name
            order by chained.delivery_number nulls last
            rows between unbounded preceding and current row
        ) as cluster_count,
        coalesce(
            max(chained.chain_count) over (
                partition by
                    chained.account_id, chained.currency, chained.booking_date,
                    chained.entry_total, chained.cluster_name
                order by chained.delivery_number nulls last
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as count_before,
        max(chained.chain_count) over (
            partition by
                chained.account_id, chained.currency, chained.booking_date,
                chained.entry_total, chained.cluster_name
        ) as final_count
    from chained
),

worded as (
    select
        told.*,
        row_number() over (
            partition by
                told.account_id, told.currency, told.booking_date, told.entry_total,
                told.cluster_name, told.delivery_number, told.wording_key
            order by told.first_row_number nulls last
        ) as wording_place
    from told
),

-- one says all that the other does, and more
told_at_length as (
    select distinct
        worded.delivery_number,
        worded.first_item_id
    from worded
    inner join worded as earlier
        on
            worded.account_id = earlier.account_id
            and worded.currency = earlier.currency
            and worded.booking_date = earlier.booking_date
            and worded.entry_total = earlier.entry_total
            and worded.delivery_number > earlier.delivery_number
    where
        length(worded.least_wording) >= {{ search_limit('shortest_telling_text') }}
        and length(earlier.least_wording) >= {{ search_limit('shortest_telling_text') }}
        and (
            worded.least_wording like '%' || earlier.least_wording || '%'
            or earlier.least_wording like '%' || worded.least_wording || '%'
        )
),

-- what a file tells as an earlier one did, by id, word for word or at other length, is what it
-- repeats of it
ranked as (
    select
        worded.*,
        clustered.final_count,
        clustered.told_count - (clustered.cluster_count - clustered.count_before)
            as repeated_count,
        clustered.cluster_count - clustered.told_count as places_before,
        row_number() over (
            partition by
                worded.account_id, worded.currency, worded.booking_date, worded.entry_total,
                worded.cluster_name, worded.delivery_number
            -- what the rows say, not where they stand: a file sorted otherwise gives the same
            order by
                worded.known_rank asc nulls last,
                worded.first_item_id asc nulls last,
                worded.first_row_number asc nulls last
        ) as place
    from (
        select
            worded.*,
            case
                when worded.delivery_number > worded.item_first_delivery then 0
                when
                    worded.delivery_number > min(worded.delivery_number) over (
                        partition by
                            worded.account_id, worded.currency, worded.booking_date,
                            worded.entry_total, worded.wording_key, worded.wording_place
                    )
                    then 1
                when told_at_length.first_item_id is not null then 2
                else 3
            end as known_rank
        from worded
        left join told_at_length
            on
                worded.delivery_number = told_at_length.delivery_number
                and worded.first_item_id = told_at_length.first_item_id
    ) as worded
    inner join clustered
        on
            worded.account_id = clustered.account_id
            and worded.currency = clustered.currency
            and worded.booking_date = clustered.booking_date
            and worded.entry_total = clustered.entry_total
            and worded.delivery_number = clustered.delivery_number
            and worded.cluster_name = clustered.cluster_name
),

placed as (
    select
        ranked.account_id,
        ranked.currency,
        ranked.booking_date,
        ranked.entry_total,
        ranked.delivery_number,
        ranked.batch_id,
        ranked.format_family,
        ranked.entry_name,
        ranked.first_item_id,
        ranked.line_count,
        ranked.amount,
        ranked.own_reference,
        ranked.cluster_name,
        ranked.final_count,
        ranked.delivery_number > ranked.item_first_delivery as is_known,
        ranked.place > ranked.repeated_count as is_counted,
        ranked.places_before + ranked.place as cluster_place
    from ranked
),

-- one name for what may tell entries apart: the bank's own reference in a format
counted as (
    select
        placed.account_id,
        placed.currency,
        placed.booking_date,
        placed.entry_total,
        placed.cluster_name,
        placed.delivery_number,
        placed.batch_id,
        placed.format_family,
        placed.own_reference,
        count(*) as counted_count,
        min(placed.first_item_id) as first_item_id
    from placed
    where placed.is_counted
    group by
        placed.account_id,
        placed.currency,
        placed.booking_date,
        placed.entry_total,
        placed.cluster_name,
        placed.delivery_number,
        placed.batch_id,
        placed.format_family,
        placed.own_reference
),

alike as (
    select
        placed.account_id,
        placed.currency,
        placed.booking_date,
        placed.entry_total,
        placed.delivery_number,
        placed.entry_name,
        earlier.cluster_name,
        sum(earlier.counted_count) as counted_count,
        min(earlier.first_item_id) as original_item_id
    from placed
    inner join counted as earlier
        on
            placed.account_id = earlier.account_id
            and placed.currency = earlier.currency
            and placed.booking_date = earlier.booking_date
            and placed.entry_total = earlier.entry_total
            and placed.cluster_name <> earlier.cluster_name
            and placed.batch_id <> earlier.batch_id
    where
        placed.is_counted
        and not placed.is_known
        and earlier.delivery_number < placed.delivery_number
        and (
            placed.format_family <> earlier.format_family
            or placed.own_reference is null
            or earlier.own_reference is null
            or placed.own_reference = earlier.own_reference
        )
    group by
        placed.account_id,
        placed.currency,
        placed.booking_date,
        placed.entry_total,
        placed.delivery_number,
        placed.entry_name,
        earlier.cluster_name
),

suspected as (
    select
        alike.account_id,
        alike.currency,
        alike.booking_date,
        alike.entry_total,
        alike.delivery_number,
        alike.entry_name,
        max(alike.counted_count) as alike_count,
        min(alike.original_item_id) as original_item_id
    from alike
    group by
        alike.account_id,
        alike.currency,
        alike.booking_date,
        alike.entry_total,
        alike.delivery_number,
        alike.entry_name
),

final as (
    select
        placed.account_id,
        placed.currency,
        placed.booking_date,
        placed.entry_total,
        placed.delivery_number,
        placed.entry_name,
        placed.first_item_id,
        cast(placed.line_count as bigint) as line_count,
        cast(placed.amount as {{ amount_type() }}) as amount,
        placed.cluster_name,
        placed.is_known,
        case
            when not placed.is_counted then 'told_before'
            when placed.cluster_place <= coalesce(suspected.alike_count, 0) then 'suspected'
            else 'counted'
        end as verdict,
        placed.final_count = 1 as is_only_one,
        suspected.original_item_id
    from placed
    left join suspected
        on
            placed.account_id = suspected.account_id
            and placed.currency = suspected.currency
            and placed.booking_date = suspected.booking_date
            and placed.entry_total = suspected.entry_total
            and placed.delivery_number = suspected.delivery_number
            and placed.entry_name = suspected.entry_name
)

select * from final

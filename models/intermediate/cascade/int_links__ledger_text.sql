-- A bank line and a ledger line of its account with one amount, days apart at most, when
-- nothing else can be meant. That is asked of all lines of those days, also of those that are
-- matched or wait for a person.
--   * Their texts agree: no other line of either side agrees with one of them. Where others have
--     that amount, what both say must be telling; else any word will do.
--   * One of them says nothing: nothing else has that amount.
--   * Equal ledger lines of which each could only mean this bank line: the first posts it, the
--     others post it again.
--   * Bank lines that nothing tells apart, with as many ledger lines: each takes one.
with

open_items as (select * from {{ ref('int_open__after_texts') }}),

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where pass = 'ledger_text' and relation = 'exact' and rollout = 'stable'
),

declined_pairs as (
    select *
    from {{ ref('int_declined_pairs') }}
    where declined_group is null
),

items as (
    select items.*
    from {{ ref('int_items') }} as items
    inner join rules
        on items.reconciliation = rules.reconciliation
    where items.set_aside_reason is null and items.amount <> 0
),

open_lines as (
    select
        items.reconciliation,
        items.side,
        items.item_key,
        items.family_id,
        items.currency,
        items.amount
    from {{ ref('int_items__open') }} as items
    inner join rules
        on items.reconciliation = rules.reconciliation
    inner join open_items
        on
            items.item_key = open_items.item_key
            and items.amount = open_items.remaining_amount
    where items.set_aside_reason is null and items.amount <> 0
),

-- a crowd of equals is counted, not paired
wanted as (
    select
        open_lines.reconciliation,
        open_lines.family_id,
        open_lines.currency,
        open_lines.amount
    from open_lines
    group by
        open_lines.reconciliation,
        open_lines.family_id,
        open_lines.currency,
        open_lines.amount
    having
        count(distinct open_lines.side) = 2
        and count(*) <= {{ search_limit('largest_crowd_in_unique_amount') }}
),

wanted_items as {{ materialized() }} (
    select
        items.reconciliation,
        items.side,
        items.item_id,
        items.item_key,
        items.family_id,
        items.currency,
        items.amount,
        items.event_date
    from items
    inner join wanted
        on
            items.reconciliation = wanted.reconciliation
            and items.family_id = wanted.family_id
            and items.currency = wanted.currency
            and items.amount = wanted.amount
),

bank_lines as (
    select
        booked.item_id,
        booked.entry_id,
        booked.end_to_end_id,
        booked.account_id,
        'expected' as side
    from {{ ref('int_bank_transactions__booked') }} as booked
    where booked.role = 'item'
),

ledger_lines as (
    select
        ledger_entries.reference,
        {{ item_id(['ledger_entries.entry_id', 'ledger_entries.line_id']) }} as item_id,
        'actual' as side
    from {{ ref('stg_ledger__entries') }} as ledger_entries
),

wanted_lines as {{ materialized() }} (
    select
        wanted_items.*,
        texts.item_text,
        open_lines.item_key is not null as is_open,
        {{ compact_upper('bank_lines.entry_id') }} as entry_name,
        {{ compact_upper('bank_lines.end_to_end_id') }} as end_to_end_name,
        -- the bank gave no reference: what is left is the hash of what it says
        coalesce(
            case
                when {{ regex_matches('bank_lines.entry_id', '^h[0-9a-f]{16}-[0-9]+$') }}
                    then bank_lines.account_id || substring(bank_lines.entry_id, 1, 17)
            end,
            wanted_items.item_key
        ) as twin_name,
        {{ compact_upper('ledger_lines.reference') }} as reference_name
    from wanted_items
    left join open_lines
        on wanted_items.item_key = open_lines.item_key
    left join {{ ref('int_item_texts') }} as texts
        on wanted_items.item_key = texts.item_key
    left join bank_lines
        on wanted_items.item_id = bank_lines.item_id and wanted_items.side = bank_lines.side
    left join ledger_lines
        on wanted_items.item_id = ledger_lines.item_id and wanted_items.side = ledger_lines.side
),

-- One of the two is open, and looks at all of the other side: closed lines never meet.
near as (
    {%- for asking in ['bank.is_open', 'not bank.is_open and ledger.is_open'] %}
    select
        bank.reconciliation,
        bank.family_id,
        bank.item_key as expected_unit,
        ledger.item_key as actual_unit,
        bank.item_text as bank_text,
        ledger.item_text as ledger_text,
        bank.is_open and ledger.is_open as is_open_pair,
        bank.twin_name,
        ledger.event_date as ledger_date,
        ledger.reference_name,
        coalesce(
            ledger.reference_name in (bank.entry_name, bank.end_to_end_name), false
        ) as is_named
    from wanted_lines as bank
    inner join wanted_lines as ledger
        on
            bank.reconciliation = ledger.reconciliation
            and bank.family_id = ledger.family_id
            and bank.currency = ledger.currency
            and bank.amount = ledger.amount
    inner join rules
        on
            bank.reconciliation = rules.reconciliation
            and {{ days_between('bank.event_date', 'ledger.event_date') }}
            between -rules.days_before and rules.days_after
    where
        bank.side = 'expected'
        and ledger.side = 'actual'
        and {{ asking }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Where the references of an account's ledger lines are those of its bank lines, a reference that
-- no bank line has names one that has not landed.
lines_of_accounts as (
    select
        items.family_id,
        bank_lines.entry_id,
        bank_lines.end_to_end_id
    from items
    inner join bank_lines
        on items.item_id = bank_lines.item_id and items.side = bank_lines.side
),

bank_names as (
    select
        lines_of_accounts.family_id,
        {{ compact_upper('lines_of_accounts.entry_id') }} as bank_name
    from lines_of_accounts
    union
    select
        lines_of_accounts.family_id,
        {{ compact_upper('lines_of_accounts.end_to_end_id') }} as bank_name
    from lines_of_accounts
),

referring as (
    select
        referring_lines.family_id,
        referring_lines.item_key,
        bank_names.bank_name is not null as is_known
    from (
        select
            items.family_id,
            items.item_key,
            {{ compact_upper('ledger_lines.reference') }} as reference_name
        from items
        inner join ledger_lines
            on items.item_id = ledger_lines.item_id and items.side = ledger_lines.side
    ) as referring_lines
    left join bank_names
        on
            referring_lines.family_id = bank_names.family_id
            and referring_lines.reference_name = bank_names.bank_name
    where referring_lines.reference_name <> ''
),

naming_accounts as (
    select referring.family_id
    from referring
    group by referring.family_id
    having count(case when referring.is_known then 1 end) * 2 > count(*)
),

about_another as (
    select referring.item_key
    from referring
    left join naming_accounts
        on referring.family_id = naming_accounts.family_id
    where referring.is_known or naming_accounts.family_id is not null
),

near_units as {{ materialized() }} (
    select near.expected_unit as item_key from near
    union
    select near.actual_unit as item_key from near
),

-- each word of a text once
near_words as {{ materialized() }} (
    select
        wanted_lines.reconciliation,
        wanted_lines.item_key,
        words.word,
        case when {{ regex_matches('words.word', '[0-9]{5}') }} then 1 else 0 end as is_number
    from wanted_lines
    inner join near_units
        on wanted_lines.item_key = near_units.item_key
    {{ unnest_list(
        'array_distinct(' ~ split_to_list('wanted_lines.item_text', ' ') ~ ')', 'words', 'word'
    ) }}
    where words.word <> ''
),

own_words as (
    select
        near_words.item_key,
        count(*) as word_count,
        sum(near_words.is_number) as number_count
    from near_words
    group by near_words.item_key
),

populations as (
    select
        texts.reconciliation,
        count(*) as item_count
    from {{ ref('int_item_texts') }} as texts
    group by texts.reconciliation
),

shared as (
    select
        near.expected_unit,
        near.actual_unit,
        bank_words.reconciliation,
        bank_words.word,
        bank_words.is_number
    from near
    inner join near_words as bank_words
        on near.expected_unit = bank_words.item_key
    inner join near_words as ledger_words
        on
            near.actual_unit = ledger_words.item_key
            and bank_words.word = ledger_words.word
),

looked_for as (
    select distinct
        shared.reconciliation,
        shared.word
    from shared
),

-- how many items say it, in bits: one in a thousand texts tells ten
rarities as (
    select
        counted_words.reconciliation,
        counted_words.word,
        cast(
            ln(cast(max(populations.item_count) as double) / sum(counted_words.item_count))
            / ln(2e0) as decimal(18, 6)
        ) as bits
    from {{ ref('int_words__counted') }} as counted_words
    inner join looked_for
        on
            counted_words.reconciliation = looked_for.reconciliation
            and counted_words.word = looked_for.word
    inner join populations
        on counted_words.reconciliation = populations.reconciliation
    group by counted_words.reconciliation, counted_words.word
),

agreements as (
    select
        shared.expected_unit,
        shared.actual_unit,
        count(*) as shared_words,
        sum(shared.is_number) as shared_numbers,
        sum(rarities.bits) as shared_bits,
        max_by(
            shared.word,
            lpad(cast(cast(rarities.bits * 1000000 as bigint) as {{ dbt.type_string() }}), 12, '0')
            || cast(shared.is_number as {{ dbt.type_string() }}) || shared.word
        ) as telling_word,
        -- a word that two items alone say is telling enough where few say anything
        min(
            least(
                {{ search_limit('least_bits_of_a_telling_text') }},
                cast(
                    ln(cast(populations.item_count as double) / 2e0) / ln(2e0) as decimal(18, 6)
                )
            )
        ) as least_bits
    from shared
    inner join rarities
        on
            shared.reconciliation = rarities.reconciliation
            and shared.word = rarities.word
    inner join populations
        on shared.reconciliation = populations.reconciliation
    group by shared.expected_unit, shared.actual_unit
),

compared as (
    select
        near.*,
        agreements.telling_word,
        coalesce(agreements.shared_bits >= agreements.least_bits, false) as is_telling,
        near.bank_text is null or near.ledger_text is null as is_silent,
        -- one text holds the other, or they share what few say; other numbers are other documents
        (near.is_named or about_another.item_key is null)
        and coalesce(
            (
                agreements.shared_words = least(bank_own.word_count, ledger_own.word_count)
                or agreements.shared_bits >= agreements.least_bits
            )
            and (
                agreements.shared_numbers > 0
                or bank_own.number_count = 0
                or ledger_own.number_count = 0
            ),
            false
        ) as is_alike,
        near.is_named or about_another.item_key is null as is_free
    from near
    left join agreements
        on
            near.expected_unit = agreements.expected_unit
            and near.actual_unit = agreements.actual_unit
    left join own_words as bank_own
        on near.expected_unit = bank_own.item_key
    left join own_words as ledger_own
        on near.actual_unit = ledger_own.item_key
    left join about_another
        on near.actual_unit = about_another.item_key
),

counted as (
    select
        compared.*,
        count(*) over (partition by compared.expected_unit) as near_bank,
        count(*) over (partition by compared.actual_unit) as near_ledger,
        sum(case when compared.is_alike then 1 else 0 end)
            over (partition by compared.expected_unit) as alike_of_bank,
        sum(case when compared.is_alike then 1 else 0 end)
            over (partition by compared.actual_unit) as alike_of_ledger
    from compared
),

alike as (
    select
        counted.*,
        min(counted.ledger_text) over (partition by counted.expected_unit)
        = max(counted.ledger_text) over (partition by counted.expected_unit) as are_equal_lines,
        max(counted.alike_of_ledger) over (partition by counted.expected_unit)
            as most_alike_of_ledger,
        row_number() over (
            partition by counted.expected_unit
            order by counted.ledger_date nulls last, counted.actual_unit nulls last
        ) as ledger_place,
        dense_rank() over (
            partition by counted.twin_name
            order by counted.expected_unit nulls last
        ) as twin_place,
        count(*) over (partition by counted.twin_name) as twin_pairs,
        max(case when counted.is_open_pair then 0 else 1 end)
            over (partition by counted.twin_name) as is_any_closed
    from counted
    where counted.is_alike
),

meant as (
    select
        alike.reconciliation,
        alike.expected_unit,
        alike.actual_unit,
        'both say ' || alike.telling_word as evidence
    from alike
    where
        alike.is_any_closed = 0
        and (
            alike.is_telling
            or (
                alike.near_bank = alike.alike_of_bank
                and alike.near_ledger = alike.alike_of_ledger
            )
        )
        and (
            -- the only one, or the first of equal ones that mean this bank line alone
            (
                alike.most_alike_of_ledger = 1
                and alike.ledger_place = 1
                and alike.are_equal_lines
            )
            -- as many of either side, and nothing tells them apart
            or (
                alike.most_alike_of_ledger = alike.alike_of_bank
                and alike.twin_pairs = alike.alike_of_bank * alike.alike_of_bank
                and alike.ledger_place = alike.twin_place
            )
        )
    union all
    select
        counted.reconciliation,
        counted.expected_unit,
        counted.actual_unit,
        'one of them says nothing' as evidence
    from counted
    where
        counted.is_open_pair
        and counted.is_silent
        and counted.is_free
        and counted.near_bank = 1
        and counted.near_ledger = 1
),

final as (
    select
        meant.reconciliation,
        meant.expected_unit,
        meant.actual_unit,
        meant.evidence,
        false as is_ambiguous,
        false as is_weak,
        cast(null as {{ amount_type() }}) as stated_amount,
        cast(null as {{ dbt.type_string() }}) as link_ambiguity,
        meant.expected_unit || '~' || meant.actual_unit as group_name
    from meant
    left join declined_pairs
        on
            meant.expected_unit = declined_pairs.expected_item_key
            and meant.actual_unit = declined_pairs.actual_item_key
    where declined_pairs.expected_item_key is null
)

select * from final

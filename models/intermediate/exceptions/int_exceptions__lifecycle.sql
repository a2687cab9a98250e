-- Every exception that ever was: resolved before, still open, resolved by this run, opened by it.
-- What the journal says stays as it is said; what it does not say yet follows from the items.
with

bonded_items as (select * from {{ ref('int_exceptions__bonded_items') }}),

-- what nothing binds is a case of its own
current_exceptions as (
    select
        current_exceptions.*,
        coalesce(bonded_items.case_id, {{ case_id_of('current_exceptions.item_key') }}) as case_id
    from {{ ref('int_exceptions__current') }} as current_exceptions
    left join bonded_items
        on current_exceptions.item_key = bonded_items.item_key
),

journal as (select * from {{ ref('int_exceptions__journal') }}),

items as (select * from {{ ref('int_items__balanced') }}),

allocations as (select * from {{ ref('int_match_allocations') }}),

matches as (
    select *
    from {{ ref('int_matches__decided') }}
    where is_live
),

decisions as (
    select *
    from {{ ref('stg_review__decisions') }}
    where action = 'resolve' and exception_id is not null and decided_at <= {{ as_of() }}
),

person_resolutions as (
    select
        decisions.exception_id,
        decisions.decided_at,
        decisions.actor,
        coalesce(
            nullif(concat_ws(': ', decisions.reason_code, decisions.comment), ''),
            'Resolved without a comment'
        ) as resolution,
        decisions._row_hash as row_hash
    from decisions
    qualify row_number() over (
        partition by decisions.exception_id
        order by decisions.decided_at asc nulls last, decisions.decision_id asc nulls last
    ) = 1
),

journal_open as (
    select *
    from journal
    where not is_resolved
),

-- a person cannot resolve away an item that is still open past its window
rejoined as (
    select
        journal_open.*,
        current_exceptions.item_key is not null as is_still_true,
        coalesce(current_exceptions.case_id, journal_open.case_id) as current_case_id,
        coalesce(current_exceptions.is_required, false) as is_required,
        current_exceptions.exception_type as current_exception_type,
        current_exceptions.root_cause as current_root_cause,
        current_exceptions.customer_id as current_customer_id,
        current_exceptions.amount as current_amount,
        current_exceptions.currency as current_currency,
        current_exceptions.base_amount as current_base_amount,
        current_exceptions.group_name as current_group_name,
        current_exceptions.item_count as current_item_count,
        person_resolutions.decided_at as person_decided_at,
        person_resolutions.actor as person,
        person_resolutions.resolution as person_resolution,
        person_resolutions.row_hash as person_row_hash
    from journal_open
    left join current_exceptions
        on journal_open.item_key = current_exceptions.item_key
    left join person_resolutions
        on journal_open.exception_id = person_resolutions.exception_id
),

ended as (
    select rejoined.*
    from rejoined
    where
        not rejoined.is_still_true
        or (not rejoined.is_required and rejoined.person_decided_at is not null)
),

-- how the items of ended exceptions stand now, in one sentence
closing_matches as (
    select
        ended.item_key,
        max_by(
            matches.match_id, {{ iso_timestamp('matches.decided_at') }} || matches.match_id
        ) as match_id
    from ended
    inner join allocations
        on ended.item_key = allocations.item_key
    inner join matches
        on allocations.match_id = matches.match_id
    group by ended.item_key
),

outcomes as (
    select
        ended.exception_id,
        case
            when items.item_key is null then 'The item is no longer listed'
            when items.status = 'closed' and closing_matches.match_id is not null
                then 'Closed by match ' || closing_matches.match_id
            when items.status = 'closed' then 'The item is closed'
            when items.status = 'set_aside'
                then 'The item is set aside: ' || coalesce(items.set_aside_reason, 'no reason')
            else 'What raised it no longer holds'
        end as resolution,
        items.row_hash
    from ended
    left join items
        on ended.item_key = items.item_key
    left join closing_matches
        on ended.item_key = closing_matches.item_key
),

-- resolved before
history as (
    select
        journal.exception_id,
        journal.item_key,
        journal.reconciliation,
        journal.side,
        journal.item_type,
        journal.item_id,
        journal.occurrence,
        journal.case_id,
        'resolved' as lifecycle,
        journal.exception_type,
        journal.root_cause,
        journal.customer_id,
        journal.amount,
        journal.currency,
        journal.base_amount,
        journal.group_name,
        journal.item_count,
        journal.opened_at,
        journal.resolved_at,
        journal.resolution,
        journal.resolved_by,
        journal.opened_run_id,
        journal.resolved_run_id,
        cast(null as {{ dbt.type_string() }}) as item_row_hash,
        cast(null as {{ dbt.type_string() }}) as decision_row_hash
    from journal
    where journal.is_resolved
),

still_open as (
    select
        rejoined.exception_id,
        rejoined.item_key,
        rejoined.reconciliation,
        rejoined.side,
        rejoined.item_type,
        rejoined.item_id,
        rejoined.occurrence,
        rejoined.current_case_id as case_id,
        'open' as lifecycle,
        rejoined.current_exception_type as exception_type,
        rejoined.current_root_cause as root_cause,
        rejoined.current_customer_id as customer_id,
        rejoined.current_amount as amount,
        rejoined.current_currency as currency,
        rejoined.current_base_amount as base_amount,
        rejoined.current_group_name as group_name,
        rejoined.current_item_count as item_count,
        rejoined.opened_at,
        cast(null as timestamp) as resolved_at,
        cast(null as {{ dbt.type_string() }}) as resolution,
        cast(null as {{ dbt.type_string() }}) as resolved_by,
        rejoined.opened_run_id,
        cast(null as {{ dbt.type_string() }}) as resolved_run_id,
        cast(null as {{ dbt.type_string() }}) as item_row_hash,
        cast(null as {{ dbt.type_string() }}) as decision_row_hash
    from rejoined
    where
        rejoined.is_still_true
        and (rejoined.is_required or rejoined.person_decided_at is null)
),

newly_resolved as (
    select
        ended.exception_id,
        ended.item_key,
        ended.reconciliation,
        ended.side,
        ended.item_type,
        ended.item_id,
        ended.occurrence,
        ended.current_case_id as case_id,
        'newly_resolved' as lifecycle,
        case
            when ended.is_still_true then ended.current_exception_type
            else ended.exception_type
        end as exception_type,
        case when ended.is_still_true then ended.current_root_cause else ended.root_cause end
            as root_cause,
        case when ended.is_still_true then ended.current_customer_id else ended.customer_id end
            as customer_id,
        case when ended.is_still_true then ended.current_amount else ended.amount end as amount,
        case when ended.is_still_true then ended.current_currency else ended.currency end
            as currency,
        case when ended.is_still_true then ended.current_base_amount else ended.base_amount end
            as base_amount,
        case when ended.is_still_true then ended.current_group_name else ended.group_name end
            as group_name,
        case when ended.is_still_true then ended.current_item_count else ended.item_count end
            as item_count,
        ended.opened_at,
        {{ as_of() }} as resolved_at,
        case
            when ended.person_decided_at is not null and not ended.is_still_true
                then outcomes.resolution || ' (' || ended.person_resolution || ')'
            else coalesce(ended.person_resolution, outcomes.resolution)
        end as resolution,
        coalesce(ended.person, 'tieout') as resolved_by,
        ended.opened_run_id,
        {{ run_id() }} as resolved_run_id,
        outcomes.row_hash as item_row_hash,
        ended.person_row_hash as decision_row_hash
    from ended
    left join outcomes
        on ended.exception_id = outcomes.exception_id
),

last_occurrences as (
    select journal.*
    from journal
    qualify row_number() over (
        partition by journal.item_key
        order by journal.occurrence desc nulls last
    ) = 1
),

-- what a person resolved stays so while the same finding stands, unless the item must have one
beginning as (
    select
        current_exceptions.*,
        coalesce(last_occurrences.occurrence, 0) + 1 as occurrence
    from current_exceptions
    left join last_occurrences
        on current_exceptions.item_key = last_occurrences.item_key
    where
        last_occurrences.item_key is null
        or (
            last_occurrences.is_resolved
            and (
                current_exceptions.is_required
                or last_occurrences.resolved_by = 'tieout'
                or last_occurrences.exception_type <> current_exceptions.exception_type
            )
        )
),

newly_opened as (
    select
        {{ sha256_hex(
            "beginning.item_key || '|' || cast(beginning.occurrence as " ~ dbt.type_string() ~ ")"
        ) }} as exception_id,
        beginning.item_key,
        beginning.reconciliation,
        beginning.side,
        beginning.item_type,
        beginning.item_id,
        beginning.occurrence,
        beginning.case_id,
        'newly_opened' as lifecycle,
        beginning.exception_type,
        beginning.root_cause,
        beginning.customer_id,
        beginning.amount,
        beginning.currency,
        beginning.base_amount,
        beginning.group_name,
        beginning.item_count,
        -- a person can know of it from now on, however long the money has been open
        {{ as_of() }} as opened_at,
        cast(null as timestamp) as resolved_at,
        cast(null as {{ dbt.type_string() }}) as resolution,
        cast(null as {{ dbt.type_string() }}) as resolved_by,
        {{ run_id() }} as opened_run_id,
        cast(null as {{ dbt.type_string() }}) as resolved_run_id,
        beginning.row_hash as item_row_hash,
        cast(null as {{ dbt.type_string() }}) as decision_row_hash
    from beginning
),

final as (
    select * from history
    union all
    select * from still_open
    union all
    select * from newly_resolved
    union all
    select * from newly_opened
)

select * from final

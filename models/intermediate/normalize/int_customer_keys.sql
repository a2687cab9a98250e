-- What the master says that a customer is known by: account numbers, legal name and aliases, and
-- the looser forms of both. Apart from what documents and payments tell of customers, which is new
-- in every run.
with

customers as (select * from {{ ref('stg_crm__customers') }}),

customer_names as (
    select
        customers.customer_id,
        'name' as key_kind,
        {{ normalize_name('customers.legal_name') }} as name_key
    from customers
    union all
    select
        customers.customer_id,
        'alias' as key_kind,
        {{ normalize_name('names.alias') }} as name_key
    from customers
    {{ unnest_list('customers.aliases', 'names', 'alias') }}
),

{{ reduced_names('customer_names') }},

customer_reduced_names as (
    select
        customer_names.customer_id,
        reduced_names.*
    from customer_names
    inner join reduced_names
        on customer_names.name_key = reduced_names.name_key
),

places as (select cast(counted.place as int) as place from range(20, 71) as counted (place)),

-- Banks cut names. A name cut inside a word says so; one cut between two words may be whole, and
-- counts from 26 characters on only (the shortest cut is 27, less a space).
cut_names as (
    select
        customer_reduced_names.customer_id,
        trim(substr(customer_reduced_names.plain_name, 1, places.place)) as name_key
    from customer_reduced_names
    inner join places
        on places.place < length(customer_reduced_names.plain_name)
    where
        substr(customer_reduced_names.plain_name, places.place, 1) <> ' '
        and (
            places.place >= 26
            or substr(customer_reduced_names.plain_name, places.place + 1, 1) <> ' '
        )
),

keys as (
    select
        customers.customer_id,
        'account' as key_kind,
        {{ compact_upper('accounts.account') }} as key_value
    from customers
    {{ unnest_list('customers.bank_accounts', 'accounts', 'account') }}
    union all
    select
        customer_names.customer_id,
        customer_names.key_kind,
        customer_names.name_key as key_value
    from customer_names
    union all
    -- a payer who states no legal form may be one of any form, but of one customer only
    select
        customer_reduced_names.customer_id,
        'bare_name' as key_kind,
        customer_reduced_names.bare_name as key_value
    from customer_reduced_names
    union all
    select
        customer_reduced_names.customer_id,
        'bare_name_and_form' as key_kind,
        customer_reduced_names.bare_name || '|' || customer_reduced_names.legal_form as key_value
    from customer_reduced_names
    union all
    select
        customer_reduced_names.customer_id,
        'word_set' as key_kind,
        customer_reduced_names.word_set as key_value
    from customer_reduced_names
    union all
    select
        customer_reduced_names.customer_id,
        'word_set' as key_kind,
        customer_reduced_names.initial_set as key_value
    from customer_reduced_names
    union all
    select
        customer_reduced_names.customer_id,
        'uninitialled_set' as key_kind,
        customer_reduced_names.uninitialled_set as key_value
    from customer_reduced_names
    union all
    select
        customer_reduced_names.customer_id,
        'short_name' as key_kind,
        customer_reduced_names.short_name as key_value
    from customer_reduced_names
    union all
    select
        customer_reduced_names.customer_id,
        'short_name' as key_kind,
        customer_reduced_names.short_name || '|' || customer_reduced_names.legal_form as key_value
    from customer_reduced_names
    where customer_reduced_names.legal_form <> ''
    union all
    select
        cut_names.customer_id,
        'cut_name' as key_kind,
        cut_names.name_key as key_value
    from cut_names
),

final as (
    select
        keys.key_kind,
        keys.key_value,
        min(keys.customer_id) as customer_id,
        count(distinct keys.customer_id) > 1 as is_shared
    from keys
    where keys.key_value is not null and keys.key_value <> ''
    group by keys.key_kind, keys.key_value
)

select * from final

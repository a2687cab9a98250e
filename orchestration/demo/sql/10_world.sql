-- The world: pseudo-random draws, currencies, rates, own accounts, customers.
-- Variables: seed, invoices, months, start_date, end_date, recent_from, customers, heads, tails,
-- trades, suppliers, extra_quote, extra_level, camt_share, mt940_share.

-- A number in 0..modulus-1 that depends on nothing but the seed, the purpose and the id.
create macro draw(purpose, id, modulus) as cast(
    md5_number_lower(concat_ws('|', getvariable('seed'), purpose, id)) % modulus as bigint
);
create macro token(purpose, id, width) as
    substr(md5(concat_ws('|', getvariable('seed'), purpose, id)), 1, width);
-- The same in the mixed case of a machine's ids.
create macro mixed_token(purpose, id, width) as
    translate(token(purpose, id, width), '0123456789abcdef', 'Hk5mQ8rZ2xTp7Nw3');
-- Minor units to decimal text.
create macro money(minor, digits) as case digits
    when 0 then cast(minor as varchar)
    when 3 then cast(minor * 0.001 as varchar)
    else cast(minor * 0.01 as varchar)
end;
create macro business_day(d) as cast(
    d + cast(case isodow(d) when 6 then 2 when 7 then 1 else 0 end as integer) as date
);
create macro iso(ts) as strftime(ts, '%Y-%m-%dT%H:%M:%SZ');
create macro month_of(d) as strftime(d, '%Y-%m');
-- the file of a fact: its month's, or for the last days one of their own
create macro period_of(d) as
    month_of(d) || case when d >= getvariable('recent_from') then '_recent' else '' end;
create macro csv(value) as case
    when regexp_matches(value, '[",\n\r]') then '"' || replace(value, '"', '""') || '"'
    else coalesce(value, '')
end;
create macro js(name, value) as
    '"' || name || '":' || coalesce(cast(to_json(value) as varchar), 'null');
create macro js_number(name, value) as '"' || name || '":' || coalesce(value, 'null');
create macro xml(value) as
    replace(replace(replace(value, '&', '&amp;'), '<', '&lt;'), '>', '&gt;');
create macro swift(value) as regexp_replace(
    replace(replace(replace(replace(replace(replace(replace(
        value, '&', '+'), 'ü', 'ue'), 'ö', 'oe'), 'ä', 'ae'), 'Ü', 'Ue'), '?', '.'), '#', '-'),
    '[^A-Za-z0-9/:().,''+ -]', '-', 'g'
);
-- Two check digits (ISO 7064 mod 97-10) of an all-digit rendering that ends in the two zeros.
create macro check_digits(digits) as
    format('{:02d}', cast(98 - cast(digits as hugeint) % 97 as integer));

create table currency as
select * from (values
    ('EUR', 2, 1), ('USD', 2, 1), ('GBP', 2, 1), ('JPY', 0, 2), ('BHD', 3, 4)
) as t (currency, digits, scale);

-- IBAN shape: fixed bank part, its letters as digits, how many digits follow, country as digits.
create table country as
select * from (values
    ('DE', 'EUR', '99012345', '99012345', 10, '1314'),
    ('AT', 'EUR', '99123', '99123', 11, '1029'),
    ('NL', 'EUR', 'TOUT', '29243029', 10, '2321'),
    ('FR', 'EUR', '9990199902', '9990199902', 13, '1527'),
    ('IE', 'EUR', 'TOUT', '29243029', 14, '1814'),
    ('GB', 'GBP', 'TOUT', '29243029', 14, '1611'),
    ('BH', 'BHD', 'TOUT', '29243029', 14, '1117'),
    ('US', 'USD', null, null, 12, null),
    ('JP', 'JPY', null, null, 10, null)
) as t (country, currency, bank, bank_digits, width, country_digits);

-- An account number that is unique for its serial number; an IBAN where the country has them.
create macro account_number(country, bank, bank_digits, width, country_digits, serial) as case
    when bank is null then lpad(cast(serial * 7 + 1000003 as varchar), cast(width as integer), '0')
    else
        country
        || check_digits(
            bank_digits
            || lpad(cast(serial * 7 + 1000003 as varchar), cast(width as integer), '0')
            || country_digits || '00'
        )
        || bank
        || lpad(cast(serial * 7 + 1000003 as varchar), cast(width as integer), '0')
end;

create table own_account as
select
    t.code,
    account_number(c.country, c.bank, c.bank_digits, c.width, c.country_digits, t.serial)
        as account_id,
    c.currency,
    currency.digits,
    t.form,
    t.name,
    t.ledger_account_code,
    cast(t.opening as bigint) * getvariable('invoices') // 10 as opening,
    c.country
from (values
    ('E', 'DE', 9000001, 'camt', 'Operating account EUR', '1810', 100000),
    ('G', 'GB', 9000002, 'mt940', 'Operating account GBP', '1820', 50000),
    ('U', 'US', 9000003, 'csv', 'Operating account USD', '1830', 50000),
    ('J', 'JP', 9000004, 'csv', 'Operating account JPY', '1840', 900000),
    ('B', 'BH', 9000005, 'csv', 'Operating account BHD', '1850', 90000),
    ('F', 'DE', 9000006, 'csv', 'Collection account EUR', '1811', 30000),
    ('H', 'GB', 9000007, 'csv', 'Collection account GBP', '1821', 20000)
) as t (code, country, serial, form, name, ledger_account_code, opening)
inner join country as c on t.country = c.country
inner join currency on c.currency = currency.currency;

create table day as
select
    cast(d as date) as d,
    isodow(cast(d as date)) <= 5 as is_business_day
from range(
    cast(getvariable('start_date') as timestamp) - interval 30 day,
    cast(getvariable('end_date') as timestamp) + interval 1 day,
    interval 1 day
) as t (d);

-- Rates in steps of 0.0001 of the base: a seeded walk around a plausible level.
create table fx as
select
    day.d as rate_date,
    quote.currency,
    cast(quote.level * 1000000 as bigint)
        + cast(quote.level * 1000 as bigint) * sum(draw('fx' || quote.currency, day.d, 9) - 4)
            over (
                partition by quote.currency order by day.d
                rows between 40 preceding and current row
            ) as rate_millionths
from day
cross join (
    select * from (values
        ('USD', 1.0850), ('GBP', 0.8570), ('JPY', 162.40), ('BHD', 0.4080)
    ) as t (currency, level)
    union all
    select getvariable('extra_quote'), getvariable('extra_level')
    where getvariable('extra_quote') is not null
) as quote
where day.is_business_day;

create table customer as
with counted as (
    select cast(n as bigint) as n, draw('country', n, 1000) as country_draw
    from range(1, getvariable('customers') + 1) as t (n)
),
placed as (
    select
        counted.*,
        case
            when country_draw < 440 then 'DE' when country_draw < 520 then 'AT'
            when country_draw < 600 then 'NL' when country_draw < 680 then 'FR'
            when country_draw < 730 then 'IE' when country_draw < 830 then 'GB'
            when country_draw < 960 then 'US' when country_draw < 985 then 'JP'
            else 'BH'
        end as country,
        (n * 48271 + getvariable('seed') * 7919) % 196608 as name_number,
        n // 196608 as name_round
    from counted
),
named as (
    select
        placed.*,
        getvariable('heads')[cast(name_number % 64 + 1 as integer)]
        || getvariable('tails')[cast(name_number // 64 % 64 + 1 as integer)]
        || ' ' || getvariable('trades')[cast(name_number // 4096 % 48 + 1 as integer)]
        || case when name_round > 0 then ' ' || cast(name_round + 1 as varchar) else '' end
            as short_name
    from placed
)
select
    named.n,
    format('CUS-{:06d}', named.n) as customer_id,
    named.short_name,
    named.short_name || ' ' || case named.country
        when 'DE' then ['GmbH', 'GmbH', 'AG', 'GmbH & Co. KG', 'UG']
        when 'AT' then ['GmbH', 'GmbH', 'AG', 'OG', 'KG']
        when 'NL' then ['B.V.', 'B.V.', 'N.V.', 'B.V.', 'V.O.F.']
        when 'FR' then ['SARL', 'SAS', 'SA', 'SARL', 'SAS']
        when 'US' then ['Inc.', 'LLC', 'Corp.', 'Inc.', 'LLC']
        when 'JP' then ['K.K.', 'K.K.', 'G.K.', 'K.K.', 'K.K.']
        when 'BH' then ['W.L.L.', 'W.L.L.', 'B.S.C.', 'W.L.L.', 'W.L.L.']
        else ['Ltd', 'Ltd', 'PLC', 'LLP', 'Ltd']
    end[cast(draw('form', named.n, 5) + 1 as integer)] as legal_name,
    -- a second way in which the customer signs
    case
        when draw('alias', named.n, 100) < 40 then upper(named.short_name)
        when draw('alias', named.n, 100) < 55
            then replace(named.short_name, ' ', '-') || ' Group'
    end as alias,
    named.country,
    c.currency,
    currency.digits,
    currency.scale,
    account_number(c.country, c.bank, c.bank_digits, c.width, c.country_digits, named.n * 2)
        as account_1,
    case
        when draw('second account', named.n, 100) < 15
            then account_number(
                c.country, c.bank, c.bank_digits, c.width, c.country_digits, named.n * 2 + 1
            )
    end as account_2,
    case
        when draw('tier', named.n, 100) < 5 then 'strategic'
        when draw('tier', named.n, 100) < 20 then 'key'
        else 'standard'
    end as tier,
    case
        when named.n > 20 and draw('parent', named.n, 100) < 5
            then draw('parent of', named.n, 20) + 1
    end as parent_n,
    case when draw('channel', named.n, 100) < 48 then 'card' else 'transfer' end as channel,
    case
        when draw('habit', named.n, 100) < 20 then 'early'
        when draw('habit', named.n, 100) < 75 then 'on_time'
        else 'late'
    end as habit,
    [14, 30, 30, 45][cast(draw('terms', named.n, 4) + 1 as integer)] as term_days,
    case
        when draw('subscription', named.n, 100) < 55
            then [29, 49, 99, 149, 299, 499][cast(draw('plan', named.n, 6) + 1 as integer)]
    end as plan_price,
    draw('order number', named.n, 100) < 30 as uses_orders,
    case when draw('gateway', named.n, 100) < 65 then 'cardwave' else 'payharbor' end as gateway,
    case c.currency
        when 'USD' then 'U' when 'JPY' then 'J' when 'BHD' then 'B'
        when 'GBP' then case
            when draw('collect', named.n, 10000) < getvariable('mt940_share') then 'G' else 'H'
        end
        else case
            when draw('collect', named.n, 10000) < getvariable('camt_share') then 'E' else 'F'
        end
    end as account_code,
    cast(null as varchar) as unlisted
from named
inner join country as c on named.country = c.country
inner join currency on c.currency = currency.currency;

-- Customers that billing knows and the customer list does not.
update customer set unlisted = 'unknown_customer'
where n in (
    select n from customer where parent_n is null and n > 20
    order by draw('unlisted', n, 1000000000), n
    limit greatest(1, getvariable('customers') // 250)
);

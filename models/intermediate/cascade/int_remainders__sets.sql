-- Documents that equal what a payment pays beyond those it names, or credit memos that equal what
-- it is short by.
{{ sets_of(
    'actual', 'int_remainders__units', 'int_remainders__parties', smallest_set=1
) }}

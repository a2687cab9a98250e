-- What payers with a difference have open besides, by direction of the difference.
{{ set_parties('int_remainders__units', 'remainder') }}

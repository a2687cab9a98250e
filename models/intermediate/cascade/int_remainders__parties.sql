-- What payers with a difference have open besides, by direction of the difference.
{{ set_parties(
    'int_remainders__units', 'remainder', credits='units.amount < 0 or units.takes_off'
) }}

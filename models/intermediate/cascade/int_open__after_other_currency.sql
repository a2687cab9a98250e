-- What pass 9 leaves open.
{{ open_after('int_open__after_probabilistic', 'int_pass__other_currency') }}

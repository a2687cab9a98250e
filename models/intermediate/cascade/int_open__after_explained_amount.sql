-- What pass 7 leaves open.
{{ open_after('int_open__after_sets', 'int_pass__explained_amount') }}

-- What pass 6 leaves open.
{{ open_after('int_open__after_sets', 'int_pass__explained_amount') }}

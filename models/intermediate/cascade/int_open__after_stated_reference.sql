-- What pass 1 leaves open.
{{ open_after('int_open__unmatched', 'int_pass__stated_reference') }}

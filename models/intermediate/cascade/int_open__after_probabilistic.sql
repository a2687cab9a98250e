-- What pass 8 leaves open.
{{ open_after(before_probabilistic(), 'int_pass__probabilistic') }}

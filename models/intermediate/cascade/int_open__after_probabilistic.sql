-- What pass 6 leaves open.
{{ open_after(before_probabilistic(), 'int_pass__probabilistic') }}

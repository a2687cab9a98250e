-- The words of what is open before the probabilistic pass.
{{ unit_words('int_open__after_sums') }}

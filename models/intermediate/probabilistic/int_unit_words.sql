-- The words of what is open before the probabilistic pass.
{{ unit_words(before_probabilistic()) }}

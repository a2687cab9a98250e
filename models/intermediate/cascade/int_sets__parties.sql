-- What the parties of int_sets__units have on both sides, from which the searches tell how much
-- there is to look at, and how likely sums are to agree by chance.
{{ set_parties('int_sets__units', 'sets') }}

"""Benchmarks on data that nobody of this project made: `tieout benchmark NAME [FOLDER]`.

Each lands published data in a temporary home, sends it through the same models as everything else,
and holds the result against the published truth, which no model sees.
"""

"""Benchmarks: `tieout benchmark NAME`.

Each lands data whose truth is known, made or published, in a temporary home, sends it through the
same models as everything else, and holds the result against the truth, which no model sees.
"""

"""A new version of a feed's export held against recorded payloads, before it lands anywhere.

`recorded/<feed>` holds a few rows of each feed in each form that landing takes, made up by hand. A
company's own stand in `$TIEOUT_HOME/recorded/<feed>`, and go before these.
"""

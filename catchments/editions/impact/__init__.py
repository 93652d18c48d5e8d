"""The impact of a draft on schools, catchments and providers, worked out anew after each change.

`ImpactCalculator` keeps what is expensive from one call to the next: a page can ask after every
change.
"""

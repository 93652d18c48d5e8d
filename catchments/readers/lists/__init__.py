"""Lists: of the schools in each catchment and of providers, understood by the edition known."""

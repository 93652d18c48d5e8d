"""The parts that all pages share: services, problems, caching, parameters, languages, assets."""

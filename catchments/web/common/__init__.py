"""What all pages and answers share: services, problems, caching, parameters, languages, assets."""

"""The domain of the attendance service's catchments, and its doors."""

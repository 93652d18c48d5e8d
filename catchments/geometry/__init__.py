"""Geometry: coordinates, coverages, cutting and the spatial index; no word about schools."""

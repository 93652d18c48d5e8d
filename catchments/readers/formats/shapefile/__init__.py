"""Shapefiles: read by GDAL in a program of its own, which has one driver and a fence around it."""

"""The map on a screen: what Folium says of it, the data that it draws, and it all in one file."""

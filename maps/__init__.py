"""Maps: an edition's display geometry, its Folium map, pictures and files to take away.

Importing this much imports neither Folium nor pandas.
"""

MAKER = "9"
"""The version of what this room makes; kept artefacts of another version are made anew.

Raise it whenever the same edition would give other bytes: a changed tolerance, property, colouring
or Folium version.
"""

"""Elements of the map for which Folium has no word: Leaflet layers and controls of our own.

Each names a class of the scripts in `catchments/web/static` and its options. No text that a person
or a file supplied comes here, since branca renders what it is given as a template again: layers
know the names of files, and what stands in those reaches the browser as JSON.
"""

from __future__ import annotations

from typing import Any

import folium
from branca.element import MacroElement
from folium.template import Template


class OwnLayer(folium.map.Layer):
    """A layer of a class of ours, which fetches what it draws by the name of a file."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = new L.catchments.{{ this.class_name }}(
                {{ this.options|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, class_name: str, *, control: bool = True, **options: Any) -> None:
        super().__init__(name=class_name, overlay=True, control=control)
        self._name, self._id = class_name, "layer"
        self.class_name, self.options = class_name, options


class OwnControl(MacroElement):
    """A control of a class of ours."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            new L.catchments.{{ this.class_name }}(
                {{ this.options|tojson }}).addTo({{ this._parent.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self, class_name: str, **options: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name, self._id = class_name, "control"
        self.class_name, self.options = class_name, options


class OwnHandler(MacroElement):
    """A handler of a class of ours, at work from the beginning."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            new L.catchments.{{ this.class_name }}(
                {{ this._parent.get_name() }}, {{ this.options|tojson }}).enable();
        {% endmacro %}
        """
    )

    def __init__(self, class_name: str, **options: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name, self._id = class_name, "handler"
        self.class_name, self.options = class_name, options

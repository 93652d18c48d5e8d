/* Schools on the map: dots from the zoom at which they can be told apart. */
(function () {
  "use strict";

  const ours = window.L && L.catchments;
  if (!ours) return;

  ours.Schools = L.Layer.extend({
    options: { data: "schools", fromZoom: 9 },

    initialize(options) {
      L.setOptions(this, options);
      this.all = [];
      this._dots = null;
      this._asked = null;
    },

    onAdd(map) {
      map.schools = this;
      map.on("zoomend", this._show, this);
      this._show();
    },

    onRemove(map) {
      map.off("zoomend", this._show, this);
      if (this._dots) this._dots.remove();
    },

    /* Fetched when first wanted. */
    wanted() {
      this._asked ||= ours.data(this.options.data).then(
        (content) => this._read(content),
        (error) => {
          this._asked = null; // The next zoom may try again.
          this.fire("missing");
          throw error;
        },
      );
      return this._asked;
    },

    _read({ schools }) {
      this.all = schools
        .filter((row) => Number.isFinite(row[2]) && Number.isFinite(row[3]))
        .map(([id, name, lng, lat, code, status]) => ({ id, name, code, status, place: L.latLng(lat, ours.to360(lng)) }));
      const renderer = L.canvas({ pane: "schools" });
      this._dots = L.layerGroup(this.all.map(({ place, status }) =>
        L.circleMarker(place, {
          renderer, interactive: false, radius: 4.5, weight: 1.5, color: "#14232e", opacity: 1,
          fillColor: status === "open" ? "#ffffff" : "#9aa7b0", fillOpacity: 1,
        })));
      if (this._map) this._show();
    },

    _show() {
      const isNear = this._map.getZoom() >= this.options.fromZoom;
      if (isNear && !this._dots) this.wanted().catch(() => {});
      if (!this._dots) return;
      if (isNear && !this._map.hasLayer(this._dots)) {
        this._dots.addTo(this._map);
        this.fire("drawn");
      } else if (!isNear) {
        this._dots.remove();
      }
    },

    isShown() {
      return Boolean(this._map && this._dots && this._map.hasLayer(this._dots));
    },

    /* The school that lies nearest to a point of the picture, within so many pixels. */
    at(point, reach) {
      if (!this.isShown()) return null;
      let best = null;
      let bestDistance = reach;
      for (const school of this.all) {
        const distance = this._map.latLngToContainerPoint(school.place).distanceTo(point);
        if (distance <= bestDistance) {
          best = school;
          bestDistance = distance;
        }
      }
      return best;
    },
  });
})();

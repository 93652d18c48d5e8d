/* Schools on the map: dots from the zoom at which they can be told apart. */
(function () {
  "use strict";

  const ours = window.L && L.catchments;
  if (!ours) return;

  ours.Schools = L.Layer.extend({
    options: { data: "schools", fromZoom: 9, cellDeg: 2 },

    initialize(options) {
      L.setOptions(this, options);
      this.all = [];
      this._dots = L.layerGroup();
      this._read = new Set();
    },

    onAdd(map) {
      map.schools = this;
      map.on("moveend", this._show, this);
      this._show();
    },

    onRemove(map) {
      map.off("moveend", this._show, this);
      this._dots.remove();
      this.fire("drawn");
    },

    _show() {
      const map = this._map;
      if (map.getZoom() < this.options.fromZoom) {
        this._dots.remove();
        return;
      }
      this._dots.addTo(map);
      const cells = ours.isHeld(this.options.data) ? ["all"] : ours.cellsIn(map.getBounds(), this.options.cellDeg);
      for (const cell of cells) this._want(cell);
    },

    /* Fetched by the piece, when first looked at. */
    _want(cell) {
      if (this._read.has(cell)) return;
      this._read.add(cell);
      ours.data(this.options.data, cell).then(
        (content) => this._draw(content),
        () => {
          this._read.delete(cell); // The next move may try again.
          this.fire("missing");
        },
      );
    },

    _draw({ schools }) {
      const found = schools
        .filter((row) => Number.isFinite(row[2]) && Number.isFinite(row[3]))
        .map(([id, name, lng, lat, code, status, note]) => ({ id, name, code, status, note, place: L.latLng(lat, ours.to360(lng)) }));
      this._renderer ||= L.canvas({ pane: "schools" });
      for (const { place, status } of found) {
        this._dots.addLayer(L.circleMarker(place, {
          renderer: this._renderer, interactive: false, radius: 4.5, weight: 1.5, color: "#14232e", opacity: 1,
          fillColor: status === "open" ? "#ffffff" : "#9aa7b0", fillOpacity: 1,
        }));
      }
      this.all.push(...found);
      this.fire("drawn");
    },

    isShown() {
      return Boolean(this._map && this._map.hasLayer(this._dots));
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

  /* What was chosen, where it is no area. */
  ours.pin = (place) => {
    const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    picture.setAttribute("viewBox", "-14 -38 28 40");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("class", "chosen-school");
    path.setAttribute("d", "M0 0C-3-9-12-14-12-24a12 12 0 0 1 24 0C12-14 3-9 0 0zM0-29a5 5 0 1 0 0 10 5 5 0 1 0 0-10z");
    picture.append(path);
    const icon = L.divIcon({ className: "map-pin", html: picture, iconSize: [28, 40], iconAnchor: [14, 38] });
    return L.marker(place, { icon, interactive: false, keyboard: false, pane: "chosen" });
  };
})();

/* Roads, lakes and rivers, where whoever runs the service has imported them: by cell, as near as one looks. */
(function () {
  "use strict";

  const ours = window.L && L.catchments;
  if (!ours) return;

  const ROADS_FROM = 14;

  ours.Lines = L.Layer.extend({
    options: { data: "basemap", levels: [] },

    initialize(options) {
      L.setOptions(this, options);
      this._cells = new Map();
      this._wanted = new Set();
    },

    getAttribution() {
      const credit = document.createElement("span");
      credit.textContent = ours.frame.dataset.credit || "";
      return credit.textContent && credit.outerHTML;
    },

    onAdd(map) {
      map.lines = this;
      if (!ours.has(this.options.data)) return;
      map.on("moveend", this._fill, this);
      this._fill();
    },

    onRemove(map) {
      map.off("moveend", this._fill, this);
      this._keep(new Set());
    },

    async _fill() {
      const map = this._map;
      const level = this.options.levels.filter((each) => map.getZoom() >= each.fromZoom).pop();
      const wanted = (this._wanted = new Set(level ? ours.cellsIn(map.getBounds().pad(0.05), level.deg).map((cell) => level.name + "/" + cell) : []));
      await Promise.allSettled(Array.from(wanted, async (name) => {
        const cell = await ours.data(this.options.data, name);
        if (this._map && this._wanted.has(name) && !this._cells.has(name)) this._cells.set(name, this._lay(cell));
      }));
      if (this._wanted !== wanted) return;
      this._keep(wanted);
      if (map.names) map.names.placeSoon();
    },

    _keep(wanted) {
      for (const [name, cell] of this._cells) {
        if (wanted.has(name)) continue;
        cell.group.remove();
        this._cells.delete(name);
      }
    },

    _lay({ per, box, lake = [], wide_river: wide = [], river = [], road = [], names = [] }) {
      const group = L.layerGroup();
      this._renderer ||= L.svg({ pane: "lines", padding: 0.2 });
      const options = { pane: "lines", renderer: this._renderer, interactive: false, smoothFactor: 0.5 };
      const read = (rings) => ours.ringsOfCell({ per, box, rings });
      const area = (rings, className) => rings.length && L.polygon(read(rings), { ...options, className }).addTo(group);
      const line = (lines, className) => lines.length && L.polyline(read(lines), { ...options, className }).addTo(group);
      area(lake, "lake");
      area(wide, "wide-river");
      river.forEach((lines) => line(lines, "river"));
      // The smallest first, so that highways lie on top.
      for (let rank = road.length - 1; rank >= 0; rank -= 1) line(road[rank], "road road-" + rank);
      return { group: group.addTo(this._map), names };
    },

    /* What the names on the map may say of it: as features, the largest of each cell first. */
    names() {
      const found = Array.from(this._cells.values(), (cell) => cell.names).flat();
      return found.map(([name, lng, lat, kind]) => [name, lng, lat, kind, kind === "road" ? ROADS_FROM : 0]);
    },
  });
})();

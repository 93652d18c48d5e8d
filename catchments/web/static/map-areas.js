/* Areas of the map: catchments, the lines between regions, and the sea laid over them near by.
 *
 * From afar boundaries are simplified and clipped to the coast. Close by they are drawn as they are
 * published, and the sea, whose coast is as fine as its source, lies over what reaches out into it.
 */
(function () {
  "use strict";

  const ours = window.L && L.catchments;
  if (!ours) return;

  const FAR_LNG = 181;
  const isFar = (line) => line.every(([, lng]) => lng > FAR_LNG);
  const isFarOut = (ours.isFarOut = ([outer]) => isFar(outer));
  const boundsOf = (polygons) => L.latLngBounds(polygons.flatMap(([outer]) => outer));

  // --- catchments ----------------------------------------------------------------------------------

  ours.Areas = L.Layer.extend({
    options: { levels: [], closest: "", closestFrom: 99, attribution: "" },

    initialize(options) {
      L.setOptions(this, options);
      this.parts = new Map();
      this._codeOfPath = new WeakMap();
      this._lines = L.layerGroup();
      this.level = "";
      this.isDrawn = new Promise((resolve, reject) => Object.assign(this, { _resolve: resolve, _reject: reject }));
      this.isDrawn.catch(() => {});
    },

    getAttribution() {
      return this.options.attribution;
    },

    onAdd(map) {
      map.areas = this;
      this._lines.addTo(map);
      map.on("moveend", this.refine, this);
      // The page sets the view first, so that everything is drawn once.
      setTimeout(() => this.refine().then(this._resolve, this._reject), 0);
    },

    onRemove(map) {
      map.off("moveend", this.refine, this);
      this._lines.remove();
      for (const part of this.parts.values()) part.layer.remove();
      this.parts.clear();
      this.level = "";
    },

    /* Draw as finely as the zoom asks for. */
    async refine() {
      const map = this._map;
      const zoom = map.getZoom();
      const { levels, closest, closestFrom } = this.options;
      const { data } = levels.find((each) => zoom < each.until && ours.has(each.data)) || levels[levels.length - 1];
      const isClose = zoom >= closestFrom && ours.has(closest);
      if (this.level !== data) {
        const drawn = ours.topology(await ours.data(data));
        if (this._map !== map) return;
        this.level = data;
        await this._draw(drawn);
        if (this._map !== map) return;
      }
      ours.frame.toggleAttribute("data-close", isClose);
      if (isClose) await this._publish(closest);
      else this._unpublish();
    },

    /* A few at a time, so that a slow phone can scroll meanwhile. */
    async _draw({ areas, lines }) {
      const turn = (this._turn = {});
      for (const area of areas) {
        const known = this.parts.get(area.code);
        if (known) {
          known.polygons = area.polygons;
          if (!known.published) this._redraw(known);
        } else {
          this._add(area);
        }
        await ours.breathe();
        if (this._turn !== turn || !this._map) return;
      }
      this.fire("drawn");
      await this._drawLines(lines, turn);
    },

    /* One that has no land lies over the sea, which would hide it from near by. */
    _add({ code, colour, region, sea, polygons }) {
      const className = "catchment colour-" + Number(colour) + " region-" + Number(region);
      const over = sea ? { pane: "afloat", renderer: (this._afloat ||= L.svg({ pane: "afloat" })) } : {};
      const part = { polygons, region: Number(region), colour: Number(colour), published: null };
      part.bounds = boundsOf(polygons);
      part.layer = L.polygon(this._shown(part), { className, smoothFactor: 0.7, ...over }).addTo(this._map);
      this._codeOfPath.set(part.layer.getElement(), code);
      this.parts.set(code, part);
    },

    async _drawLines({ coast, between }, turn) {
      this._renderer ||= L.svg({ pane: "regions" });
      const options = { interactive: false, pane: "regions", renderer: this._renderer, smoothFactor: 0.7 };
      this._lines.clearLayers();
      this._farLines = [];
      const groups = [[between, "region-line"]];
      const near = coast.filter((line) => !isFar(line));
      for (let at = 0; at < near.length; at += 20) groups.push([near.slice(at, at + 20), "coast-line"]);
      groups.push([coast.filter(isFar), "coast-line far"]);
      for (const [lines, className] of groups) {
        const drawn = L.polyline(lines, { ...options, className });
        if (className.endsWith("far")) this._farLines.push(drawn);
        if (!className.endsWith("far") || !this._leftOut) drawn.addTo(this._lines);
        await ours.breathe();
        if (this._turn !== turn || !this._map) return;
      }
    },

    async _publish(name) {
      const view = this._map.getBounds().pad(0.2);
      const wanted = Array.from(this.parts).filter(([, part]) => !part.published && part.bounds.intersects(view));
      await Promise.allSettled(wanted.map(async ([code, part]) => {
        const polygons = ours.geojsonPolygons(await ours.data(name, code));
        if (!this._map || !ours.frame.hasAttribute("data-close") || !polygons.length) return;
        part.published = polygons;
        this._redraw(part);
      }));
      this.fire("drawn");
    },

    _unpublish() {
      for (const part of this.parts.values()) {
        if (!part.published) continue;
        part.published = null;
        this._redraw(part);
      }
    },

    // --- what others ask of it

    codeOf(target) {
      return this._codeOfPath.get(target);
    },

    codeAt({ lat, lng }) {
      for (const [code, part] of this.parts) {
        if (part.bounds.contains([lat, lng]) && ours.isInside(part.published || part.polygons, lat, lng)) {
          return code;
        }
      }
      return undefined;
    },

    /* The corner of an area that lies nearest to a place; none where an area is in view. */
    nearest(place, view) {
      let [best, bestDistance] = [null, Infinity];
      for (const { bounds, polygons } of this.parts.values()) {
        if (bounds.contains(place) && ours.isInside(polygons, place.lat, place.lng)) return null;
        for (const corner of polygons.flatMap(([outer]) => outer)) {
          if (view.contains(corner)) return null;
          const distance = (corner[0] - place.lat) ** 2 + ((corner[1] - place.lng) * 0.75) ** 2;
          if (distance < bestDistance) [best, bestDistance] = [corner, distance];
        }
      }
      return best;
    },

    /* The bounds of what of some catchments is drawn; undefined where none of them is. */
    boundsOf(codes) {
      const drawn = codes.flatMap((code) => this.parts.get(code)?.polygons || []);
      return drawn.length ? boundsOf(drawn) : undefined;
    },

    /* The chosen are saturated, the rest are dimmed. */
    mark(codes) {
      const chosen = codes.filter((code) => this.parts.has(code));
      for (const [each, { layer }] of this.parts) {
        layer.getElement().classList.toggle("chosen", chosen.includes(each));
        if (chosen.includes(each)) layer.bringToFront();
      }
      ours.frame.toggleAttribute("data-chosen", chosen.length > 0);
      this.fire("marked", { codes: chosen });
    },

    /* What lies far out is drawn at its place, or left to a box of its own. */
    leaveOut(isLeftOut) {
      if (this._leftOut === isLeftOut) return;
      this._leftOut = isLeftOut;
      for (const part of this.parts.values()) {
        if (part.polygons.some(isFarOut)) part.layer.setLatLngs(this._shown(part));
      }
      this._farLines?.forEach((line) => (isLeftOut ? this._lines.removeLayer(line) : this._lines.addLayer(line)));
    },

    /* Its bounds are those of all of it, drawn here or left to the box. */
    _redraw(part) {
      part.bounds = boundsOf(part.published || part.polygons);
      part.layer.setLatLngs(this._shown(part));
    },

    _shown(part) {
      const all = part.published || part.polygons;
      return this._leftOut ? all.filter((each) => !isFarOut(each)) : all;
    },
  });

  // --- the sea ---------------------------------------------------------------------------------------

  ours.Sea = L.Layer.extend({
    options: { data: "coast", fromZoom: 99, details: [] },

    initialize(options) {
      L.setOptions(this, options);
      this._cells = new Map();
    },

    onAdd(map) {
      map.sea = this;
      map.on("moveend", this._fill, this);
      this._fill();
    },

    onRemove(map) {
      map.off("moveend", this._fill, this);
      this._keep(new Set());
    },

    /* The coast that is drawn, as lines. */
    shores() {
      return Array.from(this._cells.values()).flatMap(({ shore }) => shore);
    },

    async _fill() {
      const zoom = this._map.getZoom();
      if (!ours.has(this.options.data) || zoom < this.options.fromZoom) return this._keep(new Set());
      const detail = this.options.details.filter((each) => zoom >= each.fromZoom).pop();
      const cells = ours.cellsIn(this._map.getBounds().pad(0.1), detail.deg);
      const wanted = new Set(cells.map((cell) => detail.name + "/" + cell));
      this._wanted = wanted;
      await Promise.allSettled(Array.from(wanted, async (name) => {
        const cell = await ours.data(this.options.data, name);
        if (this._map && this._wanted.has(name) && !this._cells.has(name)) this._cells.set(name, this._lay(name, cell, detail));
      }));
      if (this._wanted !== wanted) return;
      this._keep(wanted);
      this.fire("drawn");
    },

    _keep(wanted) {
      this._wanted = wanted;
      for (const [name, cell] of this._cells) {
        if (wanted.has(name)) continue;
        cell.remove();
        this._cells.delete(name);
      }
    },

    _lay(name, cell, { deg }) {
      const [x, y] = name.split("/")[1].split("_").map(Number);
      const box = cell.box || [x * deg, y * deg, (x + 1) * deg, (y + 1) * deg];
      const rings = ours.ringsOfCell({ ...cell, box });
      const [west, south, east, north] = box;
      const around = [[south, west], [south, east], [north, east], [north, west]];
      const group = L.layerGroup();
      this._renderer ||= L.svg({ pane: "sea", padding: 0.2 });
      this._ground ||= L.svg({ pane: "land", padding: 0.2 });
      L.polygon(around, { pane: "land", renderer: this._ground, className: "land", interactive: false }).addTo(group);
      const over = { pane: "sea", renderer: this._renderer, interactive: false, smoothFactor: 0.5 };
      L.polygon([around, ...rings], { ...over, className: "sea" }).addTo(group);
      group.shore = rings.flatMap((ring) => shoreOf(ring, box));
      L.polyline(group.shore, { ...over, className: "coast-line" }).addTo(group);
      return group.addTo(this._map);
    },
  });

  /* The stretches of a ring that are coast, and not where the cell was cut. */
  function shoreOf(ring, [west, south, east, north]) {
    const edge = ([lat, lng]) => [lng - west < 3e-4, lat - south < 3e-4, east - lng < 3e-4, north - lat < 3e-4];
    const lines = [];
    let line = [ring[0]];
    for (let i = 1; i <= ring.length; i += 1) {
      const [from, to] = [ring[i - 1], ring[i % ring.length]];
      const there = edge(to);
      if (edge(from).some((on, side) => on && there[side])) {
        if (line.length > 1) lines.push(line);
        line = [to];
      } else {
        line.push(to);
      }
    }
    if (line.length > 1) lines.push(line);
    return lines;
  }
})();

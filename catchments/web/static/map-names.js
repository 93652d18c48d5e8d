/* Names on the map, placed for what is in view: towns first, then catchments, waters, suburbs, schools.
 *
 * A catchment's name stands in the middle of what is seen of it. Nothing is written over anything
 * else. Names only ever become textContent.
 */
(function () {
  "use strict";

  const ours = window.L && L.catchments;
  if (!ours) return;

  const FONTS = {
    town: "600 13px", suburb: "500 12px", water: "italic 400 12px", height: "500 11px", catchment: "600 11px", school: "400 12px",
  };
  const WATERS = new Set(["sea", "bay", "strait", "lake", "river"]);
  const AT_MOST = 90;
  const FEWEST_POINTS = 8;
  const FEW_PARTS = 3;
  const FEW_SCHOOLS = 8;
  const COUNTED = " · ";

  /* How many of the largest towns are tried at a zoom, and how far apart their names stay from afar. */
  const apartAt = (zoom) => (zoom < 6.5 ? 12 : zoom < 8 ? 7 : 3);
  const townsAt = (zoom) => Math.round(30 * 2 ** (zoom - 5));

  ours.Names = L.Layer.extend({
    options: { data: "places", suburbs: "suburbs", cellDeg: 2, schoolNamesFrom: 12, suburbsFrom: 11, countsUntil: 9 },

    initialize(options) {
      L.setOptions(this, options);
      this._labels = L.layerGroup();
      this._widths = new Map();
      this._places = { towns: [], features: [] };
      this._suburbs = new Map();
      this.facts = new Map();
    },

    onAdd(map) {
      map.names = this;
      this._labels.addTo(map);
      this._pen ||= document.createElement("canvas").getContext("2d");
      ours.data(this.options.data).then((content) => {
        this._places = content;
        if (content.suburbs) this._suburbs.set("all", content.suburbs);
        this.placeSoon();
      }).catch(() => {}); // The map has catchments all the same.
      map.on("moveend", this._look, this);
      this._look();
      if (map.areas) map.areas.on("drawn", this.placeSoon, this);
      if (map.schools) map.schools.on("drawn", this.placeSoon, this);
    },

    onRemove(map) {
      map.off("moveend", this._look, this);
      this._labels.remove();
    },

    /* Suburbs are fetched by the piece, when first looked at from near by. */
    _look() {
      this.placeSoon();
      if (this._map.getZoom() >= this.options.suburbsFrom) this._suburbsIn(this._map.getBounds()).catch(() => {});
    },

    async _suburbsIn(bounds) {
      const { suburbs, cellDeg } = this.options;
      if (!ours.has(suburbs)) return;
      const cells = ours.cellsIn(bounds, cellDeg).filter((cell) => !this._suburbs.has(cell));
      await Promise.all(cells.map(async (cell) => this._suburbs.set(cell, (await ours.data(suburbs, cell)).suburbs)));
      if (cells.length) this.placeSoon();
    },

    /* Where a town or suburb called so lies in a catchment; nothing where none does. */
    async placeOf(text, code) {
      const bounds = this._map.areas.boundsOf([code]);
      if (bounds) await this._suburbsIn(bounds).catch(() => {});
      const [called] = text.split(",");
      const isMeant = ([name, lng, lat]) =>
        name.localeCompare(called.trim(), "en", { sensitivity: "base" }) === 0 && this._map.areas.codeAt({ lat, lng }) === code;
      const found = [...this._places.towns, ...Array.from(this._suburbs.values()).flat()].find(isMeant);
      return found && [found[2], found[1]];
    },

    placeSoon() {
      cancelAnimationFrame(this._soon);
      this._soon = requestAnimationFrame(() => {
        // Not before it is known what catchments are called, so that all is placed once.
        if (this._map && this.facts.size) this.place();
      });
    },

    /* In short pieces, so that a slow phone can scroll meanwhile; the names change all at once. */
    async place() {
      const map = this._map;
      const turn = (this._turn = {});
      this._next = [];
      this._size = map.getSize();
      this._taken = this._controls();
      this._written = new Set();
      const zoom = map.getZoom();
      const { suburbsFrom, schoolNamesFrom } = this.options;
      const towns = this._places.towns.slice(0, townsAt(zoom));
      const pieces = [
        ...inPieces(towns, 12).map((rows) => () => this._writeTowns(rows, "town")),
        async () => {
          const rooms = await this._roomsInView();
          if (this._turn === turn) this._rooms = rooms;
        },
        () => this._writeCatchments(),
        () => this._writeFeatures(zoom),
        () => this._keepDotsClear(),
        ...inPieces(zoom >= suburbsFrom ? Array.from(this._suburbs.values()).flat() : [], 100).map((rows) => () => this._writeTowns(rows, "suburb")),
        () => this._writeSchools(zoom >= schoolNamesFrom),
      ];
      for (const piece of pieces) {
        await piece();
        await ours.breathe();
        if (this._turn !== turn || this._map !== map) return;
      }
      const isFirst = !this._labels.getLayers().length;
      this._labels.clearLayers();
      for (const label of this._next) {
        label.addTo(this._labels);
        if (isFirst) await ours.breathe();
        if (this._turn !== turn || this._map !== map) return;
      }
    },

    /* What lies over the map is kept clear of names. */
    _controls() {
      const frame = this._map.getContainer().getBoundingClientRect();
      return Array.from(document.querySelectorAll(".map-frame .leaflet-control, .map-pin, .map-main .finder"), (each) => {
        const { left, top, right, bottom } = each.getBoundingClientRect();
        return [left - frame.left, top - frame.top, right - frame.left, bottom - frame.top];
      }).filter((box) => box[2] > box[0]);
    },

    // --- kinds of names

    _writeTowns(rows, kind) {
      for (const [name, lng, lat] of rows) {
        const point = this._seen(lat, lng);
        if (!point) continue;
        const code = kind === "town" ? this._map.areas?.codeAt({ lat, lng }) : "";
        const shown = this._counted(name, code);
        const width = this._width(shown, kind);
        const gap = this._map.schools?.isShown() ? 9 : 5; // A school's dot is larger than a town's.
        const beside = [[point.x + gap + width / 2, point.y], [point.x - gap - width / 2, point.y], [point.x, point.y - gap - 7], [point.x, point.y + gap + 7]];
        const apart = kind === "town" ? apartAt(this._map.getZoom()) : 3;
        const at = beside.find(([x, y]) => this._isFree(x, y, width + apart, 14 + apart));
        if (!at) continue;
        this._write(shown, kind, at, width, 15);
        if (!this._map.schools?.isShown()) this._dot(point, kind);
        if (shown !== name) this._written.add(code);
      }
    },

    /* From afar a catchment's label says how many schools it has; its town's, where both are called alike. */
    _counted(name, code) {
      const fact = this._map.getZoom() < this.options.countsUntil && this.facts.get(code);
      return fact && fact.name === name && fact.schools ? name + COUNTED + Number(fact.schools) : name;
    },

    async _roomsInView() {
      const rooms = [];
      for (const [code, part] of this._map.areas ? this._map.areas.parts : []) {
        const room = this._map && this._room(part);
        if (room) rooms.push([code, room]);
        await ours.breathe();
      }
      return rooms.sort((a, b) => b[1].area - a[1].area);
    },

    _writeCatchments() {
      for (const [code, room] of this._rooms) {
        const fact = this.facts.get(code);
        if (!fact || this._written.has(code)) continue;
        const name = this._counted(fact.name, code).toLocaleUpperCase();
        const width = this._width(name, "catchment") + 4;
        if (width > room.width * 1.1) continue;
        const places = [0, -16, 16, -32, 32].map((by) => [room.x, room.y + by]);
        const at = places.find(([x, y]) => this._isFree(x, y, width, 14));
        if (at) this._write(name, "catchment", at, width, 14);
      }
    },

    /* Names of suburbs and schools are not written over other schools; towns and catchments have to be somewhere. */
    _keepDotsClear() {
      if (!this._map.schools?.isShown()) return;
      for (const { place } of this._map.schools.all) {
        const point = this._seen(place.lat, place.lng);
        if (point) this._taken.push([point.x - 4, point.y - 4, point.x + 4, point.y + 4]);
      }
    },

    _writeFeatures(zoom) {
      const more = this._map.lines ? this._map.lines.names() : [];
      for (const [name, lng, lat, kind, from] of [...this._places.features, ...more]) {
        if (zoom < from) continue;
        const point = this._seen(lat, lng);
        const type = WATERS.has(kind) ? "water" : "height";
        const shown = zoom < 9 ? name.split(" / ")[0] : name;
        const width = this._width(shown, type) + 2;
        if (point && this._isFree(point.x, point.y, width, 14)) this._write(shown, type, [point.x, point.y], width, 14);
      }
    },

    /* From near by each that has room; from farther off where there are so few that all may have it. */
    _writeSchools(isNear) {
      if (!this._map.schools || !this._map.schools.isShown()) return;
      const seen = this._map.schools.all
        .map(({ name, place }) => ({ name, point: this._seen(place.lat, place.lng) }))
        .filter(({ point }) => point);
      if (!isNear && seen.length > FEW_SCHOOLS) return;
      for (const { name, point } of seen) {
        const width = this._width(name, "school");
        const places = [[point.x + 9 + width / 2, point.y], [point.x - 9 - width / 2, point.y], [point.x, point.y - 13], [point.x, point.y + 13]];
        const at = places.find(([x, y]) => this._isFree(x, y, width, 14));
        if (at) this._write(name, "school", at, width, 14);
      }
    },

    // --- room

    _seen(lat, lng) {
      const point = this._map.latLngToContainerPoint([lat, lng]);
      return point.x > 0 && point.y > 0 && point.x < this._size.x && point.y < this._size.y ? point : null;
    },

    /* The widest west-east stretch of what is seen of a catchment's largest part, near its middle: of
     * the land, even where its boundary reaches out to sea. */
    _room({ bounds, polygons }) {
      if (!this._map.getBounds().intersects(bounds)) return null;
      const view = L.bounds([4, 4], this._size.subtract([4, 4]));
      let best = null;
      const onScreen = screenOf(this._map);
      for (const [outer] of polygons) {
        // An islet among many parts has no room for a name; a plain square by itself has.
        if (outer.length < FEWEST_POINTS && polygons.length > FEW_PARTS) continue;
        const points = outer.map(onScreen);
        const clipped = L.PolyUtil.clipPolygon(points, view);
        const area = clipped.length > 2 ? areaOf(clipped) : 0;
        if (area > 120 && (!best || area > best.area)) best = { area, clipped };
      }
      return best && { area: best.area, ...widest(best.clipped) };
    },

    _width(text, kind) {
      const key = kind + text;
      if (!this._widths.has(key)) {
        this._family ||= getComputedStyle(this._map.getContainer()).fontFamily;
        if (this._penKind !== kind) this._pen.font = FONTS[kind] + " " + this._family;
        this._penKind = kind;
        this._widths.set(key, Math.ceil(this._pen.measureText(text).width * (kind === "catchment" ? 1.12 : 1)) + 2);
      }
      return this._widths.get(key);
    },

    _isFree(x, y, width, height) {
      const box = [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
      if (box[0] < 2 || box[1] < 2 || box[2] > this._size.x - 2 || box[3] > this._size.y - 2) return false;
      return !this._taken.some((t) => box[0] < t[2] && t[0] < box[2] && box[1] < t[3] && t[1] < box[3]);
    },

    _write(name, kind, [x, y], width, height) {
      if (this._next.length > AT_MOST) return;
      const text = document.createElement("span");
      const [called, count] = name.split(COUNTED);
      text.textContent = called;
      if (count) {
        const number = text.appendChild(document.createElement("span"));
        number.className = "count";
        number.textContent = COUNTED + count;
      }
      const icon = L.divIcon({ className: "map-name name-" + kind, html: text, iconSize: [width + 2, height] });
      const place = this._map.containerPointToLatLng([x, y]);
      this._next.push(L.marker(place, { icon, interactive: false, keyboard: false, pane: "labels" }));
      this._taken.push([x - width / 2, y - height / 2, x + width / 2, y + height / 2]);
    },

    _dot(point, kind) {
      const icon = L.divIcon({ className: "map-dot dot-" + kind, html: "", iconSize: [5, 5] });
      const place = this._map.containerPointToLatLng(point);
      this._next.push(L.marker(place, { icon, interactive: false, keyboard: false, pane: "labels" }));
      this._taken.push([point.x - 3, point.y - 3, point.x + 3, point.y + 3]);
    },
  });

  function inPieces(rows, size) {
    return Array.from({ length: Math.ceil(rows.length / size) }, (_, at) => rows.slice(at * size, (at + 1) * size));
  }

  /* Leaflet's own projection makes four objects a point. */
  function screenOf(map) {
    const wide = 256 * 2 ** map.getZoom();
    const { x, y } = map.latLngToContainerPoint([0, 0]);
    return ([lat, lng]) => {
      const sine = Math.sin((lat * Math.PI) / 180);
      return L.point(x + (lng / 360) * wide, y - (Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * wide);
    };
  }

  function areaOf(ring) {
    let sum = 0;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      sum += ring[j].x * ring[i].y - ring[i].x * ring[j].y;
    }
    return Math.abs(sum / 2);
  }

  function widest(ring) {
    const ys = ring.map((point) => point.y);
    const top = Math.min(...ys);
    const bottom = Math.max(...ys);
    let best = { width: 0, x: ring[0].x, y: ring[0].y, rank: 0 };
    for (let step = 2; step <= 8; step += 1) {
      const y = top + ((bottom - top) * step) / 10;
      const stretch = stretchAt(ring, y);
      const rank = stretch.width * (1 - Math.abs(step - 5) * 0.06);
      if (rank > best.rank) best = { ...stretch, y, rank };
    }
    return best;
  }

  function stretchAt(ring, y) {
    const crossings = [];
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      const [a, b] = [ring[j], ring[i]];
      if (a.y > y !== b.y > y) crossings.push(a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x));
    }
    crossings.sort((a, b) => a - b);
    let best = { width: 0, x: 0 };
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const width = crossings[i + 1] - crossings[i];
      if (width > best.width) best = { width, x: (crossings[i] + crossings[i + 1]) / 2 };
    }
    return best;
  }
})();

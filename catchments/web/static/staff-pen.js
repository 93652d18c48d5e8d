/* How an outline is shown: what of it is in view, as finely as the screen, and handles for its corners. */
(function () {
  "use strict";

  const ours = window.L && L.catchments;
  if (!ours) return;

  const HANDLES_AT_MOST = 500;
  const FINE_PX = 1.5;
  const AROUND_PX = 200;

  ours.Pen = class {
    constructor(map, outline) {
      this._map = map;
      this._outline = outline;
      map.createPane("drawn").style.zIndex = 640;
      this._layer = L.layerGroup().addTo(map);
      this._live = L.layerGroup().addTo(map);
      this.areHandlesShown = true;
      map.on("moveend", () => this.drawSoon());
    }

    /* Each corner's place in the world, of which the width is 1: worked out once for each state of the
       outline, because Leaflet's own projection makes four objects a corner. */
    _units() {
      const { corners, version } = this._outline;
      if (this._unitsOf === version) return this._places;
      const places = this._places && this._places.length === 2 * corners.length ? this._places : new Float64Array(2 * corners.length);
      const { movedAt } = this._outline;
      const isOne = this._unitsOf === version - 1 && movedAt >= 0 && places === this._places;
      for (let at = isOne ? movedAt : 0; at < (isOne ? movedAt + 1 : corners.length); at += 1) {
        const sine = Math.sin((corners[at][0] * Math.PI) / 180);
        places[2 * at] = corners[at][1] / 360;
        places[2 * at + 1] = -Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
      }
      [this._unitsOf, this._places] = [version, places];
      return places;
    }

    /* What of those places is in the picture, and where: as one multiplies and adds. */
    _frame() {
      const { x, y } = this._map.latLngToContainerPoint([0, 0]);
      return { wide: 256 * 2 ** this._map.getZoom(), left: x, top: y };
    }

    drawSoon() {
      cancelAnimationFrame(this._soon);
      this._soon = requestAnimationFrame(() => this.draw());
    }

    draw() {
      const { corners, isArea, isDone } = this._outline;
      this._layer.clearLayers();
      const { seen, inside } = this._seen();
      const options = { pane: "drawn", interactive: false, smoothFactor: 0, className: "staff-drawn" + (isArea && isDone ? "" : " is-line") };
      if (seen.length > 1) (isArea && isDone ? L.polygon : L.polyline)(seen, { ...options, fill: isArea && isDone }).addTo(this._layer);
      this.areHandlesShown = inside.length <= HANDLES_AT_MOST;
      if (!this.areHandlesShown) return;
      for (const at of inside) {
        const isFirst = at === 0 && !isDone;
        L.circleMarker(corners[at], { pane: "drawn", interactive: false, className: "staff-point" + (isFirst ? " is-first" : ""), radius: 5 }).addTo(this._layer);
      }
    }

    /* The corners that are drawn. Of a stretch that lies beyond one edge of the view its ends are enough,
       and of several corners within a pixel one. */
    _seen() {
      const { corners } = this._outline;
      const size = this._map.getSize();
      const places = this._units();
      const { wide, left, top } = this._frame();
      const codeOf = (x, y) =>
        (x < -AROUND_PX ? 1 : 0) | (x > size.x + AROUND_PX ? 2 : 0) | (y < -AROUND_PX ? 4 : 0) | (y > size.y + AROUND_PX ? 8 : 0);
      const seen = [];
      const inside = [];
      const last = corners.length - 1;
      let [lastX, lastY, lastCode] = [Infinity, Infinity, 0];
      let [x, y] = [places[0] * wide + left, places[1] * wide + top];
      let code = codeOf(x, y);
      for (let at = 0; at <= last; at += 1) {
        const nextX = at < last ? places[2 * at + 2] * wide + left : x;
        const nextY = at < last ? places[2 * at + 3] * wide + top : y;
        const nextCode = codeOf(nextX, nextY);
        const isBeyond = code & lastCode & nextCode;
        const isClose = Math.abs(x - lastX) < FINE_PX && Math.abs(y - lastY) < FINE_PX;
        if (!code && inside.length <= HANDLES_AT_MOST) inside.push(at);
        if (at === 0 || at === last || !(isBeyond || isClose)) {
          seen.push(corners[at]);
          [lastX, lastY, lastCode] = [x, y, code];
        }
        [x, y, code] = [nextX, nextY, nextCode];
      }
      return { seen, inside };
    }

    /* The corner, or the side, within so many pixels of a point of the picture; -1 where there is none. */
    cornerAt({ x, y }, reach) {
      const places = this._units();
      const { wide, left, top } = this._frame();
      let [best, bestFar] = [-1, reach * reach];
      for (let at = 0; 2 * at < places.length; at += 1) {
        const far = (places[2 * at] * wide + left - x) ** 2 + (places[2 * at + 1] * wide + top - y) ** 2;
        if (far <= bestFar) [best, bestFar] = [at, far];
      }
      return best;
    }

    sideAt({ x, y }, reach) {
      const places = this._units();
      const { wide, left, top } = this._frame();
      const [px, py] = [(x - left) / wide, (y - top) / wide];
      let [best, bestFar] = [-1, reach / wide];
      for (let at = 0; 2 * at < places.length; at += 1) {
        const end = this._outline.endOfSide(at);
        if (end < 0) break;
        const far = farFromSide(px, py, places[2 * at], places[2 * at + 1], places[2 * end], places[2 * end + 1]);
        if (far <= bestFar) [best, bestFar] = [at, far];
      }
      return best;
    }

    /* A corner while it is moved: its two sides alone are drawn, however many others there are. */
    hold(at, place) {
      const { corners, isArea, isDone } = this._outline;
      const before = at > 0 ? at - 1 : isArea && isDone ? corners.length - 1 : -1;
      const after = this._outline.endOfSide(at);
      const line = [before >= 0 ? corners[before] : null, place, after >= 0 ? corners[after] : null].filter(Boolean);
      this._live.clearLayers();
      L.polyline(line, { pane: "drawn", interactive: false, className: "staff-drawn is-line is-held" }).addTo(this._live);
      this.ring(place, true);
    }

    /* A line while it is drawn by hand. */
    line(places) {
      this._live.clearLayers();
      L.polyline(places, { pane: "drawn", interactive: false, className: "staff-drawn is-line" }).addTo(this._live);
    }

    ring(place, isKept = false) {
      if (!isKept) this._live.clearLayers();
      if (place) L.circleMarker(place, { pane: "drawn", interactive: false, className: "staff-snap", radius: 9 }).addTo(this._live);
    }
  };

  function farFromSide(x, y, ax, ay, bx, by) {
    const length = (bx - ax) ** 2 + (by - ay) ** 2;
    const share = length ? Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length)) : 0;
    return Math.hypot(ax + (bx - ax) * share - x, ay + (by - ay) * share - y);
  }
})();

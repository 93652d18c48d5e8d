/* How an outline is shown: what of it is in view, as finely as the screen, and handles for its corners. */
(function () {
  "use strict";

  const ours = window.L && L.catchments;
  if (!ours) return;

  const HANDLES_AT_MOST = 300;
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
      map.on("zoomend moveend", () => this.draw());
    }

    /* Leaflet's own projection makes four objects a corner. */
    screen() {
      const wide = 256 * 2 ** this._map.getZoom();
      const { x, y } = this._map.latLngToContainerPoint([0, 0]);
      return ([lat, lng]) => {
        const sine = Math.sin((lat * Math.PI) / 180);
        return [x + (lng / 360) * wide, y - (Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * wide];
      };
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
      const screen = this.screen();
      const codeOf = ([x, y]) =>
        (x < -AROUND_PX ? 1 : 0) | (x > size.x + AROUND_PX ? 2 : 0) | (y < -AROUND_PX ? 4 : 0) | (y > size.y + AROUND_PX ? 8 : 0);
      const seen = [];
      const inside = [];
      let last = null;
      let lastCode = 0;
      let point = corners.length ? screen(corners[0]) : null;
      let code = point ? codeOf(point) : 0;
      for (let at = 0; at < corners.length; at += 1) {
        const next = at + 1 < corners.length ? screen(corners[at + 1]) : null;
        const nextCode = next ? codeOf(next) : 0;
        const isBeyond = next && last && code & lastCode & nextCode;
        const isClose = last && next && Math.abs(point[0] - last[0]) < FINE_PX && Math.abs(point[1] - last[1]) < FINE_PX;
        if (!code && inside.length <= HANDLES_AT_MOST) inside.push(at);
        if (!isBeyond && !isClose) {
          seen.push(corners[at]);
          [last, lastCode] = [point, code];
        }
        [point, code] = [next, nextCode];
      }
      return { seen, inside };
    }

    /* The corner, or the side, within so many pixels of a point of the picture; -1 where there is none. */
    cornerAt({ x, y }, reach) {
      const { corners } = this._outline;
      const screen = this.screen();
      let [best, bestFar] = [-1, reach];
      for (let at = 0; at < corners.length; at += 1) {
        const [cx, cy] = screen(corners[at]);
        const far = Math.hypot(cx - x, cy - y);
        if (far <= bestFar) [best, bestFar] = [at, far];
      }
      return best;
    }

    sideAt({ x, y }, reach) {
      const { corners } = this._outline;
      const screen = this.screen();
      let [best, bestFar] = [-1, reach];
      let start = corners.length ? screen(corners[0]) : null;
      for (let at = 0; at < corners.length; at += 1) {
        const number = this._outline.endOfSide(at);
        if (number < 0) break;
        const end = screen(corners[number]);
        const far = farFromSide(x, y, start, end);
        if (far <= bestFar) [best, bestFar] = [at, far];
        start = end;
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

  function farFromSide(x, y, [ax, ay], [bx, by]) {
    const length = (bx - ax) ** 2 + (by - ay) ** 2;
    const share = length ? Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length)) : 0;
    return Math.hypot(ax + (bx - ax) * share - x, ay + (by - ay) * share - y);
  }
})();

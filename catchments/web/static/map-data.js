/* The map's data: where each file is, and lines and areas made of it, in 0…360 degrees.
 *
 * Loaded after Leaflet and before what draws. On a page each file has an address (data-urls of the
 * frame); in a file by itself everything stands in the element map-data.
 */
(function () {
  "use strict";

  const frame = document.getElementById("map-frame");
  if (!window.L || !frame) return;

  const held = document.getElementById("map-data");
  const inside = held ? JSON.parse(held.textContent) : {};
  const urls = JSON.parse(frame.dataset.urls || "{}");
  const words = JSON.parse(frame.dataset.words || "{}");
  const asked = new Map();
  const CELLS_AT_MOST = 60;
  const AGAIN_MS = 1000;

  /* On a bad line one request in many is lost: it is made a second time. */
  async function fetched(url) {
    const lost = () => new Promise((resolve) => setTimeout(resolve, AGAIN_MS)).then(() => fetch(url));
    const response = await fetch(url).catch(lost);
    if (!response.ok) throw new Error(url + " answered " + response.status);
    return response.json();
  }

  const has = (name) => name in inside || name in urls;

  /* Each file is asked for once; after a failure it may be asked for again. */
  function data(name, which) {
    if (name in inside) return Promise.resolve(inside[name]);
    if (!(name in urls)) return Promise.reject(new Error("There is no " + name + " here"));
    const url = urls[name].replace("WHICH", () => encodeURIComponent(which).replaceAll("%2F", "/"));
    if (!asked.has(url)) {
      asked.set(url, fetched(url).catch((error) => {
        asked.delete(url);
        throw error;
      }));
    }
    return asked.get(url);
  }

  /* Long work is done in slices: after each the browser may do what waits, on however slow a phone. */
  const SLICE_MS = 6;
  let since = 0;
  const pause = () => (window.scheduler && scheduler.yield ? scheduler.yield() : new Promise((resolve) => setTimeout(resolve)));
  async function breathe() {
    if (performance.now() - since < SLICE_MS) return;
    await pause();
    since = performance.now();
  }

  /* The cells, so many degrees wide and high, that reach into some bounds: each by its west and south. */
  function cellsIn(bounds, deg) {
    const found = [];
    for (let x = Math.floor(bounds.getWest() / deg); x * deg < bounds.getEast(); x += 1) {
      for (let y = Math.floor(bounds.getSouth() / deg); y * deg < bounds.getNorth(); y += 1) found.push(x + "_" + y);
    }
    return found.slice(0, CELLS_AT_MOST);
  }

  const to360 = (lng) => (lng < 0 ? lng + 360 : lng);
  const worded = (sentence, given) =>
    (sentence || "").replace(/\{(\w+)\}/g, (whole, name) => (name in given ? given[name] : whole));

  // --- TopoJSON ----------------------------------------------------------------------------------

  function decodedArcs({ arcs, transform }) {
    const [kx, ky] = transform.scale;
    const [x0, y0] = transform.translate;
    return arcs.map((arc) => {
      let x = 0;
      let y = 0;
      return arc.map(([dx, dy]) => [(y += dy) * ky + y0, (x += dx) * kx + x0]);
    });
  }

  function lineOf(arcs, indexes) {
    const points = [];
    for (const index of indexes) {
      const arc = index < 0 ? arcs[~index].slice().reverse() : arcs[index];
      for (let i = points.length ? 1 : 0; i < arc.length; i += 1) points.push(arc[i]);
    }
    return points;
  }

  function polygonsOf(arcs, geometry) {
    const polygons = geometry.type === "Polygon" ? [geometry.arcs] : geometry.arcs;
    return polygons.map((rings) => rings.map((indexes) => lineOf(arcs, indexes)));
  }

  /* A line that two regions share parts them; one that a single region has is coast. */
  function regionLines(arcs, regions) {
    const times = new Map();
    for (const [index] of regions.flatMap((region) => region.arcs)) {
      const arc = index < 0 ? ~index : index;
      times.set(arc, (times.get(arc) || 0) + 1);
    }
    const used = (count) => Array.from(times).filter((each) => each[1] === count).map(([arc]) => arcs[arc]);
    return { coast: used(1), between: used(2) };
  }

  function topology(content) {
    const arcs = decodedArcs(content);
    const { catchments, regions } = content.objects;
    return {
      areas: catchments.geometries.map((each) => ({ ...each.properties, polygons: polygonsOf(arcs, each) })),
      lines: regionLines(arcs, regions.geometries),
    };
  }

  // --- a boundary as it is published, a cell of the coast ------------------------------------------

  function geojsonPolygons({ features }) {
    const [{ geometry }] = features;
    if (!geometry) return [];
    const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
    return polygons.map((rings) => rings.map((ring) => ring.map(([lng, lat]) => [lat, to360(lng)])));
  }

  function ringsOfCell({ per, box, rings }) {
    return rings.map((steps) => {
      let x = 0;
      let y = 0;
      const points = [];
      for (let i = 0; i < steps.length; i += 2) {
        x += steps[i];
        y += steps[i + 1];
        points.push([box[1] + y / per, box[0] + x / per]);
      }
      return points;
    });
  }

  // --- is a place inside ----------------------------------------------------------------------------

  function isInside(polygons, lat, lng) {
    let inside = false;
    for (const ring of polygons.flat()) {
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
        const [aLat, aLng] = ring[j];
        const [bLat, bLng] = ring[i];
        if (aLat > lat !== bLat > lat && lng < aLng + ((lat - aLat) / (bLat - aLat)) * (bLng - aLng)) {
          inside = !inside;
        }
      }
    }
    return inside;
  }

  L.catchments = {
    frame, words, data, has, isHeld: (name) => name in inside, cellsIn, breathe, to360, worded, topology, geojsonPolygons, ringsOfCell, isInside,
    calm: window.matchMedia("(prefers-reduced-motion: reduce)").matches,
  };
  /* Folium's script, a piece at a time; the first, which makes the map, at once. */
  L.catchments.inTurn = (pieces) => {
    let begin;
    L.catchments.built = new Promise((resolve) => (begin = resolve)).then(async () => {
      for (const piece of pieces.slice(1)) {
        piece();
        await breathe();
      }
    });
    pieces[0]();
    begin();
  };
  /* Leaflet's own calls itself again for each corner that stays: a coast of thousands of them overflows. */
  L.Polyline.include({
    _simplifyPoints() {
      this._parts = this._parts.map((points) => simplified(points, this.options.smoothFactor ** 2));
    },
  });

  /* Points of a line but for those nearer to it than a tolerance (squared), by Douglas and Peucker. */
  function simplified(points, near) {
    if (!near || points.length < 3) return points.slice();
    const some = apart(points, near);
    const stays = new Uint8Array(some.length);
    stays[0] = stays[some.length - 1] = 1;
    const todo = [[0, some.length - 1]];
    while (todo.length) {
      const [first, last] = todo.pop();
      let [index, most] = [0, near];
      for (let i = first + 1; i < last; i += 1) {
        const far = L.LineUtil._sqClosestPointOnSegment(some[i], some[first], some[last], true);
        if (far > most) [index, most] = [i, far];
      }
      if (!index) continue;
      stays[index] = 1;
      todo.push([first, index], [index, last]);
    }
    return some.filter((_, at) => stays[at]);
  }

  /* Those that are further from the one before than the tolerance, and the last. */
  function apart(points, near) {
    let before = points[0];
    const last = points.length - 1;
    return points.filter((point, at) => {
      const stays = !at || at === last || (point.x - before.x) ** 2 + (point.y - before.y) ** 2 > near;
      if (stays) before = point;
      return stays;
    });
  }

  // Or it is written anew for each layer: see who is credited, in folium_map.py.
  L.Control.Attribution.mergeOptions({ prefix: false });
  if (L.catchments.calm) {
    L.Map.mergeOptions({ zoomAnimation: false, fadeAnimation: false, markerZoomAnimation: false, inertia: false });
  }
})();

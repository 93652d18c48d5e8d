/* The map of a draft: before and after, what differs; and drawing on it for a form's field.

   Everything that it does the page can do without it. Text reaches the page as textContent only.
   `window.staffMap` is an EventTarget; it tells "ready", and "drawn" and "chosen" with what is in
   the field then. */
(() => {
  "use strict";

  const frame = document.querySelector("[data-staff-map]");
  if (!frame) return;
  const words = JSON.parse(frame.dataset.words);
  const worded = (sentence, given) => sentence.replace(/\{(\w+)\}/g, (_, name) => given[name]);
  const canvas = frame.querySelector("[data-canvas]");
  const said = frame.querySelector("[data-said]");
  const say = (sentence) => { said.textContent = sentence; };
  const events = new EventTarget();
  window.staffMap = events;
  const tell = (name, detail) => events.dispatchEvent(new CustomEvent(name, { detail }));

  const COUNTRY = [[-47.6, 166.2], [-34.1, 178.8]];
  const to360 = (lng) => (lng < 0 ? lng + 360 : lng);
  const to180 = (lng) => (lng > 180 ? lng - 360 : lng);
  const degrees = (value) => String(Math.round(value * 1e6) / 1e6);
  /* A freehand line has a point for each of so many pixels, and so many at most. */
  const STEP_PX = 4;
  const POINTS_AT_MOST = 5000;

  frame.hidden = false;
  if (!window.L) {
    canvas.hidden = true;
    say(words.unavailable);
    return;
  }

  // --- TopoJSON ----------------------------------------------------------------------------------

  function polygonsOf(topology) {
    if (!topology.arcs || !topology.objects) return [];
    const [kx, ky] = topology.transform.scale;
    const [x0, y0] = topology.transform.translate;
    const arcs = topology.arcs.map((arc) => {
      let x = 0;
      let y = 0;
      return arc.map(([dx, dy]) => [(y += dy) * ky + y0, (x += dx) * kx + x0]);
    });
    const line = (indexes) =>
      indexes.flatMap((index) => (index < 0 ? arcs[~index].slice().reverse() : arcs[index]));
    return topology.objects.catchments.geometries.map((geometry) => {
      const polygons = geometry.type === "Polygon" ? [geometry.arcs] : geometry.arcs;
      return polygons.map((rings) => rings.map(line));
    });
  }

  /* A change that is looked over is sent, as it would be to add it, to hear what it would redraw. */
  const form = frame.dataset.form && document.querySelector(frame.dataset.form);
  const asked = form ? { method: "POST", body: new URLSearchParams(new FormData(form)) } : {};

  async function json(url, how = {}) {
    const response = await fetch(url, { credentials: "same-origin", ...how });
    if (!response.ok) throw new Error(url + " answered " + response.status);
    return response.json();
  }

  // --- the map -----------------------------------------------------------------------------------

  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = L.map(canvas, {
    attributionControl: false,
    scrollWheelZoom: false,
    doubleClickZoom: !frame.dataset.draw,
    zoomSnap: 0.25,
    minZoom: 3,
    maxZoom: 16,
    zoomAnimation: !calm,
    fadeAnimation: !calm,
    inertia: !calm,
  });
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", words.map);
  map.on("focus", () => map.scrollWheelZoom.enable());
  map.on("blur", () => map.scrollWheelZoom.disable());
  map.createPane("base").style.zIndex = 350;
  map.createPane("changed").style.zIndex = 420;
  map.createPane("drawn").style.zIndex = 640;
  map.fitBounds(COUNTRY, { animate: false });
  L.control.scale({ imperial: false }).addTo(map);

  const show = (bounds, options) => map.fitBounds(bounds, { maxZoom: 13, padding: [20, 20], ...options });
  const boundsOf = (text) => {
    const [west, south, east, north] = text.split(",").map(Number);
    return [[south, west], [north, east]];
  };

  const sides = {};
  function geojson(content, className, pane) {
    return L.geoJSON(content, { interactive: false, pane, style: () => ({ className, pane }) });
  }

  function drawChanges(data) {
    for (const side of ["before", "after"]) sides[side] = geojson(data[side], "staff-redrawn", "changed");
    sides.after.addTo(map);
    const area = data.area && geojson(data.area, "staff-changed", "changed").addTo(map);
    const radios = frame.querySelectorAll("[data-side] input");
    if (data.before.features.length || data.after.features.length) {
      frame.querySelector("[data-side]").hidden = false;
      for (const radio of radios) radio.addEventListener("change", () => chooseSide(radio.value));
    }
    return area;
  }

  function chooseSide(side) {
    for (const [name, layer] of Object.entries(sides)) {
      if (name === side) layer.addTo(map);
      else layer.remove();
    }
  }

  function drawMoved(moved) {
    return L.layerGroup(moved.map((school) => {
      const dot = L.circleMarker([school.lat, to360(school.lng)], { radius: 7, className: "staff-moved", pane: "drawn" });
      const sentence = worded(words.moved, school);
      dot.on("mouseover click", () => say(sentence));
      const tip = document.createElement("span");
      tip.textContent = sentence;
      return dot.bindTooltip(tip);
    }));
  }

  function firstView(data, area) {
    if (frame.dataset.bounds) return show(boundsOf(frame.dataset.bounds), { animate: false });
    const seen = L.latLngBounds([]);
    if (area && area.getLayers().length) seen.extend(area.getBounds());
    for (const school of data.moved) seen.extend([school.lat, to360(school.lng)]);
    if (seen.isValid()) show(seen, { animate: false });
    return undefined;
  }

  // --- drawing -----------------------------------------------------------------------------------

  const mode = frame.dataset.draw;
  const target = frame.dataset.target && document.querySelector(frame.dataset.target);
  let points = [];
  let started = false;
  let way = "corners";
  let holding = false;
  const sketch = L.layerGroup().addTo(map);
  const isArea = mode !== "line";

  function redraw(done) {
    sketch.clearLayers();
    const options = { pane: "drawn", interactive: false, className: "staff-drawn" + (isArea && done ? "" : " is-line") };
    if (points.length > 1) (isArea && done ? L.polygon : L.polyline)(points, { ...options, fill: isArea && done, smoothFactor: 0 }).addTo(sketch);
    if (points.length > 100) return;
    for (const point of points) {
      L.circleMarker(point, { pane: "drawn", interactive: false, className: "staff-point", radius: 4 }).addTo(sketch);
    }
  }

  function add(latlng) {
    if (points.length >= POINTS_AT_MOST) return;
    points.push(L.latLng(latlng.lat, to360(latlng.lng)));
    redraw(false);
    if (!holding) say(worded(words.points, { count: points.length }));
  }

  const pair = (point) => degrees(to180(point.lng)) + " " + degrees(point.lat);

  function wkt() {
    if (!isArea) return "LINESTRING (" + points.map(pair).join(", ") + ")";
    return "POLYGON ((" + [...points, points[0]].map(pair).join(", ") + "))";
  }

  function put(text) {
    target.value = text;
    target.dispatchEvent(new Event("input", { bubbles: true }));
    target.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function finish() {
    if (points.length < (isArea ? 3 : 2)) return say(words.few);
    redraw(true);
    if (mode === "schools") return chooseWithin();
    put(wkt());
    say(worded(words.drawn, { count: points.length }));
    tell("drawn", { wkt: target.value });
    started = false;
    return undefined;
  }

  /* A new drawing takes the place of one that is finished. */
  function begin() {
    if (started) return;
    started = true;
    points = [];
    redraw(false);
  }

  function clear() {
    points = [];
    started = false;
    redraw(false);
    put("");
    if (mode === "schools") drawSchools();
    say(words.cleared);
  }

  function back() {
    points.pop();
    redraw(false);
    say(worded(words.points, { count: points.length }));
  }

  function choose(next) {
    way = next;
    const free = way === "lasso";
    map.dragging[free ? "disable" : "enable"]();
    for (const button of frame.querySelectorAll("[data-do=lasso], [data-do=corners]")) {
      button.setAttribute("aria-pressed", String(button.dataset.do === way));
    }
    say(mode === "schools" ? words.startSchools : isArea ? words.start : words.startLine);
  }

  function freehand() {
    let last = null;
    const at = (event) => map.mouseEventToContainerPoint(event);
    canvas.addEventListener("pointerdown", (event) => {
      if (way !== "lasso" || event.button !== 0 || event.target.closest(".leaflet-control")) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      started = false;
      begin();
      holding = true;
      last = at(event);
      add(map.containerPointToLatLng(last));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!holding) return;
      const here = at(event);
      if (here.distanceTo(last) < STEP_PX) return;
      last = here;
      add(map.containerPointToLatLng(here));
    });
    const end = () => {
      if (!holding) return;
      holding = false;
      finish();
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
  }

  function listenForDrawing() {
    canvas.classList.add("is-drawing");
    const cross = document.createElement("span");
    cross.className = "staff-cross";
    cross.setAttribute("aria-hidden", "true");
    canvas.append(cross);
    map.on("click", (event) => {
      if (way !== "corners") return;
      if (mode === "schools" && !started && toggleAt(event.containerPoint)) return;
      begin();
      add(event.latlng);
    });
    map.on("dblclick", () => {
      if (way === "corners" && started) { points.pop(); finish(); }
    });
    const doing = {
      lasso: () => choose("lasso"),
      corners: () => choose("corners"),
      centre: () => { begin(); add(map.getCenter()); },
      back,
      finish,
      clear,
    };
    for (const button of frame.querySelectorAll("[data-do]")) {
      button.addEventListener("click", () => doing[button.dataset.do]());
    }
    freehand();
    choose("corners");
    if (mode !== "schools" && target.value) readAgain(target.value);
  }

  /* What was drawn before the form came back. */
  function readAgain(text) {
    const match = /^\s*(?:POLYGON\s*\(\(|LINESTRING\s*\()([^()]*)\)+\s*$/i.exec(text);
    if (!match) return;
    const found = match[1].split(",").map((each) => each.trim().split(/\s+/).map(Number));
    if (found.some(([lng, lat]) => !Number.isFinite(lng) || !Number.isFinite(lat))) return;
    points = found.map(([lng, lat]) => L.latLng(lat, to360(lng)));
    if (isArea) points.pop();
    redraw(true);
    if (points.length > 1) show(L.latLngBounds(points), { animate: false });
  }

  // --- choosing schools --------------------------------------------------------------------------

  let schools = [];
  let dots = L.layerGroup();
  const renderer = L.canvas({ pane: "drawn", padding: 0.3 });
  const numbers = () => new Set((target.value.match(/\d+/g) || []).map(Number));

  function drawSchools() {
    const chosen = numbers();
    dots.remove();
    dots = L.layerGroup(schools.map((school) => L.circleMarker(school.place, {
      renderer,
      interactive: false,
      radius: chosen.has(school.number) ? 7 : 4,
      weight: 1.5,
      color: "#14232e",
      fillColor: chosen.has(school.number) ? "#ffd24d" : "#ffffff",
      fillOpacity: 1,
    }))).addTo(map);
  }

  function setChosen(chosen) {
    put(Array.from(chosen).join("\n"));
    drawSchools();
    say(worded(words.chosen, { count: chosen.size }));
    tell("chosen", { numbers: Array.from(chosen) });
  }

  function toggleAt(point) {
    const near = schools
      .map((school) => ({ school, away: map.latLngToContainerPoint(school.place).distanceTo(point) }))
      .filter(({ away }) => away <= 12)
      .sort((a, b) => a.away - b.away);
    if (!near.length) return false;
    const chosen = numbers();
    const { number } = near[0].school;
    if (!chosen.delete(number)) chosen.add(number);
    setChosen(chosen);
    const sentence = said.textContent;
    say(worded(words.school, near[0].school) + ". " + sentence);
    return true;
  }

  function chooseWithin() {
    const chosen = numbers();
    for (const school of schools) if (isWithin(school.place)) chosen.add(school.number);
    points = [];
    started = false;
    redraw(false);
    setChosen(chosen);
  }

  function isWithin({ lat, lng }) {
    let inside = false;
    for (let i = 0, j = points.length - 1; i < points.length; j = i, i += 1) {
      const a = points[i];
      const b = points[j];
      const crosses = a.lat > lat !== b.lat > lat;
      if (crosses && lng < ((b.lng - a.lng) * (lat - a.lat)) / (b.lat - a.lat) + a.lng) inside = !inside;
    }
    return inside;
  }

  async function loadSchools(url) {
    if (mode !== "schools" || !url) return;
    const data = await json(url);
    schools = data.schools.map(([number, name, lng, lat]) => ({ number, name, place: L.latLng(lat, to360(lng)) }));
    target.addEventListener("change", drawSchools);
    drawSchools();
  }

  // --- start -------------------------------------------------------------------------------------

  function listenForZooms() {
    document.addEventListener("click", (event) => {
      const link = event.target.closest("[data-bounds]:not([data-staff-map])");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      show(boundsOf(link.dataset.bounds));
      canvas.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
      canvas.focus({ preventScroll: true });
    });
  }

  /* Folded away a map has no size: its first view waits until it is unfolded. */
  function whenSeen(act) {
    let seen = false;
    new ResizeObserver(() => {
      map.invalidateSize({ animate: false });
      if (seen || !canvas.clientWidth) return;
      seen = true;
      act();
    }).observe(canvas);
  }

  if (mode && target) listenForDrawing();
  json(frame.dataset.changes, asked)
    .then(async (data) => {
      const topology = data.boundaries ? await json(data.boundaries) : {};
      for (const polygons of polygonsOf(topology)) {
        L.polygon(polygons, { pane: "base", interactive: false, className: "staff-base", smoothFactor: 0.7 }).addTo(map);
      }
      const area = drawChanges(data);
      drawMoved(data.moved).addTo(map);
      whenSeen(() => { if (!points.length) firstView(data, area); });
      await loadSchools(data.schools);
      listenForZooms();
      frame.dataset.ready = "true";
      tell("ready", {});
    })
    .catch(() => say(words.unavailable));
})();

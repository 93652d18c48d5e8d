/* The map of a draft: the public map, and on it before and after, what differs, and who has how much.

   Everything that it does the page can do without it. Text reaches the page as textContent only.
   `window.staffMap` is an EventTarget; it tells "ready", and what the scripts beside this one tell. */
(() => {
  "use strict";

  const box = document.querySelector("[data-staff-map]");
  if (!box) return;
  const ours = window.L && L.catchments;
  const words = JSON.parse(box.dataset.words);
  const said = box.querySelector("[data-said]");
  const events = new EventTarget();
  window.staffMap = events;
  box.hidden = false;
  const say = (sentence) => { said.textContent = sentence; };
  const unavailable = () => say(words.unavailable);
  if (!ours) return unavailable();

  const { to360, worded, calm } = ours;
  const tell = (name, detail) => events.dispatchEvent(new CustomEvent(name, { detail }));
  const staff = (ours.staff = { box, words, say, tell, events, whenReady: [] });
  ours.words.map = words.map;
  ours.words.meanings = { ...ours.words.meanings, load: words.load };
  if (box.dataset.load) ours.Legend.mergeOptions({ meanings: ["region", "provider", "load", "none"] });
  const boundsOf = (text) => {
    const [west, south, east, north] = text.split(",").map(Number);
    return L.latLngBounds([[south, west], [north, east]]);
  };

  /* A change that is looked over is sent, as it would be to add it, to hear what it would redraw. */
  const form = box.dataset.form && document.querySelector(box.dataset.form);
  const asked = () => (form ? { method: "POST", body: new URLSearchParams(new FormData(form)) } : {});

  async function json(url, how = {}) {
    const response = await fetch(url, { credentials: "same-origin", ...how });
    if (!response.ok) throw new Error(url + " answered " + response.status);
    return response.json();
  }

  // --- before and after ----------------------------------------------------------------------------

  const sides = {};
  const geojson = (content, className) => L.geoJSON(content, { interactive: false, pane: "changed", style: () => ({ className, pane: "changed" }) });

  function drawChanges(map, data) {
    for (const side of ["before", "after"]) sides[side] = geojson(data[side], "staff-redrawn");
    sides.after.addTo(map);
    const area = data.area && geojson(data.area, "staff-changed").addTo(map);
    if (data.before.features.length || data.after.features.length) {
      box.querySelector("[data-side]").hidden = false;
      for (const radio of box.querySelectorAll("[data-side] input")) radio.addEventListener("change", () => chooseSide(map, radio.value));
    }
    return area;
  }

  function chooseSide(map, side) {
    for (const [name, layer] of Object.entries(sides)) {
      if (name === side) layer.addTo(map);
      else layer.remove();
    }
  }

  function drawMoved(moved) {
    return L.layerGroup(moved.map((school) => {
      const dot = L.circleMarker([school.lat, to360(school.lng)], { radius: 7, className: "staff-moved", pane: "moved" });
      const sentence = worded(words.moved, school);
      dot.on("mouseover click", () => say(sentence));
      const tip = document.createElement("span");
      tip.textContent = sentence;
      return dot.bindTooltip(tip);
    }));
  }

  function firstView(map, data, area) {
    if (box.dataset.bounds) return map.show(boundsOf(box.dataset.bounds), { animate: false });
    const seen = L.latLngBounds([]);
    if (area && area.getLayers().length) seen.extend(area.getBounds());
    for (const school of data.moved) seen.extend([school.lat, to360(school.lng)]);
    const chosen = chosenInForm();
    const whole = (chosen.length && map.areas.boundsOf(chosen)) || map.options.whole;
    return map.show(seen.isValid() ? seen.pad(0.35) : whole, { animate: false });
  }

  // --- what is chosen in the form, and searched for ----------------------------------------------------

  const FIELDS = "select[name=to], select[name=catchment], select[name=into], input[name=from]:checked, input[name=catchments]:checked";
  const chosenInForm = () => Array.from(document.querySelectorAll(FIELDS), ({ value }) => value).filter(Boolean);

  function goWithTheForm(map) {
    document.addEventListener("change", ({ target }) => {
      if (!target.matches("select[name=to], select[name=catchment], select[name=into], input[name=from], input[name=catchments]")) return;
      map.areas.mark(chosenInForm());
      const bounds = target.value && target.checked !== false && map.areas.boundsOf([target.value]);
      if (bounds) map.show(bounds, { maxZoom: 11 });
    });
    map.areas.mark(chosenInForm());
  }

  function chooseOn(map) {
    const pins = L.layerGroup().addTo(map);
    map.choose = ({ kind, code, codes, at, zoom, name, named }) => {
      pins.clearLayers();
      if (at) {
        pins.addLayer(ours.pin(L.latLng(at)));
        map.setView(at, Math.max(map.getZoom(), zoom || 12), { animate: !calm });
      } else {
        const bounds = map.areas.boundsOf(codes || [code]);
        if (!bounds) return false;
        map.show(bounds, { maxZoom: 11 });
      }
      const fact = map.names.facts.get(code);
      say(worded(words.here, { name: name || named || (fact ? fact.name : ""), catchment: fact && kind !== "catchment" ? fact.name : "" }).replace(/ \(\)$/, ""));
      map.getContainer().focus({ preventScroll: true });
      return true;
    };
    map.on("told", ({ sentence }) => say(sentence));
    map.on("located", ({ choice }) => map.choose(choice));
    ours.searchOver(map);
  }

  // --- who has how much ----------------------------------------------------------------------------------

  const SHARES = [0.5, 0.75, 1];
  /* The fourth is for more than a capacity alone. */
  const COLOURS = [0, 1, 2, 3, 4, 5];

  /* By the share of the capacity; where no contract says one, by how many there are, in four parts. */
  function shading(loads) {
    const all = Object.values(loads);
    if (all.some(({ capacity }) => capacity)) {
      const step = ({ before, capacity }) => (capacity ? 1 + SHARES.filter((share) => before / capacity > share).length : 0);
      return { step, key: words.loads, colours: [0, 1, 2, 3, 4] };
    }
    const sorted = Array.from(new Set(all.map(({ before }) => before))).sort((a, b) => a - b);
    const ends = [1, 2, 3, 4].map((part) => sorted[Math.ceil((sorted.length * part) / 4) - 1] ?? 0);
    const low = (at) => (at ? ends[at - 1] + 1 : sorted[0] ?? 0);
    const key = ends.map((high, at) => worded(words.loadUpTo, { low: low(at).toLocaleString(), high: high.toLocaleString() }));
    return { step: ({ before }) => 1 + ends.findIndex((end) => before <= end), key: [words.nobody, ...key], colours: [0, 1, 2, 3, 5] };
  }

  function shadeByLoad(map) {
    const legend = box.querySelector(".map-legend");
    if (!box.dataset.load || !legend) return;
    const list = document.createElement("ul");
    list.hidden = true;
    legend.querySelector("fieldset").after(list);
    let shown = null;
    const mark = (path, code) => {
      const at = shown.loads[code] ? shown.step(shown.loads[code]) : 0;
      for (const each of COLOURS) path?.classList.toggle("load-" + each, each === shown.colours[at]);
    };
    const shade = () => {
      for (const [code, { layer }] of map.areas.parts) mark(layer.getElement(), code);
      for (const path of box.querySelectorAll(".map-inset path")) mark(path, path.dataset.code);
    };
    legend.addEventListener("change", async ({ target }) => {
      list.hidden = target.value !== "load";
      if (list.hidden) return;
      try {
        const { catchments: loads } = await json(box.dataset.load);
        shown = { loads, ...shading(loads) };
        list.replaceChildren(...shown.key.map((text, at) => keyRow(text, shown.colours[at])));
        shade();
      } catch {
        unavailable();
      }
    });
    map.areas.on("drawn", () => shown && shade());
  }

  function keyRow(text, colour) {
    const row = document.createElement("li");
    const swatch = document.createElement("span");
    swatch.className = "swatch load-" + colour;
    row.append(swatch, Object.assign(document.createElement("span"), { textContent: text }));
    return row;
  }

  // --- start ---------------------------------------------------------------------------------------------

  function listenForZooms(map) {
    document.addEventListener("click", (event) => {
      const link = event.target.closest("[data-bounds]:not([data-staff-map])");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      map.show(boundsOf(link.dataset.bounds));
      box.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
      map.getContainer().focus({ preventScroll: true });
    });
  }

  /* Folded away a map has no size: its first view waits until it is unfolded. */
  function whenSeen(map, act) {
    let seen = false;
    new ResizeObserver(() => {
      map.invalidateSize({ animate: false });
      if (seen || !map.getContainer().clientWidth) return;
      seen = true;
      act();
    }).observe(map.getContainer());
  }

  async function start(map) {
    const container = map.getContainer();
    container.dataset.canvas = "";
    container.setAttribute("role", "application");
    container.setAttribute("aria-label", words.map);
    ours.frame.dataset.met = "true";
    for (const [name, z] of [["changed", 415], ["moved", 435]]) map.createPane(name).style.zIndex = z;
    map.show = (bounds, options) => map.fitBounds(bounds, { maxZoom: 13, padding: [20, 20], animate: !calm, ...options });
    map.show(map.options.whole, { animate: false });
    const [{ catchments }] = await Promise.all([ours.data("catchments"), map.areas.isDrawn]);
    for (const fact of catchments) map.names.facts.set(fact.code, fact);
    const regions = new Map(Array.from(map.areas.parts, ([code, { region }]) => [region, map.names.facts.get(code)?.education_region || ""]));
    map.legend.name(Array.from(regions).sort((a, b) => a[0] - b[0]));
    // They stand in a form that is sent, and are none of its fields.
    for (const input of ours.frame.querySelectorAll("input")) input.setAttribute("form", "staff-map-none");
    ours.nameWhatIsUnder(map);
    ours.nameLayers(map);
    map.schools.on("missing", () => say(ours.words.noSchools));
    chooseOn(map);
    shadeByLoad(map);
    const data = await json(box.dataset.changes, asked());
    const area = drawChanges(map, data);
    drawMoved(data.moved).addTo(map);
    whenSeen(map, () => firstView(map, data, area));
    goWithTheForm(map);
    for (const act of staff.whenReady) await act(map, data);
    listenForZooms(map);
    map.names.placeSoon();
    ours.frame.dataset.ready = "true";
    box.dataset.ready = "true";
    tell("ready", {});
  }

  let met = false;
  L.Map.addInitHook(function () {
    if (met || !ours.frame.contains(this.getContainer())) return;
    met = true;
    (ours.built || new Promise((resolve) => setTimeout(resolve))).then(() => start(this)).catch(unavailable);
  });
  window.addEventListener("load", () => met || unavailable());
})();

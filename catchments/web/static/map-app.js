/* Fills the map that Folium opens: catchments, regions, schools, and the answer beside it.
 *
 * Loaded after Leaflet and before /map.js, so that it meets the map as it is made and needs no
 * global name. Text from data only ever becomes textContent.
 */
(function () {
  "use strict";

  const SCHOOLS_FROM_ZOOM = 9;
  const VIEWS = {
    all: [[-47.4, 166.3], [-34.3, 184.3]],
    chathams: [[-44.5, 182.9], [-43.6, 184.1]],
  };
  const CREDITS =
    '<a href="https://www.stats.govt.nz/">Stats NZ</a>, ' +
    '<a href="https://www.linz.govt.nz/">LINZ</a> (CC BY 4.0), ' +
    '<a href="https://www.education.govt.nz/">Ministry of Education</a>';

  const byId = (id) => document.getElementById(id);
  const frame = byId("map-frame");
  if (!frame) return;
  /* What the page says in its reader's language; {…} stands for what is put in. */
  const words = JSON.parse(frame.dataset.words);
  const worded = (sentence, given) => sentence.replace(/\{(\w+)\}/g, (_, name) => given[name]);
  const answerPanel = byId("answer");
  const emptyAnswer = document.createElement("p");
  emptyAnswer.className = "answer-empty";
  emptyAnswer.textContent = words.empty;
  const choosers = new Map(
    Array.from(document.querySelectorAll("a.choose"), (link) => [link.dataset.code, link]),
  );

  function say(sentence) {
    const message = byId("map-message");
    message.textContent = sentence;
    message.hidden = false;
  }

  // --- links made of data ------------------------------------------------------------------------

  function link(href, text) {
    const element = document.createElement("a");
    element.href = href;
    element.textContent = text;
    return element;
  }

  function phoneNode(phone) {
    return /^[0-9+()\- ]+$/.test(phone)
      ? link("tel:" + phone.replace(/[^0-9+]/g, ""), phone)
      : document.createTextNode(phone);
  }

  function emailNode(email) {
    return /^[^\s@]+@[^\s@]+$/.test(email)
      ? link("mailto:" + encodeURIComponent(email).replace("%40", "@"), email)
      : document.createTextNode(email);
  }

  function websiteNode(website) {
    let url = null;
    try {
      url = new URL(website);
    } catch {
      /* Not an address: shown as text below. */
    }
    if (!url || !["http:", "https:"].includes(url.protocol)) {
      return document.createTextNode(website);
    }
    const made = link(url.href, website.replace(/^https?:\/\//i, "").replace(/\/+$/, ""));
    made.rel = "noopener external";
    return made;
  }

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

  // --- where a name goes -------------------------------------------------------------------------

  function ringArea(ring) {
    let sum = 0;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      sum += ring[j][1] * ring[i][0] - ring[i][1] * ring[j][0];
    }
    return Math.abs(sum / 2);
  }

  /* The middle of the widest west-east stretch of the largest part, at one of seven heights. */
  function labelPlace(polygons) {
    const largest = polygons.reduce((a, b) => (ringArea(b[0]) > ringArea(a[0]) ? b : a));
    const lats = largest[0].map((point) => point[0]);
    const south = Math.min(...lats);
    const north = Math.max(...lats);
    let best = { width: 0, place: largest[0][0] };
    for (let step = 2; step <= 8; step += 1) {
      const lat = south + ((north - south) * step) / 10;
      const stretch = widestStretch(largest, lat);
      const width = stretch.width * (1 - Math.abs(step - 5) * 0.05);
      if (width > best.width) best = { width, place: [lat, stretch.middle] };
    }
    return { place: best.place, width: best.width, area: ringArea(largest[0]) };
  }

  function widestStretch(rings, lat) {
    const crossings = [];
    for (const ring of rings) {
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
        const [aLat, aLng] = ring[j];
        const [bLat, bLng] = ring[i];
        if (aLat > lat !== bLat > lat) {
          crossings.push(aLng + ((lat - aLat) / (bLat - aLat)) * (bLng - aLng));
        }
      }
    }
    crossings.sort((a, b) => a - b);
    let best = { width: 0, middle: 0 };
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const width = crossings[i + 1] - crossings[i];
      if (width > best.width) best = { width, middle: (crossings[i] + crossings[i + 1]) / 2 };
    }
    return best;
  }

  // --- the map -----------------------------------------------------------------------------------

  const to360 = (lng) => (lng < 0 ? lng + 360 : lng);

  function start(map) {
    const calm = !map.options.zoomAnimation;
    const layers = new Map();
    const codeOfPath = new WeakMap();
    const facts = new Map();
    let schools = [];
    let schoolDots = null;
    let schoolsAsked = null;
    let chosenLayer = null;
    let opener = null;

    const container = map.getContainer();
    container.setAttribute("role", "application");
    container.setAttribute("aria-label", words.map);
    L.control.attribution({ prefix: false }).addAttribution(CREDITS).addTo(map);
    for (const [name, order] of [["regions", 410], ["schools", 420], ["chosen", 430], ["labels", 440]]) {
      map.createPane(name).style.zIndex = String(order);
    }
    byId("map-tools").hidden = false;

    function show(bounds, options) {
      map.fitBounds(bounds, { animate: !calm, padding: [16, 16], ...options });
    }

    // --- drawing

    function draw(topology) {
      const arcs = decodedArcs(topology);
      for (const geometry of topology.objects.catchments.geometries) {
        const polygons = polygonsOf(arcs, geometry);
        const { code, colour } = geometry.properties;
        const layer = L.polygon(polygons, {
          className: "catchment colour-" + Number(colour),
          smoothFactor: 0.7,
        }).addTo(map);
        codeOfPath.set(layer.getElement(), code);
        layers.set(code, { layer, polygons, label: labelPlace(polygons) });
      }
      drawRegions(arcs, topology.objects.regions.geometries);
    }

    /* A line that two regions share parts them: drawn thick. One that a single region has is coast. */
    function drawRegions(arcs, regions) {
      const times = new Map();
      for (const [index] of regions.flatMap((region) => region.arcs)) {
        const arc = index < 0 ? ~index : index;
        times.set(arc, (times.get(arc) || 0) + 1);
      }
      const lines = (count) =>
        Array.from(times).filter((entry) => entry[1] === count).map(([arc]) => arcs[arc]);
      const options = {
        interactive: false, pane: "regions", renderer: L.svg({ pane: "regions" }), smoothFactor: 0.7,
      };
      L.polyline(lines(1), { ...options, className: "coast-line" }).addTo(map);
      L.polyline(lines(2), { ...options, className: "region-line" }).addTo(map);
    }

    // --- names: as many as fit, the largest catchments first

    const labels = L.layerGroup().addTo(map);
    const measure = document.createElement("canvas").getContext("2d");

    function labelMarker(name, place, size) {
      const text = document.createElement("span");
      text.textContent = name;
      const icon = L.divIcon({ className: "catchment-label", html: text, iconSize: size });
      return L.marker(place, { icon, interactive: false, keyboard: false, pane: "labels" });
    }

    function placeLabels() {
      labels.clearLayers();
      frame.toggleAttribute("data-far", map.getZoom() < 5.25);
      measure.font = "600 13px " + getComputedStyle(container).fontFamily;
      const taken = [];
      // From afar names may reach over their neighbours, as towns do on any map.
      const slack = map.getZoom() < 7 ? 1.8 : 1.15;
      const pixelsPerDegree = (256 * 2 ** map.getZoom()) / 360;
      const inOrder = Array.from(layers).sort((a, b) => b[1].label.area - a[1].label.area);
      for (const [code, { label }] of inOrder) {
        const name = facts.has(code) ? facts.get(code).name : "";
        const width = Math.ceil(measure.measureText(name).width) + 6;
        if (!name || width > label.width * pixelsPerDegree * slack) continue;
        const { x, y } = map.project(label.place);
        const box = [x - width / 2, y - 10, x + width / 2, y + 10];
        const clash = taken.some(
          (t) => box[0] < t[2] && t[0] < box[2] && box[1] < t[3] && t[1] < box[3],
        );
        if (clash) continue;
        taken.push(box);
        labelMarker(name, label.place, [width, 18]).addTo(labels);
      }
    }

    // --- schools: fetched when first wanted, drawn as dots from a sensible zoom

    function wantSchools() {
      schoolsAsked ||= getJson(frame.dataset.schools)
        .then((data) => {
          const renderer = L.canvas({ pane: "schools" });
          schools = data.schools
            .filter((row) => Number.isFinite(row[2]) && Number.isFinite(row[3]))
            .map(([id, name, lng, lat, code, status]) => ({
              id, name, code, status, place: L.latLng(lat, to360(lng)),
            }));
          schoolDots = L.layerGroup(
            schools.map(({ place, status }) =>
              L.circleMarker(place, {
                renderer, interactive: false, radius: 5, weight: 1.5, color: "#14232e", opacity: 1,
                fillColor: status === "open" ? "#ffffff" : "#9aa7b0", fillOpacity: 1,
              })),
          );
          showSchools();
        })
        .catch(() => {
          schoolsAsked = null; // The next zoom may try again.
          byId("map-hint").textContent = words.noSchools;
        });
      return schoolsAsked;
    }

    function showSchools() {
      const near = map.getZoom() >= SCHOOLS_FROM_ZOOM;
      if (near && !schoolDots) wantSchools();
      if (!schoolDots) return;
      if (near) schoolDots.addTo(map);
      else schoolDots.remove();
    }

    function schoolAt(point, reach) {
      if (!schoolDots || !map.hasLayer(schoolDots)) return null;
      let best = null;
      let bestDistance = reach;
      for (const school of schools) {
        const distance = map.latLngToContainerPoint(school.place).distanceTo(point);
        if (distance <= bestDistance) {
          best = school;
          bestDistance = distance;
        }
      }
      return best;
    }

    // --- hover

    const hover = byId("map-hover");
    let hovered = "";

    function showHover(event) {
      const school = schoolAt(event.containerPoint, 9);
      const code = school ? school.code : codeOfPath.get(event.originalEvent.target);
      const fact = facts.get(code);
      const key = (school ? school.id : "") + "|" + (code || "");
      if (key === hovered) return;
      hovered = key;
      hover.hidden = !school && !fact;
      if (hover.hidden) return;
      const first = document.createElement("strong");
      first.textContent = school ? school.name : fact.name;
      const second = document.createElement("span");
      const phone = fact && fact.provider && fact.provider.phone;
      second.textContent = providerName(fact) + (phone ? ", " + phone : "");
      hover.replaceChildren(first, second);
    }

    function hideHover() {
      hovered = "";
      hover.hidden = true;
    }

    // --- choosing

    function providerName(fact) {
      if (!fact) return words.noCatchment;
      return fact.provider ? fact.provider.name : words.noProvider;
    }

    function addFact(list, term, node, className) {
      const row = document.createElement("div");
      if (className) row.className = className;
      const dt = document.createElement("dt");
      dt.textContent = term;
      const dd = document.createElement("dd");
      dd.append(node);
      row.append(dt, dd);
      list.append(row);
      return dd;
    }

    function fillAnswer({ place, fact, href, more }) {
      const card = byId("answer-template").content.cloneNode(true);
      const slot = (name) => card.querySelector('[data-slot="' + name + '"]');
      slot("place").textContent = place;
      slot("provider").textContent = providerName(fact);
      slot("more").textContent = more;
      slot("more").href = href;
      const list = card.querySelector("dl");
      const provider = (fact && fact.provider) || {};
      if (provider.phone) addFact(list, words.phone, phoneNode(provider.phone), "fact-phone");
      if (provider.email) addFact(list, words.email, emailNode(provider.email));
      if (provider.website) addFact(list, words.website, websiteNode(provider.website));
      if (fact) addFact(list, words.catchment, fact.name);
      const region = (fact && fact.education_region) || "";
      if (region) {
        const dd = addFact(list, words.region, region);
        if (/^(Tai Tokerau|Tāmaki)/.test(region)) dd.lang = "mi";
      }
      card.querySelector("[data-close]").addEventListener("click", clear);
      answerPanel.replaceChildren(card);
    }

    function mark(code, school) {
      if (chosenLayer) chosenLayer.remove();
      chosenLayer = L.layerGroup().addTo(map);
      const known = layers.get(code);
      const renderer = L.svg({ pane: "chosen" });
      const options = { interactive: false, pane: "chosen", renderer };
      if (known) {
        L.polygon(known.polygons, { ...options, className: "chosen-line", fill: false, smoothFactor: 0.7 })
          .addTo(chosenLayer);
      }
      if (school) {
        L.circleMarker(school.place, { ...options, className: "chosen-school", radius: 9 })
          .addTo(chosenLayer);
      }
      for (const [each, chooser] of choosers) {
        if (each === code) chooser.setAttribute("aria-current", "true");
        else chooser.removeAttribute("aria-current");
      }
    }

    /* Only the map's own page has an address for what is chosen on it. */
    function remember(query) {
      if ("remember" in frame.dataset) history.replaceState(null, "", location.pathname + query);
    }

    function chooseCatchment(code, { move = false } = {}) {
      const fact = facts.get(code);
      if (!fact) return;
      fillAnswer({
        place: worded(words.catchmentNamed, { name: fact.name }),
        fact,
        href: frame.dataset.catchmentPage + encodeURIComponent(code),
        more: words.moreOfCatchment,
      });
      mark(code, null);
      const known = layers.get(code);
      if (move && known) show(known.layer.getBounds());
      else if (move && fact.bounds) {
        const [west, south, east, north] = fact.bounds;
        show([[south, west], [north, east]]);
      }
      remember("?catchment=" + encodeURIComponent(code));
    }

    function chooseSchool(school) {
      const state = words.states[school.status];
      fillAnswer({
        place: school.name + " (" + worded(words.school, school) + (state ? ", " + state : "") + ")",
        fact: facts.get(school.code),
        href: frame.dataset.schoolPage + encodeURIComponent(school.id),
        more: words.moreOfSchool,
      });
      mark(school.code, school);
      remember("?school=" + encodeURIComponent(school.id));
    }

    function clear() {
      const hadFocus = answerPanel.contains(document.activeElement);
      answerPanel.replaceChildren(emptyAnswer);
      mark(null, null);
      remember("");
      if (hadFocus) (opener && opener.offsetParent ? opener : container).focus();
      opener = null;
    }

    function onMapClick(event) {
      const touch = event.originalEvent.pointerType === "touch";
      const school = schoolAt(event.containerPoint, touch ? 20 : 12);
      const code = codeOfPath.get(event.originalEvent.target);
      if (!school && !code) return;
      opener = container;
      if (school) chooseSchool(school);
      else chooseCatchment(code);
      answerPanel.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
    }

    function onListClick(event) {
      const chooser = event.target.closest("a.choose");
      const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
      if (!chooser || !plain || !facts.has(chooser.dataset.code)) return;
      event.preventDefault();
      opener = chooser;
      chooseCatchment(chooser.dataset.code, { move: true });
      answerPanel.querySelector("h2").focus();
    }

    // --- finding by name: the box above the map, as finder.js makes it

    function onNameChosen(event) {
      const { chosen, text, goOn } = event.detail;
      if (!event.target.closest("[data-on-map]")) return;
      event.preventDefault();
      showNamed(chosen, text)
        .then((shown) => {
          if (!shown) return goOn(); // The finder's own page says more than the map can.
          opener = event.target;
          answerPanel.querySelector("h2").focus();
        })
        .catch(goOn);
    }

    async function showNamed(chosen, text) {
      if (chosen.kind === "school") return showSchoolNumbered(chosen.school_id);
      if (chosen.kind !== "catchment") return showPlace(chosen.kind, text);
      if (!facts.has(chosen.code)) return false;
      chooseCatchment(chosen.code, { move: true });
      return true;
    }

    async function showSchoolNumbered(number) {
      await wantSchools();
      const school = schools.find(({ id }) => id === number);
      if (!school) return false;
      chooseSchool(school);
      moveTo(school.place);
      return true;
    }

    /* What lies in one catchment, and not close to another, is shown there. */
    async function showPlace(kind, text) {
      const query = "?q=" + encodeURIComponent(text);
      const found = await getJson(frame.dataset.search + query);
      const fact = found.status === "resolved" && facts.get(found.catchment.code);
      if (!fact || found.alternatives.length) return false;
      const href = frame.dataset.finderPage + query + "&kind=" + encodeURIComponent(kind);
      fillAnswer({ place: text, fact, href, more: words.moreOfPlace });
      const place = found.place && L.latLng(found.place.lat, to360(found.place.lng));
      mark(fact.code, place && { place });
      const known = layers.get(fact.code);
      if (place) moveTo(place);
      else if (known) show(known.layer.getBounds());
      remember("");
      return true;
    }

    function moveTo(place) {
      map.setView(place, Math.max(map.getZoom(), 10), { animate: !calm });
    }

    function listen() {
      document.addEventListener("finder-chosen", onNameChosen);
      map.on("click", onMapClick);
      map.on("mousemove", showHover);
      map.on("mouseout", hideHover);
      map.on("zoomend", () => { placeLabels(); showSchools(); });
      // The wheel scrolls the page; only once the map has the focus does it zoom.
      map.on("focus", () => map.scrollWheelZoom.enable());
      map.on("blur", () => map.scrollWheelZoom.disable());
      document.querySelector(".finder-list").addEventListener("click", onListClick);
      document.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && chosenLayer && !event.target.closest("input")) clear();
      });
      for (const button of document.querySelectorAll("[data-view]")) {
        button.addEventListener("click", () => show(VIEWS[button.dataset.view]));
      }
    }

    // --- opening on what the URL asked for; its answer is already in the page

    const focus = frame.dataset;
    const focusPlace =
      focus.focusLng && focus.focusLat
        ? L.latLng(Number(focus.focusLat), to360(Number(focus.focusLng)))
        : null;

    /* Before anything is drawn, so that it is drawn once. */
    function openOnFocus() {
      if (focusPlace) map.setView(focusPlace, 10, { animate: false });
      else show(VIEWS.all, { animate: false, padding: [8, 8] });
      showSchools();
    }

    function markFocus() {
      if (!focus.focusType) return;
      const known = layers.get(focus.focusCode);
      if (known && focus.focusType === "catchment") {
        show(known.layer.getBounds(), { animate: false });
      }
      mark(focus.focusCode, focusPlace && { place: focusPlace });
    }

    openOnFocus();
    Promise.all([getJson(frame.dataset.boundaries), getJson(frame.dataset.catchments)])
      .then(([topology, catchments]) => {
        for (const fact of catchments.catchments) facts.set(fact.code, fact);
        draw(topology);
        markFocus();
        placeLabels();
        listen();
        showSchools();
        frame.dataset.ready = "true";
      })
      .catch(() => say(words.unavailable));
  }

  async function getJson(url) {
    const response = await fetch(url);
    if (!response.ok) throw new Error(url + " answered " + response.status);
    return response.json();
  }

  // --- meeting Folium's map ----------------------------------------------------------------------

  let met = false;
  if (window.L) {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (calm) {
      L.Map.mergeOptions({ zoomAnimation: false, fadeAnimation: false, markerZoomAnimation: false, inertia: false });
    }
    L.Map.addInitHook(function () {
      if (met || !frame.contains(this.getContainer())) return;
      met = true;
      setTimeout(() => start(this), 0); // Folium's script has yet to add its scale.
    });
  }
  window.addEventListener("load", () => {
    if (met) return;
    byId("map-column").hidden = true;
    say(words.unavailable);
  });
})();

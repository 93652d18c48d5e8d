/* Choosing schools on the map of a draft, into a form's field of numbers: one by one, or around several. */
(() => {
  "use strict";

  const ours = window.L && L.catchments;
  const staff = ours && ours.staff;
  if (!staff || staff.box.dataset.draw !== "schools") return;

  const { box, words, say, tell } = staff;
  const target = document.querySelector(box.dataset.target);
  if (!target) return;
  const STEP_PX = 4;
  const REACH_PX = { touch: 22, mouse: 12 };

  staff.whenReady.push(async (map, data) => {
    const container = map.getContainer();
    const pane = (map.createPane("drawn").style.zIndex = 640) && "drawn";
    const renderer = L.canvas({ pane, padding: 0.3 });
    const sketch = L.layerGroup().addTo(map);
    const schools = data.schools ? await all(data.schools) : [];
    let dots = L.layerGroup();
    let way = "corners";
    let line = [];
    let steps = [];
    let undone = [];
    let isHeld = false;

    async function all(url) {
      const response = await fetch(url, { credentials: "same-origin" });
      const { schools: rows } = await response.json();
      return rows.map(([number, name, lng, lat]) => ({ number, name, place: L.latLng(lat, ours.to360(lng)) }));
    }

    const numbers = () => new Set((target.value.match(/\d+/g) || []).map(Number));
    const button = (name) => box.querySelector("[data-do=" + name + "]");

    function draw() {
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

    function put(text) {
      target.value = text;
      target.dispatchEvent(new Event("input", { bubbles: true }));
      target.dispatchEvent(new Event("change", { bubbles: true }));
      const chosen = numbers();
      say(ours.worded(words.chosen, { count: chosen.size }));
      tell("chosen", { numbers: Array.from(chosen) });
    }

    function choose(chosen) {
      steps.push(target.value);
      undone = [];
      put(Array.from(chosen).join("\n"));
    }

    function step(from, to) {
      if (!from.length) return say(words.nothingToUndo);
      to.push(target.value);
      return put(from.pop());
    }

    function toggleAt(point, reach) {
      const near = schools
        .map((school) => ({ school, away: map.latLngToContainerPoint(school.place).distanceTo(point) }))
        .filter(({ away }) => away <= reach)
        .sort((a, b) => a.away - b.away);
      if (!near.length) return say(words.noSchool);
      const chosen = numbers();
      if (!chosen.delete(near[0].school.number)) chosen.add(near[0].school.number);
      choose(chosen);
      return say(ours.worded(words.school, near[0].school) + ". " + ours.worded(words.chosen, { count: chosen.size }));
    }

    function chooseWithin(ring) {
      const chosen = numbers();
      for (const { number, place } of schools) if (ours.isInside([[ring]], place.lat, place.lng)) chosen.add(number);
      choose(chosen);
    }

    // --- by mouse, finger and key --------------------------------------------------------------------

    const latlng = (event) => map.mouseEventToLatLng(event);

    function show() {
      sketch.clearLayers();
      L.polyline(line, { pane, interactive: false, className: "staff-drawn is-line" }).addTo(sketch);
    }

    container.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.target.closest(".leaflet-control")) return;
      map.doubleClickZoom.disable();
      if (way !== "lasso") return;
      event.preventDefault();
      map.dragging.disable();
      container.setPointerCapture(event.pointerId);
      isHeld = true;
      line = [latlng(event)];
    }, true);
    container.addEventListener("pointermove", (event) => {
      if (!isHeld || map.latLngToContainerPoint(line.at(-1)).distanceTo(map.mouseEventToContainerPoint(event)) < STEP_PX) return;
      line.push(latlng(event));
      show();
    });
    const end = () => {
      if (!isHeld) return;
      isHeld = false;
      map.dragging.enable();
      const ring = line.map(({ lat, lng }) => [lat, ours.to360(lng)]);
      line = [];
      show();
      if (ring.length < 3) say(words.few);
      else chooseWithin(ring);
    };
    container.addEventListener("pointerup", end);
    container.addEventListener("pointercancel", end);
    container.addEventListener("touchstart", (event) => isHeld && event.preventDefault(), { passive: false });
    map.on("click", (event) => way === "corners" && toggleAt(event.containerPoint, REACH_PX[event.originalEvent.pointerType] || REACH_PX.mouse));

    function go(next) {
      way = next;
      for (const name of ["lasso", "corners"]) button(name).setAttribute("aria-pressed", String(name === way));
      say(words.startSchools);
    }

    const doing = {
      lasso: () => go("lasso"),
      corners: () => go("corners"),
      centre: () => toggleAt(map.getSize().divideBy(2), REACH_PX.touch),
      back: () => step(steps, undone),
      again: () => step(undone, steps),
      clear: () => choose(new Set()),
    };
    for (const each of box.querySelectorAll("[data-do]")) each.addEventListener("click", () => doing[each.dataset.do]());
    container.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target !== container) return;
      event.preventDefault();
      doing.centre();
    });
    target.addEventListener("change", draw);
    container.classList.add("is-drawing");
    draw();
    go("corners");
  });
})();

/* Drawing on the map of a draft, into a form's field: by hand, corner by corner, and at the cross.
 *
 * Corners are dragged, put in, taken out, undone and done again, and snap to boundaries and to the
 * coast. All of it is done at the cross by keyboard, and with buttons by a finger.
 */
(() => {
  "use strict";

  const ours = window.L && L.catchments;
  const staff = ours && ours.staff;
  if (!staff || !["area", "line"].includes(staff.box.dataset.draw)) return;

  const { box, words, say, tell } = staff;
  const target = document.querySelector(box.dataset.target);
  if (!target) return;
  const isArea = box.dataset.draw === "area";
  const outline = new ours.Outline(isArea);
  const STEP_PX = 4;
  const LONGEST_FREEHAND = 5000;
  const [MOUSE_PX, FINGER_PX, SNAP_PX, CROSS_PX] = [9, 22, 12, 24];
  /* More corners are written into the form when it is sent: a field with megabytes holds up the page. */
  const WRITTEN_AT_ONCE = 20000;
  const LONG_TEXT = 400000;
  const FEWEST = isArea ? 3 : 2;

  staff.whenReady.push(async (map) => {
    const container = map.getContainer();
    const pen = new ours.Pen(map, outline);
    const snapping = ours.snappingOn(map, box);
    let way = "corners";
    let held = null;
    let stroke = null;
    let wasHeld = false;
    let written = target.value;

    // --- after each step -----------------------------------------------------------------------------

    function put(text) {
      written = target.value = text;
      target.dispatchEvent(new Event("input", { bubbles: true }));
      target.dispatchEvent(new Event("change", { bubbles: true }));
    }

    /* What is long stands in no field, which would hold up the page: it is written as the form is sent. */
    function write(isWhole) {
      const isLong = outline.length > WRITTEN_AT_ONCE;
      target.readOnly = isLong;
      target.placeholder = isLong ? counted(words.tooLong) : "";
      put(isWhole && !isLong ? outline.wkt() : "");
    }

    function show(sentence) {
      pen.draw();
      const isWhole = outline.isDone && outline.length >= FEWEST;
      write(isWhole);
      for (const [name, can] of [["back", outline.canUndo], ["again", outline.canRedo]]) button(name).setAttribute("aria-disabled", String(!can));
      button("finish").hidden = outline.isDone;
      say([sentence, isWhole && !pen.areHandlesShown ? words.zoomIn : ""].filter(Boolean).join(" "));
      tell("outline", { outline, isWhole });
      if (isWhole) tell("drawn", { wkt: target.value });
    }

    const counted = (sentence) => ours.worded(sentence, { count: outline.length.toLocaleString() });
    const status = () => (outline.isDone ? counted(words.drawn) : outline.length ? counted(words.points) : words.cleared);
    const button = (name) => box.querySelector("[data-do=" + name + "]");

    target.form.addEventListener("formdata", ({ formData }) => {
      if (outline.length > WRITTEN_AT_ONCE && outline.isDone) formData.set(target.name, outline.wkt());
    });
    target.addEventListener("change", () => target.value !== written && readAgain());
    // Before the browser lays it out.
    target.addEventListener("input", () => target.value !== written && target.value.length > LONG_TEXT && readAgain());

    /* What was drawn before the form came back, or was pasted. */
    function readAgain() {
      written = target.value;
      const corners = ours.cornersOf(target.value, isArea);
      outline.load(corners || []);
      outline.isDone = Boolean(corners);
      pen.draw();
      button("finish").hidden = outline.isDone;
      if (!corners) return say(target.value.trim() ? words.notShown : "");
      if (outline.length > WRITTEN_AT_ONCE) write(true);
      say([counted(words.drawn), pen.areHandlesShown ? "" : words.zoomIn].filter(Boolean).join(" "));
      map.show(L.latLngBounds(outline.extent()), { animate: false });
      tell("outline", { outline, isWhole: true });
    }

    // --- steps ---------------------------------------------------------------------------------------

    function add(latlng, reach = SNAP_PX) {
      const found = snapping.at(latlng, reach);
      const place = found ? found.place : [latlng.lat, ours.to360(latlng.lng)];
      outline.change(outline.length, 0, [...snapping.between(outline.length ? stroke : null, found), place]);
      stroke = found;
      show(status());
    }

    function finish() {
      if (outline.length < FEWEST) return say(words.few);
      if (!outline.isDone) outline.finish();
      stroke = null;
      return show(status());
    }

    function takeOut(at) {
      if (at < 0) return say(words.noCorner);
      if (outline.isDone && outline.length <= FEWEST) return say(words.few);
      outline.remove(at);
      return show(counted(words.removed));
    }

    const middle = () => map.getSize().divideBy(2);

    /* At the cross: the next corner; of an outline that is done one more, on the side that lies nearest. */
    function putAtCross() {
      if (!outline.isDone) return add(map.getCenter(), CROSS_PX / 2);
      const at = pen.sideAt(middle(), Infinity);
      const found = snapping.at(map.getCenter(), CROSS_PX / 2);
      outline.change(at + 1, 0, [found ? found.place : [map.getCenter().lat, ours.to360(map.getCenter().lng)]]);
      return show(counted(words.inserted));
    }

    /* Picked up at the cross a corner goes where the map's middle goes, until it is put down. */
    function pickUp() {
      if (held) return putDown(map.getCenter(), CROSS_PX / 2);
      const at = pen.cornerAt(middle(), CROSS_PX);
      if (at < 0) return say(words.noCorner);
      held = { at, isAtCross: true };
      button("pick").setAttribute("aria-pressed", "true");
      return say(words.picked);
    }

    function putDown(latlng, reach) {
      const found = snapping.at(latlng, reach);
      outline.move(held.at, found ? found.place : [latlng.lat, ours.to360(latlng.lng)]);
      release();
      show(counted(found ? words.snapped : words.putDown));
    }

    function release() {
      held = null;
      pen.ring(null);
      button("pick").setAttribute("aria-pressed", "false");
    }

    map.on("move", () => held && held.isAtCross && pen.hold(held.at, [map.getCenter().lat, ours.to360(map.getCenter().lng)]));

    // --- by mouse and finger -------------------------------------------------------------------------

    const at = (event) => map.mouseEventToContainerPoint(event);
    const latlng = (event) => map.containerPointToLatLng(at(event));

    function onDown(event) {
      if (event.button !== 0 || event.target.closest(".leaflet-control")) return;
      map.doubleClickZoom.disable();
      if (way === "lasso") return beginStroke(event);
      const reach = event.pointerType === "touch" ? FINGER_PX : MOUSE_PX;
      let corner = pen.cornerAt(at(event), reach);
      if (corner < 0 && outline.isDone && event.pointerType !== "touch") corner = insertAt(event, reach);
      if (corner < 0) return;
      // A click on the first corner of an outline closes it.
      held = { at: corner, isFirst: corner === 0 && !outline.isDone && isArea, from: at(event) };
      hold(event);
    }

    function insertAt(event, reach) {
      const side = pen.sideAt(at(event), reach);
      if (side < 0) return -1;
      const { lat, lng } = latlng(event);
      outline.change(side + 1, 0, [[lat, ours.to360(lng)]]);
      return side + 1;
    }

    function hold(event) {
      map.dragging.disable();
      container.setPointerCapture(event.pointerId);
    }

    function beginStroke(event) {
      event.preventDefault();
      hold(event);
      if (outline.length) outline.clear();
      held = { places: [latlng(event)], last: at(event) };
    }

    function onMove(event) {
      if (!held || held.isAtCross) return hover(event);
      const here = at(event);
      if (held.places) {
        if (here.distanceTo(held.last) < STEP_PX || held.places.length >= LONGEST_FREEHAND) return undefined;
        held.last = here;
        held.places.push(latlng(event));
        return pen.line(held.places);
      }
      if (!held.isMoved && here.distanceTo(held.from) < STEP_PX) return undefined;
      held.isMoved = true;
      const found = snapping.at(latlng(event), SNAP_PX, event.altKey);
      const place = found ? found.place : [latlng(event).lat, ours.to360(latlng(event).lng)];
      return pen.hold(held.at, place);
    }

    let soon = 0;
    function hover(event) {
      if (event.pointerType !== "mouse" || outline.isDone || way !== "corners") return;
      cancelAnimationFrame(soon);
      soon = requestAnimationFrame(() => {
        if (held) return;
        const found = snapping.at(latlng(event), SNAP_PX, event.altKey);
        pen.ring(found && found.place);
      });
    }

    function onUp(event) {
      if (!held || held.isAtCross) return;
      const done = held;
      held = null;
      wasHeld = true;
      setTimeout(() => (wasHeld = false));
      pen.ring(null);
      map.dragging.enable();
      if (done.places) return endStroke(done.places);
      if (done.isMoved && event.type === "pointerup") {
        held = done;
        return putDown(latlng(event), event.altKey ? 0 : SNAP_PX);
      }
      if (done.isFirst) return finish();
      return show(status());
    }

    function endStroke(places) {
      if (places.length < FEWEST) return show(words.few);
      outline.change(0, outline.length, places.map(({ lat, lng }) => [lat, ours.to360(lng)]), { isDone: true });
      return show(status());
    }

    container.addEventListener("pointerdown", onDown, true);
    container.addEventListener("pointermove", onMove);
    container.addEventListener("pointerup", onUp);
    container.addEventListener("pointercancel", onUp);
    // A finger that holds a corner, or draws, scrolls no page.
    container.addEventListener("touchstart", (event) => held && !held.isAtCross && event.preventDefault(), { passive: false });
    container.addEventListener("contextmenu", (event) => {
      const corner = pen.cornerAt(at(event), MOUSE_PX);
      if (corner < 0) return;
      event.preventDefault();
      takeOut(corner);
    });
    map.on("click", (event) => {
      if (way !== "corners" || wasHeld || held) return;
      if (outline.isDone) return say(words.isDone);
      add(event.latlng);
    });
    map.on("dblclick", () => {
      if (way !== "corners" || outline.isDone || outline.length <= FEWEST) return;
      outline.remove(outline.length - 1);
      finish();
    });

    // --- by buttons and keys -------------------------------------------------------------------------

    function choose(next) {
      way = next;
      for (const name of ["lasso", "corners"]) button(name).setAttribute("aria-pressed", String(name === way));
      say(isArea ? words.start : words.startLine);
    }

    const doing = {
      lasso: () => choose("lasso"),
      corners: () => choose("corners"),
      centre: putAtCross,
      pick: pickUp,
      remove: () => takeOut(pen.cornerAt(middle(), CROSS_PX)),
      back: () => (outline.undo() ? show(status()) : say(words.nothingToUndo)),
      again: () => (outline.redo() ? show(status()) : say(words.nothingToUndo)),
      finish,
      clear: () => { stroke = null; outline.clear(); show(words.cleared); },
    };
    for (const each of box.querySelectorAll("[data-do]")) each.addEventListener("click", () => { if (each.dataset.do !== "pick") release(); doing[each.dataset.do](); });
    container.addEventListener("keydown", (event) => {
      const undo = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
      const redo = (event.ctrlKey || event.metaKey) && (event.key.toLowerCase() === "y" || (undo && event.shiftKey));
      const act = redo ? "again" : undo ? "back" : { Enter: held ? "pick" : "centre", Delete: "remove" }[event.key];
      if (event.target !== container || !act) return;
      event.preventDefault();
      doing[act]();
    });
    container.classList.add("is-drawing");
    choose("corners");
    if (target.value.trim()) readAgain();
    else show(isArea ? words.start : words.startLine);
  });
})();

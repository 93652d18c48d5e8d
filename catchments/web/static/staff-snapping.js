/* What a corner snaps to: boundaries as they are published, or as the draft has them, and the coast.
 *
 * From afar nothing is drawn as it is, so that nothing is snapped to.
 */
(() => {
  "use strict";

  const ours = window.L && L.catchments;
  if (!ours || !ours.staff) return;

  const { words } = ours.staff;

  ours.snappingOn = (map, box) => {
    const isOn = box.querySelector("[data-snap]");
    const follows = box.querySelector("[data-follow]");
    const hint = box.querySelector("[data-snap-hint]");
    const ofBoundary = new WeakMap();
    let indexes = [];

    /* Each boundary is taken apart once; the pieces of coast in view are few. */
    function look() {
      const near = Array.from(map.areas.parts.values()).filter(({ published, bounds }) => published && bounds.intersects(map.getBounds()));
      indexes = near.map(({ published }) => {
        if (!ofBoundary.has(published)) ofBoundary.set(published, ours.snapIndex(published.flat()));
        return ofBoundary.get(published);
      });
      const shores = map.sea ? map.sea.shores() : [];
      if (shores.length) indexes.push(ours.snapIndex(shores));
      hint.textContent = indexes.length ? "" : words.snapFrom;
    }

    map.on("moveend", look);
    map.areas.on("drawn", look);
    if (map.sea) map.sea.on("drawn", look);
    look();

    /* The place that lies nearest to another, within so many pixels; nothing with Alt held. */
    function at({ lat, lng }, reachPx, isOff = false) {
      if (isOff || !isOn.checked || !reachPx) return null;
      const reach = degreesOf(map, reachPx);
      let best = null;
      for (const index of indexes) {
        const found = index.nearest([lat, ours.to360(lng)], reach);
        const isBetter = found && (!best || (found.kind === best.kind ? found.far < best.far : found.kind === "corner"));
        if (isBetter) best = { ...found, index };
      }
      return best;
    }

    /* The corners of a boundary between two that were snapped to it, where it is to be followed. */
    function between(from, to) {
      if (!follows.checked || !from || !to || from.index !== to.index) return [];
      return to.index.between(from, to);
    }

    return { at, between };
  };

  function degreesOf(map, px) {
    const { x, y } = map.getSize().divideBy(2);
    return Math.abs(map.containerPointToLatLng([x, y]).lat - map.containerPointToLatLng([x, y + px]).lat);
  }
})();

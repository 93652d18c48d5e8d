/* Manners of the map: it never traps a finger, a wheel or a key, and its view has an address.
 *
 * One finger scrolls the page and two move the map; the wheel zooms with Ctrl or ⌘ held. In full
 * screen, where there is no page to scroll, one finger moves the map.
 */
(function () {
  "use strict";

  const ours = window.L && L.catchments;
  if (!ours) return;

  const HINT_MS = 1600;
  const LONG_MS = 8000;
  const NARROW_PX = 600; // Where the search is as wide as the map, and the legend lies under it.
  const ASHORE_UNTIL = 12;
  const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

  ours.Manners = L.Handler.extend({
    initialize(map, options) {
      L.Handler.prototype.initialize.call(this, map);
      this.options = options;
      this._hint = document.getElementById("map-tip");
    },

    addHooks() {
      const map = this._map;
      const container = map.getContainer();
      map.manners = this;
      map.scrollWheelZoom.disable();
      this._fingers(!window.matchMedia("(pointer: coarse)").matches);
      const frame = ours.frame;
      // Before Leaflet hears of it.
      frame.addEventListener("wheel", (event) => this._wheel(event), { capture: true, passive: true });
      frame.addEventListener("pointerdown", (event) => {
        this._fingers(event.pointerType !== "touch" || ours.isFull());
        // Two quick taps on buttons, as on “+”, are no double tap on the map.
        if (event.target.closest(".leaflet-control")) map.doubleClickZoom.disable();
        else map.doubleClickZoom.enable();
        delete frame.dataset.keys;
      }, true);
      document.addEventListener("keydown", () => (frame.dataset.keys = ""), true);
      frame.addEventListener("touchmove", (event) => {
        const onMap = map.getPanes().mapPane.contains(event.target) || event.target === container;
        if (onMap && event.touches.length === 1 && !ours.isFull()) this.say(ours.words.twoFingers);
      }, { passive: true });
      map.on("resize", this._fit, this);
      map.on("zoomend resize", this._keepNear, this);
      map.on("moveend", this._comeAshore, this);
      this._fit();
    },

    removeHooks() {
      this._map.off("resize", this._fit, this);
      this._map.off("zoomend resize", this._keepNear, this);
      this._map.off("moveend", this._comeAshore, this);
    },

    /* Whether dragging by one pointer moves the map. */
    _fingers(moves) {
      if (moves) this._map.dragging.enable();
      else this._map.dragging.disable();
    },

    _wheel(event) {
      const meant = event.ctrlKey || event.metaKey || ours.isFull();
      if (meant) this._map.scrollWheelZoom.enable();
      else this._map.scrollWheelZoom.disable();
      const onMap = this._map.getContainer().contains(event.target) && !event.target.closest(".leaflet-control");
      if (!meant && onMap) this.say(MAC ? ours.words.wheelMac : ours.words.wheel);
    },

    say(sentence, { long = false } = {}) {
      if (!this._hint) return;
      this._hint.textContent = sentence;
      this._hint.hidden = !sentence;
      clearTimeout(this._ending);
      this._ending = setTimeout(() => (this._hint.hidden = true), long ? LONG_MS : HINT_MS);
    },

    /* The middle of the picture stays over the country, however near one looks: never all sea. */
    _keepNear() {
      const map = this._map;
      const { x, y } = map.getSize().multiplyBy(0.6);
      const zoom = map.getZoom();
      const [southWest, northEast] = this.options.country.map((corner) => map.project(corner, zoom));
      map.options.maxBounds = L.latLngBounds(
        map.unproject(southWest.add([-x, y]), zoom), map.unproject(northEast.add([x, -y]), zoom));
    },

    /* Folded away it has no size. */
    _isSeen() {
      const { x, y } = this._map.getSize();
      return x > 0 && y > 0;
    },

    /* Where nothing but sea is seen the nearest land comes back into the picture. Leaflet
     * ends a move by nothing at once, which is the end of a move again. */
    _comeAshore() {
      const map = this._map;
      if (this._comes || !map.areas || map.getZoom() >= ASHORE_UNTIL || !this._isSeen()) return;
      const land = map.areas.nearest(map.getCenter(), map.getBounds());
      if (!land) return;
      this._comes = true;
      map.panTo(land, { animate: !ours.calm });
      this._comes = false;
    },

    /* The whole country just fits at the least zoom. */
    _fit() {
      const map = this._map;
      if (!this._isSeen()) return;
      // Not setMinZoom, whose animation would end after the page has set its view.
      map.options.minZoom = this.options.leastZoom;
      const { x } = map.getSize();
      const fits = map.getBoundsZoom(this.options.whole, false, L.point(16, x < NARROW_PX ? 170 : 16));
      if (!Number.isFinite(fits)) return;
      map.options.minZoom = Math.max(this.options.leastZoom, Math.min(fits - 0.1, 7));
      if (map.getZoom() < map.options.minZoom) map.setZoom(map.options.minZoom, { animate: false });
      map.fire("zoomlevelschange");
    },
  });

  // --- on paper -----------------------------------------------------------------------------------

  const PAGE_PX = [640, 440];

  /* What is on the screen, made small enough for one page with the answer. */
  window.addEventListener("beforeprint", () => {
    const { width, height } = ours.frame.getBoundingClientRect();
    ours.frame.dataset.print = "";
    Object.assign(ours.frame.style, {
      width: width + "px", height: height + "px", zoom: Math.min(1, PAGE_PX[0] / width, PAGE_PX[1] / height),
    });
  });
  window.addEventListener("afterprint", () => {
    delete ours.frame.dataset.print;
    Object.assign(ours.frame.style, { width: "", height: "", zoom: "" });
  });

  // --- the view's address --------------------------------------------------------------------------

  /* "#zoom/lat/lng" as a view on this map; null where it is none. */
  ours.viewOf = (hash, map) => {
    const [, zoom, lat, lng] = /^#(\d{1,3}(?:\.\d+)?)\/(-?\d{1,3}(?:\.\d+)?)\/(-?\d{1,3}(?:\.\d+)?)$/.exec(hash) || [];
    if (zoom === undefined) return null;
    const place = L.latLng(Number(lat), ours.to360(Number(lng)));
    if (!L.latLngBounds(map.options.reach).contains(place)) return null;
    return { place, zoom: Math.min(Math.max(Number(zoom), map.getMinZoom()), map.getMaxZoom()) };
  };

  ours.hashOf = (map) => {
    const { lat, lng } = map.getCenter().wrap();
    return "#" + Math.round(map.getZoom() * 100) / 100 + "/" + lat.toFixed(4) + "/" + lng.toFixed(4);
  };
})();

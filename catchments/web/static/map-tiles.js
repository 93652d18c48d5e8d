/* Backgrounds of the map from a server of tiles that whoever runs the service has named, and the switch
 * between them and none. The layers are Folium's; their addresses, and whom to credit, are the page's.
 *
 * The map stays whole below them: they are laid over it only once a tile has come, and are taken away
 * when none comes any more. What is chosen is kept nowhere.
 */
(function () {
  "use strict";

  const ours = window.L && L.catchments;
  if (!ours) return;

  const { words, frame } = ours;
  const PLAIN = "plain";
  const LEAST_PX = 64;
  const LARGEST_PX = 1024;

  ours.Backgrounds = L.Handler.extend({
    initialize(map, options) {
      L.Handler.prototype.initialize.call(this, map);
      this.options = options;
    },

    addHooks() {
      const given = JSON.parse(frame.dataset.tiles || "null");
      if (!given) return;
      this._layers = new Map(given.backgrounds.map(([name, address]) => [name, this._layer(name, address, given)]));
      this._switch = this._control();
      this._switch.addTo(this._map);
      if (given.first === PLAIN || (navigator.connection && navigator.connection.saveData)) return;
      // The page is there before anybody else is asked for anything, and is not held up by them.
      if (document.readyState === "complete") this._choose(given.first);
      else window.addEventListener("load", () => this._chosen || this._choose(given.first), { once: true });
    },

    removeHooks() {
      if (this._switch) this._switch.remove();
      this._take();
    },

    _layer(name, address, { closest, attribution, link }) {
      const layer = window[this.options.layers[name]];
      const credit = document.createElement(link ? "a" : "span");
      credit.textContent = attribution;
      if (link) credit.href = link;
      layer.options.attribution = credit.outerHTML;
      layer.options.maxNativeZoom = closest - layer.options.zoomOffset;
      layer.setUrl(address, true);
      layer.on("tileload", () => this._came(name, layer));
      layer.on("tileerror", () => this._missed(layer));
      layer.on("load", () => !this._any && this._missed(layer, this.options.missesAtMost));
      return layer;
    },

    // --- the switch

    _control() {
      const control = L.control({ position: "topright" });
      control.onAdd = () => {
        const box = document.createElement("fieldset");
        box.className = "map-backgrounds map-over";
        const title = document.createElement("legend");
        title.className = "visually-hidden";
        title.textContent = words.background;
        this._told = document.createElement("p");
        this._told.setAttribute("role", "status");
        box.append(title, ...[...this._layers.keys(), PLAIN].map((name) => this._choice(name)), this._told);
        L.DomEvent.disableClickPropagation(box);
        return box;
      };
      return control;
    },

    _choice(name) {
      const label = document.createElement("label");
      const input = document.createElement("input");
      input.type = "radio";
      input.name = "map-background";
      input.value = name;
      input.checked = name === PLAIN;
      input.addEventListener("change", () => this._choose(name));
      const text = document.createElement("span");
      text.textContent = words.backgrounds[name];
      label.append(input, text);
      return label;
    },

    _mark(name) {
      for (const input of this._switch.getContainer().querySelectorAll("input")) input.checked = input.value === name;
    },

    // --- laying and taking away

    async _choose(name) {
      this._take();
      this._told.textContent = "";
      this._mark(name);
      this._chosen = name;
      const layer = this._layers.get(name);
      if (!layer) return;
      try {
        // One tile first: a server that is away is asked once, not for every tile that is in view.
        await firstTile(this._aTile(layer), this.options.patienceMs);
        if (this._chosen === name) layer.addTo(this._map);
      } catch {
        if (this._chosen === name) this._giveUp();
      }
    },

    _take() {
      this._misses = 0;
      this._any = false;
      frame.removeAttribute("data-background");
      for (const layer of (this._layers || new Map()).values()) layer.remove();
    },

    _came(name, layer) {
      this._misses = 0;
      this._any = true;
      if (this._map.hasLayer(layer)) frame.dataset.background = name;
    },

    /* A tile may be missing where the sea is; a server from which none comes is left alone. */
    _missed(layer, times = 1) {
      this._misses += times;
      if (this._misses >= this.options.missesAtMost && this._map.hasLayer(layer)) this._giveUp();
    },

    _giveUp() {
      this._take();
      this._chosen = PLAIN;
      this._mark(PLAIN);
      this._told.textContent = words.noBackground;
    },

    /* The address of a tile in the middle of the country. */
    _aTile(layer) {
      const z = this.options.probeZoom;
      const middle = L.latLngBounds(this._map.options.whole).getCenter();
      const { x, y } = this._map.options.crs.latLngToPoint(middle, z).divideBy(256).floor();
      return L.Util.template(layer._url, { x, y, z, "-y": 2 ** z - 1 - y });
    },
  });

  function firstTile(address, patienceMs) {
    return new Promise((resolve, reject) => {
      const image = new Image();
      const timer = setTimeout(() => {
        image.src = "";
        reject(new Error("late"));
      }, patienceMs);
      image.onload = () => {
        clearTimeout(timer);
        const sides = [image.naturalWidth, image.naturalHeight];
        if (sides.every((side) => side >= LEAST_PX && side <= LARGEST_PX)) resolve();
        else reject(new Error("no tile"));
      };
      image.onerror = () => {
        clearTimeout(timer);
        reject(new Error("none"));
      };
      image.src = address;
    });
  }
})();

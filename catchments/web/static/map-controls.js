/* Controls of the map beside Leaflet's own: what colours mean, the islands far out, the whole screen,
 * where one is. Their words are the page's; names of regions come with the data.
 */
(function () {
  "use strict";

  const ours = window.L && L.catchments;
  if (!ours) return;

  const { words, frame } = ours;

  function button(text, className, onClick) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = className;
    made.textContent = text;
    made.addEventListener("click", onClick);
    return made;
  }

  /* A control that a finger or the wheel on it does not move the map. */
  function box(tag, className) {
    const made = document.createElement(tag);
    made.className = className;
    L.DomEvent.disableClickPropagation(made);
    L.DomEvent.disableScrollPropagation(made);
    return made;
  }

  // --- what colours mean ---------------------------------------------------------------------------

  ours.Legend = L.Control.extend({
    options: { position: "bottomleft", meanings: ["region", "provider", "none"], openFrom: 940 },

    onAdd(map) {
      const legend = box("details", "map-legend map-over");
      legend.open = map.getSize().x >= this.options.openFrom && map.getSize().y >= 480;
      const summary = document.createElement("summary");
      summary.textContent = words.legend;
      this._list = document.createElement("ul");
      legend.append(summary, this._choice(map), this._list);
      legend.addEventListener("toggle", () => map.names && map.names.placeSoon());
      map.legend = this;
      this._mean(map, this.options.meanings[0]);
      return legend;
    },

    _choice(map) {
      const choice = document.createElement("fieldset");
      const title = document.createElement("legend");
      title.textContent = words.coloursMean;
      choice.append(title);
      for (const meaning of this.options.meanings) {
        const label = document.createElement("label");
        const input = document.createElement("input");
        input.type = "radio";
        input.name = "map-colours";
        input.value = meaning;
        input.checked = meaning === this.options.meanings[0];
        input.addEventListener("change", () => this._mean(map, meaning));
        label.append(input, " " + words.meanings[meaning]);
        choice.append(label);
      }
      return choice;
    },

    _mean(map, meaning) {
      frame.dataset.colours = meaning;
      this._list.hidden = meaning !== "region";
      if (map.names) map.names.placeSoon();
    },

    /* Fill in the regions, each with its number and how it is called. */
    name(regions) {
      this._list.replaceChildren(...regions.map(([number, name]) => {
        const row = document.createElement("li");
        const swatch = document.createElement("span");
        swatch.className = "swatch region-" + Number(number);
        const text = document.createElement("span");
        text.textContent = name || words.noRegion;
        if (/^(Tai Tokerau|Tāmaki)/.test(name)) text.lang = "mi";
        row.append(swatch, text);
        return row;
      }));
      if (this._map && this._map.names) this._map.names.placeSoon();
    },
  });

  // --- the Chatham Islands in a box, and the way back --------------------------------------------------

  ours.Inset = L.Control.extend({
    options: { position: "bottomright", views: {} },

    onAdd(map) {
      const inset = box("div", "map-inset map-over");
      const { views } = this.options;
      const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      picture.setAttribute("viewBox", "0 0 96 76");
      picture.setAttribute("aria-hidden", "true");
      const chathams = button(words.chathams, "inset-view", () => map.show(views.chathams));
      chathams.prepend(picture);
      chathams.dataset.view = "chathams";
      const all = button(words.all, "inset-all", () => map.show(views.all));
      all.dataset.view = "all";
      inset.append(chathams, all);
      const turn = () => {
        chathams.hidden = map.getCenter().lng > 180.5;
      };
      map.on("moveend", turn);
      if (map.areas) map.areas.on("drawn", () => this._draw(picture, map));
      return inset;
    },

    _draw(picture, map) {
      if (picture.childElementCount) return;
      const [[south, west], [north, east]] = this.options.views.chathams;
      const stretch = 96 / (east - west);
      const tall = stretch / Math.cos((44 * Math.PI) / 180);
      for (const { polygons, region, colour } of map.areas.parts.values()) {
        const here = polygons.filter(([outer]) => outer[0][1] > 181);
        if (!here.length) continue;
        const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
        path.setAttribute("class", "catchment region-" + region + " colour-" + colour);
        path.setAttribute("d", here.map(([outer]) =>
          "M" + outer.map(([lat, lng]) => ((lng - west) * stretch).toFixed(1) + " " + ((north - lat) * tall - ((north - south) * tall - 76) / 2).toFixed(1)).join("L") + "z").join(""));
        picture.append(path);
      }
    },
  });

  // --- the whole screen, and where one is ----------------------------------------------------------------

  ours.Buttons = L.Control.extend({
    options: { position: "topleft" },

    onAdd(map) {
      const bar = box("div", "leaflet-bar map-buttons map-over");
      const made = (sign, name, act) => {
        const each = button("", "map-button " + sign, act);
        each.title = name;
        each.setAttribute("aria-label", name);
        bar.append(each);
        return each;
      };
      if ("geolocation" in navigator) made("sign-locate", words.locate, () => locate(map));
      if (document.fullscreenEnabled) {
        const full = made("sign-full", words.full, () => {
          if (document.fullscreenElement) document.exitFullscreen();
          else frame.requestFullscreen().catch(() => {});
        });
        document.addEventListener("fullscreenchange", () => {
          const isFull = document.fullscreenElement === frame;
          full.title = isFull ? words.leaveFull : words.full;
          full.setAttribute("aria-label", full.title);
          setTimeout(() => map.invalidateSize(), 100);
        });
      }
      return bar;
    },
  });

  /* Asked only when pressed; the place stays in the browser. */
  function locate(map) {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const place = L.latLng(coords.latitude, ours.to360(coords.longitude));
        if (L.latLngBounds(map.options.maxBounds).contains(place)) map.fire("located", { latlng: place });
        else map.fire("told", { sentence: words.farAway });
      },
      () => map.fire("told", { sentence: words.noLocation }),
      { maximumAge: 60000, timeout: 15000 },
    );
  }
})();

/* Controls of the map beside Leaflet's own: what colours mean, the islands far out, the whole screen,
 * where one is. Their words are the page's; names of regions come with the data.
 */
(function () {
  "use strict";

  const ours = window.L && L.catchments;
  if (!ours) return;

  const { words, frame } = ours;
  const BOUNDARY_M = 100; // So near to a boundary no place is sure of its side.

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
      const legend = box("details", "map-legend");
      legend.open = map.getSize().x >= this.options.openFrom && map.getSize().y >= 450;
      const summary = document.createElement("summary");
      summary.textContent = words.legend;
      this._list = document.createElement("ul");
      this._notes = document.createElement("p");
      legend.append(summary, this._choice(map), this._list, this._notes);
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
      this._notes.textContent = [meaning === "provider" && words.oneColour, words.numbers].filter(Boolean).join(" ");
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
      const inset = box("div", "map-inset");
      const { views } = this.options;
      const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      picture.setAttribute("viewBox", "0 0 96 76");
      picture.setAttribute("aria-hidden", "true");
      const chathams = button(words.chathams, "inset-view", () => map.show(views.chathams));
      chathams.prepend(picture);
      picture.toggleAttribute("hidden", true);
      chathams.dataset.view = "chathams";
      const all = button(words.all, "inset-all", () => map.show(views.all));
      all.dataset.view = "all";
      inset.append(chathams, all);
      /* What lies in the box is not drawn a second time at the edge of the country. */
      const turn = () => {
        const seen = map.getBounds();
        const isBoxed = picture.childElementCount > 0 && (seen.contains(views.all) || !seen.intersects(views.chathams));
        picture.toggleAttribute("hidden", !isBoxed);
        map.areas.leaveOut(isBoxed && seen.intersects(views.chathams));
      };
      map.on("moveend", turn);
      map.areas.on("drawn", () => this._draw(picture, map) && turn());
      map.areas.on("marked", ({ codes }) => {
        for (const path of picture.children) path.classList.toggle("chosen", codes.includes(path.dataset.code));
      });
      return inset;
    },

    _draw(picture, map) {
      if (picture.childElementCount) return true;
      const [[south, west], [north, east]] = this.options.views.chathams;
      const stretch = 96 / (east - west);
      const tall = stretch / Math.cos((44 * Math.PI) / 180);
      for (const [code, { polygons, region, colour }] of map.areas.parts) {
        const here = polygons.filter(ours.isFarOut);
        if (!here.length) continue;
        const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
        path.setAttribute("class", "catchment region-" + region + " colour-" + colour);
        path.dataset.code = code;
        path.setAttribute("d", here.map(([outer]) =>
          "M" + outer.map(([lat, lng]) => ((lng - west) * stretch).toFixed(1) + " " + ((north - lat) * tall - ((north - south) * tall - 76) / 2).toFixed(1)).join("L") + "z").join(""));
        picture.append(path);
      }
      return picture.childElementCount > 0;
    },
  });

  // --- layers, which Folium names in English ----------------------------------------------------------

  ours.nameLayers = (map) => {
    const control = map.getContainer().querySelector(".leaflet-control-layers");
    if (!control) return;
    const toggle = control.querySelector(".leaflet-control-layers-toggle");
    toggle.title = words.layers;
    toggle.setAttribute("aria-label", words.layers);
    // By keyboard: into what was opened, and closed when left.
    toggle.addEventListener("keydown", ({ key }) => key === "Enter" && setTimeout(() => control.querySelector("input")?.focus()));
    control.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !control.contains(relatedTarget)) control.classList.remove("leaflet-control-layers-expanded");
    });
    for (const text of control.querySelectorAll("label span span")) {
      text.textContent = " " + (words.layerNames[text.textContent.trim()] || text.textContent.trim());
    }
  };

  // --- the whole screen, and where one is ----------------------------------------------------------------

  ours.Buttons = L.Control.extend({
    options: { position: "topright" },

    onAdd(map) {
      const bar = box("div", "leaflet-bar map-buttons");
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
          // With the search that lies over the map, and the answer.
          if (document.fullscreenElement) document.exitFullscreen();
          else frame.closest(".map-page").requestFullscreen().catch(() => {});
        });
        document.addEventListener("fullscreenchange", () => {
          const isFull = ours.isFull();
          full.title = isFull ? words.leaveFull : words.full;
          full.setAttribute("aria-label", full.title);
          setTimeout(() => map.invalidateSize(), 100);
        });
      }
      return bar;
    },
  });

  ours.isFull = () => Boolean(document.fullscreenElement && document.fullscreenElement.contains(frame));

  /* Asked only when pressed; the place stays in the browser. */
  function locate(map) {
    map.manners.say(words.locating, { long: true });
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => map.fire(...located(map, coords)),
      () => map.fire("told", { sentence: words.noLocation }),
      { timeout: 15000 },
    );
  }

  function located(map, { latitude, longitude, accuracy }) {
    const place = L.latLng(latitude, ours.to360(longitude));
    if (!L.latLngBounds(map.options.reach).contains(place)) return ["told", { sentence: words.farAway }];
    map.manners.say("");
    const metres = Math.max(Math.ceil(accuracy || 0), BOUNDARY_M);
    const code = map.areas.codeAt(place);
    const others = codesAround(map, place, metres).filter((each) => each !== code).map((each) => map.names.facts.get(each)?.name);
    const named = [
      ours.worded(words.here, { metres: metres.toLocaleString() }),
      others.length ? ours.worded(words.maybeIn, { names: others.join(", ") }) : "",
    ].filter(Boolean).join(" ");
    const page = frame.dataset.finderPage;
    const href = page && page + "?q=" + encodeURIComponent(latitude.toFixed(5) + " " + longitude.toFixed(5));
    return ["located", { choice: { kind: "place", named, code, at: [place.lat, place.lng], zoom: metres > 2000 ? 10 : 12, href } }];
  }

  /* Whose areas a circle reaches into. */
  function codesAround(map, { lat, lng }, metres) {
    const found = new Set();
    for (let step = 0; step < 16; step += 1) {
      const turn = (step * Math.PI) / 8;
      const north = (metres / 111320) * Math.sin(turn);
      const east = (metres / 111320 / Math.cos((lat * Math.PI) / 180)) * Math.cos(turn);
      const code = map.areas.codeAt({ lat: lat + north, lng: lng + east });
      if (code) found.add(code);
    }
    return Array.from(found);
  }
})();

/* The page around the map: what is chosen, the card that says who serves it, the search, the address.
 *
 * Loaded after the map's other scripts and before /map.js, so that it meets the map as it is made.
 */
(function () {
  "use strict";

  const byId = (id) => document.getElementById(id);
  const frame = byId("map-frame");
  if (!frame) return;
  const ours = window.L && L.catchments;
  const words = JSON.parse(frame.dataset.words);
  const answerPanel = byId("answer");
  const choosers = new Map(
    Array.from(document.querySelectorAll("a.choose"), (link) => [link.dataset.code, link]),
  );

  function say(sentence) {
    const message = byId("map-message");
    message.textContent = sentence;
    message.hidden = false;
  }

  function start(map) {
    const { to360, worded, calm, under } = ours;
    const facts = map.names.facts;
    const remembers = "remember" in frame.dataset;
    const pins = L.layerGroup().addTo(map);
    const container = map.getContainer();
    const emptyAnswer = document.createElement("p");
    emptyAnswer.className = "answer-empty";
    emptyAnswer.textContent = words.empty;
    let chosen = null;
    let opener = null;

    container.setAttribute("role", "application");
    container.setAttribute("aria-label", words.map);
    byId("map-tools").hidden = false;
    /* Fit bounds beside what lies over the map: the search, the legend, the sheet. */
    map.show = (bounds, options) => {
      const legend = map.getSize().x > 900 && document.querySelector(".map-legend[open]");
      const paddingTopLeft = [legend ? legend.offsetWidth + 24 : 12, document.querySelector(".map-main") && !legend ? 72 : 12];
      map.fitBounds(bounds, { animate: !calm, paddingTopLeft, paddingBottomRight: [12, 12 + sheetOver()], ...options });
    };

    function centre(place, zoom, animate) {
      const lower = map.project(place, zoom).add([0, sheetOver() / 2]);
      map.setView(map.unproject(lower, zoom), zoom, { animate });
    }

    /* How much of the map the answer lies over, where it is a sheet at the foot of the screen. */
    function sheetOver() {
      if (getComputedStyle(answerPanel).position !== "fixed") return 0;
      const over = container.getBoundingClientRect().bottom - answerPanel.getBoundingClientRect().top;
      return Math.max(0, Math.min(over, map.getSize().y - 120));
    }
    const views = { all: map.options.whole, chathams: map.options.chathams };

    map.schools.on("missing", () => (byId("map-hint").textContent = words.noSchools));

    // --- the card ----------------------------------------------------------------------------------

    function show(place, fact, href, more) {
      answerPanel.replaceChildren(ours.card({ place, fact, href, more, onClose: clear }));
    }

    function pageOf(kind, key) {
      return frame.dataset[kind] ? frame.dataset[kind] + encodeURIComponent(key) : "";
    }

    function mark(code, pin) {
      chosen = code;
      pins.clearLayers();
      map.areas.mark(code);
      if (pin) {
        const options = { interactive: false, pane: "chosen", renderer: L.svg({ pane: "chosen" }) };
        L.circleMarker(pin, { ...options, className: "chosen-school", radius: 9 }).addTo(pins);
      }
      for (const [each, chooser] of choosers) {
        if (each === code) chooser.setAttribute("aria-current", "true");
        else chooser.removeAttribute("aria-current");
      }
      map.names.placeSoon();
    }

    /* What is chosen has an address, so that “Back” leads to what was chosen before. */
    function remember(query) {
      if (!remembers || location.search === query) return;
      history.pushState(null, "", location.pathname + query + ours.hashOf(map));
    }

    function chooseCatchment(code, { move = false, quiet = false } = {}) {
      const fact = facts.get(code);
      if (!fact) return;
      show(worded(words.catchmentNamed, { name: fact.name }), fact, pageOf("catchmentPage", code), words.moreOfCatchment);
      mark(code, null);
      const bounds = map.areas.boundsOf(code);
      if (!quiet) remember("?catchment=" + encodeURIComponent(code));
      if (move && bounds) map.show(bounds, { maxZoom: 11 });
    }

    function chooseSchool(school, { quiet = false } = {}) {
      const state = words.states[school.status];
      const named = school.name + " (" + worded(words.school, school) + (state ? ", " + state : "") + ")";
      show(named, facts.get(school.code), pageOf("schoolPage", school.id), words.moreOfSchool);
      mark(school.code, school.place);
      if (!quiet) remember("?school=" + encodeURIComponent(school.id));
    }

    function choosePlace(named, fact, place, href) {
      show(named, fact, href, words.moreOfPlace);
      mark(fact && fact.code, place);
      remember("");
    }

    function clear() {
      const hadFocus = answerPanel.contains(document.activeElement);
      answerPanel.replaceChildren(emptyAnswer);
      mark(null, null);
      remember("");
      if (hadFocus) (opener && opener.offsetParent ? opener : container).focus();
      opener = null;
    }

    /* The answer that came with the page can be closed as any other. */
    function addClose() {
      const button = byId("answer-template").content.querySelector("[data-close]").cloneNode(true);
      button.addEventListener("click", clear);
      answerPanel.querySelector(".answer")?.prepend(button);
    }

    function moveTo(place) {
      centre(place, Math.max(map.getZoom(), 11), !calm);
    }

    // --- by mouse, finger and keyboard on the map ------------------------------------------------------

    function chooseAt(school, code) {
      if (!school && !code) return;
      opener = container;
      if (school) chooseSchool(school);
      else chooseCatchment(code);
    }

    function onMapClick(event) {
      const touch = event.originalEvent.pointerType === "touch";
      const school = map.schools.at(event.containerPoint, touch ? 20 : 12);
      chooseAt(school, map.areas.codeOf(event.originalEvent.target));
      answerPanel.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
    }

    function onKey(event) {
      if (event.key === "Escape" && chosen && !event.target.closest("input")) clear();
      if (event.key !== "Enter" || event.target !== container) return;
      const found = under(map, map.getSize().divideBy(2));
      chooseAt(found.school, found.code);
      if (found.school || found.code) answerPanel.querySelector("h2").focus();
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

    // --- the search over the map, as finder.js makes it -------------------------------------------------

    function onNameChosen(event) {
      const { chosen: named, text, goOn } = event.detail;
      if (!event.target.closest("[data-on-map]")) return;
      event.preventDefault();
      showNamed(named, text)
        .then((shown) => {
          if (!shown) return goOn(); // The finder's own page says more than the map can.
          opener = event.target;
          answerPanel.querySelector("h2").focus();
        })
        .catch(goOn);
    }

    async function showNamed(named, text) {
      if (named.kind === "school") return showSchoolNumbered(named.school_id);
      if (named.kind !== "catchment") return showPlace(named.kind, text);
      if (!facts.has(named.code)) return false;
      chooseCatchment(named.code, { move: true });
      return true;
    }

    async function showSchoolNumbered(number, options) {
      await map.schools.wanted();
      const school = map.schools.all.find(({ id }) => id === number);
      if (!school) return false;
      chooseSchool(school, options);
      moveTo(school.place);
      return true;
    }

    /* What lies in one catchment, and not close to another, is shown there. */
    async function showPlace(kind, text) {
      const query = "?q=" + encodeURIComponent(text);
      const response = await fetch(frame.dataset.search + query);
      if (!response.ok) throw new Error("The search answered " + response.status);
      const found = await response.json();
      const fact = found.status === "resolved" && facts.get(found.catchment.code);
      if (!fact || found.alternatives.length) return false;
      const place = found.place && L.latLng(found.place.lat, to360(found.place.lng));
      choosePlace(text, fact, place, frame.dataset.finderPage + query + "&kind=" + encodeURIComponent(kind));
      if (place) moveTo(place);
      else map.show(map.areas.boundsOf(fact.code));
      return true;
    }

    function onLocated({ latlng }) {
      const fact = facts.get(map.areas.codeAt(latlng));
      const at = latlng.lat.toFixed(5) + " " + latlng.wrap().lng.toFixed(5);
      choosePlace(words.here, fact, latlng, frame.dataset.finderPage && frame.dataset.finderPage + "?q=" + encodeURIComponent(at));
      moveTo(latlng);
    }

    // --- listening ------------------------------------------------------------------------------------

    function listen() {
      document.addEventListener("finder-chosen", onNameChosen);
      document.addEventListener("keydown", onKey);
      map.on("click", onMapClick);
      ours.nameWhatIsUnder(map);
      map.on("located", onLocated);
      map.on("told", ({ sentence }) => say(sentence));
      document.querySelector(".finder-list")?.addEventListener("click", onListClick);
      if (!remembers) return;
      map.on("moveend", () => history.replaceState(null, "", location.pathname + location.search + ours.hashOf(map)));
      window.addEventListener("popstate", goBack);
      const copy = byId("map-copy");
      copy.hidden = !navigator.clipboard;
      copy.addEventListener("click", () =>
        navigator.clipboard.writeText(location.href).then(() => (byId("map-copied").textContent = words.copied)));
    }

    function goBack() {
      const query = new URLSearchParams(location.search);
      const view = ours.viewOf(location.hash, map);
      if (query.has("catchment")) chooseCatchment(query.get("catchment"), { quiet: true });
      else if (query.has("school")) showSchoolNumbered(Number(query.get("school")), { quiet: true }).catch(() => {});
      else if (chosen) clear();
      if (view) map.setView(view.place, view.zoom, { animate: false });
    }

    // --- opening on what the address asks for; its answer is already in the page -----------------------

    const focus = frame.dataset;
    const focusPlace = focus.focusLng && focus.focusLat ? L.latLng(Number(focus.focusLat), to360(Number(focus.focusLng))) : null;
    const view = remembers && ours.viewOf(location.hash, map);
    if (view) map.setView(view.place, view.zoom, { animate: false });
    else if (focusPlace) centre(focusPlace, 11, false);
    else map.show(views.all, { animate: false });

    Promise.all([ours.data("catchments"), map.areas.isDrawn])
      .then(([catchments]) => {
        for (const fact of catchments.catchments) facts.set(fact.code, fact);
        const regions = new Map(Array.from(map.areas.parts, ([code, { region }]) => [region, facts.get(code)?.education_region || ""]));
        map.legend.name(Array.from(regions).sort((a, b) => a[0] - b[0]));
        if (focus.focusType) {
          const bounds = map.areas.boundsOf(focus.focusCode);
          if (bounds && focus.focusType === "catchment" && !view) map.show(bounds, { animate: false, maxZoom: 11 });
          mark(focus.focusCode, focusPlace);
          addClose();
        }
        map.names.placeSoon();
        listen();
        frame.dataset.ready = "true";
      })
      .catch(() => say(words.unavailable));
  }

  // --- meeting Folium's map ------------------------------------------------------------------------

  let met = false;
  if (ours) {
    L.Map.addInitHook(function () {
      if (met || !frame.contains(this.getContainer())) return;
      met = true;
      setTimeout(() => start(this), 0); // Folium's script has yet to add its layers.
    });
  }
  function missed() {
    if (met) return;
    byId("map-column").hidden = true;
    say(words.unavailable);
  }
  // Where the map is loaded later, the page's own load is long over.
  window.addEventListener(document.readyState === "complete" ? "map-loaded" : "load", missed);
})();

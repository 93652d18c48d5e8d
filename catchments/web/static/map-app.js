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
  const FLIGHT_S = 0.9;
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
    let query = location.search;
    let kept = null;

    frame.dataset.met = "true";
    container.setAttribute("role", "application");
    container.setAttribute("aria-label", words.map);
    byId("map-tools").hidden = false;

    /* Fit bounds beside what lies over the map: the legend, a search as wide as the map, the sheet. */
    map.show = (bounds, options) => {
      const { x } = map.getSize();
      const legend = document.querySelector(".map-legend");
      const search = document.querySelector(".map-main .finder");
      const left = x > 900 && legend.open ? legend.offsetWidth + 16 : 8;
      const top = search && search.offsetWidth > x * 0.6 ? search.offsetHeight + 16 : 8;
      const bottom = Math.max(sheetOver(), x < 600 && !legend.open ? legend.offsetHeight + 40 : 0);
      const padding = { paddingTopLeft: [left, top], paddingBottomRight: [8, 8 + bottom] };
      if (calm || options?.animate === false) map.fitBounds(bounds, { ...padding, ...options, animate: false });
      else map.flyToBounds(bounds, { ...padding, ...options, duration: FLIGHT_S });
    };

    function centre(place, zoom, animate) {
      const lower = map.unproject(map.project(place, zoom).add([0, sheetOver() / 2]), zoom);
      if (animate) map.flyTo(lower, zoom, { duration: FLIGHT_S });
      else map.setView(lower, zoom, { animate: false });
    }

    /* How much of the map the answer lies over, where it is a sheet at the foot of the screen. */
    function sheetOver() {
      const isSheet = getComputedStyle(answerPanel).position === "fixed" && answerPanel.offsetWidth > map.getSize().x * 0.7;
      if (!isSheet) return 0;
      const over = container.getBoundingClientRect().bottom - answerPanel.getBoundingClientRect().top;
      return Math.max(0, Math.min(over, map.getSize().y - 120));
    }

    map.schools.on("missing", () => (byId("map-hint").textContent = words.noSchools));

    // --- what is chosen: a catchment, a school, a place or a provider, as it is kept in the history ------

    const kinds = {
      catchment: ({ code }) => facts.has(code) && {
        query: "?catchment=" + encodeURIComponent(code),
        place: worded(words.catchmentNamed, { name: facts.get(code).name }),
        href: pageOf("catchmentPage", code),
        more: words.moreOfCatchment,
      },
      school: ({ id, name, status, note }) => ({
        note,
        query: "?school=" + encodeURIComponent(id),
        place: name + " (" + [worded(words.school, { id }), words.states[status]].filter(Boolean).join(", ") + ")",
        href: pageOf("schoolPage", id),
        more: words.moreOfSchool,
      }),
      place: ({ named, note, href }) => ({ query: "", place: named, note, href, more: words.moreOfPlace }),
      several: ({ named, href }) => ({ query: "", place: named, title: words.several, href, more: words.moreOfPlace }),
      provider: ({ href }) => ({ query: "", place: words.servedBy, href, more: words.moreOfProvider }),
    };

    function pageOf(kind, key) {
      return frame.dataset[kind] ? frame.dataset[kind] + encodeURIComponent(key) : "";
    }

    /* `codes` are those of a choice that has several catchments, a provider's. */
    function choose(choice, { move = false, quiet = false } = {}) {
      const told = kinds[choice.kind](choice);
      if (!told) return false;
      const served = (choice.codes || [choice.code]).map((code) => facts.get(code)).filter(Boolean);
      const of = (fact) => fact.provider && fact.provider.code;
      const also = served.length === 1 && of(served[0]) ? Array.from(facts.values()).filter((each) => each !== served[0] && of(each) === of(served[0])) : [];
      answerPanel.replaceChildren(ours.card({ ...told, served, also, onClose: clear }));
      mark(choice.codes || [choice.code], choice.at);
      if (!quiet) remember(told.query, choice);
      if (!move) return true;
      const bounds = map.areas.boundsOf(choice.codes || [choice.code]);
      if (choice.at) centre(L.latLng(choice.at), Math.max(map.getZoom(), choice.zoom || 12), !calm);
      else if (bounds) map.show(bounds, { maxZoom: 11 });
      return true;
    }

    function mark(codes, at) {
      chosen = codes;
      pins.clearLayers();
      map.areas.mark(codes || []);
      if (at) pins.addLayer(ours.pin(L.latLng(at)));
      for (const [each, chooser] of choosers) {
        if (codes && codes.includes(each)) chooser.setAttribute("aria-current", "true");
        else chooser.removeAttribute("aria-current");
      }
      map.names.placeSoon();
    }

    /* What is chosen has an address or is kept beside it, so that “Back” leads to what was chosen before. */
    function remember(asked, choice) {
      if (!remembers || (query === asked && (asked || !(choice || kept)))) return;
      [query, kept] = [asked, choice];
      history.pushState(kept, "", location.pathname + asked + ours.hashOf(map));
    }

    function closeQuietly() {
      answerPanel.replaceChildren(emptyAnswer);
      mark(null, null);
    }

    function clear() {
      const hadFocus = answerPanel.contains(document.activeElement);
      closeQuietly();
      remember("", null);
      if (hadFocus) (opener && opener.offsetParent ? opener : container).focus();
      opener = null;
    }

    /* The answer that came with the page can be closed as any other. */
    function addClose() {
      const button = byId("answer-template").content.querySelector("[data-close]").cloneNode(true);
      button.addEventListener("click", clear);
      answerPanel.querySelector(".answer")?.prepend(button);
    }

    /* What was asked for elsewhere on the page: it is shown, and read first. */
    map.choose = (choice, from) => {
      if (!choose(choice, { move: true })) return false;
      opener = from;
      answerPanel.querySelector("h2").focus({ preventScroll: true });
      return true;
    };

    // --- by mouse, finger and keyboard on the map ------------------------------------------------------

    function chooseAt({ school, code }) {
      if (!school && !code) return false;
      opener = container;
      const { id, name, status, note, place } = school || {};
      return choose(school ? { kind: "school", id, name, status, note, code: school.code, at: [place.lat, place.lng] } : { kind: "catchment", code });
    }

    function onMapClick(event) {
      const touch = event.originalEvent.pointerType === "touch";
      const school = map.schools.at(event.containerPoint, touch ? 20 : 12);
      if (!chooseAt({ school, code: school ? school.code : map.areas.codeOf(event.originalEvent.target) })) return;
      answerPanel.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
      // Not under the sheet that has just come up.
      if (sheetOver()) map.panInside(event.latlng, { paddingTopLeft: [60, 110], paddingBottomRight: [30, sheetOver() + 60], animate: !calm });
    }

    function onKey(event) {
      if (event.key === "Escape" && chosen && !event.target.closest("input")) clear();
      if (event.key !== "Enter" || event.target !== container) return;
      if (chooseAt(under(map, map.getSize().divideBy(2)))) return answerPanel.querySelector("h2").focus();
      // Over the sea the cross goes to the nearest land, and says where it is.
      const land = ours.landNear(map);
      if (land) map.panTo(land, { animate: !calm });
    }

    function onListClick(event) {
      const chooser = event.target.closest("a.choose");
      if (!chooser || event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (map.choose({ kind: "catchment", code: chooser.dataset.code }, chooser)) event.preventDefault();
    }

    // --- listening ------------------------------------------------------------------------------------

    function listen() {
      document.addEventListener("keydown", onKey);
      map.on("click", onMapClick);
      ours.nameWhatIsUnder(map);
      ours.searchOver(map);
      ours.nameLayers(map);
      map.on("located", ({ choice }) => map.choose(choice, container));
      map.on("told", ({ sentence }) => {
        map.manners.say(sentence, { long: true });
        byId("map-hint").textContent = sentence;
      });
      document.querySelector(".finder-list")?.addEventListener("click", onListClick);
      if (!remembers) return;
      keepView();
      map.on("moveend", keepView);
      window.addEventListener("popstate", goBack);
      const copy = byId("map-copy");
      copy.hidden = !navigator.clipboard;
      copy.addEventListener("click", () => {
        const link = location.origin + location.pathname + location.search + ours.hashOf(map);
        navigator.clipboard.writeText(link).then(
          () => (byId("map-copied").textContent = words.copied),
          () => (byId("map-copied").textContent = link));
      });
      map.on("movestart", () => (byId("map-copied").textContent = ""));
    }

    /* The address says what is seen, whatever it said. */
    function keepView() {
      history.replaceState(kept, "", location.pathname + location.search + ours.hashOf(map));
    }

    function goBack({ state }) {
      const view = ours.viewOf(location.hash, map);
      if (location.hash && !view) return keepView(); // A link within the page, or no view at all.
      const isOther = location.search !== query || state !== kept;
      [query, kept] = [location.search, state];
      if (view) map.setView(view.place, view.zoom, { animate: false });
      if (isOther) chooseAsked(new URLSearchParams(query));
    }

    function chooseAsked(asked) {
      const [school, code] = [asked.get("school"), asked.get("catchment")];
      const again = (choice) => choice && choose(choice, { quiet: true });
      if (kept) again(kept);
      else if (school) ours.schoolNumbered(school).then(again).catch(() => {});
      else if (code) again({ kind: "catchment", code });
      else closeQuietly();
    }

    // --- opening on what the address asks for; its answer is already in the page -----------------------

    const focus = frame.dataset;
    const focusPlace = focus.focusLng && focus.focusLat ? L.latLng(Number(focus.focusLat), to360(Number(focus.focusLng))) : null;
    const view = remembers && ours.viewOf(location.hash, map);
    if (view) map.setView(view.place, view.zoom, { animate: false });
    else if (focusPlace) centre(focusPlace, 11, false);
    else map.show(map.options.whole, { animate: false });

    Promise.all([ours.data("catchments"), map.areas.isDrawn])
      .then(([catchments]) => {
        for (const fact of catchments.catchments) facts.set(fact.code, fact);
        const regions = new Map(Array.from(map.areas.parts, ([code, { region }]) => [region, facts.get(code)?.education_region || ""]));
        map.legend.name(Array.from(regions).sort((a, b) => a[0] - b[0]));
        const bounds = map.areas.boundsOf(focus.focusType ? [focus.focusCode] : Array.from(facts.keys()));
        const isSmall = bounds && bounds.getNorth() - bounds.getSouth() < 3;
        if (bounds && !view && (focus.focusType ? focus.focusType === "catchment" : isSmall)) map.show(bounds, { animate: false, maxZoom: 11 });
        if (focus.focusType) {
          mark([focus.focusCode], focusPlace);
          addClose();
        } else if (remembers && history.state) {
          kept = history.state; // Loaded again with a place chosen.
          choose(kept, { quiet: true });
        }
        map.names.placeSoon();
        listen();
        frame.dataset.ready = "true";
      })
      .catch(() => {
        delete frame.dataset.met;
        say(words.unavailable);
      });
  }

  // --- meeting Folium's map ------------------------------------------------------------------------

  let met = false;
  if (ours) {
    L.Map.addInitHook(function () {
      if (met || !frame.contains(this.getContainer())) return;
      met = true;
      // Folium's script has yet to add its layers.
      (ours.built || new Promise((resolve) => setTimeout(resolve))).then(() => start(this), () => say(words.unavailable));
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

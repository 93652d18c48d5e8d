/* Makes a combobox of each search box: suggestions while somebody types, by keyboard, touch or mouse.
 *
 * The pattern is the ARIA Authoring Practices' “editable combobox with list autocomplete”, its list in
 * groups. Without this script each box is a plain field and finds the same. Text from data only becomes
 * textContent. What is chosen is told as the event “finder-chosen”; who prevents its default answers it,
 * and may go on after all by the event's `detail.goOn`.
 */
(function () {
  "use strict";

  const WAIT_MS = 120;
  const ROOM_PX = 260; // What three suggestions take on a narrow screen, their heading with them.

  /* The groups in the order of the best of each, and in each the order that was given. */
  function inGroups(found) {
    const groups = new Map();
    for (const each of found) {
      groups.set(each.group, [...(groups.get(each.group) || []), each]);
    }
    return groups;
  }

  /* What the form asks for once a suggestion is chosen: it means just that one. */
  function textOf(each) {
    if (each.kind === "school") return String(each.school_id);
    return each.within ? each.name + ", " + each.within : each.name;
  }

  function enhance(box) {
    const input = box.querySelector("input");
    const list = box.querySelector('[role="listbox"]');
    const said = box.querySelector('[role="status"]');
    const { dataset } = box;
    const words = JSON.parse(dataset.words);
    const only = dataset.only ? dataset.only.split(" ") : null;

    let active = -1;
    let suggestions = [];
    let options = [];
    let asked = null;
    let timer = 0;
    let shownFor = "";

    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", list.id);
    input.setAttribute("aria-expanded", "false");

    // --- the list --------------------------------------------------------------------------------

    function close() {
      clearTimeout(timer);
      if (asked) asked.abort(); // An answer that comes later must not open it again.
      list.hidden = true;
      activate(-1);
      input.setAttribute("aria-expanded", "false");
    }

    function open() {
      list.hidden = suggestions.length === 0;
      input.setAttribute("aria-expanded", String(!list.hidden));
      if (!list.hidden) makeRoom();
    }

    /* With a phone's keyboard up little is seen below the box: it goes to the top of what is seen. */
    function makeRoom() {
      const view = window.visualViewport;
      const [top, height] = view ? [view.offsetTop, view.height] : [0, window.innerHeight];
      const { top: above, bottom } = box.getBoundingClientRect();
      if (top + height - bottom < ROOM_PX) window.scrollBy(0, above - top - 8);
    }

    function detail(each) {
      const kind = each.kind === "school" ? words.school.replace("{number}", each.school_id) : words.kinds[each.kind];
      const what =
        each.kind === "provider" && each.within
          ? words.providerOf.replace("{within}", each.within)
          : [each.within, kind].filter(Boolean).join(", ");
      return each.match === "slip" ? what + " (" + words.slip + ")" : what;
    }

    function option(each, place) {
      const item = document.createElement("li");
      item.id = input.id + "-suggestion-" + place;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      const name = document.createElement("strong");
      name.textContent = each.name;
      const more = document.createElement("span");
      more.className = "by";
      more.textContent = detail(each);
      item.append(name, " ", more);
      item.addEventListener("click", () => choose(place));
      return item;
    }

    function group(name, members) {
      const heading = document.createElement("li");
      heading.id = input.id + "-group-" + name;
      heading.className = "group";
      heading.setAttribute("role", "presentation");
      heading.textContent = words.groups[name] || name;
      const made = document.createElement("ul");
      made.setAttribute("role", "group");
      made.setAttribute("aria-labelledby", heading.id);
      made.append(heading, ...members);
      return made;
    }

    function show(found) {
      const kept = only ? found.filter((each) => only.includes(each.kind)) : found;
      const groups = inGroups(kept);
      suggestions = Array.from(groups.values()).flat();
      options = suggestions.map(option);
      let place = 0;
      list.replaceChildren(
        ...Array.from(groups, ([name, members]) => group(name, options.slice(place, (place += members.length)))),
      );
      list.scrollTop = 0;
      activate(-1);
      open();
      const count = suggestions.length;
      said.textContent =
        count === 0 ? words.none : count === 1 ? words.one : words.many.replace("{count}", count);
    }

    function activate(place) {
      active = place;
      options.forEach((each, at) => each.setAttribute("aria-selected", String(at === place)));
      if (place < 0) {
        input.removeAttribute("aria-activedescendant");
        return;
      }
      input.setAttribute("aria-activedescendant", options[place].id);
      // The first of a group brings the group's name with it.
      if (options[place].previousElementSibling.className === "group") {
        options[place].previousElementSibling.scrollIntoView({ block: "nearest" });
      }
      options[place].scrollIntoView({ block: "nearest" });
    }

    // --- choosing --------------------------------------------------------------------------------

    function pageOf(each) {
      const [pages, key] =
        each.kind === "school" ? [dataset.school, each.school_id] :
        each.kind === "catchment" ? [dataset.catchment, each.code] : [];
      const isKnown = pages && key !== null && key !== undefined;
      return isKnown ? pages.replace(/0$/, () => encodeURIComponent(key)) : "";
    }

    function choose(place) {
      const each = suggestions[place];
      close();
      const detail = { chosen: each, text: textOf(each), goOn: () => goOn(each) };
      const told = new CustomEvent("finder-chosen", { bubbles: true, cancelable: true, detail });
      if (input.dispatchEvent(told)) goOn(each);
    }

    function goOn(each) {
      const page = pageOf(each);
      if (page) window.location.assign(page);
      else send(each);
    }

    function send(each) {
      input.value = textOf(each);
      shownFor = input.value;
      const kind = document.createElement("input");
      kind.type = "hidden";
      kind.name = "kind";
      kind.value = each.kind;
      if ("kind" in dataset) input.form.append(kind);
      input.form.requestSubmit(dataset.button ? document.getElementById(dataset.button) : null);
      kind.remove();
    }

    // --- asking ----------------------------------------------------------------------------------

    function ask() {
      const text = input.value.trim();
      if (text === shownFor) return;
      shownFor = text;
      if (asked) asked.abort();
      if (!text) {
        said.textContent = "";
        suggestions = [];
        options = [];
        close();
        return;
      }
      asked = new AbortController();
      fetch(dataset.suggest + "?q=" + encodeURIComponent(text), { signal: asked.signal })
        .then((response) => (response.ok ? response.json() : { suggestions: [] }))
        .then((body) => {
          if (document.activeElement === input) show(body.suggestions);
        })
        .catch(() => {}); // Typed on meanwhile, or no connection: the form works without.
    }

    // --- typing ----------------------------------------------------------------------------------

    function askSoon() {
      activate(-1); // What was chosen belongs to a text that is no longer there.
      clearTimeout(timer);
      timer = setTimeout(ask, WAIT_MS);
    }

    const keys = {
      ArrowDown: () => move(1),
      ArrowUp: () => move(-1),
      Escape: () => !list.hidden && (close(), true),
      Enter: () => active >= 0 && (choose(active), true),
      Tab: () => (close(), false),
    };

    /* One place further, over the box itself after the last and before the first. */
    function move(by) {
      if (suggestions.length === 0) return false;
      open();
      const places = suggestions.length + 1;
      activate(((active + 1 + by + places) % places) - 1);
      return true;
    }

    input.addEventListener("input", askSoon);
    input.addEventListener("keydown", (event) => {
      if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
      if (Object.hasOwn(keys, event.key) && keys[event.key]()) event.preventDefault();
    });
    input.addEventListener("blur", close);
    // A press on the list must not take the focus away, or leaving the box would close it first.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    input.form.addEventListener("submit", () => clearTimeout(timer));
    window.addEventListener("pageshow", close);
  }

  document.querySelectorAll(".combobox[data-suggest]").forEach(enhance);

  // What came of the last search is what somebody who cannot see the page should hear first.
  const summary = document.querySelector(".error-summary");
  const result = document.querySelector("#place-heading, #found-heading");
  if (summary) summary.focus();
  else if (result && new URLSearchParams(window.location.search).has("q")) result.focus({ preventScroll: true });
})();

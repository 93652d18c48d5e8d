/* Makes a combobox of the search box: suggestions while somebody types, by keyboard, touch or mouse.
 *
 * The pattern is the ARIA Authoring Practices' “editable combobox with list autocomplete”. Without
 * this script the box is a plain form and finds the same. Text from data only becomes textContent.
 */
(function () {
  "use strict";

  const WAIT_MS = 120;

  const form = document.getElementById("finder");
  if (!form) return;
  const input = document.getElementById("q");
  const list = document.getElementById("suggestions");
  const said = document.getElementById("suggestions-said");
  const words = list.dataset;
  const kinds = JSON.parse(words.kinds);

  let active = -1;
  let suggestions = [];
  let asked = null;
  let timer = 0;
  let shownFor = "";

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");

  // --- the list ----------------------------------------------------------------------------------

  function close() {
    clearTimeout(timer);
    if (asked) asked.abort(); // An answer that comes later must not open it again.
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function open() {
    list.hidden = suggestions.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
  }

  function detail(each) {
    const what = each.kind === "school" ? words.school.replace("{number}", each.school_id) : kinds[each.kind];
    return each.within ? each.within + ", " + what : what;
  }

  function option(each, place) {
    const item = document.createElement("li");
    item.id = "suggestion-" + place;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    const name = document.createElement("strong");
    name.textContent = each.name;
    const more = document.createElement("span");
    more.className = "by";
    more.textContent = detail(each);
    item.append(name, " ", more);
    // The press must not take the focus away, or leaving the box would close the list first.
    item.addEventListener("pointerdown", (event) => event.preventDefault());
    item.addEventListener("click", () => choose(place));
    return item;
  }

  function show(found) {
    suggestions = found;
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(...found.map(option));
    open();
    const count = found.length;
    const many = words.many.replace("{count}", count);
    said.textContent = count === 0 ? words.none : count === 1 ? words.one : many;
  }

  function activate(place) {
    const options = Array.from(list.children);
    active = place;
    options.forEach((each, at) => each.setAttribute("aria-selected", String(at === place)));
    if (place < 0) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    input.setAttribute("aria-activedescendant", options[place].id);
    options[place].scrollIntoView({ block: "nearest" });
  }

  function choose(place) {
    const each = suggestions[place];
    close();
    if (each.kind === "school" && form.dataset.school) {
      window.location.assign(form.dataset.school.replace(/0$/, each.school_id));
      return;
    }
    input.value =
      each.kind === "school" ? String(each.school_id) : each.name + (each.within ? ", " + each.within : "");
    const kind = document.createElement("input");
    kind.type = "hidden";
    kind.name = "kind";
    kind.value = each.kind;
    form.append(kind);
    form.requestSubmit();
    kind.remove();
  }

  // --- asking ------------------------------------------------------------------------------------

  function ask() {
    const text = input.value.trim();
    if (text === shownFor) return;
    shownFor = text;
    if (asked) asked.abort();
    if (!text) {
      said.textContent = "";
      suggestions = [];
      close();
      return;
    }
    asked = new AbortController();
    fetch(form.dataset.suggest + "?q=" + encodeURIComponent(text), { signal: asked.signal })
      .then((response) => (response.ok ? response.json() : { suggestions: [] }))
      .then((body) => {
        if (document.activeElement === input) show(body.suggestions);
      })
      .catch(() => {}); // Typed on meanwhile, or no connection: the form works without.
  }

  // --- typing ------------------------------------------------------------------------------------

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
  form.addEventListener("submit", () => clearTimeout(timer));
  window.addEventListener("pageshow", close);

  // What came of the last search is what somebody who cannot see the page should hear first.
  const summary = document.querySelector(".error-summary");
  const result = document.querySelector("#place-heading, #found-heading");
  if (summary) summary.focus();
  else if (result && new URLSearchParams(window.location.search).has("q")) result.focus({ preventScroll: true });
})();

/* Work that is not sent yet: leaving its page asks, and while it goes on the session does too.
 *
 * A session ends when nobody has done anything for a while; typing and drawing is doing something. It
 * ends at its longest all the same: then what is sent is kept, and stands in the form again.
 */
(() => {
  "use strict";

  const script = document.currentScript;
  const EVERY_MS = 4 * 60 * 1000;
  const forms = Array.from(document.querySelectorAll("main form[method=post]"));
  const unsent = new Set();
  let told = Date.now();
  let isLeaving = false;

  const typed = (form) =>
    JSON.stringify(Array.from(form.elements)
      .filter(({ type, name }) => name && !["hidden", "submit", "button", "search", "password"].includes(type))
      // Its own text is as long as a country's outline: how long it is, and its ends, tell a change.
      .map((each) => (each.matches("[type=checkbox], [type=radio]") ? each.checked : each.value.length + each.value.slice(0, 99) + each.value.slice(-99))));
  const before = new Map(forms.map((form) => [form, typed(form)]));

  function note({ target }) {
    const { form } = target;
    if (!before.has(form) || target.type === "search") return;
    if (typed(form) === before.get(form)) unsent.delete(form);
    else unsent.add(form);
    stayHere();
  }

  function stayHere() {
    if (Date.now() - told < EVERY_MS) return;
    told = Date.now();
    fetch(script.dataset.here, { credentials: "same-origin", redirect: "manual" }).catch(() => {});
  }

  for (const kind of ["input", "change"]) document.addEventListener(kind, note);
  document.addEventListener("submit", ({ target }) => {
    if (target.method === "post") isLeaving = true;
  });
  window.addEventListener("pageshow", () => (isLeaving = false));

  // --- the way back from a page on which a form was looked over -------------------------------------------

  /* As it was sent last: in this tab alone, until another page says that it was taken, the tab is closed or
     somebody signs out. */
  const KEY = "catchments.sent";
  const LONGEST = 4_000_000;
  const isTyped = ({ name, type }) => name && !["hidden", "submit", "button", "search", "password", "file"].includes(type);
  const isTicked = (each) => each.matches("[type=checkbox], [type=radio]");
  const nameOf = (each) => (isTicked(each) ? each.name + "=" + each.value : each.name);

  function remember(form) {
    const sent = new FormData(form);
    const values = Array.from(form.elements).filter(isTyped)
      .map((each) => [nameOf(each), isTicked(each) ? each.checked : each.matches("textarea") ? sent.get(each.name) : each.value]);
    const text = JSON.stringify({ path: location.pathname, action: form.action, values });
    if (text.length < LONGEST) sessionStorage.setItem(KEY, text);
  }

  function putBack({ action, values }) {
    const form = forms.find((each) => each.action === action);
    if (!form) return;
    const held = new Map(values);
    for (const each of Array.from(form.elements).filter(isTyped)) {
      const value = held.get(nameOf(each));
      if (value === undefined) continue;
      if (isTicked(each)) each.checked = value;
      else if (each.value !== value) each.value = value;
    }
    if (typed(form) !== before.get(form)) unsent.add(form);
  }

  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) || "null");
    const isBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
    if (kept && isBack && kept.path === location.pathname) putBack(kept);
    else if (kept && !isBack && kept.path !== location.pathname) sessionStorage.removeItem(KEY);
    document.addEventListener("submit", ({ target }) => before.has(target) && remember(target));
  } catch { /* switched off, or not of our making: the browser's own way back is left */ }

  // What came back with something wrong in it is nowhere else.
  for (const form of forms) if (form.querySelector(".has-error")) unsent.add(form);
  const map = document.querySelector("[data-staff-map][data-target]");
  if (!map || !window.staffMap) return;
  window.staffMap.addEventListener("chosen", stayHere);
  window.staffMap.addEventListener("outline", ({ detail }) => {
    if (!detail.outline.canUndo) return;
    unsent.add(document.querySelector(map.dataset.target).form);
    stayHere();
  });
})();

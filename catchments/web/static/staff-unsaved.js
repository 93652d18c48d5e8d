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
  if (!forms.length) return;
  const unsent = new Set();
  let told = Date.now();
  let isLeaving = false;

  const typed = (form) =>
    JSON.stringify(Array.from(form.elements)
      .filter(({ type, name }) => name && !["hidden", "submit", "button", "search"].includes(type))
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
  window.addEventListener("beforeunload", (event) => {
    if (isLeaving || !unsent.size) return;
    event.preventDefault();
    event.returnValue = true;
  });
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

/* The form of a request works without this. It keeps what is typed as one goes, and ticks the answers of the guide
 * that came along in the fragment of the address (#criteria=id,id), which no server ever sees. */
(function () {
  "use strict";

  const WAIT_MS = 4000;
  const criteria = /^#criteria=([a-z0-9,-]{1,500})$/.exec(window.location.hash);

  for (const link of document.querySelectorAll("[data-criteria-links] a")) {
    if (criteria) link.hash = window.location.hash;
  }
  const form = document.getElementById("request");
  if (!form) return;
  const state = document.getElementById("kept");
  let timer = 0, is_sending = false, is_changed = false, is_leaving = false, pressed = null;

  function say(text, failed) {
    state.textContent = text;
    state.classList.toggle("failed", Boolean(failed));
  }

  function tick() {
    for (const id of criteria[1].split(",")) {
      const box = form.querySelector(`[name^="${form.dataset.prefix}"][value="${id}"]`);
      const question = box && form.querySelectorAll(`[name="${box.name}"]:checked`);
      if (box && (box.type === "checkbox" || !question.length)) box.checked = true;
    }
  }

  async function keep() {
    if (is_sending || is_leaving) return;
    is_sending = true;
    is_changed = false;
    const body = new FormData(form);
    body.set("do", "autosave");
    body.delete("file"); // it goes along when a button is pressed
    try {
      const response = await fetch(form.action, { method: "POST", body: new URLSearchParams(body), headers: { Accept: "application/json" }, redirect: "error" });
      const told = await response.json();
      if (!response.ok) throw new Error(told.problem || told.detail || "");
      form.elements.version.value = told.version;
      if (form.getAttribute("action") !== told.action) {
        form.setAttribute("action", told.action);
        window.history.replaceState(null, "", told.action);
      }
      const at = new Date();
      say(`Kept at ${at.getHours()}:${String(at.getMinutes()).padStart(2, "0")}.`);
    } catch (error) {
      is_changed = true;
      say(`Not kept yet. ${error.message || ""} Choose “Keep and go on”; what you typed is still here.`, true);
    } finally {
      is_sending = false;
      if (pressed) form.requestSubmit(pressed);
      else if (is_changed && !state.classList.contains("failed")) later();
    }
  }

  function later() {
    is_changed = true;
    window.clearTimeout(timer);
    timer = window.setTimeout(keep, WAIT_MS);
  }

  if (criteria) {
    tick();
    window.history.replaceState(null, "", window.location.pathname + window.location.search);
  }
  const file = document.getElementById("file");
  if (file) file.addEventListener("change", () => {
    const is_large = file.files[0] && file.files[0].size > Number(file.dataset.largest);
    if (is_large) file.value = "";
    document.getElementById("file-large").hidden = !is_large;
  });
  form.addEventListener("input", later);
  form.addEventListener("submit", (event) => {
    if (is_sending) { // its answer says which version this form is of now
      pressed = event.submitter;
      event.preventDefault();
      return;
    }
    is_leaving = true;
    window.clearTimeout(timer);
  });
  window.addEventListener("beforeunload", (event) => {
    if (is_changed && !is_leaving) event.preventDefault();
  });
})();

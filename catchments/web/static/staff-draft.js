// Keeps what is typed into a draft's title, reason and comment until it has been sent, so that a
// line that drops or a tab that is closed loses nothing. Without it the forms work as they are.
"use strict";

(() => {
  const script = document.currentScript;
  const PREFIX = "catchments.draft.";
  const KEPT_FOR_MS = 14 * 24 * 3600 * 1000;

  const store = (() => {
    try {
      localStorage.getItem(PREFIX);
      return localStorage;
    } catch {
      return null; // switched off: nothing is kept, nothing breaks
    }
  })();
  if (!store) return;

  const keyOf = (field) => `${PREFIX}${field.form.dataset.keeps}.${field.dataset.kept}`;

  function kept(key) {
    try {
      const found = JSON.parse(store.getItem(key));
      if (found && typeof found.text === "string" && Date.now() - found.at < KEPT_FOR_MS) return found;
    } catch { /* not of our making */ }
    return null;
  }

  // The server says in the address what it has taken; only then is it forgotten here.
  const address = new URL(location.href);
  const taken = address.searchParams.get("saved");
  if (taken) {
    for (const name of taken.split(",")) store.removeItem(PREFIX + name);
    address.searchParams.delete("saved");
    history.replaceState(history.state, "", address);
  }

  function keep(field) {
    try {
      if (field.value === field.dataset.saved) store.removeItem(keyOf(field));
      else store.setItem(keyOf(field), JSON.stringify({ text: field.value, at: Date.now() }));
    } catch { /* full */ }
  }

  function noteAbout(field) {
    const note = document.createElement("p");
    note.className = "notice";
    note.setAttribute("role", "status");
    note.textContent = script.dataset.restored || "Restored what you typed before.";
    const back = document.createElement("button");
    back.type = "button";
    back.className = "button quiet";
    back.textContent = script.dataset.forget || "Put back what was saved";
    back.addEventListener("click", () => {
      field.value = field.dataset.saved;
      store.removeItem(keyOf(field));
      note.remove();
      field.focus();
    });
    note.append(" ", back);
    field.before(note);
  }

  for (const field of document.querySelectorAll("form[data-keeps] [data-kept]")) {
    field.dataset.saved = field.value;
    const found = kept(keyOf(field));
    // A page that shows an error has what was typed already: that is newer than what is kept.
    if (found && found.text !== field.value && !document.querySelector(".error-summary")) {
      field.value = found.text;
      const folded = field.closest("details");
      if (folded) folded.open = true;
      noteAbout(field);
    }
    field.addEventListener("input", () => keep(field));
  }

})();

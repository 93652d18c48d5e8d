/* Copies an answer: the button is there only where the browser lets a page do so. */
(function () {
  "use strict";

  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const said = button.parentElement.querySelector('[role="status"]');
    button.hidden = false;
    button.addEventListener("click", () => {
      navigator.clipboard.writeText(button.dataset.copy).then(
        () => (said.textContent = button.dataset.copied),
        () => (said.textContent = button.dataset.refused),
      );
    });
  }
})();

"use strict";
/* On a narrow screen parts of a long page are folded; whoever wants one opens it. */
(() => {
  if (!matchMedia("(max-width: 40rem)").matches) return;
  for (const part of document.querySelectorAll("details[data-folds]")) part.open = false;
})();

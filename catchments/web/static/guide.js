/* The guide works without this. It only keeps answers from coming back with the browser's “Back”,
 * which may show a page as it was left, and which no style sheet can tell.
 */
(function () {
  "use strict";

  const form = document.querySelector(".questions");
  if (form) window.addEventListener("pagehide", () => form.reset());
})();

/* The guide works without this. It keeps answers from coming back with the browser's “Back”, which
 * may show a page as it was left, and which no style sheet can tell; and it takes them along to a
 * request for support, in the fragment of its address, which browsers send to no server.
 */
(function () {
  "use strict";

  const form = document.querySelector(".questions");
  if (form) window.addEventListener("pagehide", () => form.reset());

  const asking = document.getElementById("request-support");
  const carry = () => {
    const chosen = [...form.querySelectorAll("input:checked")].map((option) => option.value);
    asking.hash = chosen.length ? `criteria=${chosen.join(",")}` : "";
  };
  if (form && asking) form.addEventListener("input", carry);
})();

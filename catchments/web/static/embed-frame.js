/* In the frame of another website: says how high the page is, whenever that changes; see embed.js.
 *
 * A height is no secret, and who may frame the page at all the policy of the page says.
 */
(function () {
  "use strict";

  if (window.parent === window) return;
  let said = 0;

  function say() {
    said = Math.ceil(document.documentElement.getBoundingClientRect().height);
    window.parent.postMessage({ catchmentsHeight: said }, "*");
  }

  new ResizeObserver(() => {
    if (Math.ceil(document.documentElement.getBoundingClientRect().height) !== said) say();
  }).observe(document.documentElement);
  window.addEventListener("message", (event) => {
    if (event.source === window.parent && event.data && event.data.catchmentsAsk) say();
  });
})();

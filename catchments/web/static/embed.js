/* For other websites: makes a frame that shows /embed as high as what stands in it.
 *
 * Loaded by them from here, beside the frame. It heeds only messages of this service's own origin that
 * come from a frame of the page, and takes nothing from them but a number of pixels.
 */
(function () {
  "use strict";

  const own = new URL(document.currentScript.src).origin;
  const LEAST = 120, MOST = 10000;

  function frameOf(source) {
    return Array.from(document.querySelectorAll("iframe")).find((each) => each.contentWindow === source);
  }

  window.addEventListener("message", (event) => {
    const height = event.data && event.data.catchmentsHeight;
    if (event.origin !== own || !Number.isFinite(height)) return;
    const frame = frameOf(event.source);
    if (frame) frame.style.height = Math.min(Math.max(Math.ceil(height), LEAST), MOST) + "px";
  });

  // A frame that was there before this script spoke to nobody: it is asked to say it again, which
  // is no secret.
  for (const frame of document.querySelectorAll("iframe")) {
    if (frame.src.startsWith(own + "/")) frame.contentWindow.postMessage({ catchmentsAsk: true }, "*");
  }
})();

/* Loads the map into a page where its picture stands: at once, or when it is opened or reached by scrolling;
 * for whoever has told the browser to save data only when it is opened.
 *
 * At once is as soon as the picture is there, so that what is seen first waits for no script.
 */
(function () {
  "use strict";

  const frame = document.getElementById("map-frame");
  if (!frame || !frame.dataset.scripts) return;
  let isBegun = false;

  function add(tag, attributes) {
    const element = Object.assign(document.createElement(tag), attributes);
    const loaded = new Promise((resolve) => (element.onload = element.onerror = resolve));
    document.head.append(element);
    return loaded;
  }

  /* All are fetched at once and run in their order; the last meets what is there by then. */
  async function begin() {
    if (isBegun) return;
    isBegun = true;
    frame.dataset.begun = "true";
    const style = frame.dataset.style ? [add("link", { rel: "stylesheet", href: frame.dataset.style })] : [];
    const scripts = JSON.parse(frame.dataset.scripts).map((src) => add("script", { src, async: false }));
    await Promise.all([...style, ...scripts]);
    window.dispatchEvent(new Event("map-loaded"));
  }

  const picture = frame.querySelector(".map-picture");
  if ("atOnce" in frame.dataset) {
    const drawn = picture.querySelector("img");
    if (drawn.complete) begin();
    else for (const end of ["load", "error"]) drawn.addEventListener(end, begin, { once: true });
    return;
  }
  picture.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    begin();
  });
  if (navigator.connection && navigator.connection.saveData) return;
  for (const link of document.querySelectorAll("a.choose")) {
    link.addEventListener("focus", begin);
    link.addEventListener("pointerenter", begin);
  }
  window.addEventListener("scroll", () => {
    new IntersectionObserver((entries, seen) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      begin();
    }, { threshold: 0.5 }).observe(frame);
  }, { once: true, passive: true });
})();

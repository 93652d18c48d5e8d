/* Loads the map into a page where its picture stands: when it is opened, or reached by scrolling. */
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
    const style = add("link", { rel: "stylesheet", href: frame.dataset.style });
    const scripts = JSON.parse(frame.dataset.scripts).map((src) => add("script", { src, async: false }));
    await Promise.all([style, ...scripts]);
    window.dispatchEvent(new Event("map-loaded"));
  }

  frame.querySelector(".map-picture").addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    begin();
  });
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

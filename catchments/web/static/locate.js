/* “Use my location”: asks the browser when it is pressed, then asks our own server about that point.
 *
 * As many decimals are sent as the device is sure of, so that the answer is as unsure as it is.
 */
(function () {
  "use strict";

  const part = document.getElementById("locate");
  if (!part || !navigator.geolocation) return;
  const words = JSON.parse(part.dataset.words);
  const button = part.querySelector("button");
  const said = part.querySelector('[role="status"]');
  const DECIMALS = [[15, 5], [100, 4], [1000, 3]]; // Metres of error, and decimals that say no more.
  const PERMISSION_DENIED = 1;

  function found({ coords }) {
    const [, decimals] = DECIMALS.find(([metres]) => coords.accuracy <= metres) || [];
    if (!decimals) return tell(words.rough);
    const place = [coords.latitude, coords.longitude].map((each) => each.toFixed(decimals)).join(", ");
    window.location.assign(part.dataset.action + "?q=" + encodeURIComponent(place));
  }

  function tell(text) {
    button.disabled = false;
    said.textContent = text;
  }

  part.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    said.textContent = words.asking;
    navigator.geolocation.getCurrentPosition(
      found,
      (error) => tell(error.code === PERMISSION_DENIED ? words.refused : words.unavailable),
      { enableHighAccuracy: true, timeout: 20000, maximumAge: 60000 },
    );
  });
})();

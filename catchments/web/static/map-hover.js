/* What the pointer is on, by name at the pointer; and what the cross is on, for who has a keyboard. */
(function () {
  "use strict";

  const ours = window.L && L.catchments;
  if (!ours) return;

  /* The school or catchment at a point of the picture; `target` is the element there, if known. */
  ours.under = (map, point, target) => {
    const school = map.schools.at(point, 10);
    const place = map.containerPointToLatLng(point);
    const code = school ? school.code : target ? map.areas.codeOf(target) : map.areas.codeAt(place);
    return { school, code, fact: map.names.facts.get(code) };
  };

  ours.nameWhatIsUnder = (map) => {
    const hover = document.getElementById("map-hover");
    const container = map.getContainer();

    function name({ school, fact }, { x, y }) {
      hover.hidden = !school && !fact;
      if (hover.hidden) return;
      const first = document.createElement("strong");
      first.textContent = school ? school.name : fact.name;
      const second = document.createElement("span");
      const phone = fact && fact.provider && fact.provider.phone;
      second.textContent = ours.providerName(fact) + (phone ? ", " + phone : "");
      if (hover.textContent !== first.textContent + second.textContent) hover.replaceChildren(first, second);
      const { x: wide, y: high } = map.getSize();
      hover.style.left = Math.max(4, Math.min(x + 14, wide - hover.offsetWidth - 4)) + "px";
      hover.style.top = (y + 18 + hover.offsetHeight > high ? y - hover.offsetHeight - 10 : y + 18) + "px";
    }

    const hide = () => (hover.hidden = true);
    map.on("mousemove", (event) => name(ours.under(map, event.containerPoint, event.originalEvent.target), event.containerPoint));
    map.on("mouseout movestart", hide);
    const nameCentre = () => {
      const centre = map.getSize().divideBy(2);
      if ("keys" in ours.frame.dataset && document.activeElement === container) name(ours.under(map, centre), centre);
    };
    container.addEventListener("blur", hide);
    container.addEventListener("focus", nameCentre);
    map.on("moveend", nameCentre);
  };
})();

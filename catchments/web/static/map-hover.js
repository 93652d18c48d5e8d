/* What the pointer is on, by name at the pointer; and what the cross is on, for who has a keyboard. */
(function () {
  "use strict";

  const ours = window.L && L.catchments;
  if (!ours) return;

  const STEP_PX = 12;

  /* The school or catchment at a point of the picture; `target` is the element there, if known. */
  ours.under = (map, point, target) => {
    const school = map.schools.at(point, 10);
    const place = map.containerPointToLatLng(point);
    const code = school ? school.code : target ? map.areas.codeOf(target) : map.areas.codeAt(place);
    return { school, code, fact: map.names.facts.get(code) };
  };

  /* A place that is in a catchment, as near to the middle of the picture as 16 directions tell. */
  ours.landNear = (map) => {
    const size = map.getSize();
    for (let far = STEP_PX; far < size.x / 2; far += STEP_PX) {
      for (let turn = 0; turn < 16; turn += 1) {
        const by = L.point(Math.cos((turn * Math.PI) / 8), Math.sin((turn * Math.PI) / 8)).multiplyBy(far);
        const place = map.containerPointToLatLng(size.divideBy(2).add(by));
        if (map.areas.codeAt(place)) return place;
      }
    }
    return null;
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
    // A tap is followed by a made-up move of a mouse: what was tapped is told by the card, not twice.
    let isTouched = false;
    for (const kind of ["pointerdown", "pointermove"]) {
      container.addEventListener(kind, ({ pointerType }) => (isTouched = pointerType === "touch"), { capture: true, passive: true });
    }
    map.on("mousemove", (event) => isTouched || name(ours.under(map, event.containerPoint, event.originalEvent.target), event.containerPoint));
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
